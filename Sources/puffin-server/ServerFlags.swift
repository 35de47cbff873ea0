// The flags of puffin-server's commands: each has a selection of the settings.

import ArgumentParser
import Inspection
import Reactor
import Server
import ServerConfiguration
import Settings
import Store

/// The flags of a server, and of `puffin-server config`: one per setting.
///
/// ArgumentParser lets the main command take its flags out of a subcommand's arguments, and passes them to groups of
/// the same type there. So the flags that only a subcommand has (`DataFlags`, `SettingFlags<RetentionSettings>`) form a
/// group here as well, and the others surround it in the settings' order.
struct ServerFlags: ParsableArguments {
    @OptionGroup var data: DataFlags
    @OptionGroup var first: SettingFlags<SettingsBeforeRetention>
    @OptionGroup var retention: SettingFlags<RetentionSettings>
    @OptionGroup var last: SettingFlags<SettingsBehindRetention>

    /// Flags, environment and file.
    var sources: Sources { data.sources(with: first.given + retention.given + last.given) }
}

/// The data file, or the configuration that names it: for commands on a data set's files.
struct DataFlags: ParsableArguments {
    @OptionGroup var file: SettingFlags<DataSettings>

    @Option(
        name: "-config --config",
        help:
            "A YAML file with settings; flags and the environment (PUFFIN_…) override it. PUFFIN_CONFIG can name it too.",
        completion: .file(extensions: ["yaml", "yml"]))
    var config: String?

    /// - Parameter flags: settings given by other flags.
    func sources(with flags: GivenFlags = []) -> Sources {
        var sources = Sources()
        sources.flags = file.given + flags
        sources.environment = ProcessEnvironment.variables
        sources.config = config
        return sources
    }

    /// The settings of a command that only inspects files.
    func configuration(with flags: GivenFlags = []) throws -> Configuration {
        Configuration(try sources(with: flags).resolveOrExit())
    }

    /// The data set's files.
    func files() throws -> DataFiles { DataFiles(data: try configuration().data) }

    /// The files as they are now.
    func captured() throws -> CapturedFiles { try CapturedFiles(files(), on: LocalDisk()) }
}

/// The settings that name the data set.
enum DataSettings: SettingSelection {
    static func has(_ setting: Setting) -> Bool { setting.name == "server.data_file" }
}

/// The retention of merged segments.
enum RetentionSettings: SettingSelection {
    static func has(_ setting: Setting) -> Bool { setting.name.hasPrefix("storage.retain_") }
}

/// The settings before those, in the order of all settings.
enum SettingsBeforeRetention: SettingSelection {
    private static let names = Set(
        ServerSettings.schema.settings.prefix { !RetentionSettings.has($0) }.filter { !DataSettings.has($0) }.map(
            \.name))

    static func has(_ setting: Setting) -> Bool { names.contains(setting.name) }
}

/// All other settings.
enum SettingsBehindRetention: SettingSelection {
    static func has(_ setting: Setting) -> Bool {
        !DataSettings.has(setting) && !RetentionSettings.has(setting) && !SettingsBeforeRetention.has(setting)
    }
}

extension Sources {
    /// The settings in force. Errors are printed, and end the process with 2.
    func resolveOrExit() throws -> Settings {
        do throws(ConfigErrors) {
            return try resolve(ServerSettings.schema)
        } catch {
            writeError("\(error)")
            throw ExitCode(2)
        }
    }
}
