// The connections of the HTTP service. They have places of their own, so that monitoring sees a server whose clients have
// taken theirs.

import Bytes
import Reactor

/// The HTTP connections of a server, the one that has been silent longest first. Used on the loop's thread.
final class HTTPConnections {
    private unowned let server: Server
    /// The numbers of the sessions. Times alone do not give the order: several are heard within a millisecond.
    private var order: [Int] = []

    /// The largest number of connections. Beyond it, the one that has been silent longest is closed.
    static let limit = 32
    /// How long a connection may make no complete request, in milliseconds.
    private static let patience = 30_000

    init(_ server: Server) { self.server = server }

    /// Gives a connection a session; another one may lose its place.
    func admit(_ stream: Stream) -> Session {
        let http = HTTPConnection(self, at: server.clock.milliseconds)
        let session = server.connections.begin(stream, http: http)
        order.append(session.id)
        if order.count > HTTPConnections.limit { makeRoom() }
        stream.start(session)
        return session
    }

    private func makeRoom() {
        order.removeAll { server.connections[$0]?.state.isClosed ?? true }
        while order.count > HTTPConnections.limit { server.connections[order.removeFirst()]?.close() }
    }

    /// Notes a complete request.
    func heard(_ session: Session) {
        guard order.last != session.id, let index = order.firstIndex(of: session.id) else { return }
        order.append(order.remove(at: index))
    }

    /// Closes connections that have been silent for too long. Once a second.
    func tick(at now: Int) {
        while let first = order.first {
            guard let session = server.connections[first], let http = session.http else {
                order.removeFirst()
                continue
            }
            guard http.lastHeard < now - HTTPConnections.patience else { return }
            session.close()
            order.removeFirst()
        }
    }
}
