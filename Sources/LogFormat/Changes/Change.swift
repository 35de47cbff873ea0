// What a record does. Everything that knows which fields a change has is in this folder: how it is written, how it is read
// fast and strictly, how it is kept in memory. A field that is added to a change is added here and where it is used.

import Bytes

/// An absolute effect on the table: what a record says, what `apply` does. No clock, no chance.
public struct Change: ~Escapable {
    public enum Kind: UInt8, Sendable {
        case set
        case delete
        case clear
    }

    public let kind: Kind
    /// Empty for `clear`, which is of every key.
    public let key: Span<UInt8>
    /// Empty but for `set`.
    public let value: Span<UInt8>

    @_lifetime(copy key, copy value)
    @inlinable @inline(__always)
    init(_ kind: Kind, _ key: Span<UInt8>, _ value: Span<UInt8>) {
        self.kind = kind
        self.key = key
        self.value = value
    }

    @_lifetime(copy key, copy value)
    @inlinable @inline(__always)
    public static func set(key: Span<UInt8>, value: Span<UInt8>) -> Change { Change(.set, key, value) }

    @_lifetime(copy key)
    @inlinable @inline(__always)
    public static func delete(key: Span<UInt8>) -> Change { Change(.delete, key, Span()) }

    public static var clear: Change {
        @_lifetime(immortal)
        @inlinable @inline(__always) get { Change(.clear, Span(), Span()) }
    }

    /// Whether key and value stand in JSON as they are.
    @inlinable public var isPlain: Bool { key.isPlainText && value.isPlainText }
}

/// What a record does: one change, or several that take effect together.
package enum Operation: String, CaseIterable, Sendable {
    case set
    case delete
    case clear
    case multi

    /// What the record of a line does that `RecordParser.parse` has found to be one.
    package init(of line: Span<UInt8>) {
        var fields = FieldReader(line)
        _ = fields.recordHead()
        if fields.isAt("\"op\":\"delete\"") {
            self = .delete
        } else if fields.isAt("\"op\":\"clear\"") {
            self = .clear
        } else {
            self = fields.isAt("\"op\":\"multi\"") ? .multi : .set
        }
    }
}
