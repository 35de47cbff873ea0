// Running a server step by step: the parts of the loop in `run`. Tests drive a server on their own thread, with clients at the
// other ends of socket pairs, and inspect it between turns.

import Reactor
import Wire

extension Server {
    /// Whether the data set is loaded.
    package var isServing: Bool { gate.isServing }

    /// Adds a client by its connected socket, as if the server had accepted it.
    /// - Returns: the client's number.
    package func connect(_ descriptor: Int32) -> Int {
        accept(Stream(loop, Listener.Connection(adopting: descriptor)), isHTTP: false)
        return connections.newest
    }

    /// Answers a client's request with a long reply, as a command's function does.
    /// - Parameter request: one complete request, which counts as run.
    package func begin(_ reply: any LongReply, for client: Int, _ request: [UInt8]) {
        guard let session = connections[client] else { return }
        var parser = RequestParser(limits: limits.request)
        _ = parser.parse(request.span)
        session.begin(reply, parser.arguments(in: request.span))
        turn.touch(session)
    }

    /// Bytes that all clients hold.
    package var heldMemory: Int { pool.held }
    /// Connected clients.
    package var clientCount: Int { connections.count }

    /// Checks that lists and sums agree with the sessions. Call it between turns.
    /// - Returns: the discrepancies; empty if there are none.
    package func check() -> [String] { turn.check(connections.all) + pool.check() }
}
