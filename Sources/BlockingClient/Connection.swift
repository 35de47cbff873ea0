// One blocking connection: a request out, its reply in. Requests and replies are matched by order alone, so an error,
// which loses that order, closes the connection for good.

import Bytes
import Wire

/// A connection to one server. It belongs to one thread at a time and closes when it is released.
package struct Connection: ~Copyable {
    package static let defaultTimeLimit = Duration.seconds(5)
    /// The most bytes asked of the socket at once.
    private static let readSize = 1 << 20

    package let endpoint: Endpoint
    /// The version of TLS and the cipher; nil without TLS.
    package let security: (version: String, cipher: String)?
    private let timeLimit: Duration
    private var socket: Socket?
    private var parser = ReplyParser()
    private var input = ByteBuffer()

    /// Connects to the first of the endpoint's addresses, IPv4 or IPv6, that answers. The system resolves the name,
    /// outside of the time limit.
    /// - Parameter timeLimit: how long connecting may take, all addresses together, and how long the server may be
    ///   silent later.
    /// - Parameter security: how to get TLS; nil for a plain connection.
    /// - Throws: `ClientError.cannotConnect`.
    package init(
        to endpoint: Endpoint, timeLimit: Duration = defaultTimeLimit, security: BlockingSecurity? = nil
    ) throws(ClientError) {
        self.endpoint = endpoint
        self.timeLimit = timeLimit
        do throws(SocketError) {
            let fresh = try Self.connect(to: endpoint, security, into: &input, deadline: .now + timeLimit)
            self.security = fresh.security
            socket = consume fresh
        } catch {
            throw .cannotConnect(to: endpoint, reason: error.reason)
        }
    }

    /// Each address gets its share of the remaining time, so that one that never answers leaves some to the rest.
    /// - Parameter input: gets what the server has sent unasked.
    package static func connect(
        to endpoint: Endpoint, _ security: BlockingSecurity?, into input: inout ByteBuffer,
        deadline: ContinuousClock.Instant
    ) throws(SocketError) -> Socket {
        let addresses = try SocketAddress.resolve(host: endpoint.host, port: endpoint.port)
        var reasons: [String] = []
        for (index, address) in addresses.enumerated() {
            let now = ContinuousClock.now
            let end = now + (deadline - now) / (addresses.count - index)
            do throws(SocketError) {
                var socket = try Socket(connectedTo: address, deadline: end)
                if let security {
                    let host = security.host(of: endpoint)
                    try socket.secure(with: security.context, host: host, into: &input, deadline: end)
                }
                return socket
            } catch {
                if !reasons.contains(error.reason) { reasons.append(error.reason) }
            }
        }
        throw .failed(reason: reasons.joined(separator: ", "))
    }

    /// Sends the request of `arguments`, the command's name first, and waits for its reply. An error reply is a reply.
    /// - Throws: `ClientError`, any but `cannotConnect`.
    package mutating func execute(_ arguments: [[UInt8]]) throws(ClientError) -> Reply {
        guard let socket = socket.take() else {
            throw .connectionLost(to: endpoint, reason: "it was closed after an earlier error")
        }
        try send(arguments, over: socket)
        let reply = try receive(from: socket)
        try reply.checkAdmission(to: endpoint, isSecure: socket.isSecure)
        self.socket = consume socket
        return reply
    }

    /// Logs in.
    /// - Throws: `ClientError.notLoggedIn` if the server refuses that, or another one.
    package mutating func logIn(_ credentials: LoginCredentials) throws(ClientError) {
        if case .error(_, let message) = try execute(credentials.request) {
            throw .notLoggedIn(at: endpoint, reason: message)
        }
    }

    private func send(_ arguments: [[UInt8]], over socket: borrowing Socket) throws(ClientError) {
        var output = ByteBuffer()
        output.append(request: arguments)
        do throws(SocketError) {
            while !output.isEmpty {
                output.removeFirst(try socket.send(output.bytes, deadline: .now + timeLimit))
            }
        } catch {
            throw lost(error)
        }
    }

    private mutating func receive(from socket: borrowing Socket) throws(ClientError) -> Reply {
        while true {
            switch Self.parse(input, with: &parser) {
            case .complete(let reply, let used):
                input.removeFirst(used)
                return reply
            case .malformed(let why):
                throw .malformedReply(from: endpoint, why)
            case .incomplete(let missing):
                let size = Socket.readSize(missing: missing, limit: Self.readSize)
                do throws(SocketError) {
                    try socket.receive(upTo: size, into: &input, deadline: .now + timeLimit)
                } catch {
                    throw lost(error)
                }
            }
        }
    }

    /// Two parameters, because a span of `input` would count as a borrow of all of `self`.
    private static func parse(_ input: borrowing ByteBuffer, with parser: inout ReplyParser) -> ReplyIntake {
        parser.parse(input.bytes)
    }

    private func lost(_ error: SocketError) -> ClientError {
        switch error {
        case .timedOut: .timedOut(endpoint, limit: timeLimit)
        case .failed(let reason): .connectionLost(to: endpoint, reason: reason)
        case .refused(let reason): .cannotConnect(to: endpoint, reason: reason)
        }
    }
}

extension Reply {
    /// - Throws: `ClientError.cannotConnect` if the connection should have had TLS.
    func checkAdmission(to endpoint: Endpoint, isSecure: Bool) throws(ClientError) {
        guard !isSecure, case .error(_, PlainRefusal.message) = self else { return }
        throw .cannotConnect(to: endpoint, reason: PlainRefusal.reason)
    }
}
