// Reads spans a word at a time. `unsafe` is allowed here because each access is checked against the span's count just
// before it is made, and no pointer leaves the closure that it is lent to.

#if canImport(Glibc)
    import Glibc
#endif

extension Span where Element == UInt8 {
    /// The eight bytes at `offset`, in native byte order; need not be aligned.
    @inlinable @inline(__always)
    public func word(at offset: Int) -> UInt64 {
        precondition(offset >= 0 && offset &+ 8 <= count, "word outside the span")
        return unsafe withUnsafeBufferPointer { memory in
            unsafe UnsafeRawPointer(memory.baseAddress.unsafelyUnwrapped)
                .loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        }
    }

    /// The last `count - offset` bytes, fewer than eight, as the low bytes of a word; the rest is zero.
    @inlinable public func lastWord(at offset: Int) -> UInt64 {
        let size = count &- offset
        precondition(offset >= 0 && size >= 0 && size < 8, "no part of a word")
        guard size > 0 else { return 0 }
        // With eight bytes or more, read the last eight and shift out the surplus.
        if count >= 8 {
            return UInt64(littleEndian: word(at: count &- 8)) &>> UInt64(truncatingIfNeeded: 64 &- 8 &* size)
        }
        var word: UInt64 = 0
        for index in 0..<size { word |= UInt64(self[offset &+ index]) &<< UInt64(truncatingIfNeeded: 8 &* index) }
        return word
    }

    /// The position of the first line feed at or after `offset`.
    public func newline(from offset: Int) -> Int? {
        precondition(offset >= 0 && offset <= count, "search outside the span")
        #if canImport(Glibc)
            return unsafe withUnsafeBufferPointer { memory in
                guard let start = memory.baseAddress,
                    let hit = unsafe memchr(start + offset, 0x0a, memory.count - offset)
                else { return nil }
                return unsafe UnsafeRawPointer(hit) - UnsafeRawPointer(start)
            }
        #else
            for index in offset..<count where self[index] == 0x0a { return index }
            return nil
        #endif
    }

    /// Whether a byte is below 0x20 or is 0x7f. Eight bytes at a step, as in `firstEscape`.
    package var hasControlByte: Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs = ones &* 0x80
        var index = 0
        while index &+ 8 <= count {
            let word = word(at: index)
            let delete = word ^ (ones &* 0x7f)
            if ((word &- ones &* 0x20) & ~word | (delete &- ones) & ~delete) & highs != 0 { return true }
            index &+= 8
        }
        while index < count {
            if self[index] < 0x20 || self[index] == 0x7f { return true }
            index &+= 1
        }
        return false
    }

    /// Whether two spans hold the same bytes.
    @inlinable public func equals(_ other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        var index = 0
        while index &+ 8 <= count {
            if word(at: index) != other.word(at: index) { return false }
            index &+= 8
        }
        while index < count {
            if self[index] != other[index] { return false }
            index &+= 1
        }
        return true
    }

    /// Below, at or above 0 if the span sorts before, equals or sorts after `other`, byte by byte.
    @inlinable public func compared(with other: Span<UInt8>) -> Int {
        let shared = min(count, other.count)
        var index = 0
        while index &+ 8 <= shared {
            let (left, right) = (UInt64(bigEndian: word(at: index)), UInt64(bigEndian: other.word(at: index)))
            if left != right { return left < right ? -1 : 1 }
            index &+= 8
        }
        while index < shared {
            if self[index] != other[index] { return self[index] < other[index] ? -1 : 1 }
            index &+= 1
        }
        return count - other.count
    }

    /// The length of the common prefix, at most `limit`.
    public func sharedSize(with other: Span<UInt8>, atMost limit: Int) -> Int {
        let size = min(count, other.count, limit)
        var index = 0
        while index &+ 8 <= size, word(at: index) == other.word(at: index) { index &+= 8 }
        while index < size, self[index] == other[index] { index &+= 1 }
        return index
    }

    /// The first eight bytes as a number that sorts as they do; a shorter span is padded with zeros.
    @inlinable public var sortingPrefix: UInt64 {
        if count >= 8 { return UInt64(bigEndian: word(at: 0)) }
        return UInt64(bigEndian: UInt64(littleEndian: lastWord(at: 0)))
    }

    /// Whether the bytes are those of `text`, which is ASCII.
    public func equals(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        return starts(with: text)
    }

    /// Whether the bytes at `offset` begin with `text`, which is ASCII. Inlined into its callers, so that the text and
    /// its size are constants, and the comparison a few instructions.
    @inlinable @inline(__always)
    public func starts(with text: StaticString, at offset: Int = 0) -> Bool {
        let size = text.utf8CodeUnitCount
        guard offset >= 0, count &- offset >= size else { return false }
        #if canImport(Glibc)
            return unsafe withUnsafeBufferPointer { memory in
                guard let start = memory.baseAddress else { return size == 0 }
                return unsafe memcmp(start + offset, text.utf8Start, size) == 0
            }
        #else
            let expected = unsafe Span(_unsafeStart: text.utf8Start, count: size)
            return extracting(offset..<offset + size).equals(expected)
        #endif
    }

    /// As `equals`, ignoring the case of the span's letters; `text` is upper-case ASCII.
    public func equalsIgnoringCase(_ text: StaticString) -> Bool {
        let size = text.utf8CodeUnitCount
        guard count == size else { return false }
        let expected = unsafe Span(_unsafeStart: text.utf8Start, count: size)
        for index in 0..<size where upperCased(self[index]) != expected[index] { return false }
        return true
    }
}

/// ASCII letters in upper case, every other byte as it is.
@inlinable public func upperCased(_ byte: UInt8) -> UInt8 {
    byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z") ? byte &- 32 : byte
}
