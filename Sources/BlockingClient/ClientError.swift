// What can go wrong between a client and its server. An error reply is not one of these: it is a reply like any other.

import Bytes
import Wire

/// Why there is no reply. Each of these closes the connection; only `cannotConnect` and
/// `notLoggedIn` guarantee that the server did not carry out the request.
package enum ClientError: Error, Equatable, Sendable, CustomStringConvertible {
    case cannotConnect(to: Endpoint, reason: String)
    case connectionLost(to: Endpoint, reason: String)
    /// The server was silent for the time limit while it was sent a request or owed a reply.
    case timedOut(Endpoint, limit: Duration)
    /// The server does not know the user or the password.
    case notLoggedIn(at: Endpoint, reason: String)
    /// The server does not speak RESP.
    case malformedReply(from: Endpoint, MalformedReply)

    /// One line: what happened, and to what.
    package var description: String {
        switch self {
        case .cannotConnect(let endpoint, let reason):
            "cannot connect to \(endpoint): \(reason)"
        case .connectionLost(let endpoint, let reason):
            "the connection to \(endpoint) is lost: \(reason); the request may or may not have been carried out"
        case .timedOut(let endpoint, let limit):
            "\(endpoint) was silent for \(limit); the request may or may not have been carried out"
        case .notLoggedIn(let endpoint, let reason):
            "\(endpoint) refuses the login: \(reason)"
        case .malformedReply(let endpoint, let why):
            "\(endpoint) is not a Puffin server: \(why.message)"
        }
    }
}
