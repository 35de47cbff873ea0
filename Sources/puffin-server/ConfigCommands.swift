// `puffin-server config`: the configuration that a server would start with, without starting one.

import ArgumentParser
import Bytes
import ServerConfiguration
import Settings

struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Checks, shows and explains the settings.",
        discussion: """
            Each setting is taken from the first of these that has it: its flag, its variable in the environment, the \
            configuration file, its default. These commands take the same flags as a server, and start none.

            Exit codes: 0 all is well, 2 something is wrong with the settings.
            """,
        subcommands: [
            ConfigCheckCommand.self, ConfigShowCommand.self, ConfigExplainCommand.self, ConfigReferenceCommand.self,
        ])
}

struct ConfigCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Checks the settings: prints OK, or every error.")

    @OptionGroup var flags: ServerFlags

    func run() throws {
        let settings = try flags.sources.resolveOrExit()
        try inspecting { output in
            let file = settings.file.map { "\($0), \(counted(settings.countFromFile, "setting"))" }
            try output.write("OK: \(file ?? "no configuration file; flags, environment and defaults")\n")
        }
    }
}

struct ConfigShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Prints every setting in force, and where its value comes from.",
        discussion: "What --format yaml prints is a configuration file.")

    /// How settings are printed.
    enum Format: String, CaseIterable, ExpressibleByArgument {
        case text, json, yaml
    }

    @OptionGroup var flags: ServerFlags

    @Option(name: "-format --format", help: "The format of the settings: text, json or yaml.")
    var format: Format = .text

    func run() throws {
        let settings = try flags.sources.resolveOrExit()
        try inspecting { output in
            switch format {
            case .text: try output.write(settings.table)
            case .json: try output.write(settings.json)
            case .yaml: try output.write(settings.yaml)
            }
        }
    }
}

struct ConfigExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Explains a setting: its effect, its valid values, how to set it, and its current value.")

    @OptionGroup var flags: ServerFlags

    @Argument(
        help: "The setting, such as server.port; or its flag or variable.",
        completion: .list(ServerSettings.schema.settings.map(\.name)))
    var setting: String

    func run() throws {
        guard let found = ServerSettings.schema.find(setting) else {
            writeError("config explain: \(ServerSettings.schema.unknown(setting))")
            throw ExitCode(2)
        }
        let settings = try flags.sources.resolveOrExit()
        try inspecting { try $0.write(settings.explanation(of: found)) }
    }
}

struct ConfigReferenceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reference", abstract: "Prints the tables of docs/configuration.md.")

    func run() throws {
        try inspecting { try $0.write(ServerSettings.schema.reference) }
    }
}
