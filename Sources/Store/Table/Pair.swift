// One key and its value: one block of memory, owned by the bucket slot that points to it.
//
//     key size (4 bytes)  value size (4 bytes)  key  value  [expires (8 bytes)]
//
// The top bit of the value size is set if the pair expires. The time stands behind the value: a pair without one is no
// larger for it, and key and value are at the same offsets in both. The top bit of the time is the due wheel's mark.

import Bytes
import LogFormat

/// A pair in the table. It is a pointer: it and its spans are valid until the table is next changed.
@safe
package struct Pair {
    let block: UnsafeMutableRawPointer

    private static let headerSize = 8
    private static let expiryBit: UInt32 = 1 << 31
    private static let expirySize = 8
    /// The latest time at which a pair can expire, in Unix milliseconds.
    package static let latestExpiry = UInt64(Int64.max)

    @inline(__always)
    init(block: UnsafeMutableRawPointer) {
        unsafe self.block = block
    }

    /// Allocates a block. Both sizes are below 2 GiB: the limits on keys and values are far lower.
    /// - Parameter expires: Unix milliseconds; 0 for never.
    init(key: Span<UInt8>, value: Span<UInt8>, expires: UInt64) {
        let size = Pair.contentSize(keySize: key.count, valueSize: value.count, expires: expires)
        unsafe block = .allocate(byteCount: Allocation.usableSize(of: size), alignment: 8)
        unsafe block.storeBytes(of: UInt32(key.count), as: UInt32.self)
        copy(key, to: Pair.headerSize)
        overwrite(value, expires: expires)
    }

    func free() {
        unsafe block.deallocate()
    }

    /// Overwrites value and expiry, and unmarks it. The new ones must take a block of the same `size`; the value may be this
    /// pair's own.
    @inline(__always)
    func overwrite(_ value: Span<UInt8>, expires: UInt64) {
        precondition(value.count >> 31 == 0, "a value of 2 GiB")
        let offset = Pair.headerSize &+ keySize
        unsafe block.storeBytes(
            of: UInt32(truncatingIfNeeded: value.count) | (expires == 0 ? 0 : Pair.expiryBit), toByteOffset: 4,
            as: UInt32.self)
        copy(value, to: offset)
        guard expires != 0 else { return }
        precondition(expires <= Pair.latestExpiry, "a pair expires beyond the last time there is")
        unsafe block.storeBytes(of: expires, toByteOffset: offset &+ value.count, as: UInt64.self)
    }

    /// Whether it never expires and has a value of `size` bytes.
    @inline(__always)
    func isPermanent(withValueOf size: Int) -> Bool { Int(sizeWord) == size }

    /// Overwrites the value of a pair that never expires with one of the same size.
    @inline(__always)
    func overwrite(_ value: Span<UInt8>) { copy(value, to: Pair.headerSize &+ keySize) }

    var keySize: Int {
        @inline(__always) get { unsafe Int(block.load(as: UInt32.self)) }
    }

    var valueSize: Int {
        @inline(__always) get { Int(sizeWord & ~Pair.expiryBit) }
    }

    private var sizeWord: UInt32 {
        @inline(__always) get { unsafe block.load(fromByteOffset: 4, as: UInt32.self) }
    }

    /// When it expires, in Unix milliseconds; 0 for never.
    package var expires: UInt64 {
        @inline(__always) get { markedExpires & Pair.latestExpiry }
    }

    /// As above, with the due wheel's mark as the top bit.
    var markedExpires: UInt64 {
        @inline(__always) get {
            guard sizeWord & Pair.expiryBit != 0 else { return 0 }
            return unsafe block.loadUnaligned(fromByteOffset: expiryOffset, as: UInt64.self)
        }
    }

    /// Sets the due wheel's mark of a pair that expires: the top bit, or none.
    func setMark(_ mark: UInt64) {
        precondition(sizeWord & Pair.expiryBit != 0, "a pair without expiry is marked")
        unsafe block.storeBytes(of: expires | mark, toByteOffset: expiryOffset, as: UInt64.self)
    }

    private var expiryOffset: Int {
        @inline(__always) get { Pair.headerSize &+ keySize &+ valueSize }
    }

    /// Whether it has expired at `time`, in Unix milliseconds. At the time 0 no pair has.
    @inline(__always)
    func isDead(at time: UInt64) -> Bool {
        sizeWord & Pair.expiryBit != 0 && expires <= time
    }

    /// Bytes of memory of the block.
    var size: Int {
        Allocation.size(
            of: Pair.headerSize &+ keySize &+ valueSize &+ (sizeWord & Pair.expiryBit == 0 ? 0 : Pair.expirySize))
    }

    /// Bytes of memory of a block for these sizes.
    @inline(__always)
    static func size(keySize: Int, valueSize: Int, expires: UInt64) -> Int {
        Allocation.size(of: contentSize(keySize: keySize, valueSize: valueSize, expires: expires))
    }

    @inline(__always)
    private static func contentSize(keySize: Int, valueSize: Int, expires: UInt64) -> Int {
        headerSize &+ keySize &+ valueSize &+ (expires == 0 ? 0 : expirySize)
    }

    package var key: Span<UInt8> {
        @_lifetime(borrow self)
        @inline(__always)
        get { span(from: Pair.headerSize, size: keySize) }
    }

    package var value: Span<UInt8> {
        @_lifetime(borrow self)
        @inline(__always)
        get { span(from: Pair.headerSize + keySize, size: valueSize) }
    }

    /// The change that creates it.
    package var change: Change {
        @_lifetime(borrow self)
        @inline(__always)
        get { .set(key: key, value: value, expires: expires) }
    }

    @_lifetime(borrow self)
    @inline(__always)
    private func span(from offset: Int, size: Int) -> Span<UInt8> {
        let start = unsafe (block + offset).assumingMemoryBound(to: UInt8.self)
        let view = unsafe Span(_unsafeStart: start, count: size)
        return unsafe _overrideLifetime(view, borrowing: self)
    }

    private func copy(_ bytes: Span<UInt8>, to offset: Int) {
        unsafe bytes.withUnsafeBytes { source in
            let target = unsafe block + offset
            guard let from = source.baseAddress, unsafe from != target else { return }
            unsafe target.copyMemory(from: from, byteCount: source.count)
        }
    }
}
