// Connections beyond the limit of clients. Another server and an administrator have to get in just when clients have taken every
// place: else a leader stays out of its follower, and nobody can ask what is wrong. Such a connection is accepted for a moment and
// has to show what it is for with its first request. A leader's greeting makes it a link between servers, an administrator's
// request is answered, after which the connection ends; whatever else it is, it is refused as a client that found no place.

import Bytes
import Commands
import Reactor
import Wire

/// A connection that has not said what it is for.
private final class Newcomer: StreamDelegate {
    let stream: Stream
    /// When it was accepted, in milliseconds of the monotonic clock.
    let start: Int
    private unowned let owner: Newcomers
    private var parser: RequestParser

    /// A first request that is served takes no more bytes: a leader's greeting, or an administrator's few words.
    private static let requestSize = 4096

    init(_ stream: Stream, _ owner: Newcomers, _ limits: RequestLimits, at now: Int) {
        self.stream = stream
        start = now
        self.owner = owner
        parser = RequestParser(limits: limits)
        stream.start(self)
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
    /// Those that have not said what they are for; the oldest first.
    private var waiting: [Newcomer] = []
    /// Sessions that answer a leader, until they have given it their connection or refused it; the oldest first. And those that
    /// answer an administrator.
    private var leaders: [Int] = []
    private var administrators: [Int] = []
    private var timer: Timer?

    /// Connections that may wait at a time. One more takes the place of another, which is refused: see `PlaceSharing`.
    private static let waitingCount = 16
    /// Leaders that are answered at a time, where one more ends the oldest; and administrators, where one more is refused, or takes the
    /// place of another.
    private static let leaderCount = 8
    private static let administratorCount = 8
    /// Descriptors that all of them take.
    static let descriptorCount = waitingCount + leaderCount + administratorCount
    /// How long a connection may take to say what it is for, in milliseconds; and how often it is looked whether it has.
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

    /// Takes a connection for which no client's place is left.
    func take(_ connection: consuming Listener.Connection) {
        if waiting.count >= Newcomers.waitingCount {
            let (networks, network) = (waiting.map(\.stream.peer.network), connection.peer.network)
            let index = PlaceSharing.placeToEvict(networks, for: network) ?? networks.firstIndex(of: network) ?? 0
            evict(waiting[index])
        }
        assert(waiting.count < Newcomers.waitingCount, "more wait than there are descriptors for")
        waiting.append(
            Newcomer(Stream(server.loop, connection), self, server.limits.request, at: server.clock.milliseconds))
        if timer == nil { timer = Timer(server.loop, every: Newcomers.interval) { [unowned self] in look() } }
    }

    /// Refuses those that have waited too long. Called by the timer.
    private func look() {
        let longAgo = server.clock.milliseconds - Newcomers.patience
        while let oldest = waiting.first, oldest.start <= longAgo { evict(oldest) }
    }

    /// Refuses one that is waited for no longer, unless it has said something that nobody has looked at yet.
    private func evict(_ newcomer: Newcomer) {
        newcomer.stream.readAtOnce()
        if waiting.contains(where: { $0 === newcomer }) { refuse(newcomer) }
    }

    /// Lets go of the timer when nobody has needed it. To be called each second, and not by the timer.
    func tick() {
        if waiting.isEmpty { timer = nil }
    }

    /// Closes all of them.
    func close() {
        for newcomer in waiting { newcomer.stream.close() }
        waiting.removeAll()
        timer = nil
    }

    fileprivate enum Purpose { case link, administration, other }

    fileprivate static func purpose(ofRequest name: Span<UInt8>) -> Purpose {
        guard let spec = Catalog.find(name) else { return .other }
        if spec.command == .replicate { return .link }
        return spec.traits.contains(.urgent) ? .administration : .other
    }

    /// Decides on a connection that has sent its first request.
    fileprivate func decide(_ newcomer: Newcomer, _ purpose: Purpose, _ request: Span<UInt8>) {
        forgetEnded()
        switch purpose {
        case .link:
            if leaders.count >= Newcomers.leaderCount { connections[leaders[0]]?.close() }
            leaders.append(serve(newcomer, request))
        case .administration where hasPlace(forAdministrator: newcomer):
            administrators.append(serve(newcomer, request))
        case .administration, .other: refuse(newcomer)
        }
    }

    /// Whether there is a place for one more administrator. Where there is none, one of those that hang on may have to go.
    private func hasPlace(forAdministrator newcomer: Newcomer) -> Bool {
        guard administrators.count >= Newcomers.administratorCount else { return true }
        let networks = administrators.map { connections[$0]?.stream.peer.network ?? 0 }
        guard let index = PlaceSharing.placeToEvict(networks, for: newcomer.stream.peer.network) else { return false }
        connections[administrators.remove(at: index)]?.close()
        return true
    }

    /// Has a session answer the request, and then end: unless the connection has become a link between servers.
    /// - Returns: the session's number.
    private func serve(_ newcomer: Newcomer, _ request: Span<UInt8>) -> Int {
        endWaiting(newcomer)
        let session = connections.begin(newcomer.stream)
        newcomer.stream.start(session)
        _ = session.received(request)
        session.finish()
        return session.id
    }

    fileprivate func refuse(_ newcomer: Newcomer) {
        endWaiting(newcomer)
        connections.noteRefusal(clientCount: clientCount)
        newcomer.stream.refuse(Newcomers.refusal)
    }

    private func endWaiting(_ newcomer: Newcomer) {
        waiting.removeAll { $0 === newcomer }
    }

    /// Redis' words, which its clients know; whoever speaks lines can read them as well.
    private static let refusal: StaticString = "-ERR max number of clients reached\r\n"
}
