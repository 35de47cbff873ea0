// The server's command line: options to a configuration, a server's end to an exit code.

import ArgumentParser
import Bytes
import Glibc
import Logging
import Server
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
        subcommands: [LogCommand.self, CompactCommand.self])

    @Option(
        name: "-port --port", help: "The port to listen on; 0 takes a free one. A leading colon is allowed.",
        transform: portNumber)
    var port: UInt16 = 8080

    @Option(
        name: "-bind --bind",
        help: "An address or host name to listen on; may be given more than once. Use 0.0.0.0 or :: for all.")
    var bind: [String] = ["127.0.0.1"]

    @OptionGroup var data: DataOption

    @Option(
        name: "-durability --durability",
        help: """
            When OK is said: always = the change is on disk; interval = it is written, and synced every second; \
            never = it is written, and the system syncs when it likes.
            """)
    var durability: Durability = .always

    @OptionGroup var replication: ReplicationOptions
    @OptionGroup var logFiles: LogFileOptions
    @OptionGroup var retention: RetentionOptions
    @OptionGroup var metrics: MetricsOptions

    @Option(
        name: "-max-memory --max-memory",
        help: """
            How much memory pairs, buffers and connections may take, such as 512M or 2G; 0 for no limit. At the limit, \
            changes that need more are refused, nothing is evicted. (default: three quarters of what there is)
            """)
    var maxMemory: ByteSize?

    @Option(name: "-log-level --log-level", help: "What to say: trace, debug, info, notice, warning, error, critical.")
    var logLevel: Logger.Level = .info

    @Option(name: "-log-format --log-format", help: "How to say it: text or json.")
    var logFormat: LogFormat = .text

    func validate() throws {
        if let size = maxMemory?.bytes, size > 0, size < PuffinServer.leastMemory {
            throw ValidationError(
                "--max-memory is 0 for no limit, or \(ByteSize(PuffinServer.leastMemory)) or more, such as 512M; "
                    + "found \(ByteSize(size))")
        }
    }

    /// The smallest memory limit, in bytes: below it is more likely a unit forgotten than a wish.
    private static let leastMemory = 1 << 20

    func run() throws {
        let (level, format) = (logLevel, logFormat)
        var log = Logger(label: "puffin") { _ in LineLogHandler(level: level, format: format) }
        log.logLevel = level
        var configuration = Configuration()
        configuration.port = port
        configuration.hosts = bind
        configuration.data = FilePath(data.data)
        configuration.store.durability = durability
        logFiles.apply(to: &configuration.store)
        retention.apply(to: &configuration.store)
        configuration.maxMemory = maxMemory?.bytes
        replication.apply(to: &configuration)
        metrics.apply(to: &configuration)
        TableMemory.freeInEqualSteps()
        do throws(StartError) {
            let server = try Server(configuration, log: log)
            if let failure = server.run() { throw .store(failure) }
            // The system takes the table's memory back at once; pair by pair that would take seconds.
            withExtendedLifetime(server) { Glibc.exit(0) }
        } catch {
            log.critical("\(error)")
            throw ExitCode(error.exitCode)
        }
    }
}

/// A port as people write it: `8080` or `:8080`.
private func portNumber(_ text: String) throws -> UInt16 {
    guard let number = UInt16(text.hasPrefix(":") ? String(text.dropFirst()) : text) else {
        throw ValidationError("a port is a number from 0 to 65535")
    }
    return number
}

extension ByteSize: ExpressibleByArgument {
    /// The same spellings as `init(_:)`.
    public init?(argument: String) { self.init(argument) }
}
extension Durability: ExpressibleByArgument {}
extension SnapshotSource: ExpressibleByArgument {}
extension LogFormat: ExpressibleByArgument {}
extension Logger.Level: @retroactive ExpressibleByArgument {}

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
