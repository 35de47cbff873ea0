// The command line of puffin-cli. Exit codes: 0 done, 1 the server answered with an error, 2 no answer (wrong usage, no
// server). Output goes to stdout, everything else to stderr.

import ArgumentParser
import BlockingClient
import Commands
import Program
import Shell

@main
struct PuffinCLI: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "puffin-cli",
        abstract: "Talks to a Puffin server: single commands, batches, transfers, views, and a prompt.",
        usage: """
            puffin-cli [<options>] <command> <argument> …
            puffin-cli [<options>] -cmd <command> -key <key> -value <value>
            puffin-cli [<options>] -file <file>
            puffin-cli [<options>]
            """,
        discussion: """
            Without a command it opens a prompt on a terminal, or runs the commands that are piped to it. A command \
            that is not listed here is sent to the server unchanged. Exit codes: 0 done, 1 the server answered with \
            an error, 2 wrong usage or no answer. An argument that begins with a dash and is neither an option nor a \
            number must follow --:
              puffin-cli set mood -- -cheerful
            """,
        version: "puffin-cli \(puffinVersion)",
        groupedSubcommands: subcommandGroups)

    @OptionGroup var server: ServerOptions
    @OptionGroup var format: FormatOptions
    @OptionGroup var safety: SafetyOptions
    @OptionGroup var batch: BatchOptions
    @OptionGroup var stopping: StopOptions
    @OptionGroup var words: FlaggedRequest

    static func main() async {
        let words = Program.begin("puffin-cli").map(argumentText)
        var command: String?
        do {
            let arguments = try routing.routed(words)
            command = arguments.first { known.contains($0) }
            var parsed = try parseAsRoot(arguments)
            if var waiting = parsed as? any AsyncParsableCommand {
                try await waiting.run()
            } else {
                try parsed.run()
            }
        } catch let error as RoutingError {
            exit(withError: failed("\(error) (see puffin-cli --help)"))
        } catch  where exitCode(for: error) == .validationFailure {
            let page = command.map { "puffin-cli \($0) --help" } ?? "puffin-cli --help"
            let text = message(for: error).split(separator: "\n").joined(separator: " ")
            exit(withError: failed("\(text) (see \(page))"))
        } catch {
            exit(withError: error)
        }
    }

    func run() async throws {
        if let file = batch.file {
            try words.refuse(besides: "-file")
            return try BatchRun(server: server, format: format.value(), safety: safety, stopping: stopping).run(file)
        }
        if let request = try words.request() {
            return try await SingleRequest(
                arguments: request, server: server, format: format.value(), isConfirmed: safety.yes
            ).run()
        }
        if Terminal.isInput, Terminal.isOutput { return try Prompt(server: server).run() }
        try BatchRun(server: server, format: format.value(), safety: safety, stopping: stopping).run("-")
    }

    /// Every word that names a command here.
    private static let known: Set<String> = {
        Set(subcommandGroups.flatMap(\.subcommands).flatMap(names(of:)) + ["help"])
    }()

    /// The commands that no server has.
    static let ownCommands = subcommandGroups.flatMap(\.subcommands).flatMap(names(of:)).filter {
        Catalog.find($0) == nil
    }

    /// The options of every command that take a value.
    static let commonValued: Set<String> = [
        "addr", "timeout", "format", "user", "password-file", "cacert", "cert", "cert-key", "server-name",
    ]

    private static let routing = Routing(
        commands: known, valued: commonValued.union(["cmd", "key", "value", "value-file", "file"]),
        actions: ["cmd", "file"], disguise: disguised)
}

/// A request in the form `-cmd set -key foo -value bar`.
struct FlaggedRequest: ParsableArguments {
    @Option(
        name: "-cmd --cmd", help: "The command, in place of words: -cmd set -key foo -value bar.",
        completion: .list(Catalog.commands.filter { !$0.isHidden }.map { $0.name.lowercased() }))
    var cmd: RawBytes?
    @Option(name: "-key --key", parsing: .unconditional, help: "The key of -cmd.") var key: RawBytes?
    @Option(
        name: "-value --value", parsing: .unconditional, help: "The value of -cmd; - reads it from standard input.")
    var value: RawBytes?
    @OptionGroup var source: ValueOptions

    /// The request; nil if no command is named.
    /// - Throws: an `ExitCode`, after the reason has been printed.
    func request() throws -> [[UInt8]]? {
        guard let cmd else {
            guard key == nil, value == nil, source.valueFile == nil else {
                throw failed("-key and -value need a -cmd, such as -cmd set; see puffin-cli --help")
            }
            return nil
        }
        let name = String(decoding: cmd.bytes, as: UTF8.self).lowercased()
        guard !PuffinCLI.ownCommands.contains(name) else {
            throw failed("\(name) is a command of puffin-cli itself: puffin-cli \(name)")
        }
        let value = try source.value(or: value)
        if key == nil, value != nil, Catalog.find(name)?.keys != Keys.none {
            throw failed("\(name) needs a -key; see puffin-cli --help")
        }
        return [cmd.bytes] + [key?.bytes, value].compactMap { $0 }
    }

    /// - Throws: an `ExitCode` if one of these is given beside a contradicting option.
    func refuse(besides option: String) throws {
        guard cmd == nil, key == nil, value == nil, source.valueFile == nil else {
            throw failed("\(option) and -cmd cannot be combined; see puffin-cli --help")
        }
    }
}
