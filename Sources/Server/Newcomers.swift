// Connections beyond the limit of clients. Another server and an administrator must get in even when clients have taken every
// place: otherwise a leader cannot reach its follower, and nobody can find out what is wrong. Such a connection is accepted for a
// moment and must identify itself by its first request. A leader's greeting makes it a replication link, an administrator's
// request is answered before the connection ends, and anything else is refused like any client beyond the limit.

import Bytes
import Commands
import Reactor
import Wire

/// A connection that has not sent its first request.
private final class Newcomer: StreamDelegate {
    let stream: Stream
    /// When it was accepted, in milliseconds of the monotonic clock.
    let start: Int
    private unowned let owner: Newcomers
    private var parser: RequestParser

    /// The largest first request that is served, in bytes: a leader's greeting, or an administrator's short command.
    private static let requestSize = 4096

    init(_ stream: Stream, _ owner: Newcomers, _ limits: RequestLimits, at now: Int) {
        self.stream = stream
        start = now
        self.owner = owner
        parser = RequestParser(limits: limits)
    }

    func received(_ bytes: Span<UInt8>) -> Consumption {
        switch parser.parse(bytes) {
        case .complete(let size) where !parser.isBlank:
            let purpose = Newcomers.purpose(ofRequest: parser.arguments(in: bytes)[0])
            owner.decide(self, purpose, bytes.extracting(0..<size))
        case .incomplete(let missing) where bytes.count + missing <= Newcomer.requestSize:
            return Consumption(used: 0, missing: missing)
        case .complete, .incomplete, .malformed: owner.refuse(self)
        }
        return Consumption(used: bytes.count, missing: 1)
    }

    func receivedEnd(unfinished: Int) { owner.refuse(self) }
    func drained() {}
    func failed() { owner.refuse(self) }
}

/// The connections beyond the limit of clients. Used on the loop's thread.
final class Newcomers {
    private unowned let server: Server
    private unowned let connections: Connections
    /// Connections that have not sent their first request, the oldest first.
    private var waiting: [Newcomer] = []
    /// Sessions that answer a leader, until they hand their connection over or refuse it; the oldest first. And those that
    /// answer an administrator.
    private var leaders: [Int] = []
    private var administrators: [Int] = []
    private var timer: Timer?

    /// The largest number of waiting connections. A further one displaces another, which is refused: see `PlaceSharing`.
    private static let waitingCount = 16
    /// The largest number of leaders answered at a time: a further one ends the oldest. And of administrators: a further one is
    /// refused, or displaces another.
    private static let leaderCount = 8
    private static let administratorCount = 8
    /// Descriptors that all of them take.
    static let descriptorCount = waitingCount + leaderCount + administratorCount
    /// The time a connection has for its first request, and the interval of the checks, in milliseconds.
    private static let patience = 500
    private static let interval = 50

    init(_ server: Server, _ connections: Connections) {
        self.server = server
        self.connections = connections
    }

    /// The server's sessions without those that began here.
    var clientCount: Int {
        forgetEnded()
        return connections.count - leaders.count - administrators.count
    }

    private func forgetEnded() {
        leaders.removeAll { connections[$0] == nil }
        administrators.removeAll { connections[$0] == nil }
    }

    /// Takes a connection beyond the limit of clients.
    func take(_ stream: Stream) {
        if waiting.count >= Newcomers.waitingCount {
            let (networks, network) = (waiting.map(\.stream.peer.network), stream.peer.network)
            let index = PlaceSharing.placeToEvict(networks, for: network) ?? networks.firstIndex(of: network) ?? 0
            evict(waiting[index])
        }
        assert(waiting.count < Newcomers.waitingCount, "more wait than there are descriptors for")
        let newcomer = Newcomer(stream, self, server.limits.request, at: server.clock.milliseconds)
        waiting.append(newcomer)
        stream.start(newcomer)
        // With TLS, its first request may have come with the handshake.
        stream.showHeld()
        if timer == nil { timer = Timer(server.loop, every: Newcomers.interval) { [unowned self] in look() } }
    }

    /// Refuses those that have waited too long. Called by the timer.
    private func look() {
        let longAgo = server.clock.milliseconds - Newcomers.patience
        while let oldest = waiting.first, oldest.start <= longAgo { evict(oldest) }
    }

    /// Refuses a connection whose time is up, unless it has sent something that was not yet read.
    private func evict(_ newcomer: Newcomer) {
        newcomer.stream.readAtOnce()
        if waiting.contains(where: { $0 === newcomer }) { refuse(newcomer) }
    }

    /// Frees an unused timer. Call it each second, but not from the timer.
    func tick() {
        if waiting.isEmpty { timer = nil }
    }

    /// Closes all of them.
    func close() {
        for newcomer in waiting { newcomer.stream.close() }
        waiting.removeAll()
        timer = nil
    }

    /// `proof` and `login` begin what ends as a link or as administration.
    fileprivate enum Purpose { case link, proof, administration, login, other }

    fileprivate static func purpose(ofRequest name: Span<UInt8>) -> Purpose {
        guard let spec = Catalog.find(name) else { return .other }
        switch spec.command {
        case .replicate: return .link
        case .prove: return .proof
        case .auth, .hello: return .login
        default: break
        }
        return spec.traits.contains(.urgent) ? .administration : .other
    }

    /// Admits or refuses a connection by its first request.
    fileprivate func decide(_ newcomer: Newcomer, _ purpose: Purpose, _ request: Span<UInt8>) {
        forgetEnded()
        switch purpose {
        case .link, .proof:
            if leaders.count >= Newcomers.leaderCount { connections[leaders[0]]?.close() }
            leaders.append(serve(newcomer, request, goesOn: purpose == .proof))
        case .administration where hasPlace(forAdministrator: newcomer):
            administrators.append(serve(newcomer, request, goesOn: false))
        case .login where server.authentication.isRequired && hasPlace(forAdministrator: newcomer):
            administrators.append(serve(newcomer, request, goesOn: true))
        case .administration, .login, .other: refuse(newcomer)
        }
    }

    /// Whether a further administrator has a place. If all are taken, an idle one may be displaced.
    private func hasPlace(forAdministrator newcomer: Newcomer) -> Bool {
        guard administrators.count >= Newcomers.administratorCount else { return true }
        let networks = administrators.map { connections[$0]?.stream.peer.network ?? 0 }
        guard let index = PlaceSharing.placeToEvict(networks, for: newcomer.stream.peer.network) else { return false }
        connections[administrators.remove(at: index)]?.close()
        return true
    }

    /// Makes a session answer the request and then end, unless the connection has become a replication link.
    /// - Parameter goesOn: whether further requests follow, which only an administrator or a server may make.
    /// - Returns: the session's number.
    private func serve(_ newcomer: Newcomer, _ request: Span<UInt8>, goesOn: Bool) -> Int {
        endWaiting(newcomer)
        let session = connections.begin(newcomer.stream)
        newcomer.stream.start(session)
        if goesOn { session.beginBeyondLimit() }
        _ = session.received(request)
        if !goesOn { session.finish() }
        return session.id
    }

    fileprivate func refuse(_ newcomer: Newcomer) {
        endWaiting(newcomer)
        connections.noteRefusal(clientCount: clientCount, of: newcomer.stream.peer)
        newcomer.stream.refuse(Newcomers.refusal)
    }

    private func endWaiting(_ newcomer: Newcomer) {
        waiting.removeAll { $0 === newcomer }
    }

    /// Redis' text, which its clients recognise; it reads well in the line dialect, too.
    private static let refusal: StaticString = "-ERR max number of clients reached\r\n"
}
