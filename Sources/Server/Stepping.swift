// A server that somebody else turns: what `run` does in a loop, in parts. Tests drive one so on their own thread, with clients at the
// other ends of socket pairs, and look at it between two turns.

import Reactor
import Wire

extension Server {
    /// Whether the data set can be used.
    package var isServing: Bool { gate.isServing }

    /// Takes the connected socket of a client, as if it had been accepted.
    /// - Returns: the client's number.
    package func connect(_ descriptor: Int32) -> Int {
        connections.accept(Listener.Connection(adopting: descriptor))
        return connections.newest
    }

    /// Has a client's request answered with a long reply, as the function of a command does.
    /// - Parameter request: one whole request, which is taken as run.
    package func begin(_ reply: any LongReply, for client: Int, _ request: [UInt8]) {
        guard let session = connections[client] else { return }
        var parser = RequestParser(limits: limits.request)
        _ = parser.parse(request.span)
        session.begin(reply, parser.arguments(in: request.span))
        turn.touch(session)
    }

    /// Bytes that all clients hold.
    package var heldMemory: Int { pool.held }
    /// Clients that are connected.
    package var clientCount: Int { connections.count }

    /// Looks whether lists and sums say what the sessions say. To be called between two turns.
    /// - Returns: what is wrong; nothing where all is well.
    package func check() -> [String] { turn.check(connections.all) + pool.check() }
}
