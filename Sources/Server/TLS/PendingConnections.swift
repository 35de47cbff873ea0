// Connections between accept and their session, where there is TLS: their first byte tells whether they want it, and their handshake
// is made on another thread. So one port serves both, and a flood of handshakes holds nobody up.

import Bytes
import OpenSSL
import Reactor

/// A connection without a session.
private final class PendingConnection: StreamDelegate {
    let id: Int
    let stream: Stream
    let isHTTP: Bool
    /// When it was accepted, in milliseconds of the turn's clock.
    let start: Int
    private unowned let owner: PendingConnections
    /// Its TLS; nil until its first byte has come.
    var channel: Channel?
    /// What has come while a step of the handshake is under way.
    private var input: [UInt8] = []
    private var isUnderWay = false
    private var steps = 0
    /// Whether the client has ended its output. Its last step is made nevertheless: its requests may be behind that.
    private(set) var hasEnded = false

    /// What is read meanwhile, in bytes: a chain of certificates has 32 KiB at most.
    private static let inputSize = 64 << 10

    init(_ id: Int, _ stream: Stream, isHTTP: Bool, _ owner: PendingConnections, at now: Int) {
        self.id = id
        self.stream = stream
        self.isHTTP = isHTTP
        self.owner = owner
        start = now
    }

    func received(_ bytes: Span<UInt8>) -> Consumption {
        if channel == nil {
            guard bytes[0] == 0x16 else { return owner.takePlain(self, bytes) }
            channel = owner.makeChannel(self)
        }
        for index in 0..<bytes.count { input.append(bytes[index]) }
        // A client may send requests behind its last step at once, as many as it likes.
        if input.count > PendingConnection.inputSize { stream.isReading = false }
        goOn()
        return Consumption(used: bytes.count, missing: 1)
    }

    /// Hands over what has come, unless a step is under way.
    func goOn() {
        guard !isUnderWay, !input.isEmpty, let channel else { return }
        isUnderWay = true
        steps += 1
        owner.submit(self, channel, input)
        input.removeAll()
    }

    /// Ends a step.
    /// - Returns: what has come meanwhile.
    func endStep() -> [UInt8] {
        isUnderWay = false
        stream.isReading = true
        return input
    }

    func receivedEnd(unfinished: Int) {
        // One that has not answered the server's part has given up, and is not worth the work.
        if isUnderWay, steps > 1 { hasEnded = true } else { owner.close(self) }
    }

    func drained() {}
    func failed() { owner.close(self) }
}

/// The connections without a session. Used on the loop's thread.
final class PendingConnections {
    private unowned let server: Server
    private let tls: TLSService
    private var pending: [Int: PendingConnection] = [:]
    private var places = PlaceHolders()
    private var lastID = 0

    /// The largest number of them. A further one displaces another: see `PlaceSharing`.
    private static let limit = 1024
    /// The time that a handshake may take, in milliseconds.
    private static let patience = 5000

    init(_ server: Server, _ tls: TLSService) {
        self.server = server
        self.tls = tls
    }

    var count: Int { pending.count }

    /// Takes an accepted connection.
    func accept(_ stream: Stream, isHTTP: Bool) {
        if pending.count >= PendingConnections.limit { makeRoom(for: stream.peer.network) }
        lastID += 1
        let connection = PendingConnection(lastID, stream, isHTTP: isHTTP, self, at: server.clock.milliseconds)
        pending[lastID] = connection
        places.add(lastID, of: stream.peer.network)
        stream.start(connection)
    }

    private func makeRoom(for network: UInt64) {
        if let id = places.evicted(for: network), let connection = pending[id] { close(connection) }
    }

    /// Ends those that take too long. A plain one that has said nothing yet is a client that waits. Once a second.
    func tick() {
        let longAgo = server.clock.milliseconds - PendingConnections.patience
        while let oldest = places.oldest, let connection = pending[oldest], connection.start <= longAgo {
            let isSilent = connection.channel == nil && allowsPlain(connection)
            if isSilent { admit(connection) } else { close(connection) }
        }
    }

    fileprivate func close(_ connection: PendingConnection) {
        guard forget(connection) else { return }
        tls.handshakes.forget(connection.id)
        connection.stream.close()
    }

    private func forget(_ connection: PendingConnection) -> Bool {
        places.remove(connection.id)
        return pending.removeValue(forKey: connection.id) != nil
    }

    /// Closes all of them.
    func close() {
        for connection in pending.values { connection.stream.close() }
        pending.removeAll()
        places = PlaceHolders()
    }

    // MARK: Without TLS

    private func allowsPlain(_ connection: PendingConnection) -> Bool {
        tls.settings.effectiveMode.allowsPlain(isLocal: connection.stream.peer.isLocal)
    }

    /// Lets a connection without TLS in, or refuses it in its dialect.
    fileprivate func takePlain(_ connection: PendingConnection, _ bytes: Span<UInt8>) -> Consumption {
        let isAllowed = allowsPlain(connection)
        tls.notePlain(isRefused: !isAllowed)
        guard isAllowed else {
            server.recordRefused(connection.stream.peer, "tls required")
            _ = forget(connection)
            let isRESP = bytes[0] == UInt8(ascii: "*")
            connection.stream.refuse(
                connection.isHTTP ? Refusal.http : isRESP ? Refusal.resp : Refusal.line)
            return Consumption(used: bytes.count, missing: 1)
        }
        return admit(connection)?.received(bytes) ?? Consumption(used: bytes.count, missing: 1)
    }

    private enum Refusal {
        static let line: StaticString = "ERROR: This server takes TLS only\n"
        static let resp: StaticString = "-ERR This server takes TLS only\r\n"
        static let http: StaticString =
            "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 27\r\nConnection: close\r\n\r\nThis server takes TLS only\n"
    }

    // MARK: Handshakes

    fileprivate func makeChannel(_ connection: PendingConnection) -> Channel {
        (connection.isHTTP ? tls.contexts.http : tls.contexts.clients).accept()
    }

    fileprivate func submit(_ connection: PendingConnection, _ channel: Channel, _ input: [UInt8]) {
        tls.handshakes.submit(channel, id: connection.id, input: input)
    }

    /// Goes on with handshakes of which a step is done. Each turn.
    @inline(__always)
    func advance() {
        for result in tls.handshakes.takeResults() { take(result) }
    }

    private func take(_ result: HandshakeThread.Result) {
        guard let connection = pending[result.id], let channel = connection.channel else { return }
        let more = connection.endStep()
        let isSent = result.output.isEmpty || connection.stream.send(result.output.span)
        guard isSent else { return close(connection) }
        switch result.state {
        case .needsMore: if connection.hasEnded, more.isEmpty { close(connection) } else { connection.goOn() }
        case .failed(let failure):
            tls.noteFailed(failure, from: connection.stream.peer)
            server.recordRefused(connection.stream.peer, "tls: \(failure)")
            // The alert is on its way; the rest is of no interest.
            connection.stream.endOutput()
            close(connection)
        case .done:
            tls.noteDone(channel)
            let rest = result.rest + more
            guard connection.stream.secure(with: channel, rest.span) else { return close(connection) }
            guard let stream = admit(connection)?.stream else { return }
            stream.showHeld()
            stream.showEnd()
        }
    }

    /// Gives a connection a session.
    /// - Returns: nil if it has another place, or none.
    @discardableResult
    private func admit(_ connection: PendingConnection) -> Session? {
        guard forget(connection) else { return nil }
        let stream = connection.stream
        return connection.isHTTP ? server.http?.admit(stream) : server.connections.admit(stream)
    }
}
