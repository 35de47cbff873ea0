// The prompt's connection: made when needed, and again after the server was away.

import BlockingClient
import Bytes
import Shell
import Wire

/// A server that may be temporarily away.
final class PromptSession {
    let endpoint: Endpoint
    private let limit: Duration
    private var link: ServerLink?
    /// `leader` or `follower`; nil without a connection.
    private(set) var role: String?

    init(to endpoint: Endpoint, within limit: Duration) {
        self.endpoint = endpoint
        self.limit = limit
    }

    /// Checks the connection, and connects if there is none. A connection lost while idle is noticed here, before a
    /// request depends on it.
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

    /// Sends a request and waits for its reply.
    /// - Throws: `ClientError`; only `cannotConnect` guarantees that nothing was done.
    func execute(_ arguments: [[UInt8]], allowing extra: Duration) throws(ClientError) -> Reply {
        let link = try connect()
        do throws(ClientError) {
            if extra > .zero {
                // A link has one time limit; a request that waits gets a link of its own with a longer one.
                let patient = try ServerLink(to: endpoint, within: limit + extra)
                return try patient.execute(arguments)
            }
            let reply = try link.execute(arguments)
            // The role may have changed. A connection that is lost by now has already given its reply.
            if let role = try? link.execute("ROLE") { note(role) } else { close() }
            return reply
        } catch {
            (self.link, role) = (nil, nil)
            throw error
        }
    }

    /// The current connection, if any; completion does not wait for one.
    var existingLink: ServerLink? { link }

    /// Drops the connection.
    func close() { (link, role) = (nil, nil) }

    private func note(_ reply: Reply) {
        // Text of the server goes into the prompt without passing `BufferedOutput`.
        guard case .array(let parts) = reply, let word = parts.first?.word else { return role = "server" }
        role = word == "master" ? "leader" : word == "slave" ? "follower" : word.terminalSafe
    }
}
