// The server's command line: from options to a configuration, from a server's end to an exit code.

import ArgumentParser
import Glibc
import Logging
import Program
import Reactor
import Server
import ServerConfiguration
import Settings
import Store

struct PuffinServer: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "puffin-server",
        abstract: "A durable key-value server: an OK is on disk, and the log is JSON lines.",
        discussion: """
            Talk to it with nc, puffin-cli or any Redis client. SIGTERM and SIGINT stop it cleanly, SIGHUP reloads \
            its configuration.

            Exit codes: 0 stopped cleanly, 2 wrong options, 3 cannot listen, 4 the disk, the folder or a limit of the system, 5 a data \
            file of another version, 6 a damaged log, 7 a data file that another server uses.
            """,
        version: "puffin-server \(puffinVersion)",
        subcommands: [
            ConfigCommand.self, DoctorCommand.self, ProbeCommand.self, LogCommand.self, UsersCommand.self,
            AuditCommand.self, CompactCommand.self, ReferenceCommand.self,
        ])

    @OptionGroup var flags: ServerFlags

    // For tests, which must exercise both ways on small data.
    @Option(name: .customLong("compact-from"), help: .hidden) var compactFrom: SnapshotSource?

    func run() throws {
        let sources = flags.sources
        let settings = try sources.resolveOrExit()
        Signal.ignoreReloads()
        // The reader of the log may be gone.
        Signal.ignoreBrokenPipes()
        var configuration = Configuration(settings)
        configuration.store.compaction.source = compactFrom
        let output = LogOutput(level: configuration.logging.level, format: configuration.logging.format)
        let log = output.logger()
        let reloader = Reloader(sources, settings, output)
        TableMemory.freeInEqualSteps()
        do throws(StartError) {
            let server = try Server(configuration, log: log)
            server.reload = { [unowned server] in reloader.reload(server) }
            reloader.server = server
            server.settingsKeeper = reloader
            server.everySecond = { output.sumUp() }
            server.supervision.lostLogLines = { output.lostLineCount }
            server.supervision.serviceManager = ServiceManager()
            defer { output.sumUp(all: true) }
            if let failure = server.run() { throw .store(failure) }
            if let failure = server.startFailure { throw failure }
            // The system reclaims the table's memory at once; freeing it pair by pair would take seconds.
            output.sumUp(all: true)
            withExtendedLifetime((server, reloader)) { Glibc.exit(0) }
        } catch {
            for line in ["\(error)"] + error.remedies { log.critical("\(line)") }
            throw ExitCode(error.exitCode)
        }
    }
}

extension SnapshotSource: ExpressibleByArgument {}

@main
enum Main {
    static func main() {
        let arguments = Program.beginWithTexts("puffin-server")
        Signal.ignoreFileSizeLimit()
        do {
            var command = try PuffinServer.parseAsRoot(arguments)
            try command.run()
        } catch {
            let code = PuffinServer.exitCode(for: error)
            // Wrong options exit with 2, as in most programs; the parser's own code for them is 64.
            guard code == .validationFailure else { PuffinServer.exit(withError: error) }
            writeError(PuffinServer.fullMessage(for: error))
            Glibc.exit(2)
        }
    }
}
