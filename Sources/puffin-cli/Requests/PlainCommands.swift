// The server's commands that need no code of their own here: whatever the catalog has.

import ArgumentParser
import Commands
import Shell

/// Sends a command with its arguments unchanged, and prints the reply.
struct PlainCommand<Place: RowNumber>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        let spec = Catalog.rows[Place.value]
        let name = spec.name.lowercased()
        return CommandConfiguration(
            commandName: name, abstract: spec.clientSummary,
            usage: ["puffin-cli", name, spec.arguments, "[<options>]"].filter { !$0.isEmpty }.joined(separator: " "),
            shouldDisplay: !spec.isHidden)
    }

    @OptionGroup var server: ServerOptions
    @OptionGroup var format: FormatOptions
    @Argument(
        help: ArgumentHelp("The command's arguments.", visibility: .hidden), completion: .custom(completeArguments))
    var arguments: [RawBytes] = []

    func run() async throws {
        try await SingleRequest(
            arguments: [Array(Catalog.rows[Place.value].name.utf8)] + arguments.map(\.bytes), server: server,
            format: format.value()
        ).run()
    }
}

/// A command whose only argument is a key.
struct KeyCommand<Place: RowNumber>: AsyncParsableCommand {
    static var configuration: CommandConfiguration { PlainCommand<Place>.configuration }

    @OptionGroup var server: ServerOptions
    @OptionGroup var format: FormatOptions
    @Argument(help: "The key.", completion: .custom(completeArguments)) var key: RawBytes

    func run() async throws {
        try await SingleRequest(
            arguments: [Array(Catalog.rows[Place.value].name.utf8), key.bytes], server: server, format: format.value()
        ).run()
    }
}

/// Removes every pair; asks for confirmation.
struct ClearingCommand<Place: RowNumber>: AsyncParsableCommand {
    static var configuration: CommandConfiguration { PlainCommand<Place>.configuration }

    @OptionGroup var server: ServerOptions
    @OptionGroup var format: FormatOptions
    @OptionGroup var safety: SafetyOptions
    @Argument(help: ArgumentHelp("The command's arguments.", visibility: .hidden)) var arguments: [RawBytes] = []

    func run() async throws {
        try await SingleRequest(
            arguments: [Array(Catalog.rows[Place.value].name.utf8)] + arguments.map(\.bytes), server: server,
            format: format.value(),
            isConfirmed: safety.yes
        ).run()
    }
}

/// Sends any words.
struct SendCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "send", abstract: "Sends any command unchanged, even one that puffin-cli does not know.",
        usage: "puffin-cli send <command> <argument> … [<options>]")

    @OptionGroup var server: ServerOptions
    @OptionGroup var format: FormatOptions
    @OptionGroup var safety: SafetyOptions
    @Argument(help: "The command and its arguments.") var words: [RawBytes]

    func run() async throws {
        try await SingleRequest(
            arguments: words.map(\.bytes), server: server, format: format.value(), isConfirmed: safety.yes
        ).run()
    }
}
