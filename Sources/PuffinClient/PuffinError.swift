// What can go wrong between a program and its server. The case tells what matters most: whether the request may have
// changed something.

import Commands

/// Why a request has no result.
///
/// ``mayHaveRun`` says whether a change may have been made nevertheless; ``outcomeUnknown(at:_:)`` is the usual case.
public enum PuffinError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The server does not know the user or the password. The request was not run.
    case notLoggedIn(at: ServerAddress, message: String)
    /// A text that is not an address; the message says what was expected.
    case invalidAddress(String)
    /// The files or the names of ``Client/Options/security`` cannot be used; the message names the file and says why. The request was not
    /// sent. The next one reads the files again.
    case invalidSecurity(String)
    /// No connection could be made, or no TLS: the reason says whose certificate was refused, and why. The request was not carried out.
    case cannotConnect(to: ServerAddress, reason: String)
    /// The request took longer than its limit. It was not sent, or it was a read: nothing has changed.
    case timedOut(at: ServerAddress, after: Duration)
    /// The task was cancelled. The request was not sent, or it was a read: nothing has changed.
    case cancelled
    /// The client was closed before the request was sent, or during a read.
    case closed
    /// The request may or may not have been carried out: it was sent, it is not known to be a read, and no reply came.
    /// The client never sends it again.
    case outcomeUnknown(at: ServerAddress, Cause)
    /// The connection was lost during a read, repeatedly or with repeated reads disabled.
    case connectionLost(to: ServerAddress, reason: String)
    /// The server is a follower, or hands over to one, and has refused a change. `leader` is where to send it, if the
    /// server knows that.
    case readOnly(at: ServerAddress, leader: ServerAddress?, message: String)
    /// The change is on the leader's disk, but not yet on as many followers' disks as `--ack` asks for.
    case unacknowledged(message: String)
    /// The server's log no longer has the changes after a token: read the pairs again, and continue from `oldest`, the
    /// oldest token that it has, or from a newer one.
    case compacted(oldest: String, message: String)
    /// A token is of another history than the server's: it was restored, or has lost changes in a failover. Read the
    /// pairs again.
    case diverged(message: String)
    /// Any other error reply. The code is its first word, such as `ERR` or `OOM`.
    case server(code: String, message: String)
    /// The server sent a reply that this command does not have.
    case unexpectedReply(to: String, RESPValue)
    /// A value's bytes are not of the requested type, such as `String`.
    case notConvertible(to: String)
    /// The server does not speak RESP.
    case malformedReply(from: ServerAddress, reason: String)
    /// ``Client/Options/waitingLimit`` requests are already waiting. This one was not sent.
    case overloaded(limit: Int)
    /// The command would change the meaning of later replies on a shared connection. It was not sent. A transaction
    /// must be complete within one ``Batch``.
    case notSupported(command: String)
    /// A request without a command, or a multi-set or delete of nothing. It was not sent.
    case emptyRequest
    /// Another client changed the key during each attempt of ``Client/update(_:attempts:_:)``. This call has changed
    /// nothing.
    case contended(attempts: Int)
    /// The system refuses a resource that the library's thread needs. The request was not sent.
    case outOfResources(reason: String)

    /// Why a sent request has no reply.
    public enum Cause: Equatable, Sendable {
        /// The connection was lost; the system's reason.
        case connectionLost(reason: String)
        /// No reply came within this time.
        case timedOut(after: Duration)
        /// The task that waited was cancelled.
        case cancelled
        /// The client was closed.
        case closed
        /// The server itself does not know: its disk failed while it wrote the change (`UNKNOWN`), or another leader's
        /// data replaced its own (`SUPERSEDED`).
        case server(code: String, message: String)
    }

    /// Whether the request may have changed something on the server.
    public var mayHaveRun: Bool {
        switch self {
        case .outcomeUnknown, .unacknowledged, .unexpectedReply, .malformedReply: true
        default: false
        }
    }

    /// One line: what happened, and to what.
    public var description: String {
        switch self {
        case .invalidAddress(let message): message
        case .invalidSecurity(let message): "TLS cannot be set up: \(message)"
        case .notLoggedIn(let server, let message): "\(server) refuses the login: \(message)"
        case .cannotConnect(let server, let reason): "cannot connect to \(server): \(reason)"
        case .timedOut(let server, let limit): "\(server) did not answer within \(limit); nothing has changed"
        case .cancelled: "the request was cancelled; nothing has changed"
        case .closed: "the client is closed"
        case .outcomeUnknown(let server, let cause):
            "\(cause) at \(server), after the request was sent; it may or may not have been carried out"
        case .connectionLost(let server, let reason): "the connection to \(server) is lost: \(reason)"
        case .readOnly(_, _, let message): ErrorCode.described(ErrorCode.readOnly.rawValue, message)
        case .unacknowledged(let message): ErrorCode.described(ErrorCode.unacknowledged.rawValue, message)
        case .compacted(_, let message): ErrorCode.described(ErrorCode.compacted.rawValue, message)
        case .diverged(let message): ErrorCode.described(ErrorCode.diverged.rawValue, message)
        case .server(let code, let message): ErrorCode.described(code, message)
        case .unexpectedReply(let command, let reply):
            "the server answered \(command) with \(reply), which is not a valid reply"
        case .notConvertible(let type): "the value's bytes are not a valid \(type)"
        case .malformedReply(let server, let reason): "\(server) is not a Puffin server: \(reason)"
        case .overloaded(let limit): "\(limit) requests are already waiting; send fewer at once or raise waitingLimit"
        case .notSupported(let command):
            "\(command) cannot be sent over connections that are shared: replies would no longer match requests"
        case .emptyRequest: "the request is empty; a command needs a name, and setAll and deleteAll a key"
        case .contended(let attempts):
            "another client changed the key during each of \(attempts) attempts; nothing has changed"
        case .outOfResources(let reason): "the client cannot start: \(reason)"
        }
    }
}

extension PuffinError.Cause: CustomStringConvertible {
    /// A few words.
    public var description: String {
        switch self {
        case .connectionLost(let reason): "the connection was lost (\(reason))"
        case .timedOut(let limit): "no reply came within \(limit)"
        case .cancelled: "the task was cancelled"
        case .closed: "the client was closed"
        case .server(_, let message): "\"\(message)\" was answered"
        }
    }
}

extension PuffinError {
    /// The error that an error reply means, by its code.
    /// - Parameter isRead: whether the request cannot have changed anything.
    init(code: String, message: String, at server: ServerAddress, isRead: Bool) {
        switch ErrorCode(rawValue: code) {
        case let known? where known.effect == .unknown && !isRead:
            self = .outcomeUnknown(at: server, .server(code: code, message: message))
        case .readOnly:
            let (sentence, leader) = ErrorCode.splitLeader(message)
            self = .readOnly(at: server, leader: leader.flatMap { try? ServerAddress($0) }, message: sentence)
        case .unacknowledged: self = .unacknowledged(message: message)
        case .compacted: self = .compacted(oldest: ErrorCode.oldestToken(in: message), message: message)
        case .diverged: self = .diverged(message: message)
        case .notLoggedIn, .wrongPassword: self = .notLoggedIn(at: server, message: message)
        default: self = .server(code: code, message: message)
        }
    }
}
