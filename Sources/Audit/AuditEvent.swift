// What the audit records: who did what, and what came of it. An event never holds a value, a password or a token.

import Bytes
import OpenSSL

/// One event. Fields that say nothing are nil, and are not written.
package struct AuditEvent: Hashable, Sendable {
    /// What happened. The raw values are in files.
    package enum Kind: String, CaseIterable, Sendable {
        /// An attempt to log in; `how` names the secret or certificate, `result` is `ok` or the reason.
        case login
        /// The end of a session that had logged in; `count` is the number of its requests.
        case logout
        /// A connection or request that was refused before any user was known: TLS, limits.
        case refused
        /// A request that the user may not make.
        case denied
        /// A change of users, roles or secrets.
        case users
        /// A command that operates the server.
        case admin
        /// Every pair was removed.
        case clear
        /// A start, a stop, a reload, and what the audit says of itself.
        case settings
        /// A read under a prefix of `audit.reads`.
        case read
        /// A change under a prefix of `audit.writes`.
        case write
        /// The newest seal of this server's leader: `target` is its epoch, `seq` its last event, `change` its code.
        case witness
    }

    /// A key as the audit may show it.
    package enum Key: Hashable, Sendable {
        case plain([UInt8])
        /// HMAC-SHA-256 of the key: 32 bytes. Equal keys are recognized, but not read.
        case hashed([UInt8])
    }

    /// Unix milliseconds, up to `Number.largest`.
    package var time: UInt64
    /// What happened.
    package var kind: Kind
    /// The user's name; nil if none is known.
    package var user: String?
    /// How the user logged in: `password`, `token:t2`, `cert:cn:alice`.
    package var how: String?
    /// The client's number in this run of the server.
    package var client: UInt64?
    /// The client's address and port.
    package var from: String?
    /// The TLS version: `1.3`.
    package var tls: String?
    /// The command's name, with its subcommand. Arguments have their own fields.
    package var command: String?
    /// The key that the request names, as far as the audit shows it.
    package var key: Key?
    /// The user, role, setting or file that was changed.
    package var target: String?
    /// What was changed: `-role orders`. Never a secret.
    package var change: String?
    /// The number of the change in the log.
    package var seq: UInt64?
    /// `ok`, or why not.
    package var result: String?
    /// How many equal events this one stands for; for `logout`, the session's requests.
    package var count: UInt64?

    /// An event without further fields. `time` is in Unix milliseconds.
    package init(_ kind: Kind, at time: UInt64) {
        self.kind = kind
        self.time = time
    }
}

/// How the audit shows keys: the setting `audit.keys`.
package enum AuditKeys: Equatable, Sendable {
    case plain
    /// HMAC-SHA-256 with this secret.
    case hashed(secret: [UInt8])
    case omitted

    /// What an event says of a key; nil if keys are left out.
    package func shown(_ key: Span<UInt8>) -> AuditEvent.Key? {
        switch self {
        case .plain: .plain(Array(key))
        case .hashed(let secret): .hashed(Digests.hmacSHA256(key, key: secret.span))
        case .omitted: nil
        }
    }
}
