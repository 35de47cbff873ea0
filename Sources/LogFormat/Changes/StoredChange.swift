// The form of a change in a sorter's memory: one head word, the key, the value or two words of a reference to its text, zeros
// up to the next whole word, and one more word with the time when the pair expires, if it is stated.

import Bytes

/// The head word of a change, which describes what follows. A change is identified by its offset in bytes.
public struct StoredChange {
    @usableFromInline var word: UInt64

    @usableFromInline static var headSize: Int { @inlinable get { 8 } }
    @usableFromInline static var refers: UInt64 { @inlinable get { 1 << 59 } }
    @usableFromInline static var timed: UInt64 { @inlinable get { 1 << 60 } }
    @usableFromInline static var removes: UInt64 { @inlinable get { 1 << 61 } }
    @usableFromInline static var plain: UInt64 { @inlinable get { 1 << 62 } }
    @usableFromInline static var void: UInt64 { @inlinable get { 1 << 63 } }

    @inlinable @inline(__always)
    init(_ change: borrowing Change, isPlain: Bool) {
        let (keySize, valueSize) = (change.key.count, change.value.count)
        precondition(keySize < 1 << 29 && valueSize < 1 << 30, "a key or value beyond every limit")
        word = UInt64(truncatingIfNeeded: keySize) | UInt64(truncatingIfNeeded: valueSize) &<< 29
        if change.kind != .set { word |= StoredChange.removes }
        if change.expires != 0 || change.kind == .ttl { word |= StoredChange.timed }
        if isPlain { word |= StoredChange.plain }
    }

    /// The change at an offset.
    @inlinable @inline(__always)
    public init(in texts: borrowing ByteBuffer, at place: Int) { word = texts.word(at: place) }

    /// Whether the changes at two offsets have the same key.
    @inlinable @inline(__always)
    public static func haveSameKey(in texts: borrowing ByteBuffer, _ one: Int, _ other: Int) -> Bool {
        let size = StoredChange(in: texts, at: one).keySize
        return size == StoredChange(in: texts, at: other).keySize
            && texts.areEqual(size, at: one &+ headSize, and: other &+ headSize)
    }

    @inlinable @inline(__always) var keySize: Int { Int(truncatingIfNeeded: word & (1 &<< 29 &- 1)) }
    @inlinable @inline(__always) var valueSize: Int { Int(truncatingIfNeeded: word &>> 29 & (1 &<< 30 &- 1)) }
    /// Whether there is a reference to the value that is set, instead of the value.
    @inlinable @inline(__always) public var isReference: Bool { word & StoredChange.refers != 0 }
    /// Whether a pair is set.
    @inlinable @inline(__always) public var isSet: Bool { word & StoredChange.removes == 0 }
    @inlinable @inline(__always)
    public var isRemoved: Bool { word & (StoredChange.removes | StoredChange.timed) == StoredChange.removes }
    /// Whether only the time when the pair expires is stated.
    @inlinable @inline(__always)
    public var isTTL: Bool {
        word & (StoredChange.removes | StoredChange.timed) == StoredChange.removes | StoredChange.timed
    }
    /// Whether it has a word for the time when the pair expires, which can be 0, for never.
    @inlinable @inline(__always) public var isTimed: Bool { word & StoredChange.timed != 0 }
    /// Whether key and value are known to need no escapes in JSON.
    @inlinable @inline(__always) public var isPlain: Bool { word & StoredChange.plain != 0 }
    /// Whether a newer change of the key exists.
    @inlinable @inline(__always) public var isVoid: Bool { word & StoredChange.void != 0 }
    /// The size of the whole change, in bytes.
    @inlinable @inline(__always)
    public var size: Int {
        StoredChange.headSize &+ (keySize &+ valueSize &+ 7) & ~7 &+ Int(truncatingIfNeeded: word &>> 57 & 8)
    }

    /// Marks the change at an offset as superseded.
    @inlinable
    public static func makeVoid(in texts: inout ByteBuffer, at place: Int) {
        texts.overwrite(at: place, word: texts.word(at: place) | void)
    }

