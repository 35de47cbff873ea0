// Which data set is meant: for the server, and for commands that look at its files.

import ArgumentParser
import Inspection
import Settings
import Store
import SystemPackage

/// The data file, or the configuration that names it.
struct DataFlags: ParsableArguments, SettingFlags {
    @Option(ServerSettings.dataFile) var data: String?

    @Option(
        name: "-config --config",
        help:
            "A YAML file with settings; flags and the environment (PUFFIN_…) come before it. PUFFIN_CONFIG names it as well.",
        completion: .file(extensions: ["yaml", "yml"]))
    var config: String?

    var given: GivenFlags { flag(ServerSettings.dataFile, data) }

    /// What a command that only looks at files is to know of settings.
    /// - Parameter groups: its flags beside these.
    func settings(with groups: [any SettingFlags] = []) throws -> Settings {
        try Sources([self] + groups, config: config).resolveOrExit()
    }

    /// The data set's files.
    func files() throws -> DataFiles { DataFiles(data: FilePath(try settings()[ServerSettings.dataFile])) }

    /// The files as they stand now.
    func captured() throws -> CapturedFiles { try CapturedFiles(files(), on: LocalDisk()) }
}
