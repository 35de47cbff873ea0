// The effect of a record. Everything that knows a change's fields is in this folder: encoding, the fast and the strict
// parser, the form in memory. A new field of a change is added here and where it is used.

import Bytes

/// An absolute effect on the table: what a record states and `apply` performs. It depends on no clock and no
/// randomness.
public struct Change: ~Escapable, BitwiseCopyable {
    public enum Kind: UInt8, Sendable, BitwiseCopyable {
        case set
        case delete
        case clear
        /// Only the time when the pair expires. The one effect that does not stand alone: it is stated only for a pair
        /// that is there.
        case ttl
        /// A note is set or removed. It concerns no pair.
        case note
    }

    public let kind: Kind
    /// Whether a `delete` removes a pair because it has expired. For readers of the log; it is applied as any other.
    public let isExpiry: Bool
    /// When the pair of a `set` or `ttl` expires, in Unix milliseconds up to `Number.largest`; 0 for never.
    public let expires: UInt64
    /// Empty for `clear`, which affects every key. For a `note`, the path of `NoteName`.
    public let key: Span<UInt8>
    /// Empty except for `set`, and for a `note` that is set: then it is a JSON object.
    public let value: Span<UInt8>

    @_lifetime(copy key, copy value)
    @inlinable @inline(__always)
    init(_ kind: Kind, _ key: Span<UInt8>, _ value: Span<UInt8>, expires: UInt64 = 0, isExpiry: Bool = false) {
        self.kind = kind
        self.isExpiry = isExpiry
        self.expires = expires
        self.key = key
        self.value = value
    }

    @_lifetime(copy key, copy value)
    @inlinable @inline(__always)
    public static func set(key: Span<UInt8>, value: Span<UInt8>, expires: UInt64 = 0) -> Change {
        Change(.set, key, value, expires: expires)
    }

    @_lifetime(copy key)
    @inlinable @inline(__always)
    public static func delete(key: Span<UInt8>, isExpiry: Bool = false) -> Change {
        Change(.delete, key, Span(), isExpiry: isExpiry)
    }

    @_lifetime(copy key)
    @inlinable @inline(__always)
    public static func ttl(key: Span<UInt8>, expires: UInt64) -> Change {
        Change(.ttl, key, Span(), expires: expires)
    }

    /// - Parameters:
    ///   - path: that of a `NoteName`.
    ///   - value: a JSON object; empty to remove the note.
    @_lifetime(copy path, copy value)
    package static func note(path: Span<UInt8>, value: Span<UInt8>) -> Change { Change(.note, path, value) }

    public static var clear: Change {
        @_lifetime(immortal)
        @inlinable @inline(__always) get { Change(.clear, Span(), Span()) }
    }

    /// What a file with this change needs of its readers.
    @inlinable @inline(__always)
    public var needs: Needs {
        if expires != 0 || kind == .ttl || isExpiry { return .expiry }
        return kind == .note ? .notes : []
    }

    /// Whether key and value need no escapes in JSON.
    @inlinable public var isPlain: Bool { key.isPlainText && value.isPlainText }
}

/// The operation of a record: one change, or several that take effect together.
package enum Operation: String, CaseIterable, Sendable {
    case set
    case delete
    case clear
    case multi
    case ttl
    /// Pairs that have expired are removed.
    case expired
    /// A note is set or removed.
    case meta

    /// The operation of a line that `RecordParser.parse` has accepted as a record.
    package init(of line: Span<UInt8>) {
        var fields = FieldReader(line)
        _ = fields.recordHead()
        if fields.isAt("\"op\":\"delete\"") {
            self = .delete
        } else if fields.isAt("\"op\":\"clear\"") {
            self = .clear
        } else if fields.isAt("\"op\":\"ttl\"") {
            self = .ttl
        } else if fields.isAt("\"op\":\"expired\"") {
            self = .expired
        } else if fields.isAt("\"op\":\"meta\"") {
            self = .meta
        } else {
            self = fields.isAt("\"op\":\"multi\"") ? .multi : .set
        }
    }
}
