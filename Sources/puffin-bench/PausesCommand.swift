// `puffin-bench pauses`: how long a server keeps a client waiting that asks for nothing.

import ArgumentParser
import Pauses
import PuffinClient
import Synchronization
import SystemPackage

struct PausesCommand: ParsableCommand {
    enum Dialect: String, ExpressibleByArgument, CaseIterable { case line, resp }
    enum Format: String, ExpressibleByArgument, CaseIterable { case text, json }

    static let configuration = CommandConfiguration(
        commandName: "pauses",
        abstract: "Sends a PING each millisecond on one connection, and says how long the answers took.",
        discussion: """
            A ping goes out when it is due, whether or not those before it were answered, so a pause is seen by every ping \
            that it holds up. How late the meter itself was woken is told apart from it.

            Exit codes: 0 measured, 1 the server went away or answered something else, 2 wrong options or no server.
            """)

    @Option(name: "-addr --addr", help: "The server's host:port.", transform: { try Endpoint(parsing: $0) })
    var addr = Endpoint()

    @Option(name: "-every --every", help: "The time from one ping to the next, such as 1ms or 500us.")
    var every = TimeSpan.millisecond

    @Option(
        name: "-duration --duration",
        help: "How long to measure, such as 30s. (default: until standard input ends)")
    var duration: TimeSpan?

    @Option(name: "-dialect --dialect", help: "How the pings are written: line or resp.")
    var dialect = Dialect.line

    @Option(name: "-format --format", help: "How to print the result: text or json.")
    var format = Format.text

    func run() throws {
        let meter: PauseMeter
        do throws(ClientError) {
            meter = try PauseMeter(of: addr, every: every.duration, inRESP: dialect == .resp)
        } catch {
            writeError("puffin-bench: \(error); start a server there, or name another with --addr host:port")
            throw ExitCode(2)
        }
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
        let text = format == .json ? record.json(start: meter.start) : record.table(start: meter.start)
        _ = try FileDescriptor.standardOutput.writeAll(text.utf8)
        if let failure {
            writeError("puffin-bench: \(failure)")
            throw ExitCode(1)
        }
    }
}

extension TimeSpan {
    static let millisecond = TimeSpan(.milliseconds(1))
}

/// Knows when standard input has ended.
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
