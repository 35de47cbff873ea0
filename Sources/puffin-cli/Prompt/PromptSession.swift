// The prompt's connection: made when needed, and again after the server was away.

import BlockingClient
import Bytes
import Commands
import Shell
import Wire

/// A server that may be temporarily away.
final class PromptSession {
    let endpoint: Endpoint
    private let limit: Duration
    private let access: ServerAccess
    private var link: ServerLink?
    /// `leader` or `follower`; nil without a connection.
    private(set) var role: String?
    /// What this connection has and a new one would not have.
    private var hold = Hold.nothing

    private enum Hold {
        case nothing
        case watchedKeys
        /// Whatever is sent now is queued.
        case transaction
    }

    /// Whether requests are queued instead of run.
    var isInTransaction: Bool { hold == .transaction }

    init(to endpoint: Endpoint, within limit: Duration, _ access: ServerAccess) {
        self.endpoint = endpoint
        self.limit = limit
        self.access = access
    }

    /// Checks the connection, and connects if there is none. A connection lost while idle is noticed here, before a
    /// request depends on it.
    /// - Throws: `ClientError.cannotConnect`.
    @discardableResult
    func connect() throws(ClientError) -> ServerLink {
        if let link, isInTransaction { return link }
        if let link, let reply = try? link.execute("ROLE") {
            note(reply)
            return link
        }
        let hadWatches = hold == .watchedKeys
        close()
        if hadWatches {
            throw .connectionLost(to: endpoint, reason: "it has forgotten the watched keys")
        }
        let fresh = try ServerLink(to: endpoint, within: limit, access)
        note(try fresh.execute("ROLE"))
        link = fresh
        return fresh
    }

    /// Sends a request and waits for its reply.
    /// - Throws: `ClientError`; only `cannotConnect` guarantees that nothing was done.
    func execute(_ arguments: [[UInt8]], allowing extra: Duration) throws(ClientError) -> Reply {
        let link = try connect()
        do throws(ClientError) {
            if extra > .zero, !isInTransaction {
                // A link has one time limit; a request that waits gets a link of its own with a longer one.
                let patient = try ServerLink(to: endpoint, within: limit + extra, access)
                return try patient.execute(arguments)
            }
            let reply = try link.execute(arguments)
            note(reply, to: arguments)
            if isInTransaction { return reply }
            // The role may have changed. A connection that is lost by now has already given its reply.
            if let role = try? link.execute("ROLE") { note(role) } else { close() }
            return reply
        } catch {
            close()
            throw error
        }
    }

    /// The current connection, if any and if it runs requests now; completion does not wait for one.
    var existingLink: ServerLink? { isInTransaction ? nil : link }

    /// Drops the connection.
    func close() { (link, role, hold) = (nil, nil, .nothing) }

    /// Notes what a request has made of the connection.
    private func note(_ reply: Reply, to arguments: [[UInt8]]) {
        let isDone = reply == .simple("OK")
        switch Catalog.find(arguments)?.command {
        case .multi where isDone: hold = .transaction
        case .watch where isDone: hold = .watchedKeys
        case .discard where isDone, .reset where reply == .simple("RESET"), .unwatch where isDone: hold = .nothing
        // An EXEC that is refused ends the transaction too.
        case .exec: hold = .nothing
        default: break
        }
    }

    private func note(_ reply: Reply) {
        // Text of the server goes into the prompt without passing `BufferedOutput`.
        guard case .array(let parts) = reply, let word = parts.first?.word else { return role = "server" }
        role = word == "master" ? "leader" : word == "slave" ? "follower" : word.terminalSafe
    }
}
