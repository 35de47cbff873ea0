// The connected clients: accepting, upkeep once a second, closing.

import Bytes
import Logging
import Reactor

/// The clients of a server. Used on the loop's thread.
final class Connections {
    private unowned let server: Server
    private var sessions: [Int: Session] = [:]
    private var lastID = 0
    /// Connections beyond the limit of clients.
    private lazy var newcomers = Newcomers(server, self)

    /// How long a client may take to hang up after its last reply, in milliseconds.
    private static let lingerTime = 2000

    init(_ server: Server) {
        self.server = server
    }

    // MARK: Accepting

    func accept(_ connection: consuming Listener.Connection) {
        guard sessions.count < server.limits.clientCount || newcomers.clientCount < server.limits.clientCount else {
            return newcomers.take(connection)
        }
        let session = begin(Stream(server.loop, connection))
        session.stream.start(session)
    }

    /// Begins a session, which takes ownership of the stream.
    func begin(_ stream: Stream) -> Session {
        lastID += 1
        server.statistics.countConnection()
        let session = Session(id: lastID, server: server, stream: stream)
        sessions[lastID] = session
        return session
    }

    /// Counts a refused connection, and logs refusals at a limited rate.
    /// - Parameter clientCount: the number of connected clients.
    func noteRefusal(clientCount: Int) {
        server.statistics.countRefusedConnection()
        let count = server.statistics.refusedConnections
        guard count.nonzeroBitCount == 1 else { return }
        server.log.warning(
            "Connection refused: \(clientCount) clients are connected, which is the limit (refused so far: \(count))")
    }

    // MARK: Counts

    var count: Int { sessions.count }
    /// The number of the newest session.
    var newest: Int { lastID }
    var isEmpty: Bool { sessions.isEmpty }
    var all: Dictionary<Int, Session>.Values { sessions.values }

    subscript(id: Int) -> Session? { sessions[id] }

    // MARK: Closing

    /// Upkeep, once a second.
    func tick(at now: Int) {
        for session in sessions.values {
            session.closeIfLingering(before: now - Connections.lingerTime)
            session.lookForPeer()
        }
        newcomers.tick()
    }

    /// Removes the sessions whose streams are closed.
    func bury(_ turn: Turn) {
        var dead = turn.bury()
        for session in dead {
            assert(session.state.isClosed, "an open session is let go of")
            sessions[session.id] = nil
        }
        turn.giveBack(&dead)
    }

    /// Closes all of them.
    func close() {
        newcomers.close()
        for session in sessions.values { session.close() }
        // Sessions retain the server. Once they are gone, releasing the server frees the port and the data folder's lock.
        sessions.removeAll()
    }
}
