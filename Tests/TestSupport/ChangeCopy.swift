// A change that outlives the line it was read from.

import LogFormat

/// What a record says, in memory of its own.
package enum ChangeCopy: Equatable, Sendable {
    case set([UInt8], [UInt8])
    case setExpiring([UInt8], [UInt8], UInt64)
    case ttl([UInt8], UInt64)
    case delete([UInt8])
    case expired([UInt8])
    case clear
    /// Its path and its value; no value removes it.
    case note([UInt8], [UInt8])

    package static func set(_ key: String, _ value: String) -> ChangeCopy { .set(Array(key.utf8), Array(value.utf8)) }
    package static func delete(_ key: String) -> ChangeCopy { .delete(Array(key.utf8)) }

    package init(_ change: borrowing Change) {
        switch change.kind {
        case .set where change.expires > 0:
            self = .setExpiring(Array(change.key), Array(change.value), change.expires)
        case .set: self = .set(Array(change.key), Array(change.value))
        case .ttl: self = .ttl(Array(change.key), change.expires)
        case .delete: self = change.isExpiry ? .expired(Array(change.key)) : .delete(Array(change.key))
        case .clear: self = .clear
        case .note: self = .note(Array(change.key), Array(change.value))
        }
    }
}
