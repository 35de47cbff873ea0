// The newest bytes of the open segment, in memory. Feeds read them on the reactor's thread without a system call. What
// is older is read from the files, by a feed's worker.
//
// The memory is a ring of blocks, which begin at multiples of their size in the file. A block that is begun drops what
// it held one round earlier. Bytes are entered before they are written: after a failed write, the next one begins at
// the same offset or an earlier one and drops what follows it. Another segment, or another edition of its file, drops
// everything: a feed opens that file by its worker anyway, which reads the beginning too.

import Bytes
import Synchronization

/// The end of the log in memory, while anything reads it. Sizes and offsets are in bytes. Used from any thread.
package final class RecentLog: Sendable {
    /// A place in the log's files.
    package struct Place: Equatable, Sendable {
        /// The number that names the segment.
        let segment: UInt64
        /// See `FilePosition`.
        let edition: Int
        let offset: Int

        package init(segment: UInt64, edition: Int, offset: Int) {
            (self.segment, self.edition, self.offset) = (segment, edition, offset)
        }

        static func + (place: Place, size: Int) -> Place {
            Place(segment: place.segment, edition: place.edition, offset: place.offset + size)
        }
    }

    fileprivate struct Ring: ~Copyable, Sendable {
        let blockSize: Int
        var blocks = InlineArray<32, ByteBuffer> { _ in ByteBuffer() }
        var readers = 0
        /// The file that the bytes are of.
        var segment: UInt64 = 0
        var edition = 0
        /// The offsets in the file between which the ring has its bytes.
        var start = 0
        var end = 0
    }

    private let ring: Mutex<Ring>
    /// Whether anything reads: without a reader, a batch costs the writer this look.
    private let isRead = Atomic<Bool>(false)

    /// - Parameter size: the memory that it takes at most, at least 32. The last 31/32 of it are always there.
    package init(size: Int) {
        precondition(size >= 32, "a ring without room")
        ring = Mutex(Ring(blockSize: size / 32))
    }

    /// Bytes of memory in use. They are counted in `BufferMemory`.
    package var heldSize: Int { ring.withLock { $0.heldSize } }

    // MARK: Readers

    /// Counts a reader. What is appended from now on can be read.
    package func join() {
        ring.withLock { ring in
            ring.readers += 1
            isRead.store(true, ordering: .releasing)
        }
    }

    /// Counts a reader no more. The last one frees the memory.
    package func leave() {
        ring.withLock { ring in
            precondition(ring.readers > 0, "a reader leaves twice")
            ring.readers -= 1
            guard ring.readers == 0 else { return }
            isRead.store(false, ordering: .releasing)
            ring.release()
        }
    }

    /// Appends up to `size` bytes from `place` on to `buffer`. The caller knows how far it may read: bytes may be here
    /// that are not yet written.
    /// - Returns: how many; 0 if the byte at `place` is not here.
    package func read(_ size: Int, at place: Place, into buffer: inout ByteBuffer) -> Int {
        ring.withLock { $0.has(place) ? $0.read(size, at: place.offset, into: &buffer) : 0 }
    }

    /// Whether the byte at `place` is here.
    package func has(_ place: Place) -> Bool { ring.withLock { $0.has(place) } }

    // MARK: The writer

    /// Appends what is about to be written at `place`: the bytes of `first`, then those of `second`. Called by one thread
    /// at a time, before the place is published.
    @inline(__always)
    package func append(_ first: Span<UInt8>, _ second: Span<UInt8>, at place: Place) {
        guard isRead.load(ordering: .relaxed) else { return }
        append(first, at: place)
        append(second, at: place + first.count)
    }

    /// Takes the lock for each block, so that a reader waits for the copy of one at most. Readers may come and go between
    /// two blocks.
    private func append(_ bytes: Span<UInt8>, at place: Place) {
        var count = 0
        while count < bytes.count {
            count += ring.withLock { $0.append(bytes.extracting(count..<bytes.count), at: place + count) }
        }
    }
}

extension RecentLog.Ring {
    var heldSize: Int {
        var size = 0
        for index in blocks.indices { size += blocks[index].capacity }
        return size
    }

    /// The index of the block with the byte at `offset`.
    private func index(of offset: Int) -> Int { offset / blockSize % blocks.count }
    /// The offset of the first byte that is in the same block.
    private func front(of offset: Int) -> Int { max(offset - offset % blockSize, start) }
    /// The offset behind that block.
    private func limit(of offset: Int) -> Int { offset - offset % blockSize + blockSize }

    func has(_ place: RecentLog.Place) -> Bool {
        place.segment == segment && place.edition == edition && place.offset >= start && place.offset < end
    }

    func read(_ size: Int, at offset: Int, into buffer: inout ByteBuffer) -> Int {
        let target = min(offset + size, end)
        var next = offset
        while next < target {
            let (front, stop) = (front(of: next), min(limit(of: next), target))
            buffer.append(blocks[index(of: next)].bytes.extracting(next - front..<stop - front))
            next = stop
        }
        return next - offset
    }

    /// Makes `place` the end: drops what is behind it, or everything if the bytes do not reach it.
    private mutating func begin(at place: RecentLog.Place) {
        let offset = place.offset
        if place.segment == segment && place.edition == edition && offset >= start && offset <= end {
            while end > offset {
                let front = front(of: end - 1)
                let cut = max(offset, front)
                blocks[index(of: front)].truncate(to: cut - front)
                end = cut
            }
        } else {
            for index in blocks.indices { blocks[index].removeAll() }
            (segment, edition, start, end) = (place.segment, place.edition, offset, offset)
        }
    }

    /// Appends what fits into one block.
    /// - Returns: how many bytes; all of them if nothing reads.
    mutating func append(_ bytes: Span<UInt8>, at place: RecentLog.Place) -> Int {
        guard readers > 0 else { return bytes.count }
        begin(at: place)
        let index = index(of: end)
        if end % blockSize == 0 {
            blocks[index].removeAll()
            start = max(start, end - (blocks.count - 1) * blockSize)
        }
        if blocks[index].isEmpty { blocks[index].reserve(blockSize) }
        let count = min(bytes.count, limit(of: end) - end)
        blocks[index].append(bytes.extracting(0..<count))
        end += count
        assert(blocks[index].count == end - front(of: end - 1), "a block has other bytes than the ring says")
        return count
    }

    mutating func release() {
        for index in blocks.indices { blocks[index] = ByteBuffer() }
        (start, end) = (0, 0)
    }
}
