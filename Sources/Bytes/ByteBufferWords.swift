// A buffer used as a store of records of whole words, some of which are changed where they stand.
//
// `unsafe` is allowed here for the same reason as in ByteBuffer.swift: each access is inside `head..<tail`, which the
// preconditions check just before it.

extension ByteBuffer {
    /// Appends eight bytes, in the machine's order.
    @inlinable @inline(__always)
    package mutating func append(word: UInt64) {
        reserve(8)
        unsafe UnsafeMutableRawPointer(base.unsafelyUnwrapped + tail).storeBytes(of: word, as: UInt64.self)
        tail &+= 8
    }

    /// Appends zeros up to the next multiple of eight bytes.
    @inlinable @inline(__always)
    package mutating func padToWord() {
        let size = (8 &- count & 7) & 7
        guard size > 0 else { return }
        reserve(8)
        unsafe UnsafeMutableRawPointer(base.unsafelyUnwrapped + tail).storeBytes(of: 0, as: UInt64.self)
        tail &+= size
    }

    /// The eight bytes at `offset`, in the machine's order.
    @inlinable @inline(__always)
    package func word(at offset: Int) -> UInt64 {
        precondition(offset >= 0 && offset &+ 8 <= count, "word outside the buffer")
        return unsafe UnsafeRawPointer(base.unsafelyUnwrapped + head + offset).loadUnaligned(as: UInt64.self)
    }

    /// Whether the `size` bytes at `one` are those at `other`; whole words are read, so that up to seven bytes have to
    /// follow either.
    @inlinable @inline(__always)
    package func areEqual(_ size: Int, at one: Int, and other: Int) -> Bool {
        var offset = 0
        while offset &+ 8 <= size {
            if word(at: one &+ offset) != word(at: other &+ offset) { return false }
            offset &+= 8
        }
        guard offset < size else { return true }
        let difference = UInt64(littleEndian: word(at: one &+ offset) ^ word(at: other &+ offset))
        return difference &<< UInt64(64 &- 8 &* (size &- offset)) == 0
    }

    /// Writes eight bytes over those at `offset`.
    @inlinable @inline(__always)
    package mutating func overwrite(at offset: Int, word: UInt64) {
        precondition(offset >= 0 && offset &+ 8 <= count, "written outside the buffer")
        unsafe UnsafeMutableRawPointer(base.unsafelyUnwrapped + head + offset).storeBytes(of: word, as: UInt64.self)
    }

    /// Moves `size` bytes from `offset` to `target`, nearer to the front; the two places may overlap.
    package mutating func move(_ size: Int, from offset: Int, to target: Int) {
        precondition(size >= 0 && target >= 0 && target <= offset && offset + size <= count, "moved outside the buffer")
        guard let start = unsafe base, size > 0 else { return }
        unsafe (start + head + target).update(from: start + head + offset, count: size)
    }

    /// Appends the last field of a line of the log, with the line feed: `,"crc":"`, eight digits, `"}`.
    @inlinable @inline(__always)
    package mutating func append(checksumField crc: UInt32) {
        append(",\"crc\":\"")
        append(word: hexDigits(crc))
        append("\"}\n")
    }
}

/// Eight lower-case hexadecimal digits, the first one in the lowest address.
@inlinable @inline(__always)
func hexDigits(_ value: UInt32) -> UInt64 {
    let ones: UInt64 = 0x0101_0101_0101_0101
    // Each digit in a byte of its own, the most significant one in the highest.
    var digits = UInt64(value)
    digits = (digits | digits &<< 16) & 0x0000_ffff_0000_ffff
    digits = (digits | digits &<< 8) & 0x00ff_00ff_00ff_00ff
    digits = (digits | digits &<< 4) & (ones &* 0x0f)
    let letters = (digits &+ ones &* 6) &>> 4 & ones
    return UInt64(bigEndian: digits &+ ones &* 0x30 &+ letters &* 39)
}
