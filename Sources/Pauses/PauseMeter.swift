// One connection that sends a PING at each beat of a schedule. Two threads, so that neither waits for the other: one
// sleeps and sends, one receives.

import BlockingClient
import Bytes
import Glibc
import Reactor
import Synchronization
import Wire

/// Pings one server.
package final class PauseMeter: Sendable {
    /// A ping's intended and actual time of sending, in nanoseconds from the start.
    private typealias Departure = (intended: Int, sent: Int)

    private struct Departures {
        var waiting: ArraySlice<Departure> = []
        /// Nothing more will be sent.
        var isOver = false
    }

    private let server: Endpoint
    private let socket: Socket
    private let interval: Duration
    private let request: [UInt8]
    private let answer: [UInt8]
    private let departures = Mutex(Departures())
    private let first: ContinuousClock.Instant
    /// The time of day at which the schedule began.
    package let start: Timestamp
    /// The version of TLS and the cipher; nil without TLS.
    package let security: (version: String, cipher: String)?

    /// Connects. The schedule begins now.
    /// - Parameters:
    ///   - interval: the time from one ping to the next.
    ///   - inRESP: whether pings are RESP arrays or lines.
    ///   - access: who logs in, and how to get TLS; both before the schedule begins.
    /// - Throws: `ClientError.cannotConnect`, or `notLoggedIn`.
    package init(
        of server: Endpoint, every interval: Duration, inRESP: Bool, access: ServerAccess = ServerAccess()
    ) throws(ClientError) {
        self.interval = interval
        request = Array((inRESP ? "*1\r\n$4\r\nPING\r\n" : "PING\n").utf8)
        answer = Array((inRESP ? "+PONG\r" : "PONG").utf8)
        self.server = server
        var early = ByteBuffer()
        do throws(SocketError) {
            socket = try Connection.connect(
                to: server, access.security, into: &early, deadline: .now + Connection.defaultTimeLimit)
        } catch {
            throw .cannotConnect(to: server, reason: error.reason)
        }
        if let user = access.user { try PauseMeter.logIn(user, at: server, over: socket) }
        security = socket.security
        start = Timestamp(milliseconds: WallClock.milliseconds)
        first = ContinuousClock.now
    }

    private static func logIn(
        _ user: LoginCredentials, at server: Endpoint, over socket: borrowing Socket
    ) throws(ClientError) {
        var request = ByteBuffer()
        var input = ByteBuffer()
        request.append(request: user.request)
        let deadline = ContinuousClock.now + Connection.defaultTimeLimit
        do throws(SocketError) {
            while !request.isEmpty { request.removeFirst(try socket.send(request.bytes, deadline: deadline)) }
            while input.bytes.newline(from: 0) == nil {
                try socket.receive(upTo: 4096, into: &input, deadline: deadline)
            }
        } catch {
            throw .cannotConnect(to: server, reason: error.reason)
        }
        let reply = String(input.bytes).filter { !$0.isNewline }
        if reply.contains(PlainRefusal.message) { throw .cannotConnect(to: server, reason: PlainRefusal.reason) }
        if !reply.hasPrefix("+") { throw .notLoggedIn(at: server, reason: String(reply.drop { $0 == "-" })) }
    }

    /// Pings until `isOver` returns true, and then waits for the last answer. To be called once.
    /// - Parameter record: gets every ping, even if an error ends the series.
    /// - Throws: `ClientError` if the server goes away, `UnexpectedAnswer` if it answers something else.
    package func run(
        into record: inout PauseRecord, until isOver: @escaping @Sendable (_ elapsed: Duration) -> Bool
    ) throws {
        Task.detached { [self] in send(until: isOver) }
        defer { departures.withLock { $0.isOver = true } }
        preferThisThread()
        var input = ByteBuffer()
        while true {
            try receive(into: &input)
            let answered = elapsed.nanoseconds
            while let feed = input.bytes.newline(from: 0) {
                let line = Array(input.bytes.extracting(0..<feed))
                input.removeFirst(feed + 1)
                guard line == answer else { throw UnexpectedAnswer(line: line) }
                guard let departure = departures.withLock({ $0.waiting.popFirst() }) else { continue }
                record.add(Ping(intended: departure.intended, sent: departure.sent, answered: answered))
            }
            if departures.withLock({ $0.isOver && $0.waiting.isEmpty }) { return }
        }
    }

    /// A server silent for this long is gone.
    private static let patience = Duration.seconds(600)

    private func receive(into input: inout ByteBuffer) throws(ClientError) {
        do throws(SocketError) {
            try socket.receive(upTo: 4096, into: &input, deadline: .now + PauseMeter.patience)
        } catch .timedOut {
            throw .timedOut(server, limit: PauseMeter.patience)
        } catch {
            throw .connectionLost(to: server, reason: error.reason)
        }
    }

    private func sendRequest() -> Bool {
        let bytes = request
        let all = bytes.span
        var sent = 0
        while sent < all.count {
            guard let size = try? socket.send(all.extracting(sent..<all.count), deadline: .now + PauseMeter.patience)
            else { return false }
            sent += size
        }
        return true
    }

    private var elapsed: Duration { ContinuousClock.now - first }

    /// Keeps the schedule. At least one ping is sent.
    private func send(until isOver: (Duration) -> Bool) {
        preferThisThread()
        var intended = Duration.zero
        while true {
            var now = elapsed
            while now < intended {
                usleep(UInt32((intended - now).nanoseconds / 1000 + 1))
                now = elapsed
            }
            // It must be known before the last ping is answered that it is the last, so that the receiver has one to
            // wait for.
            let isLast = isOver(now)
            let isStopped = departures.withLock { departures in
                if departures.isOver { return true }
                departures.waiting.append((intended: intended.nanoseconds, sent: now.nanoseconds))
                departures.isOver = isLast
                return false
            }
            // If sending fails, receiving fails too.
            if isStopped || !sendRequest() || isLast { return }
            intended += interval
        }
    }
}

/// A PING that was not answered with PONG.
package struct UnexpectedAnswer: Error, CustomStringConvertible {
    package let line: [UInt8]

    package var description: String {
        let text = String(decoding: line, as: UTF8.self)
        if text.contains(PlainRefusal.message) { return "\(PlainRefusal.reason); use --tls" }
        if text.contains("Log in first") || text.hasPrefix("-NOAUTH") {
            return "the server asks for a login; use --user and --password-file"
        }
        return
            "PING was answered \"\(String(decoding: line.prefix(100), as: UTF8.self))\", expected PONG; is it the right server, "
            + "and the right --dialect?"
    }
}

/// Raises the calling thread's priority if allowed: a meter that is not woken measures itself.
private func preferThisThread() {
    // On Linux this affects one thread, whatever the constant's name says.
    _ = setpriority(Int32(PRIO_PROCESS.rawValue), 0, -20)
}
