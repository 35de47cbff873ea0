// A feed of changes on the library's thread: a connection of its own, made again when it is lost, at the next server if
// one cannot be reached. Times are in nanoseconds of `MonotonicClock`.

import Bytes
import Commands
import Reactor
import Wire

/// The connection of one feed.
final class ChangeLink: StreamDelegate {
    private let buffer: ChangeBuffer
    private let options: Client.Options
    private let security: LinkSecurity?
    private let servers: [ServerAddress]
    private let loop: EventLoop
    private let bell: Wakeup.Bell

    /// Behind the last change that was shown; nil before the first feed has begun.
    private var token: String?
    private var server = 0
    /// Attempts to connect that have failed one after the other.
    private var failures = 0
    private var connector: Connector?
    private var stream: Stream?
    private var parser = ReplyParser()
    private var backoff: Backoff
    /// When to connect, or when a connection or a silent server is given up.
    private var deadline = 0
    /// Why the connection must be closed; the loop's callbacks only record it.
    private var loss: String?
    /// Whether the server has refused the connection, for its certificate or for want of TLS.
    private var isRefused = false
    /// Whether a feed has ever begun.
    private var hasBegun = false
    private(set) var isOver = false
    /// Whether the reply to the login is still to come.
    private var awaitsLogin = false

    /// How long a server may be silent. It says where it is every five seconds.
    private static let longestSilence = Duration.seconds(20)

    init(
        _ buffer: ChangeBuffer, _ options: Client.Options, _ security: LinkSecurity?, servers: [ServerAddress],
        _ loop: EventLoop, _ bell: Wakeup.Bell
    ) {
        self.buffer = buffer
        self.options = options
        self.security = security
        self.servers = servers
        self.loop = loop
        self.bell = bell
        token = buffer.token
        backoff = Backoff(
            seed: UInt64.random(in: .min ... .max), first: Lane.milliseconds(options.firstPause),
            longest: Lane.milliseconds(options.longestPause))
    }

    private var address: ServerAddress { servers[server] }

    // MARK: A turn

    /// Does everything that can be done now.
    func advance(now: Int) {
        if isOver { return }
        if buffer.isAbandoned { return end(.cancelled) }
        if let loss { lose(loss, now: now) }
        switch connector?.advance() {
        case .success(let stream)?: begin(stream, now: now)
        case .failure(let error)?: lose(error.reason, now: now)
        case nil: break
        }
        if deadline <= now {
            if connector != nil {
                lose("no connection within \(options.connectTimeout)", now: now)
            } else if stream != nil {
                lose("it was silent for \(ChangeLink.longestSilence)", now: now)
            } else {
                connect(now: now)
            }
        }
        stream?.isReading = !buffer.isFull
        // Its silence is this program's own.
        if stream?.isReading == false { heard(now: now) }
    }

    /// The next time at which it must be advanced, whatever else happens.
    var nextMoment: Int { isOver ? .max : deadline }

    private func connect(now: Int) {
        let milliseconds = Int(Lane.milliseconds(options.connectTimeout))
        connector = Connector(
            loop, to: address.endpoint, within: milliseconds, security: security?.target(for: address), bell: bell)
        deadline = now.adding(options.connectTimeout)
    }

    private func begin(_ stream: Stream, now: Int) {
        connector = nil
        self.stream = stream
        parser = ReplyParser()
        stream.start(self)
        var request = [Array("CHANGES".utf8), buffer.prefix]
        if let token { request += [Array("FROM".utf8), Array(token.utf8)] }
        var bytes = ByteBuffer()
        if let credentials = options.credentials { bytes.append(request: credentials.request) }
        awaitsLogin = options.credentials != nil
        bytes.append(request: request)
        if !stream.send(bytes.bytes) { loss = "the server has gone away" }
        heard(now: now)
    }

    private func heard(now: Int) { deadline = now.adding(ChangeLink.longestSilence) }

    /// Closes a connection, and waits before the next one.
    private func lose(_ reason: String, now: Int) {
        // A server that refuses the connection itself was not reached.
        let wasConnected = stream != nil && !isRefused
        isRefused = false
        stream?.close()
        (stream, connector, loss) = (nil, nil, nil)
        // The next attempt is elsewhere.
        server = (server + 1) % servers.count
        failures = wasConnected ? 0 : failures + 1
        // Later it waits for a server to come back.
        if !hasBegun, failures == servers.count, !options.waitsForServer {
            return end(.cannotConnect(to: address, reason: reason))
        }
        deadline = now.adding(.milliseconds(Int64(backoff.next())))
    }

    /// Ends the feed.
    func end(_ error: PuffinError) {
        guard !isOver else { return }
        isOver = true
        // The server would notice a closed connection only when it next writes to it.
        var quit = ByteBuffer()
        quit.append(request: [Array("QUIT".utf8)])
        _ = stream?.send(quit.bytes)
        stream?.close()
        (stream, connector) = (nil, nil)
        buffer.end(error)
    }

    // MARK: Messages

    func received(_ bytes: Span<UInt8>) -> Consumption {
        heard(now: MonotonicClock.nanoseconds)
        var used = 0
        var changes: [Change] = []
        defer { if !changes.isEmpty { buffer.add(changes) } }
        while loss == nil, !isOver {
            switch parser.parse(bytes.extracting(used..<bytes.count)) {
            case .complete(let reply, let size):
                used += size
                if awaitsLogin { takeLogin(reply) } else { take(RESPValue(reply), &changes) }
            case .incomplete(let missing): return Consumption(used: used, missing: missing)
            case .malformed(let why): loss = why.message
            }
        }
        return Consumption(used: bytes.count, missing: 1)
    }

    private func takeLogin(_ reply: Reply) {
        awaitsLogin = false
        guard case .error(let code, let message) = reply else { return }
        if message == PlainRefusal.message { return refuse(PlainRefusal.reason) }
        end(.notLoggedIn(at: address, message: ErrorCode.described(code, message)))
    }

    private func take(_ reply: RESPValue, _ changes: inout [Change]) {
        switch FeedMessage(reply, after: token ?? "0") {
        case .from(let token)?:
            (self.token, hasBegun) = (token, true)
            backoff.reset()
        case .at(let token)?:
            self.token = token
            changes.append(Change(key: [], effect: .caughtUp, time: 0, token: token))
        case .record(let record)?:
            changes += record
            token = record.last?.token
        case .end(let code, let message)?: fail(code, message, &changes)
        case nil: loss = "it sent what is no message of a feed"
        }
    }

    private func fail(_ code: String, _ message: String, _ changes: inout [Change]) {
        if message == PlainRefusal.message, !hasBegun { return refuse(PlainRefusal.reason) }
        switch ErrorCode(rawValue: code) {
        // Another server may be further, or this one later.
        case .loading, .behind: loss = message
        default:
            if !changes.isEmpty { buffer.add(changes) }
            changes = []
            end(PuffinError(code: code, message: message, at: address, isRead: true))
        }
    }

    func receivedEnd(unfinished: Int) { loss = "the server closed it" }

    func drained() {}

    func failed() {
        guard let failure = stream?.securityFailure else { return loss = "the server has gone away" }
        if failure.refusesCertificate { refuse(failure.text) } else { loss = failure.text }
    }

    private func refuse(_ reason: String) { (loss, isRefused) = (reason, true) }
}
