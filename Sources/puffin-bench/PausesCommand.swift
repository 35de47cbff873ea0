// `puffin-bench pauses`: how long a server keeps an idle client waiting.

import ArgumentParser
import BlockingClient
import Bytes
import ConnectionOptions
import Pauses
import Synchronization

struct PausesCommand: ParsableCommand {
    enum Format: String, ExpressibleByArgument, CaseIterable { case table, json }

    static let configuration = CommandConfiguration(
        commandName: "pauses",
        abstract: "Sends a PING each millisecond on one connection, and reports how long the replies took.",
        discussion: """
            A ping is sent when it is due, whether or not earlier ones were answered, so every ping that a pause \
            holds up shows it. The meter's own lateness is reported separately.

            Exit codes: 0 measured, 1 the server answered something else, 2 wrong usage, no server, or a server that went \
            away.
            """)

    @OptionGroup var server: TargetOptions
    @OptionGroup(title: "Login and TLS") var access: AccessOptions

    @Option(name: "-every --every", help: "The time from one ping to the next, such as 1ms or 500us.")
    var every = TimeSpan(milliseconds: 1)

    @Option(
        name: "-duration --duration",
        help: "How long to measure, such as 30s. (default: until standard input ends)")
    var duration: TimeSpan?

    @Option(name: "-format --format", help: "The output format: table or json.")
    var format = Format.table

    func validate() throws {
        guard (1000...3_600_000_000_000).contains(every.nanoseconds) else {
            throw ValidationError("--every is a time from 1us to 1h; found \(every)")
        }
        try duration.map(checkDuration)
    }

    func run() throws {
        let meter = try meter()
        let end = InputEnd()
        if duration == nil { end.watch() }
        var record = PauseRecord()
        var failure: (any Error)?
        do {
            let duration = duration?.duration
            try meter.run(into: &record) { elapsed in duration.map { elapsed >= $0 } ?? end.hasCome }
        } catch {
            failure = error
        }
        if let security = meter.security, format == .table {
            try printText("\(server.addr), \(security.version) \(security.cipher)\n")
        }
        let text = format == .json ? record.json(start: meter.start) : record.table(start: meter.start)
        try printText(text)
        if let failure {
            printError("puffin-bench: \(failure)")
            throw failure is UnexpectedAnswer ? ExitCode.wrongReplies : .nothingMeasured
        }
    }

    /// Connects.
    /// - Throws: an `ExitCode`, after the reason has been printed.
    private func meter() throws -> PauseMeter {
        let access = try checkedAccess(access)
        do throws(ClientError) {
            return try PauseMeter(
                of: server.addr, every: every.duration, inRESP: server.dialect == .resp, access: access)
        } catch {
            var advice = ""
            if case .cannotConnect(_, let reason) = error, access.security == nil {
                advice =
                    reason.contains("takes TLS only")
                    ? "; use --tls" : "; start a server there, or name another with --addr host:port"
            }
            printError("puffin-bench: \(error)\(advice)")
            throw ExitCode.nothingMeasured
        }
    }
}

/// Notices the end of standard input.
private final class InputEnd: Sendable {
    private let isThere = Atomic<Bool>(false)

    var hasCome: Bool { isThere.load(ordering: .relaxed) }

    func watch() {
        Task.detached { [self] in
            while readLine() != nil {}
            isThere.store(true, ordering: .relaxed)
        }
    }
}
