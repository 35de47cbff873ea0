// The flags of puffin-server's commands: a selection of the settings each.

import ArgumentParser
import Inspection
import Reactor
import Server
import ServerConfiguration
import Settings
import Store

/// The flags of a server, and of `puffin-server config`: one for each setting.
///
/// ArgumentParser lets the main command take its flags out of a subcommand's arguments, and hands them to groups of the same
/// type there. So what a subcommand has alone (`DataFlags`, `SettingFlags<RetentionSettings>`) is a group here as well, and
/// the rest stands around it in the settings' order.
struct ServerFlags: ParsableArguments {
    @OptionGroup var data: DataFlags
    @OptionGroup var first: SettingFlags<SettingsBeforeRetention>
    @OptionGroup var retention: SettingFlags<RetentionSettings>
    @OptionGroup var last: SettingFlags<SettingsBehindRetention>

    /// Flags, environment and file.
    var sources: Sources { data.sources(with: first.given + retention.given + last.given) }
}

/// The data file, or the configuration that names it: for commands that look at a data set's files.
struct DataFlags: ParsableArguments {
    @OptionGroup var file: SettingFlags<DataSettings>

    @Option(
        name: "-config --config",
        help:
            "A YAML file with settings; flags and the environment (PUFFIN_…) come before it. PUFFIN_CONFIG names it as well.",
        completion: .file(extensions: ["yaml", "yml"]))
    var config: String?

    /// - Parameter flags: settings that other flags give.
    func sources(with flags: GivenFlags = []) -> Sources {
        var sources = Sources()
        sources.flags = file.given + flags
        sources.environment = ProcessEnvironment.variables
        sources.config = config
        return sources
    }

    /// What a command that only looks at files is to know of settings.
    func configuration(with flags: GivenFlags = []) throws -> Configuration {
        Configuration(try sources(with: flags).resolveOrExit())
    }

    /// The data set's files.
    func files() throws -> DataFiles { DataFiles(data: try configuration().data) }

    /// The files as they stand now.
    func captured() throws -> CapturedFiles { try CapturedFiles(files(), on: LocalDisk()) }
}

/// Which data set is meant.
enum DataSettings: SettingSelection {
    static func has(_ setting: Setting) -> Bool { setting.name == "server.data_file" }
}

/// What is kept of merged segments.
enum RetentionSettings: SettingSelection {
    static func has(_ setting: Setting) -> Bool { setting.name.hasPrefix("storage.retain_") }
}

/// What comes before those, in the order of all settings.
enum SettingsBeforeRetention: SettingSelection {
    private static let names = Set(
        ServerSettings.schema.settings.prefix { !RetentionSettings.has($0) }.filter { !DataSettings.has($0) }.map(
            \.name))

    static func has(_ setting: Setting) -> Bool { names.contains(setting.name) }
}

/// All others.
enum SettingsBehindRetention: SettingSelection {
    static func has(_ setting: Setting) -> Bool {
        !DataSettings.has(setting) && !RetentionSettings.has(setting) && !SettingsBeforeRetention.has(setting)
    }
}

extension Sources {
    /// What is in force. Whatever is wrong is printed, and ends the process with 2.
    func resolveOrExit() throws -> Settings {
        do throws(Flaws) {
            return try resolve(ServerSettings.schema)
        } catch {
            writeError("\(error)")
            throw ExitCode(2)
        }
    }
}
