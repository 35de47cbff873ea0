// A connection for tools that pipeline, time or break things: raw bytes out, replies in one after the other.

import Bytes
import Wire

/// A blocking connection to one server. It belongs to one thread and closes when it is released.
package final class RawConnection {
    package let endpoint: Endpoint
    private let timeLimit: Duration
    private let socket: Socket
    private var input = ByteBuffer()
    private var parser = ReplyParser()

    /// The most bytes asked of the socket at once.
    private static let readSize = 256 << 10

    /// Connects to the first of the endpoint's addresses that answers.
    /// - Parameter timeLimit: how long connecting may take, and how long the server may be silent later.
    /// - Parameter security: how to get TLS; nil for a plain connection.
    /// - Throws: `ClientError.cannotConnect`.
    package init(
        to endpoint: Endpoint, timeLimit: Duration = .seconds(30), security: BlockingSecurity? = nil
    ) throws(ClientError) {
        self.endpoint = endpoint
        self.timeLimit = timeLimit
        do throws(SocketError) {
            socket = try Connection.connect(to: endpoint, security, into: &input, deadline: .now + timeLimit)
        } catch {
            throw .cannotConnect(to: endpoint, reason: error.reason)
        }
    }

    /// Sends all of `bytes`.
    /// - Throws: `ClientError.timedOut` or `connectionLost`.
    package func send(_ bytes: [UInt8]) throws(ClientError) {
        var sent = 0
        while sent < bytes.count {
            do throws(SocketError) {
                let span = bytes.span
                sent += try socket.send(span.extracting(sent..<span.count), deadline: .now + timeLimit)
            } catch {
                throw lost(error)
            }
        }
    }

    /// Logs in.
    /// - Throws: `ClientError.notLoggedIn` if the server refuses that, or another one.
    package func logIn(_ credentials: LoginCredentials) throws(ClientError) {
        var request = ByteBuffer()
        request.append(request: credentials.request)
        try send(Array(request.bytes))
        guard let reply = try nextReply() else {
            throw .connectionLost(to: endpoint, reason: "the server closed it during the login")
        }
        if case .error(_, let message) = reply { throw .notLoggedIn(at: endpoint, reason: message) }
    }

    /// Waits for the next line.
    /// - Returns: it without its line feed; nil if the connection ends first.
    /// - Throws: `ClientError.timedOut`.
    package func nextLine() throws(ClientError) -> [UInt8]? {
        var scanned = 0
        while true {
            if let feed = input.bytes.newline(from: scanned) {
                let line = Array(input.bytes.extracting(0..<feed))
                input.removeFirst(feed + 1)
                return line
            }
            scanned = input.count
            guard try fill(atLeast: 1) else { return nil }
        }
    }

    /// Waits for the next reply of RESP.
    /// - Returns: nil if the connection ends first.
    /// - Throws: `ClientError.timedOut` or `malformedReply`.
    package func nextReply() throws(ClientError) -> Reply? {
        while true {
            switch RawConnection.parse(input, with: &parser) {
            case .complete(let reply, let used):
                input.removeFirst(used)
                try reply.checkAdmission(to: endpoint, isSecure: socket.isSecure)
                return reply
            case .malformed(let why): throw .malformedReply(from: endpoint, why)
            case .incomplete(let missing): guard try fill(atLeast: missing) else { return nil }
            }
        }
    }

    private static func parse(_ input: borrowing ByteBuffer, with parser: inout ReplyParser) -> ReplyIntake {
        parser.parse(input.bytes)
    }

    /// - Returns: false at the end of the connection.
    private func fill(atLeast missing: Int) throws(ClientError) -> Bool {
        do throws(SocketError) {
            let size = Socket.readSize(missing: missing, limit: RawConnection.readSize)
            try socket.receive(upTo: size, into: &input, deadline: .now + timeLimit)
            return true
        } catch .timedOut {
            throw .timedOut(endpoint, limit: timeLimit)
        } catch .refused(let reason) {
            throw .cannotConnect(to: endpoint, reason: reason)
        } catch {
            return false
        }
    }

    private func lost(_ error: SocketError) -> ClientError {
        switch error {
        case .timedOut: .timedOut(endpoint, limit: timeLimit)
        case .failed(let reason): .connectionLost(to: endpoint, reason: reason)
        case .refused(let reason): .cannotConnect(to: endpoint, reason: reason)
        }
    }
}
