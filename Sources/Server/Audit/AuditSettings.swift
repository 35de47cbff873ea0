// The settings of the audit.

import Audit
import OpenSSL

/// What a server audits, and what it does where it cannot.
package struct AuditSettings: Sendable {
    /// When an answer is given.
    package enum Durability: String, CaseIterable, Sendable {
        /// At once; lines are synced each second.
        case interval
        /// To logins, changes of users, administration and FLUSHALL once their lines are on the disk.
        case always
    }

    /// What happens to requests whose events cannot be written.
    package enum FailureRule: String, CaseIterable, Sendable {
        /// They run, and the events are counted as lost.
        case `continue`
        /// They are refused.
        case refuse
    }

    /// How keys are shown.
    package enum KeyForm: String, CaseIterable, Sendable {
        case plain
        /// As HMAC-SHA-256 with `keySecret`.
        case hashed
        case omitted
    }

    package var isEnabled = false
    /// The folder of the audit; nil for the data file's name with `.audit`.
    package var folder: String?
    /// What is recorded, `logout` with `login`. Reads and writes are named by prefixes instead.
    package var kinds: [AuditEvent.Kind] = AuditSettings.allKinds
    /// The beginnings of keys of which reads, and changes, are recorded.
    package var readPrefixes: [String] = []
    package var writePrefixes: [String] = []
    package var keyForm = KeyForm.plain
    /// The secret of hashed keys; empty if there is none.
    package var keySecret: [UInt8] = []
    package var durability = Durability.interval
    package var onFailure = FailureRule.continue
    /// Bytes.
    package var segmentSize = 64 << 20
    /// Milliseconds, and bytes; 0 keeps everything.
    package var retainAge: UInt64 = 0
    package var retainSize = 0

    /// What `audit.events` may name.
    package static let allKinds: [AuditEvent.Kind] = [.login, .refused, .denied, .users, .admin, .clear, .settings]

    /// The sizes of the secret of hashed keys, in bytes.
    package static let secretSizes = 16...512

    package init() {}

    /// Whether an event is recorded.
    func records(_ kind: AuditEvent.Kind) -> Bool {
        switch kind {
        case .logout: kinds.contains(.login)
        case .read, .write, .witness: true
        case .login, .refused, .denied, .users, .admin, .clear, .settings: kinds.contains(kind)
        }
    }

    /// How an event shows a key.
    var keys: AuditKeys {
        switch keyForm {
        case .plain: .plain
        case .hashed: .hashed(secret: keySecret)
        case .omitted: .omitted
        }
    }
}
