// How a change stands in a sorter's memory: a head of one word, the key, the value, zeros up to the next whole word.

import Bytes

/// The head of a change, which says what follows it. The place of a change is its offset in bytes.
public struct StoredChange {
    @usableFromInline var word: UInt64

    @usableFromInline static var headSize: Int { @inlinable get { 8 } }
    @usableFromInline static var removes: UInt64 { @inlinable get { 1 << 61 } }
    @usableFromInline static var plain: UInt64 { @inlinable get { 1 << 62 } }
    @usableFromInline static var void: UInt64 { @inlinable get { 1 << 63 } }

    @inlinable @inline(__always)
    init(_ change: borrowing Change, isPlain: Bool) {
        let (keySize, valueSize) = (change.key.count, change.value.count)
        precondition(keySize < 1 << 30 && valueSize < 1 << 31, "a key or value beyond every limit")
        word = UInt64(truncatingIfNeeded: keySize) | UInt64(truncatingIfNeeded: valueSize) &<< 30
        if change.kind != .set { word |= StoredChange.removes }
        if isPlain { word |= StoredChange.plain }
    }

    /// The change at a place.
    @inlinable @inline(__always)
    public init(in texts: borrowing ByteBuffer, at place: Int) { word = texts.word(at: place) }

    /// Whether the changes at two places are of the same key.
    @inlinable @inline(__always)
    public static func haveSameKey(in texts: borrowing ByteBuffer, _ one: Int, _ other: Int) -> Bool {
        let size = StoredChange(in: texts, at: one).keySize
        return size == StoredChange(in: texts, at: other).keySize
            && texts.areEqual(size, at: one &+ headSize, and: other &+ headSize)
    }

    @inlinable @inline(__always) var keySize: Int { Int(truncatingIfNeeded: word & (1 &<< 30 &- 1)) }
    @inlinable @inline(__always) var valueSize: Int { Int(truncatingIfNeeded: word &>> 30 & (1 &<< 31 &- 1)) }
    @inlinable @inline(__always) public var isRemoved: Bool { word & StoredChange.removes != 0 }
    /// Whether key and value are known to stand in JSON as they are.
    @inlinable @inline(__always) public var isPlain: Bool { word & StoredChange.plain != 0 }
    /// Whether a newer change of the key stands elsewhere.
    @inlinable @inline(__always) public var isVoid: Bool { word & StoredChange.void != 0 }
    /// Bytes that the change takes.
    @inlinable @inline(__always)
    public var size: Int { StoredChange.headSize &+ (keySize &+ valueSize &+ 7) & ~7 }

    /// Makes the change at a place void.
    @inlinable
    public static func makeVoid(in texts: inout ByteBuffer, at place: Int) {
        texts.overwrite(at: place, word: texts.word(at: place) | void)
    }

    /// The key of the change at a place.
    @_lifetime(borrow texts)
    @inlinable @inline(__always)
    public static func key(in texts: borrowing ByteBuffer, at place: Int) -> Span<UInt8> {
        let start = place &+ headSize
        return texts.bytes.extracting(start..<start &+ StoredChange(in: texts, at: place).keySize)
    }

    /// The change at a place.
    @_lifetime(borrow texts)
    @inlinable
    public static func change(in texts: borrowing ByteBuffer, at place: Int) -> Change {
        let stored = StoredChange(in: texts, at: place)
        let key = key(in: texts, at: place)
        if stored.isRemoved { return .delete(key: key) }
        let start = place &+ headSize &+ stored.keySize
        return .set(key: key, value: texts.bytes.extracting(start..<start &+ stored.valueSize))
    }
}

extension ByteBuffer {
    /// Appends a change as it stands in a sorter's memory; `clear` has no such form.
    /// - Parameter isPlain: whether key and value are known to stand in JSON as they are.
    @inlinable @inline(__always)
    public mutating func append(stored change: borrowing Change, isPlain: Bool) {
        append(word: StoredChange(change, isPlain: isPlain).word)
        append(change.key)
        append(change.value)
        padToWord()
    }
}