    /// When the pair of the change at an offset expires, in Unix milliseconds; 0 for never.
    @inlinable @inline(__always)
    public static func expires(in texts: borrowing ByteBuffer, at place: Int) -> UInt64 {
        let stored = StoredChange(in: texts, at: place)
        return stored.isTimed ? texts.word(at: place &+ stored.size &- 8) : 0
    }

    /// When the pair of the change at an offset expires, if the change states nothing else: in Unix milliseconds, 0 for never.
    @inlinable @inline(__always)
    public static func newTime(in texts: borrowing ByteBuffer, at place: Int) -> UInt64? {
        StoredChange(in: texts, at: place).isTTL ? expires(in: texts, at: place) : nil
    }

    /// Changes when the pair of the change at an offset expires.
    /// - Returns: false if the change must be copied first, because it has no word for a time.
    @inlinable
    public static func setExpires(_ time: UInt64, in texts: inout ByteBuffer, at place: Int) -> Bool {
        let stored = StoredChange(in: texts, at: place)
        guard stored.isTimed else { return time == 0 }
        texts.overwrite(at: place &+ stored.size &- 8, word: time)
        return true
    }

    /// Appends a copy of the change at an offset, which has no word for a time, with one.
    package static func appendCopy(expiring time: UInt64, to texts: inout ByteBuffer, of place: Int) {
        let (stored, copy) = (StoredChange(in: texts, at: place), texts.count)
        precondition(!stored.isTimed, "a change gets a second time")
        texts.append(copyOf: stored.size, at: place)
        texts.append(word: time)
        texts.overwrite(at: copy, word: stored.word | timed)
    }

    /// The key of the change at an offset.
    @_lifetime(borrow texts)
    @inlinable @inline(__always)
    public static func key(in texts: borrowing ByteBuffer, at place: Int) -> Span<UInt8> {
        let start = place &+ headSize
        return texts.bytes.extracting(start..<start &+ StoredChange(in: texts, at: place).keySize)
    }

    /// The reference of the change at an offset, which has one.
    package static func reference(in texts: borrowing ByteBuffer, at place: Int) -> ValueReference {
        let stored = StoredChange(in: texts, at: place)
        precondition(stored.isReference, "a value is taken for a reference")
        let start = place &+ headSize &+ stored.keySize
        return ValueReference(texts.word(at: start), texts.word(at: start &+ 8))
    }

    /// The change at an offset. If it has a reference, its value is nothing to use.
    @_lifetime(borrow texts)
    @inlinable
    public static func change(in texts: borrowing ByteBuffer, at place: Int) -> Change {
        let stored = StoredChange(in: texts, at: place)
        let key = key(in: texts, at: place)
        if stored.isRemoved { return .delete(key: key) }
        let expires = expires(in: texts, at: place)
        if stored.isTTL { return .ttl(key: key, expires: expires) }
        let start = place &+ headSize &+ stored.keySize
        return .set(key: key, value: texts.bytes.extracting(start..<start &+ stored.valueSize), expires: expires)
    }
}

extension ByteBuffer {
    /// Appends a change in this form; `clear` has none.
    /// - Parameter isPlain: whether key and value are known to need no escapes in JSON.
    @inlinable @inline(__always)
    public mutating func append(stored change: borrowing Change, isPlain: Bool) {
        let stored = StoredChange(change, isPlain: isPlain)
        append(word: stored.word)
        append(change.key)
        append(change.value)
        padToWord()
        if stored.isTimed { append(word: change.expires) }
    }

    /// Appends a `set` in this form, with a reference to its value.
    package mutating func append(stored change: borrowing Change, _ reference: ValueReference) {
        var stored = StoredChange(.set(key: change.key, value: Span(), expires: change.expires), isPlain: false)
        stored.word |= StoredChange.refers | 16 &<< 29
        append(word: stored.word)
        append(change.key)
        let (first, second) = reference.words
        append(word: first)
        append(word: second)
        padToWord()
        if stored.isTimed { append(word: change.expires) }
    }
}
