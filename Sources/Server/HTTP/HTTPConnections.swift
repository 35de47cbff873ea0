// The connections of the HTTP service. They have places of their own, so that monitoring sees a server whose clients have
// taken theirs.

import Bytes
import Reactor
import Wire

/// The HTTP connections of a server. Used on the loop's thread.
final class HTTPConnections {
    private unowned let server: Server
    /// The numbers of the sessions. Those that are closed stay until they are looked for.
    private var numbers: [Int] = []
    /// Requests and connections so far. Times alone do not give the order: several are heard within a millisecond.
    private var eventCount = 0
    private let limits: HTTPLimits
    private let settings: HTTPSettings

    /// The largest number of connections. Beyond it, the one that has been silent longest is closed.
    static let limit = 256

    init(_ server: Server, _ settings: HTTPSettings) {
        self.server = server
        self.settings = settings
        limits = HTTPLimits(server.limits)
    }

    /// Gives a connection a session; another one may lose its place.
    func admit(_ stream: Stream) -> Session {
        let http = HTTPConnection(self, limits: limits, at: server.clock.milliseconds)
        heard(http, at: server.clock.milliseconds)
        let session = server.connections.begin(stream, http: http)
        numbers.append(session.id)
        if numbers.count > HTTPConnections.limit { makeRoom() }
        stream.start(session)
        return session
    }

    private func makeRoom() {
        forgetClosed()
        guard numbers.count > HTTPConnections.limit else { return }
        let sessions = numbers.compactMap { server.connections[$0] }
        // A feed is silent by its nature, and there are few of them (limits.feeds).
        let silent = sessions.filter { $0.feed == nil }
        silent.min { $0.http?.lastEvent ?? 0 < $1.http?.lastEvent ?? 0 }?.close()
        forgetClosed()
    }

    private func forgetClosed() { numbers.removeAll { server.connections[$0]?.state.isClosed ?? true } }

    /// Notes a complete request.
    func heard(_ http: HTTPConnection, at now: Int) {
        eventCount += 1
        (http.lastHeard, http.lastEvent) = (now, eventCount)
    }

    /// Ends connections that have been silent for too long, and requests that do not get whole. Once a second.
    func tick(at now: Int) {
        forgetClosed()
        for number in numbers {
            guard let session = server.connections[number], let http = session.http, session.state.isOpen,
                !session.isHeldUp, session.feed == nil
            else { continue }
            if http.parser.isIdle {
                if http.lastHeard < now - settings.silentTime { session.close() }
            } else if !http.parser.isHeadComplete, http.began < now - settings.headTime {
                session.refuseLate("The head did not come within \(settings.headTime / 1000) s")
            } else if http.lastBytes < now - settings.silentTime {
                session.refuseLate("Nothing of the body came for \(settings.silentTime / 1000) s")
            }
        }
    }
}
