// The server's command line: options to a configuration, a server's end to an exit code.

import ArgumentParser
import Glibc
import Logging
import Server
import Settings
import Store
import SystemPackage

struct PuffinServer: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "puffin-server",
        abstract: "A durable key-value server: an OK is on disk, and the log is JSON lines.",
        discussion: """
            Talk to it with nc, puffin-cli or any Redis client. SIGTERM and SIGINT stop it cleanly.

            Exit codes: 0 stopped cleanly, 2 wrong options, 3 cannot listen, 4 the disk or the folder, 5 a data file of \
            another version, 6 a damaged log, 7 a data file that another server uses.
            """,
        version: "puffin-server \(Version.puffin)",
        subcommands: [ConfigCommand.self, LogCommand.self, CompactCommand.self])

    @OptionGroup var flags: ServerFlags

    func run() throws {
        let settings = try flags.sources.resolveOrExit()
        let (level, format): (Logger.Level, LogFormat) = (
            chosen(settings[ServerSettings.logLevel]), chosen(settings[ServerSettings.logFormat])
        )
        var log = Logger(label: "puffin") { _ in LineLogHandler(level: level, format: format) }
        log.logLevel = level
        TableMemory.freeInEqualSteps()
        do throws(StartError) {
            let server = try Server(Configuration(settings), log: log)
            if let failure = server.run() { throw .store(failure) }
            // The system takes the table's memory back at once; pair by pair that would take seconds.
            withExtendedLifetime(server) { Glibc.exit(0) }
        } catch {
            log.critical("\(error)")
            throw ExitCode(error.exitCode)
        }
    }
}

@main
enum Main {
    static func main() {
        do {
            var command = try PuffinServer.parseAsRoot()
            try command.run()
        } catch {
            let code = PuffinServer.exitCode(for: error)
            // Wrong options end with 2, as with most programs; the parser's own code for them is 64.
            guard code == .validationFailure else { PuffinServer.exit(withError: error) }
            _ = try? FileDescriptor.standardError.writeAll((PuffinServer.fullMessage(for: error) + "\n").utf8)
            Glibc.exit(2)
        }
    }
}
