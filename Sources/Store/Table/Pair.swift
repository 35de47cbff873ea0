// One key and its value: one block of memory, owned by the bucket slot that points to it.
//
//     key size (4 bytes)  value size (4 bytes)  key  value

import Bytes
import LogFormat

/// A pair in the table. It is a pointer: it and its spans are valid until the table is next changed.
@safe
package struct Pair {
    let block: UnsafeMutableRawPointer

    private static let headerSize = 8

    @inline(__always)
    init(block: UnsafeMutableRawPointer) {
        unsafe self.block = block
    }

    /// Allocates a block. Both sizes are below 4 GiB: the limits on keys and values are far lower.
    init(key: Span<UInt8>, value: Span<UInt8>) {
        unsafe block = .allocate(
            byteCount: Pair.headerSize + key.count + value.count, alignment: 8)
        unsafe block.storeBytes(of: UInt32(key.count), as: UInt32.self)
        unsafe block.storeBytes(of: UInt32(value.count), toByteOffset: 4, as: UInt32.self)
        copy(key, to: Pair.headerSize)
        copy(value, to: Pair.headerSize + key.count)
    }

    func free() {
        unsafe block.deallocate()
    }

    /// Overwrites the value with one of the same size.
    func overwrite(_ value: Span<UInt8>) {
        precondition(value.count == valueSize, "overwritten with another size")
        copy(value, to: Pair.headerSize + keySize)
    }

    var keySize: Int {
        @inline(__always) get { unsafe Int(block.load(as: UInt32.self)) }
    }

    var valueSize: Int {
        @inline(__always) get { unsafe Int(block.load(fromByteOffset: 4, as: UInt32.self)) }
    }

    /// Bytes of memory of the block.
    var size: Int { Pair.size(keySize: keySize, valueSize: valueSize) }

    /// Bytes of memory of a block for these sizes.
    @inline(__always)
    static func size(keySize: Int, valueSize: Int) -> Int {
        Allocation.size(of: headerSize &+ keySize &+ valueSize)
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
        get { .set(key: key, value: value) }
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
            guard let from = source.baseAddress else { return }
            unsafe (block + offset).copyMemory(from: from, byteCount: source.count)
        }
    }
}
