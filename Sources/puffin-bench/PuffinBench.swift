// The command line of puffin-bench: selects the tool, and ends the program for all of them. Reports go to stdout,
// everything else to stderr.

import ArgumentParser
import BlockingClient
import Program

@main
struct PuffinBench: ParsableCommand {
    // The load is a subcommand, and not this command's options: ArgumentParser assigns options that two levels have
    // (--addr, --duration) to the upper one, wherever they are given.
    static let configuration = CommandConfiguration(
        commandName: "puffin-bench",
        abstract: "Loads servers, measures their pauses, and kills them.",
        discussion: """
            Without the name of a subcommand it loads a server:

            puffin-bench --clients 50 --pipeline 16 --ratio 50:50
            puffin-bench --rate 20000 --duration 30s --html report.html
            puffin-bench --preset ycsb-b --dialect resp --addr localhost:6379
            puffin-bench --dialect resp --compare localhost:6379
            puffin-bench --sweep

            puffin-bench load --help lists its options. docs/bench.md says how each figure is measured. Exit codes: \
            0 done, 1 wrong replies or something lost, 2 wrong usage, no server, or a server that went away, 3 a torture \
            that could not go on, 130 interrupted.
            """,
        version: "puffin-bench \(puffinVersion)",
        subcommands: [LoadCommand.self, TortureCommand.self, PausesCommand.self],
        defaultSubcommand: LoadCommand.self)

    /// The arguments after the program's name. Reading them is the first thing that the program does.
    static let arguments = Program.beginWithTexts("puffin-bench")

    static func main() {
        let arguments = arguments
        do {
            var command = try parseAsRoot(arguments)
            try command.run()
        } catch  where exitCode(for: error) == .validationFailure {
            // Wrong options exit with 2, as in the other programs; the parser's own code for them is 64.
            printError(fullMessage(for: error))
            exit(withError: ExitCode.nothingMeasured)
        } catch {
            exit(withError: error)
        }
    }
}

extension ExitCode {
    /// The server answered with errors or wrong values, or lost what it had acknowledged.
    static let wrongReplies = ExitCode(1)
    /// Wrong usage, no server, or one that went away.
    static let nothingMeasured = ExitCode(2)
    /// A torture that could not continue.
    static let tortureEnded = ExitCode(3)
}
