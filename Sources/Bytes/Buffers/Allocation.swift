// What memory really costs, so that a memory limit counts what the machine loses and not what was asked for; and the one
// running total of all buffers. Buffers keep their memory and seldom grow, so keeping the total costs a request nothing,
// and nobody ever has to walk over connections to find out what they hold.

import Synchronization

/// Blocks of memory as glibc's malloc hands them out (malloc.c: `request2size`, `sysmalloc_mmap`).
package enum Allocation {
    /// Bytes that a block takes when `size` bytes are asked for: 8 for its header, rounded up to 16, at least 32. From
    /// 128 KiB on it may be mapped on its own, in whole pages; that is counted for all such blocks. For a pair of 16 and 32
    /// bytes that is 64 instead of 56, for a small one 32 instead of 12.
    @inlinable
    package static func size(of size: Int) -> Int {
        if size < 128 << 10 { return max((size &+ 23) & ~15, 32) }
        return (size &+ 16 &+ 4095) & ~4095
    }
}

/// The memory of all buffers of this process, from every thread.
package enum BufferMemory {
    private static let total = Atomic<Int>(0)

    /// In bytes.
    package static var size: Int { total.load(ordering: .relaxed) }

    static func add(_ size: Int) {
        total.add(size, ordering: .relaxed)
    }
}

/// Memory that is no `ByteBuffer`'s and is to be counted with them, for as long as this lives.
package struct CountedMemory: ~Copyable {
    /// In bytes.
    package private(set) var size = 0

    package init() {}

    package mutating func set(_ newSize: Int) {
        BufferMemory.add(newSize - size)
        size = newSize
    }

    deinit { BufferMemory.add(-size) }
}
