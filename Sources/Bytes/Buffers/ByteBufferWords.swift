// A buffer as a store of records of whole words, some of which are changed in place.
//
// `unsafe` is allowed here for the reason given in ByteBuffer.swift: each access is inside `head..<tail`, which the
// preconditions check just before it.

extension ByteBuffer {
    /// Appends eight bytes in native byte order.
    @inlinable @inline(__always)
    public mutating func append(word: UInt64) {
        reserve(8)
        unsafe UnsafeMutableRawPointer(base.unsafelyUnwrapped + tail).storeBytes(of: word, as: UInt64.self)
        tail &+= 8
    }

    /// Appends zeros up to the next multiple of eight bytes.
    @inlinable @inline(__always)
    public mutating func padToWord() {
        let size = (8 &- count & 7) & 7
        guard size > 0 else { return }
        reserve(8)
        unsafe UnsafeMutableRawPointer(base.unsafelyUnwrapped + tail).storeBytes(of: 0, as: UInt64.self)
        tail &+= size
    }

    /// The eight bytes at `offset`, in native byte order.
    @inlinable @inline(__always)
    public func word(at offset: Int) -> UInt64 {
        precondition(offset >= 0 && offset &+ 8 <= count, "word outside the buffer")
        return unsafe UnsafeRawPointer(base.unsafelyUnwrapped + head + offset).loadUnaligned(as: UInt64.self)
    }

    /// Whether the `size` bytes at `one` equal those at `other`. Whole words are read, so up to seven more bytes must
    /// follow each.
    @inlinable @inline(__always)
    public func areEqual(_ size: Int, at one: Int, and other: Int) -> Bool {
        var offset = 0
        while offset &+ 8 <= size {
            if word(at: one &+ offset) != word(at: other &+ offset) { return false }
            offset &+= 8
        }
        guard offset < size else { return true }
        let difference = UInt64(littleEndian: word(at: one &+ offset) ^ word(at: other &+ offset))
        return difference &<< UInt64(64 &- 8 &* (size &- offset)) == 0
    }

    /// Overwrites the eight bytes at `offset`.
    @inlinable @inline(__always)
    public mutating func overwrite(at offset: Int, word: UInt64) {
        precondition(offset >= 0 && offset &+ 8 <= count, "written outside the buffer")
        unsafe UnsafeMutableRawPointer(base.unsafelyUnwrapped + head + offset).storeBytes(of: word, as: UInt64.self)
    }

    /// Moves `size` bytes from `offset` forward to `target`; the two ranges may overlap.
    public mutating func move(_ size: Int, from offset: Int, to target: Int) {
        precondition(size >= 0 && target >= 0 && target <= offset && offset + size <= count, "moved outside the buffer")
        guard let start = unsafe base, size > 0 else { return }
        unsafe (start + head + target).update(from: start + head + offset, count: size)
    }
}
