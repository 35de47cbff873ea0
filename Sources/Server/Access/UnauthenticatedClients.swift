// The clients that must log in and have not. They have a quarter of the places and little time, so that they cannot keep others
// away. What they may send is bounded by their parser's limits (`RequestLimits.unauthenticated`).

import Reactor
import Wire

extension RequestLimits {
    /// The limits of a client that has not logged in: AUTH and HELLO are short.
    package static let unauthenticated = RequestLimits(
        lineSize: 16 << 10, bulkSize: 16 << 10, argumentCount: 10, requestSize: 16 << 10)
}

/// The connected clients that have not logged in. Used on the loop's thread.
final class UnauthenticatedClients {
    private unowned let server: Server
    /// Their numbers, the oldest first.
    private var waiting: [Int] = []

    /// The time they have for it, in milliseconds.
    static let patience = 15_000
    /// Places that others than this machine's clients do not get.
    private static let localCount = 8
    /// The size of unsent replies at which nothing more is read from them, in bytes.
    static let unsentSize = 4096

    init(_ server: Server) { self.server = server }

    var count: Int {
        forgetOthers()
        return waiting.count
    }

    /// How many there may be.
    private var limit: Int { max(server.limits.clientCount / 4, 1) }

    func add(_ session: Session) {
        waiting.append(session.id)
        guard waiting.count > limit else { return }
        forgetOthers()
        let isLocal = session.stream.peer.isLocal
        while waiting.count > limit + (isLocal ? UnauthenticatedClients.localCount : 0) {
            let networks = waiting.dropLast().map { server.connections[$0]?.stream.peer.network ?? 0 }
            let index = PlaceSharing.placeToEvict(networks, for: session.stream.peer.network) ?? 0
            drop(waiting.remove(at: index), "too many clients have not logged in")
        }
    }

    func remove(_ session: Session) { waiting.removeAll { $0 == session.id } }

    /// Closes those whose time is up. Once a second.
    func tick() {
        forgetOthers()
        while let oldest = waiting.first, let session = server.connections[oldest],
            session.times.age > UnauthenticatedClients.patience * 1_000_000
        {
            waiting.removeFirst()
            drop(oldest, "it did not log in within 15 s")
        }
    }

    private func forgetOthers() {
        waiting.removeAll { server.connections[$0].map { $0.state.isClosed || $0.isLoggedIn } ?? true }
    }

    private func drop(_ id: Int, _ reason: String) {
        guard let session = server.connections[id] else { return }
        server.authentication.noteDropped()
        server.recordRefused(session.stream.peer, reason)
        session.drop(reason, [])
    }
}
