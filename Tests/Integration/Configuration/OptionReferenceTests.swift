// Every option of every program is in the help and in the manual page.

import Foundation
import TestSupport
import Testing

@Suite("The reference of options")
struct OptionReferenceTests {
    /// A command or subcommand, as a program describes itself.
    private struct Command: Decodable {
        struct Name: Decodable {
            let kind: String
            let name: String
        }
        struct Argument: Decodable {
            let kind: String
            let shouldDisplay: Bool
            let names: [Name]?
            let abstract: String?
        }
        let commandName: String
        let shouldDisplay: Bool?
        let subcommands: [Command]?
        let arguments: [Argument]?

        /// Each option that is not hidden, with its spellings.
        var options: [[String]] {
            (arguments ?? []).filter { $0.kind != "positional" && $0.shouldDisplay }.map { argument in
                (argument.names ?? []).map { ($0.kind == "long" ? "--" : "-") + $0.name }
            }
        }
    }

    private struct Dump: Decodable {
        let command: Command
    }

    private func each(
        _ command: Command, path: [String], _ body: (Command, [String]) throws -> Void
    ) rethrows {
        try body(command, path)
        for sub in command.subcommands ?? [] where sub.commandName != "help" && sub.shouldDisplay ?? true {
            try each(sub, path: path + [sub.commandName], body)
        }
    }

    @Test(
        "an option's help reads alone",
        arguments: ["puffin-server", "puffin-cli", "puffin-bench"])
    func alone(name: String) throws {
        let dump = try ChildProcess.run([ChildProcess.program(name), "--experimental-dump-help"]).output
        let command = try JSONDecoder().decode(Dump.self, from: Data(dump.utf8)).command
        // Beginnings and endings that refer to another option's help.
        let leaning = #/^(And|Also|That|These|Those|They|It|Its|Do it|How (it|that|they|old that)|From|Up to|Made)\b/#
        let dangling = #/ (for|of|from|on|with) (that|this|it|them)\.|^The server's(\.|: )|\bof each may\b/#
        var count = 0
        each(command, path: []) { command, path in
            for argument in command.arguments ?? [] where argument.shouldDisplay {
                let help = argument.abstract ?? ""
                count += 1
                #expect(!help.isEmpty && help.firstMatch(of: leaning) == nil, "\(path) \(help)")
                #expect(help.firstMatch(of: dangling) == nil, "\(path) \(help)")
            }
        }
        #expect(count > 10)
    }

    @Test(
        "an option is in the help and in the manual page", arguments: ["puffin-server", "puffin-cli", "puffin-bench"])
    func everywhere(name: String) throws {
        let program = ChildProcess.program(name)
        let dump = try ChildProcess.run([program, "--experimental-dump-help"]).output
        let command = try JSONDecoder().decode(Dump.self, from: Data(dump.utf8)).command
        // mdoc writes -addr as `Fl addr`, --addr as `Fl -addr`.
        let page = try Document("docs/man/\(name).1").text.replacingOccurrences(of: "\\", with: "")
        var count = 0
        try each(command, path: []) { command, path in
            let help = try ChildProcess.run([program] + path + ["--help"])
            #expect(help.exitCode == 0)
            for spellings in command.options {
                count += 1
                #expect(spellings.contains { help.output.contains($0) }, "\(path) \(spellings) in the help")
                #expect(
                    spellings.contains { page.contains("Fl \($0.dropFirst())") },
                    "\(path) \(spellings) in docs/man/\(name).1: run make man")
            }
            if let last = path.last { #expect(page.contains(last), "\(path) in docs/man/\(name).1: run make man") }
        }
        #expect(count > 10)
    }

    @Test("a subcommand is in the manual page unless it is hidden", arguments: ["puffin-server", "puffin-cli"])
    func subcommands(name: String) throws {
        let dump = try ChildProcess.run([ChildProcess.program(name), "--experimental-dump-help"]).output
        let command = try JSONDecoder().decode(Dump.self, from: Data(dump.utf8)).command
        var shown: [String] = []
        each(command, path: []) { command, path in if !path.isEmpty { shown.append(command.commandName) } }
        // An item is `.It Em get`, or `.It Em "delete, del"` with an alias.
        let items = try Document("docs/man/\(name).1").text.matches(of: #/\n\.It Em "?([a-z]+)/#).map { String($0.1) }
        #expect(items.sorted() == (shown + ["help"]).sorted(), "run make man")
    }
}
