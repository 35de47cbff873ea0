// The memory that an allocation really takes, so that a memory limit counts what the machine loses; and the one running
// total of all buffers. Buffers keep their memory and seldom grow, so the total costs a request nothing, and no walk
// over connections is needed to know it.

import Synchronization

/// Blocks of memory as glibc's malloc hands them out (malloc.c: `request2size`, `sysmalloc_mmap`).
package enum Allocation {
    /// Bytes that a block of `size` bytes takes: 8 more for its header, rounded up to 16, at least 32. From 128 KiB on
    /// it may be mapped on its own, in whole pages; that is assumed for all such blocks. A pair of 16 and 32 bytes
    /// takes 64 instead of 56, a small one 32 instead of 12.
    @inlinable
    package static func size(of size: Int) -> Int {
        if size < 128 << 10 { return max((size &+ 23) & ~15, 32) }
        return (size &+ 16 &+ 4095) & ~4095
    }

    /// Bytes that a block can hold that takes no more memory than one of `size` bytes: what to ask for where the content may
    /// change its size later. Two contents with the same `size(of:)` fit into the same such block.
    @inlinable
    package static func usableSize(of size: Int) -> Int {
        Allocation.size(of: size) &- (size < 128 << 10 ? 8 : 16)
    }
}

/// The memory of all buffers of this process, from every thread.
package enum BufferMemory {
    private static let total = Atomic<Int>(0)

    /// Bytes.
    package static var size: Int { total.load(ordering: .relaxed) }

    static func add(_ size: Int) {
        total.add(size, ordering: .relaxed)
    }
}

/// Memory outside any `ByteBuffer` that is counted with them while this value lives.
package struct CountedMemory: ~Copyable {
    /// Bytes.
    package private(set) var size = 0

    package init() {}

    package mutating func set(_ newSize: Int) {
        BufferMemory.add(newSize - size)
        size = newSize
    }

    deinit { BufferMemory.add(-size) }
}
