// A change that outlives the line it was read from.

import Store

/// What a record says, in memory of its own.
package enum ChangeCopy: Equatable, Sendable {
    case set([UInt8], [UInt8])
    case delete([UInt8])
    case clear

    package static func set(_ key: String, _ value: String) -> ChangeCopy { .set(Array(key.utf8), Array(value.utf8)) }
    package static func delete(_ key: String) -> ChangeCopy { .delete(Array(key.utf8)) }

    package init(_ change: borrowing Change) {
        switch change {
        case .set(let key, let value): self = .set(Array(key), Array(value))
        case .delete(let key): self = .delete(Array(key))
        case .clear: self = .clear
        }
    }
}
