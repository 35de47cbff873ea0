import Bytes
import Foundation
import Testing

/// Memory as counted, compared with the allocator's own figures. One test at a time: the total is the process's.
@Suite("Memory of buffers", .serialized)
struct AllocationTests {
    @Test("a block's size is what the allocator says, or less than a page more for large blocks")
    func blocks() {
        // Foundation does not show this function of glibc's.
        typealias Function = @convention(c) (UnsafeMutableRawPointer?) -> Int
        guard let symbol = unsafe dlsym(nil, "malloc_usable_size") else {
            Issue.record("glibc without malloc_usable_size")
            return
        }
        let usableSize = unsafe unsafeBitCast(symbol, to: Function.self)
        var sizes = Array(0...300)
        for power in 9...26 { sizes += [(1 << power) - 24, (1 << power) - 1, 1 << power, (1 << power) + 1] }
        for size in sizes {
            guard let block = unsafe malloc(size) else { continue }
            defer { unsafe free(block) }
            // The block's header is not usable.
            let taken = unsafe usableSize(block) + 8
            let counted = Allocation.size(of: size)
            // A free block that would leave too little is handed out whole.
            #expect(counted >= taken - 16, "\(size)")
            #expect(counted <= taken + (size < 128 << 10 ? 0 : 4096 + 8), "\(size)")
        }
    }

    @Test("a block of the usable size of another takes as much, and what takes more does not fit into it")
    func usableSizes() {
        var sizes = Array(0...300)
        for power in 9...26 { sizes += ((1 << power) - 40)...((1 << power) + 40) }
        for size in sizes {
            let usable = Allocation.usableSize(of: size)
            #expect(usable >= size, "\(size)")
            if usable < 128 << 10 || size >= 128 << 10 {
                #expect(Allocation.size(of: usable) == Allocation.size(of: size), "\(size)")
                #expect(Allocation.size(of: usable + 1) > Allocation.size(of: size), "\(size)")
            }
        }
    }

    @Test("memory for expected bytes is reserved in one piece, once that is not wasteful")
    func expecting() {
        let total = 40 << 20
        var buffer = ByteBuffer()
        let piece = [UInt8](repeating: 1, count: 64 << 10)
        var steps = 0
        while buffer.count < total {
            let before = buffer.capacity
            buffer.reserve(piece.count, expecting: total - buffer.count)
            if buffer.capacity != before { steps += 1 }
            buffer.append(piece.span)
        }
        #expect(buffer.capacity == total)
        // Beyond 1 MiB the kernel moves pages (mremap), so smaller steps copy nothing.
        #expect(steps < 24)
    }

    @Test("small pieces that are each expected do not make a buffer grow in small steps")
    func expectingLittle() {
        var buffer = ByteBuffer()
        let piece = [UInt8](repeating: 1, count: 1000)
        var steps = 0
        for _ in 0..<20_000 {
            let before = buffer.capacity
            buffer.reserve(piece.count, expecting: piece.count)
            if buffer.capacity != before { steps += 1 }
            buffer.append(piece.span)
        }
        #expect(steps < 60)
    }

    @Test("the total follows buffers that grow, give memory back and end")
    func total() {
        // Far more than all other tests' buffers at the same time.
        let size = 1 << 30
        let before = BufferMemory.size
        do {
            var buffer = ByteBuffer()
            buffer.reserve(size)
            #expect(abs(BufferMemory.size - before - Allocation.size(of: size)) < size / 4)
            buffer.trim(above: 0)
            #expect(abs(BufferMemory.size - before) < size / 4)
            buffer.reserve(size)
            var other = CountedMemory()
            other.set(size)
            #expect(abs(BufferMemory.size - before - 2 * size) < size / 4)
            other.set(1)
        }
        #expect(abs(BufferMemory.size - before) < size / 4)
    }
}
