// A connection for many requests at once, or for requests that must share one: requests out, replies in, in order.

import ArgumentParser
import BlockingClient
import Bytes
import Shell
import Wire

/// A blocking connection to one server.
final class ServerLink {
    let endpoint: Endpoint
    private let connection: RawConnection
    private var output = ByteBuffer()

    /// - Parameters:
    ///   - limit: how long connecting may take, and how long the server may be silent later.
    ///   - access: the login and the TLS.
    /// - Throws: `ClientError.cannotConnect`; with a user, also `notLoggedIn` and others.
    init(to endpoint: Endpoint, within limit: Duration, _ access: ServerAccess) throws(ClientError) {
        self.endpoint = endpoint
        connection = try RawConnection(to: endpoint, timeLimit: limit, security: access.security)
        if let user = access.user { try connection.logIn(user) }
    }

    /// Sends one request and waits for its reply.
    func execute(_ arguments: [[UInt8]]) throws(ClientError) -> Reply {
        put(arguments)
        try flush()
        return try receive()
    }

    func execute(_ words: String...) throws(ClientError) -> Reply { try execute(words.map { Array($0.utf8) }) }

    /// Adds a request to those that `flush` sends.
    /// - Returns: its size in bytes.
    @discardableResult
    func put(_ arguments: [[UInt8]]) -> Int {
        let before = output.count
        output.append(request: arguments)
        return output.count - before
    }

    /// Sends the requests that were put.
    func flush() throws(ClientError) {
        guard !output.isEmpty else { return }
        let bytes = Array(output.bytes)
        output.removeAll()
        output.trim(above: 1 << 20)
        try connection.send(bytes)
    }

    /// How many bytes wait for `flush`.
    var unsentSize: Int { output.count }

    /// Waits for the next reply.
    func receive() throws(ClientError) -> Reply {
        guard let reply = try connection.nextReply() else {
            throw .connectionLost(to: endpoint, reason: "the server closed it before the reply was complete")
        }
        return reply
    }

    /// Whether the server has a command.
    func knows(_ command: String) throws(ClientError) -> Bool {
        if case .array(let found) = try execute("COMMAND", "INFO", command), case .array? = found.first { return true }
        return false
    }
}

extension ClientError {
    /// One line, with what to do about it.
    var advice: String {
        if case .cannotConnect(_, let reason) = self {
            return "\(self)" + ClientError.connectingAdvice(for: reason)
        }
        return "\(self)"
    }

    /// What to do where a server cannot be reached.
    static func connectingAdvice(for reason: String) -> String {
        let advice = [
            ("speaks no TLS", "; leave out --tls"), (PlainRefusal.reason, "; use --tls"),
            ("the peer refused", "; name a certificate that the server accepts with --cert and --cert-key"),
            ("was expected", "; use the name that the certificate has, in --addr or in --server-name"),
            ("issuer certificate", "; name the file of the authority with --cacert"),
            ("self-signed", "; name the file of the authority with --cacert"), ("is refused", ""),
            ("TLS", ""),
        ]
        return advice.first { reason.contains($0.0) }?.1
            ?? "; start puffin-server there, or name another server with --addr host:port"
    }
}
