// How a change stands in a sorter's memory: a head of one word, the key, the value, zeros up to the next whole word.

import Bytes

/// The head of a change, which says what follows it. The place of a change is its offset in bytes.
struct StoredChange {
    private(set) var word: UInt64

    private static let headSize = 8
    private static let removes: UInt64 = 1 << 61
    private static let plain: UInt64 = 1 << 62
    private static let void: UInt64 = 1 << 63

    /// - Parameters:
    ///   - valueSize: nil where the key is removed.
    ///   - isPlain: whether key and value are known to stand in JSON as they are.
    @inline(__always)
    init(keySize: Int, valueSize: Int?, isPlain: Bool) {
        precondition(keySize < 1 << 30 && valueSize ?? 0 < 1 << 31, "a key or value beyond every limit")
        word = UInt64(truncatingIfNeeded: keySize) | UInt64(truncatingIfNeeded: valueSize ?? 0) &<< 30
        if valueSize == nil { word |= StoredChange.removes }
        if isPlain { word |= StoredChange.plain }
    }

    /// The change at a place.
    @inline(__always)
    init(in texts: borrowing ByteBuffer, at place: Int) { word = texts.word(at: place) }

    /// Whether the changes at two places are of the same key.
    @inline(__always)
    static func haveSameKey(in texts: borrowing ByteBuffer, _ one: Int, _ other: Int) -> Bool {
        let size = StoredChange(in: texts, at: one).keySize
        return size == StoredChange(in: texts, at: other).keySize
            && texts.areEqual(size, at: one &+ headSize, and: other &+ headSize)
    }

    @inline(__always) var keySize: Int { Int(truncatingIfNeeded: word & (1 &<< 30 &- 1)) }
    @inline(__always) var valueSize: Int { Int(truncatingIfNeeded: word &>> 30 & (1 &<< 31 &- 1)) }
    @inline(__always) var isRemoved: Bool { word & StoredChange.removes != 0 }
    @inline(__always) var isPlain: Bool { word & StoredChange.plain != 0 }
    /// Whether a newer change of the key stands elsewhere.
    @inline(__always) var isVoid: Bool { word & StoredChange.void != 0 }
    /// Bytes that the change takes.
    @inline(__always) var size: Int { StoredChange.headSize &+ (keySize &+ valueSize &+ 7) & ~7 }
    /// Where the value stands, from the place on.
    @inline(__always) var valueOffset: Int { StoredChange.headSize &+ keySize }

    mutating func makeVoid() { word |= StoredChange.void }

    /// The key of the change at a place.
    @_lifetime(borrow texts)
    @inline(__always)
    static func key(in texts: borrowing ByteBuffer, at place: Int) -> Span<UInt8> {
        let start = place &+ headSize
        return texts.bytes.extracting(start..<start &+ StoredChange(in: texts, at: place).keySize)
    }
}
