import Commands
import Foundation
import TestSupport
import Testing

/// Errors in usage take one line, with a suggestion.
@Suite("puffin-cli: wrong usage")
struct UsageTests {
    /// No server is asked, so none is needed.
    private func run(_ arguments: [String], address: String? = nil) throws -> CommandTool.Result {
        try withTemporaryFolder { folder in
            try CommandTool(folder: folder, address: address ?? "127.0.0.1:\(freePort())").run(arguments)
        }
    }

    @Test(
        "one line and exit code 2",
        arguments: [
            (["--adr", "x", "get", "k"], "Unknown option '--adr'. Did you mean '--addr'?"),
            (["get"], "Missing expected argument '<key>' (see puffin-cli get --help)"),
            (["get", "a", "b"], "Unexpected argument 'b'"), (["delete"], "delete needs one or more keys, or --match"),
            (["delete", "a", "--match", "b"], "keys and --match cannot be combined"),
            (["get", "k", "-format", "yaml"], "The value 'yaml' is invalid"),
            (["get", "k", "-format", "resp"], "the format resp is for export only"),
            (["-addr", "a:b:1", "get", "k"], "it has two colons"), (["mget"], "mget needs one or more keys"),
            (["-cmd", "set", "-value", "v"], "set needs a -key"), (["-key", "k"], "-key and -value need a -cmd"),
            (["-cmd", "export"], "export is a command of puffin-cli itself"),
            (["-cmd", "get", "-file", "x"], "-file and -cmd cannot be combined"),
            (["-file", "x", "get", "k"], "-file and the command \"get\" cannot be combined"),
            (["-file", "/nowhere/x"], "cannot read /nowhere/x: No such file or directory"),
            (["set", "k"], "set needs a key and a value"),
            (["set", "k", "v", "--value-file", "x"], "a value and --value-file cannot be combined"),
            (["set", "k", "--value-file", "/nowhere/x"], "cannot read /nowhere/x"),
            (["import"], "import needs a file"), (["import", "x", "--from-redis", "y:1"], "import needs a file"),
            (["stats", "--count", "0"], "--count is 1 or more"),
            (["ping", "--wait", "soon"], "a time is a number with a unit"),
            (["help", "exprot"], "did you mean export?"),
            (["export", "-format", "text"], "export writes json or resp"),
        ])
    func wrong(arguments: [String], message: String) throws {
        let found = try run(arguments)
        #expect(found.exitCode == 2 && found.isOneLine, "\(found)")
        #expect(found.errors.hasPrefix("puffin-cli: ") && found.errors.contains(message), "\(found)")
    }

    @Test("an invalid address in the environment is named")
    func environment() throws {
        let found = try run(["get", "k"], address: "x:y")
        #expect(found.exitCode == 2 && found.isOneLine && found.errors.hasPrefix("puffin-cli: PUFFIN_ADDR: \"x:y\""))
    }

    @Test("help is there for every command, and completion for each shell")
    func help() throws {
        let overview = try run(["--help"]).output
        for name in ["set", "mget", "export", "stats", "handover", "flushall"] {
            #expect(overview.contains("\n  \(name) ") || overview.contains("\n  \(name), "), "\(name)")
            let page = try run(["help", name])
            #expect(page.exitCode == 0 && page.output.contains("USAGE: puffin-cli \(name)"), "\(page)")
        }
        for (shell, sign) in [("bash", "complete "), ("zsh", "#compdef puffin-cli"), ("fish", "complete -c")] {
            let script = try run(["--generate-completion-script", shell])
            #expect(script.exitCode == 0 && script.output.contains(sign) && script.output.contains("handover"))
        }
    }

    @Test("puffin-cli has help for every command of the server that means something outside a connection")
    func catalog() throws {
        struct Help: Decodable {
            struct Command: Decodable {
                let commandName: String
                let aliases: [String]?
                let abstract: String?
                let subcommands: [Command]?
            }
            let command: Command
        }
        let dump = try run(["--experimental-dump-help"]).output
        let known = try #require(JSONDecoder().decode(Help.self, from: Data(dump.utf8)).command.subcommands)
        for spec in Catalog.commands where spec.traits.isDisjoint(with: [.connection, .takesConnection]) {
            let name = spec.name.lowercased()
            let help = known.first { $0.commandName == name || $0.aliases?.contains(name) == true }
            #expect(help != nil, "\(name)")
        }
        let own = Set(known.map(\.commandName)).filter { Catalog.find($0) == nil }
        #expect(own == ["send", "import", "export", "latency", "top", "users"])
    }
}
