// The prompt's connection: made when it is needed, made anew when the server has gone and come back.

import BlockingClient
import Bytes
import Shell
import Wire

/// A server that may come and go.
final class PromptSession {
    let endpoint: Endpoint
    private let limit: Duration
    private var link: ServerLink?
    /// `leader` or `follower`; nil while there is no connection.
    private(set) var role: String?

    init(to endpoint: Endpoint, within limit: Duration) {
        self.endpoint = endpoint
        self.limit = limit
    }

    /// Sees whether the connection is there, and connects where it is not. A connection that was lost while nobody used it
    /// is noticed here, before a request depends on it.
    /// - Throws: `ClientError.cannotConnect`.
    @discardableResult
    func connect() throws(ClientError) -> ServerLink {
        if let link, let reply = try? link.execute("ROLE") {
            note(reply)
            return link
        }
        (link, role) = (nil, nil)
        let fresh = try ServerLink(to: endpoint, within: limit)
        note(try fresh.execute("ROLE"))
        link = fresh
        return fresh
    }

    /// Sends a request, and waits for its reply.
    /// - Throws: `ClientError`; only after `cannotConnect` it is sure that nothing was done.
    func execute(_ arguments: [[UInt8]], allowing extra: Duration) throws(ClientError) -> Reply {
        let link = try connect()
        do throws(ClientError) {
            if extra > .zero {
                // A link has one limit; a request that waits gets a link of its own, with its own patience.
                let patient = try ServerLink(to: endpoint, within: limit + extra)
                return try patient.execute(arguments)
            }
            let reply = try link.execute(arguments)
            // It may have changed. A connection that is gone by now has given its reply all the same.
            if let role = try? link.execute("ROLE") { note(role) } else { close() }
            return reply
        } catch {
            (self.link, role) = (nil, nil)
            throw error
        }
    }

    /// The connection, where one is there; for completion, which is not worth waiting for.
    var existingLink: ServerLink? { link }

    /// Gives the connection up.
    func close() { (link, role) = (nil, nil) }

    private func note(_ reply: Reply) {
        // What the server says goes into the prompt, past the output.
        guard case .array(let parts) = reply, let word = parts.first?.word else { return role = "server" }
        role = word == "master" ? "leader" : word == "slave" ? "follower" : word.terminalSafe
    }
}
