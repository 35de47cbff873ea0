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
    ///   - user: who logs in; nil for nobody.
    /// - Throws: `ClientError.cannotConnect`; with a user, also `notLoggedIn` and others.
    init(to endpoint: Endpoint, within limit: Duration, as user: LoginCredentials?) throws(ClientError) {
        self.endpoint = endpoint
        connection = try RawConnection(to: endpoint, timeLimit: limit)
        if let user { try connection.logIn(user) }
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
        if case .cannotConnect = self {
            return "\(self)" + ClientError.connectingAdvice
        }
        return "\(self)"
    }

    /// What to do where there is no server.
    static let connectingAdvice = "; start puffin-server there, or name another server with --addr host:port"
}
