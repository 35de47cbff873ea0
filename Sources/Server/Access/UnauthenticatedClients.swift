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
    private var places = PlaceHolders()
    /// Since when each of them has not been logged in, in milliseconds of the turn's clock.
    private var starts: [Int: Int] = [:]

    /// The time they have for it, in milliseconds.
    static let patience = 15_000
    /// Places that others than this machine's clients do not get.
    private static let localCount = 8
    /// The size of unsent replies at which nothing more is read from them, in bytes.
    static let unsentSize = 4096

    init(_ server: Server) { self.server = server }

    var count: Int { places.count }

    /// How many there may be.
    private var limit: Int { max(server.limits.clientCount / 4, 1) }

    /// Adds the newest client, or one that has logged out.
    func add(_ session: Session) {
        remove(session)
        let peer = session.stream.peer
        while places.count >= limit + (peer.isLocal ? UnauthenticatedClients.localCount : 0),
            let oldest = places.evicted(for: peer.network)
        {
            drop(oldest, "too many clients have not logged in")
        }
        places.add(session.id, of: peer.network)
        starts[session.id] = server.clock.milliseconds
    }

    /// Removes a client that has logged in, or is gone.
    func remove(_ session: Session) { remove(session.id) }

    private func remove(_ id: Int) {
        places.remove(id)
        starts[id] = nil
    }

    /// Closes those whose time is up. Once a second.
    func tick() {
        let longAgo = server.clock.milliseconds - UnauthenticatedClients.patience
        while let oldest = places.oldest, let start = starts[oldest], start < longAgo {
            drop(oldest, "it did not log in within 15 s")
        }
    }

    private func drop(_ id: Int, _ reason: String) {
        remove(id)
        guard let session = server.connections[id] else { return }
        server.authentication.noteDropped()
        server.recordRefused(session.stream.peer, reason)
        session.drop(reason, [])
    }
}
