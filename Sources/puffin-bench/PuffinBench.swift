// The bench tool's command line.

import ArgumentParser
import Glibc
import SystemPackage

@main
struct PuffinBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "puffin-bench",
        abstract: "Measures Puffin servers, and kills them.",
        subcommands: [TortureCommand.self, PausesCommand.self])

    static func main() {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch {
            // Wrong options end with 2, as with the other programs; the parser's own code for them is 64.
            guard exitCode(for: error) == .validationFailure else { exit(withError: error) }
            _ = try? FileDescriptor.standardError.writeAll((fullMessage(for: error) + "\n").utf8)
            Glibc.exit(2)
        }
    }
}
