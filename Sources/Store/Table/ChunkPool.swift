// Memory of a due wheel's lists: chunks of 512 bytes, cut from slabs. Lists grow and end all the time, and a chunk that one
// gives back is the next one's. A slab whose chunks are all free is freed: after many pairs have expired, their memory is
// there for others.

import Bytes

/// Chunks of 64 words, named by numbers.
struct ChunkPool {
    /// Words of a chunk.
    static let chunkSize = 64
    private static let chunksPerSlab = 64
    /// Bytes of a slab: an array has a header of 32 bytes, and a slab its 16 in `slabs`.
    private static let slabSize = Allocation.size(of: 32 + chunksPerSlab * chunkSize * 8) + 16

    private struct Slab {
        /// Empty while the slab is freed.
        var words: [UInt64] = []
        /// A bit for each chunk.
        var free: UInt64 = .max
    }

    private var slabs: [Slab] = []
    private var slabCount = 0
    /// Slabs without a chunk in use that are kept: one at most, or a list that grows and ends would allocate each time.
    private var unusedSlabs = 0
    /// No slab below this one has a free chunk. Chunks are taken from the lowest, so that higher ones can be freed.
    private var lowest = 0

    /// Bytes of memory.
    var size: Int { slabCount &* ChunkPool.slabSize }

    /// Takes a chunk; its words have any content.
    mutating func take() -> UInt32 {
        while lowest < slabs.count, slabs[lowest].free == 0 || slabs[lowest].words.isEmpty { lowest &+= 1 }
        if lowest == slabs.count { allocateSlab() }
        let chunk = slabs[lowest].free.trailingZeroBitCount
        if slabs[lowest].free == .max { unusedSlabs &-= 1 }
        slabs[lowest].free &= ~(1 &<< UInt64(chunk))
        return UInt32(lowest &* ChunkPool.chunksPerSlab &+ chunk)
    }

    /// Gives a chunk back.
    mutating func give(_ chunk: UInt32) {
        let index = Int(chunk) / ChunkPool.chunksPerSlab
        let bit: UInt64 = 1 &<< UInt64(Int(chunk) % ChunkPool.chunksPerSlab)
        precondition(slabs[index].free & bit == 0, "a chunk is given back twice")
        slabs[index].free |= bit
        lowest = min(lowest, index)
        guard slabs[index].free == .max else { return }
        unusedSlabs &+= 1
        if unusedSlabs > 1 { freeSlab(index) }
    }

    /// The word of a chunk.
    subscript(chunk: UInt32, word: Int) -> UInt64 {
        @inline(__always)
        get {
            slabs[Int(chunk) / ChunkPool.chunksPerSlab]
                .words[Int(chunk) % ChunkPool.chunksPerSlab &* ChunkPool.chunkSize &+ word]
        }
        @inline(__always)
        set {
            slabs[Int(chunk) / ChunkPool.chunksPerSlab]
                .words[Int(chunk) % ChunkPool.chunksPerSlab &* ChunkPool.chunkSize &+ word] = newValue
        }
    }

    /// Makes `lowest` a slab of free chunks.
    private mutating func allocateSlab() {
        lowest = slabs.firstIndex { $0.words.isEmpty } ?? slabs.count
        if lowest == slabs.count { slabs.append(Slab()) }
        slabs[lowest].words = Array(repeating: 0, count: ChunkPool.chunksPerSlab * ChunkPool.chunkSize)
        (slabCount, unusedSlabs) = (slabCount + 1, unusedSlabs + 1)
    }

    private mutating func freeSlab(_ index: Int) {
        slabs[index].words = []
        (slabCount, unusedSlabs) = (slabCount - 1, unusedSlabs - 1)
        while slabs.last?.words.isEmpty == true { slabs.removeLast() }
        lowest = min(lowest, slabs.count)
    }

    /// Frees up to `count` slabs, whatever they hold: for a pool whose chunks nobody uses any more.
    /// - Returns: whether there are more.
    mutating func freeSlabs(_ count: Int) -> Bool {
        for _ in 0..<count {
            guard let last = slabs.popLast() else { break }
            if !last.words.isEmpty { slabCount -= 1 }
        }
        return !slabs.isEmpty
    }

    /// Chunks in use, counted anew.
    var usedChunks: Int {
        slabs.reduce(0) { sum, slab in sum + (~slab.free).nonzeroBitCount }
    }
}
