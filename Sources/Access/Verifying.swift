// Checks what a client gives for a secret. Digests are compared at once; what scrypt has made is left to a thread.

import Bytes
import OpenSSL

/// What became of a secret that a client gave.
package enum SecretCheck: Equatable, Sendable {
    /// It is right; this is what is kept of it, nil if the user needs no password.
    case right(SecretHash?)
    /// A thread has to verify it with each of these hashes of scrypt. Right is one of them only if `counts`; otherwise
    /// the work is for nothing, so that the time says neither whether there is such a user nor what is wrong.
    case needsScrypt([PasswordHash], counts: Bool)
}

/// Checks secrets.
package enum SecretChecks {
    /// Checks a secret of a user.
    /// - Parameters:
    ///   - user: nil if there is no such user.
    ///   - now: Unix milliseconds.
    package static func check(_ secret: Span<UInt8>, of user: User?, at now: UInt64) -> SecretCheck {
        guard let user, user.isActive(at: now) else { return .needsScrypt([.dummy], counts: false) }
        if user.hasNoPassword { return .right(nil) }
        let isToken = Token(parsing: secret) != nil
        var slow: [PasswordHash] = []
        var found: SecretHash?
        for own in user.secrets where own.until.map({ now < $0 }) != false {
            switch own.hash {
            case .password(let hash) where own.hash.isSlow: slow.append(hash)
            case .password(let hash):
                if (try? hash.verify(secret)) == true { found = own.hash }
            case .token(let hash):
                if isToken, (try? hash.verify(secret)) == true { found = own.hash }
            }
        }
        if let found { return .right(found) }
        return slow.isEmpty ? .needsScrypt([.dummy], counts: false) : .needsScrypt(slow, counts: true)
    }

    /// The user that a secret without a name is of: the one that a token names, otherwise `default`.
    package static func user(namedBy secret: Span<UInt8>) -> UserName { Token(parsing: secret)?.user ?? .default }
}
