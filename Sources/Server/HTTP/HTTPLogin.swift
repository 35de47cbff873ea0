// Who a request of HTTP is from: each one says it, as Basic authentication (RFC 7617) or as the bearer of a token
// (RFC 6750).

import Access
import Bytes
import Commands
import OpenSSL
import Wire

/// An attempt to log in, and the name under which its failures count.
struct NamedAttempt {
    let attempt: LoginAttempt
    let name: String
}

extension Session {
    /// Begins to check what a field Authorization says.
    /// - Returns: nil if it is of another scheme, or not well-formed.
    func beginLogin(_ field: Span<UInt8>) -> NamedAttempt? {
        if let login = BasicLogin(field) {
            let attempt = authentication.begin(
                Array(login.user.utf8).span, login.secret.span, over: stream, at: store.now)
            return NamedAttempt(attempt: attempt, name: login.user)
        }
        guard field.count > 7, field.extracting(0..<7).equalsIgnoringCase("BEARER ") else { return nil }
        let token = field.extracting(7..<field.count)
        return NamedAttempt(attempt: authentication.begin(nil, token, over: stream, at: store.now), name: "default")
    }

    /// The login of an attempt that is done.
    /// - Throws: the refusal if it was in vain.
    func login(_ attempt: LoginAttempt) throws(HTTPRefusal) -> Login {
        switch attempt.outcome {
        case .accepted(let login)?:
            if let obstacle = server.audit?.obstacle(to: .login) { throw HTTPRefusal(.notAudited(obstacle)) }
            return login
        case .loading?: throw .usersNotLoaded
        case .failed(let error)?: throw HTTPRefusal(.unavailable, error.message)
        case .refused?, nil: throw .wrongPassword
        }
    }
}

/// A user and a password of Basic authentication. The password is overwritten when it is released.
final class BasicLogin {
    let user: String
    private(set) var secret: [UInt8]

    /// - Parameter field: the value of the field Authorization.
    /// - Returns: nil if it is of another scheme, or not well-formed.
    init?(_ field: Span<UInt8>) {
        guard field.count > 6, field.extracting(0..<6).equalsIgnoringCase("BASIC ") else { return nil }
        var decoded = ByteBuffer()
        defer { decoded.cleanse() }
        guard decoded.append(decodedBase64: field.extracting(6..<field.count)) else { return nil }
        let bytes = decoded.bytes
        guard let colon = (0..<bytes.count).first(where: { bytes[$0] == UInt8(ascii: ":") }) else { return nil }
        user = String(bytes.extracting(0..<colon))
        secret = Array(bytes.extracting(colon + 1..<bytes.count))
    }

    deinit { secret.cleanse() }
}
