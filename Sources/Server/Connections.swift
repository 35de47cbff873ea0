// The connected clients: accepting, upkeep once a second, closing.

import Bytes
import Logging
import Reactor

/// The clients of a server. Used on the loop's thread.
final class Connections {
    private unowned let server: Server
    private var sessions: [Int: Session] = [:]
    private var lastID = 0
    /// How many of them speak HTTP.
    private var httpCount = 0
    /// Connections beyond the limit of clients.
    private lazy var newcomers = Newcomers(server, self)

    /// How long a client may take to hang up after its last reply, in milliseconds.
    private static let lingerTime = 2000

    init(_ server: Server) {
        self.server = server
    }

    // MARK: Accepting

    /// Gives a connection a session, if there is a place.
    /// - Returns: nil if it must state its purpose first.
    @discardableResult
    func admit(_ stream: Stream) -> Session? {
        guard count < server.limits.clientCount || newcomers.clientCount < server.limits.clientCount else {
            newcomers.take(stream)
            return nil
        }
        let session = begin(stream)
        stream.start(session)
        return session
    }

    /// Begins a session, which takes ownership of the stream.
    /// - Parameter http: what it has if it speaks HTTP.
    func begin(_ stream: Stream, http: HTTPConnection? = nil) -> Session {
        lastID += 1
        if http == nil { server.statistics.countConnection() } else { httpCount += 1 }
        let session = Session(id: lastID, server: server, stream: stream, http: http)
        sessions[lastID] = session
        session.begin()
        return session
    }

    /// Counts a refused connection, and logs refusals at a limited rate.
    /// - Parameter clientCount: the number of connected clients.
    func noteRefusal(clientCount: Int, of peer: Address) {
        server.statistics.countRefusedConnection()
        server.recordRefused(peer, "too many clients")
        let count = server.statistics.refusedConnections
        guard count.nonzeroBitCount == 1 else { return }
        server.log.warning(
            "Connection refused: \(clientCount) clients are connected, which is the limit (refused so far: \(count))")
    }

    // MARK: Counts

    /// Clients: those of the HTTP service are not among them.
    var count: Int { sessions.count - httpCount }
    /// The number of the newest session.
    var newest: Int { lastID }
    var isEmpty: Bool { count == 0 }
    /// Every session, those of the HTTP service among them.
    var all: Dictionary<Int, Session>.Values { sessions.values }
    /// The clients' sessions in the order in which they began.
    var clients: [Session] { sessions.values.filter { $0.http == nil }.sorted { $0.id < $1.id } }

    subscript(id: Int) -> Session? { sessions[id] }

    // MARK: Closing

    /// Upkeep, once a second.
    func tick(at now: Int) {
        for session in sessions.values {
            session.closeIfLingering(before: now - Connections.lingerTime)
            session.lookForPeer()
        }
        newcomers.tick()
        server.unauthenticated.tick()
    }

    /// Removes the sessions whose streams are closed.
    func bury(_ turn: Turn) {
        var dead = turn.bury()
        for session in dead {
            assert(session.state.isClosed, "an open session is let go of")
            if sessions.removeValue(forKey: session.id) != nil, session.http != nil { httpCount -= 1 }
        }
        turn.giveBack(&dead)
    }

    /// Closes all of them.
    func close() {
        newcomers.close()
        for session in sessions.values { session.close() }
        // Sessions retain the server. Once they are gone, releasing the server frees the port and the data folder's lock.
        sessions.removeAll()
        httpCount = 0
    }
}
