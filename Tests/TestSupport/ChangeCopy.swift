// A change that outlives the line it was read from.

import LogFormat

/// What a record says, in memory of its own.
package enum ChangeCopy: Equatable, Sendable {
    case set([UInt8], [UInt8])
    case delete([UInt8])
    case clear

    package static func set(_ key: String, _ value: String) -> ChangeCopy { .set(Array(key.utf8), Array(value.utf8)) }
    package static func delete(_ key: String) -> ChangeCopy { .delete(Array(key.utf8)) }

    package init(_ change: borrowing Change) {
        switch change.kind {
        case .set: self = .set(Array(change.key), Array(change.value))
        case .delete: self = .delete(Array(change.key))
        case .clear: self = .clear
        }
    }
}
