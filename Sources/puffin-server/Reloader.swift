// SIGHUP: reads the configuration again, and applies what can change. CONFIG SET changes the same settings until then.

import Logging
import Server
import ServerConfiguration
import Settings

/// Reads the configuration again: the same flags, the environment as at the start, the file as it is now.
final class Reloader {
    private let sources: Sources
    /// The settings in force.
    private var settings: Settings
    private let output: LogOutput
    private let log: Logger
    /// Whether the configuration is being read, and whether it must be read once more afterwards.
    private var isReading = false
    private var isAskedAgain = false

    /// - Parameters:
    ///   - settings: those that the server was started with.
    ///   - output: the log, whose level and format can change.
    init(_ sources: Sources, _ settings: Settings, _ output: LogOutput) {
        self.sources = sources
        self.settings = settings
        self.output = output
        log = output.logger()
    }

    /// Reads the configuration on another thread while the server works. Then applies what can change, and names what
    /// needs a restart. If anything is wrong, nothing changes.
    func reload(_ server: Server) {
        if isReading { return isAskedAgain = true }
        isReading = true
        server.supervision.serviceManager?.reloading()
        server.read { [sources] in
            Result { () throws(ConfigErrors) in try sources.resolve(ServerSettings.schema) }
        } then: { [unowned self, unowned server] found in
            isReading = false
            switch found {
            case .success(let fresh):
                server.recordReload(fresh.changes(from: settings).map(\.name))
                change(server, to: fresh)
                server.supervision.lastReloadSucceeded = true
            case .failure(let errors):
                server.recordReload([], isApplied: false)
                server.supervision.lastReloadSucceeded = false
                for error in errors.errors { log.error("Not reloaded: \(error)") }
                log.error("The configuration was not reloaded; the old one stays in force")
            }
            guard isAskedAgain else {
                server.supervision.serviceManager?.reloaded()
                return
            }
            isAskedAgain = false
            reload(server)
        }
    }

    /// Whom CONFIG SET changes.
    weak var server: Server?

    private func change(_ server: Server, to fresh: Settings) {
        let changes = fresh.changes(from: settings)
        settings = settings.taking(changes.filter(\.isLive), from: fresh)
        let configuration = Configuration(settings)
        server.change(to: configuration)
        // A quieter level applies after the changes are logged, a more verbose one before.
        let logging = configuration.logging
        output.format = logging.format
        output.level = min(output.level, logging.level)
        tell(changes, fresh)
        output.level = logging.level
    }

    private func tell(_ changes: [Setting], _ fresh: Settings) {
        if changes.isEmpty { return log.info("Reloaded: nothing has changed") }
        for setting in changes {
            let value = "\(setting.name) is \(fresh.shown(setting)) (\(fresh[setting].origin))"
            if setting.isLive {
                log.info("Reloaded: \(value)")
            } else {
                log.warning("Not reloaded: \(value) after a restart; until then it is \(settings.shown(setting))")
            }
        }
    }
}

extension Reloader: SettingsKeeper {
    var shownSettings: [(name: String, value: String)] {
        settings.schema.settings.map { ($0.name, settings.shown($0)) }
    }

    var describedSettings: [SettingDescription] {
        settings.schema.settings.map { setting in
            let isDefault = settings.isDefault(setting)
            return SettingDescription(
                name: setting.name, value: setting.isSecret && isDefault ? "none" : settings.shown(setting),
                defaultValue: setting.defaultText, isDefault: isDefault,
                origin: settings[setting].origin.description, isLive: setting.isLive, help: setting.help)
        }
    }

    func change(_ values: [(name: String, value: String)]) throws(SettingRefusal) {
        var fresh = settings
        for (name, value) in values {
            guard let setting = fresh.schema[name] else { throw SettingRefusal(name, .unknown) }
            guard setting.isLive else { throw SettingRefusal(name, .needsRestart) }
            do throws(ConfigErrors) {
                fresh = try fresh.setting(setting, to: value, by: "CONFIG SET")
            } catch {
                throw SettingRefusal(name, .notAllowed(error.errors.first?.text ?? ""))
            }
        }
        if let server { change(server, to: fresh) }
    }
}
