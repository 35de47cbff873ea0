// The commands of the server that need nothing of their own here: one row each. Their help comes from the catalog.

import ArgumentParser
import Shell

/// Which command a `PlainCommand` is.
protocol CommandName {
    /// As in the catalog.
    static var name: String { get }
}

/// Sends a command with its arguments as they are, and prints the reply.
struct PlainCommand<Name: CommandName>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        let spec = Catalog.find(Name.name)
        let name = Name.name.lowercased()
        return CommandConfiguration(
            commandName: name, abstract: spec?.summary ?? "",
            usage: ["puffin-cli", name, spec?.arguments ?? "", "[<options>]"].filter { !$0.isEmpty }.joined(
                separator: " "),
            shouldDisplay: spec?.isHidden != true)
    }

    @OptionGroup var server: ServerOptions
    @OptionGroup var format: FormatOptions
    @Argument(help: ArgumentHelp("What the server is given.", visibility: .hidden), completion: .custom(completeKeys))
    var arguments: [RawBytes] = []

    func run() async throws {
        try await Request(
            arguments: [Array(Name.name.utf8)] + arguments.map(\.bytes), server: server, format: format.value()
        ).run()
    }
}

/// Removes every pair; asks before.
struct ClearingCommand<Name: CommandName>: AsyncParsableCommand {
    static var configuration: CommandConfiguration { PlainCommand<Name>.configuration }

    @OptionGroup var server: ServerOptions
    @OptionGroup var format: FormatOptions
    @OptionGroup var safety: SafetyOptions
    @Argument(help: ArgumentHelp("What the server is given.", visibility: .hidden)) var arguments: [RawBytes] = []

    func run() async throws {
        try await Request(
            arguments: [Array(Name.name.utf8)] + arguments.map(\.bytes), server: server, format: format.value(),
            isConfirmed: safety.yes
        ).run()
    }
}

/// Sends any words.
struct SendCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "send", abstract: "Sends any command as it is; so is one that puffin-cli does not know.",
        usage: "puffin-cli send <command> <argument> … [<options>]")

    @OptionGroup var server: ServerOptions
    @OptionGroup var format: FormatOptions
    @OptionGroup var safety: SafetyOptions
    @Argument(help: "The command and its arguments.") var words: [RawBytes]

    func run() async throws {
        try await Request(
            arguments: words.map(\.bytes), server: server, format: format.value(), isConfirmed: safety.yes
        ).run()
    }
}

enum Exists: CommandName { static let name = "EXISTS" }
enum MGet: CommandName { static let name = "MGET" }
enum MSet: CommandName { static let name = "MSET" }
enum Keys: CommandName { static let name = "KEYS" }
enum Scan: CommandName { static let name = "SCAN" }
enum Count: CommandName { static let name = "COUNT" }
enum DBSize: CommandName { static let name = "DBSIZE" }
enum FlushAll: CommandName { static let name = "FLUSHALL" }
enum FlushDB: CommandName { static let name = "FLUSHDB" }
enum Echo: CommandName { static let name = "ECHO" }
enum Time: CommandName { static let name = "TIME" }
enum Compact: CommandName { static let name = "COMPACT" }
enum Info: CommandName { static let name = "INFO" }
enum Config: CommandName { static let name = "CONFIG" }
enum SlowLog: CommandName { static let name = "SLOWLOG" }
enum Seq: CommandName { static let name = "SEQ" }
enum After: CommandName { static let name = "AFTER" }
enum Wait: CommandName { static let name = "WAIT" }
enum WaitAOF: CommandName { static let name = "WAITAOF" }
enum Follower: CommandName { static let name = "FOLLOWER" }

let dataCommands: [any ParsableCommand.Type] = [
    SetCommand.self, GetCommand.self, DeleteCommand.self, PlainCommand<Exists>.self, PlainCommand<MGet>.self,
    PlainCommand<MSet>.self, PlainCommand<Keys>.self, PlainCommand<Scan>.self, PlainCommand<Count>.self,
    PlainCommand<DBSize>.self, ClearingCommand<FlushAll>.self, ClearingCommand<FlushDB>.self, SendCommand.self,
]

let transferCommands: [any ParsableCommand.Type] = [ImportCommand.self, ExportCommand.self]

let serverCommands: [any ParsableCommand.Type] = [
    PingCommand.self, PlainCommand<Echo>.self, StatsCommand.self, LatencyCommand.self, TopCommand.self,
    PlainCommand<Info>.self, PlainCommand<Config>.self, PlainCommand<Time>.self, PlainCommand<Compact>.self,
    PlainCommand<SlowLog>.self,
]

let replicationCommands: [any ParsableCommand.Type] = [
    RoleCommand.self, HandoverCommand.self, PromoteCommand.self, FollowCommand.self, DemoteCommand.self,
    PlainCommand<Follower>.self, PlainCommand<Seq>.self, PlainCommand<After>.self, PlainCommand<Wait>.self,
    PlainCommand<WaitAOF>.self,
]
