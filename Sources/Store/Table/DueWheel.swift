// When pairs expire: a hierarchical timing wheel (Varghese and Lauck, "Hashed and hierarchical timing wheels", 1987) of
// hashes. Nothing points to a pair, so pairs move and end without telling the wheel.
//
// Time is counted in ticks of 64 ms. Four levels have 256 slots each, of 1, 256, 256² and 256³ ticks: 64 ms, 16.4 s, 70
// minutes and 12.4 days; what lies beyond the last (8.7 years) is one more list. An entry stands in the lowest level that
// reaches its tick, and moves down as its slot begins. It has 8 bytes: the 32 leading bits of the hash and its 16-bit tag,
// which lead to bucket and slots, and 16 bits of the tick. Those do for two levels below an entry's own: on the highest
// level an entry states its tick to 16 s, and beyond not at all, so it comes out early. The owner then registers it again.
//
// Entries are lazy. The owner registers a pair if no entry of it comes out early enough, and takes none back: one that
// comes out finds its pair dead, or alive, which registers it again, or gone. Where too many are stale they are swept: the
// owner looks up each entry that was there when the sweep began, and registers those again that a pair needs. A mark, which
// changes with each sweep and which the owner keeps in each pair, says whether the pair has an entry since; so one entry a
// pair is left.

import Bytes

/// Up to 64 entries of a wheel. Each leads to a bucket and a tag in place of its hash.
package struct DueEntries {
    package static let capacity = 64
    private var entries = InlineArray<64, UInt64>(repeating: 0)
    package private(set) var count = 0
    var isFull: Bool { count == DueEntries.capacity }

    package init() {}

    package subscript(index: Int) -> UInt64 { entries[index] }

    mutating func append(_ entry: UInt64) {
        entries[count] = entry
        count &+= 1
    }
}

/// A timing wheel of hashes.
package struct DueWheel {
    /// A list of entries: full chunks behind one that is filled. Word 0 of a chunk is the number of the next one.
    private struct List {
        static let none = UInt32.max
        var chunk = List.none
        /// Entries in the first chunk.
        var used: UInt32 = 0
        var isEmpty: Bool { chunk == List.none }
    }

    private static let levels = 4
    private static let slotsPerLevel: UInt64 = 256
    /// Bits of the entry that are the hash's; the others are the tick's.
    private static let hashBits: UInt64 = 0xffff_ffff_0000_ffff
    /// Entries that a step moves to a lower level at most, some 20 ns each.
    private static let movesPerStep = 512
    /// Stale entries that are left alone, however few pairs expire: half a megabyte.
    private static let spareEntries = 65_536
    /// Bytes of the lists of all slots, and of the few others that a sweep goes through with them.
    private static let slotsSize = Allocation.size(of: 32 + (levels * Int(slotsPerLevel) + 4) * 8)

    private var pool = ChunkPool()
    /// The lists of all levels, the lowest first; none before the first entry.
    private var slots: [List] = []
    /// A bit for each slot with entries.
    private var occupied = InlineArray<16, UInt64>(repeating: 0)
    private var beyond = List()
    /// The earliest tick of an entry of `beyond`.
    private var earliestBeyond = UInt64.max

    /// The first tick whose slot has not been taken.
    private var position: UInt64 = 0
    /// Entries of ticks before `position`.
    private var due = List()
    /// A slot's entries on their way to lower levels, and its level. It begins at `position`.
    private var moving = List()
    private var movingLevel = 0
    /// Entries that came out while their pairs had to stay.
    private var kept = List()
    /// What a sweep has still to look up; the last is the next.
    private var unswept: [List] = []

    /// Entries, the stale ones included.
    package private(set) var count = 0
    /// The mark of pairs with an entry that the sweep under way need not find: the top bit, or none.
    package private(set) var mark: UInt64 = 0

    /// Bytes of memory.
    package var size: Int {
        pool.size &+ (slots.isEmpty ? 0 : DueWheel.slotsSize) &+ (unswept.isEmpty ? 0 : DueWheel.slotsSize)
    }

    package init() {}

    // MARK: Entries

    /// Makes an entry for `hash` come out once `time`, in Unix milliseconds, is over: in the same tick, or earlier where it
    /// is far away.
    package mutating func register(_ hash: UInt64, at time: UInt64) {
        if slots.isEmpty { slots = Array(repeating: List(), count: DueWheel.levels * Int(DueWheel.slotsPerLevel)) }
        count &+= 1
        insert(hash & DueWheel.hashBits, tick: time &>> 6)
    }

    private mutating func insert(_ entry: UInt64, tick: UInt64) {
        guard tick >= position else { return DueWheel.append(entry, to: &due, pool: &pool) }
        for level in 0..<DueWheel.levels {
            let shift = UInt64(level &* 8)
            guard tick &>> shift &- position &>> shift < DueWheel.slotsPerLevel else { continue }
            let slot = level &* 256 &+ Int(truncatingIfNeeded: tick &>> shift & 255)
            let bits = (level == 3 ? tick &>> 8 : tick) & 0xffff
            DueWheel.append(entry | bits &<< 16, to: &slots[slot], pool: &pool)
            occupied[slot &>> 6] |= 1 &<< UInt64(slot & 63)
            return
        }
        earliestBeyond = min(earliestBeyond, tick)
        DueWheel.append(entry, to: &beyond, pool: &pool)
    }

    /// The tick of an entry of a slot that begins at `start`: of the highest level's to 256 ticks, rounded down.
    private static func tick(of entry: UInt64, level: Int, start: UInt64) -> UInt64 {
        let bits = entry &>> 16 & 0xffff
        return level == 3 ? start | bits &<< 8 : start & ~0xffff | bits
    }

    /// Puts an entry that has come out aside until `retryKept`.
    package mutating func keep(_ entry: UInt64) {
        count &+= 1
        DueWheel.append(entry & DueWheel.hashBits, to: &kept, pool: &pool)
    }

    /// Makes the entries that were put aside come out again.
    package mutating func retryKept() {
        if due.isEmpty { swap(&due, &kept) }
        while let entry = DueWheel.removeLast(of: &kept, pool: &pool) { DueWheel.append(entry, to: &due, pool: &pool) }
    }

    /// Removes all entries. What they took is the returned wheel's, for `giveBackMemory`.
    mutating func removeAll() -> DueWheel {
        let old = self
        self = DueWheel()
        (position, mark) = (old.position, old.mark)
        return old
    }

    /// Frees some of the memory of a wheel that nobody uses any more.
    /// - Returns: whether there is more.
    mutating func giveBackMemory() -> Bool {
        (slots, unswept) = ([], [])
        return pool.freeSlabs(16)
    }

    // MARK: Time

    /// The end of the ticks that are over at `time`.
    private static func end(of time: UInt64) -> UInt64 { time / 64 + (time % 64 == 63 ? 1 : 0) }

    /// Takes entries whose tick is over at `time`, in Unix milliseconds, and early ones, in no order. A call takes a short
    /// time, whatever there is. At an earlier time than that of the last call it takes nothing: what is registered again
    /// then would come out at once.
    package mutating func take(upTo time: UInt64, into entries: inout DueEntries) {
        let end = DueWheel.end(of: time)
        guard end >= position else { return }
        guard count > 0 else { return position = end }
        var moves = DueWheel.movesPerStep
        while !entries.isFull {
            if let entry = DueWheel.removeLast(of: &due, pool: &pool) {
                count &-= 1
                entries.append(entry)
            } else if let entry = DueWheel.removeLast(of: &moving, pool: &pool) {
                insert(
                    entry & DueWheel.hashBits, tick: DueWheel.tick(of: entry, level: movingLevel, start: position))
                moves &-= 1
                if moves == 0 { return }
            } else if let next = nextTick, next < end {
                position = next
                takeSlots()
            } else {
                position = end
                return
            }
        }
    }

    /// Whether `take` has something to do at `time`, or a sweep is under way.
    package func hasWork(at time: UInt64) -> Bool {
        isSweeping || (nextTime.map { $0 <= time } ?? false)
    }

    /// The first time, in Unix milliseconds, at which `take` may have something to do; nil if there are no entries but
    /// those in a sweep.
    package var nextTime: UInt64? {
        if !due.isEmpty || !moving.isEmpty { return position &<< 6 &- (position == 0 ? 0 : 1) }
        return nextTick.map { $0 &<< 6 | 63 }
    }

    /// The first tick from `position` on at which a slot with entries begins.
    private var nextTick: UInt64? {
        var next = beyond.isEmpty ? UInt64.max : earliestBeyond & ~0xffff_ffff
        for level in 0..<DueWheel.levels {
            guard let distance = occupiedSlot(level) else { continue }
            let shift = UInt64(level &* 8)
            next = min(next, max((position &>> shift &+ distance) &<< shift, position))
        }
        return next == .max ? nil : next
    }

    /// How many slots behind the one of `position` the first one with entries is.
    private func occupiedSlot(_ level: Int) -> UInt64? {
        let first = Int(truncatingIfNeeded: position &>> UInt64(level &* 8) & 255)
        for step in 0...4 {
            var bits = occupied[level &* 4 &+ (first &>> 6 &+ step) & 3]
            if step == 0 { bits &= ~0 &<< UInt64(first & 63) }
            guard bits != 0 else { continue }
            // In the last step only bits before the first slot are left: the others were seen in the first.
            let slot = (first &>> 6 &+ step) & 3 &* 64 &+ bits.trailingZeroBitCount
            return UInt64((slot &- first) & 255)
        }
        return nil
    }

    /// Takes the highest level's slot that begins at `position`. Lower ones are next: what moves down from a slot never
    /// enters another slot that begins there, but for the lowest.
    private mutating func takeSlots() {
        if !beyond.isEmpty, earliestBeyond & ~0xffff_ffff <= position {
            swap(&due, &beyond)
            earliestBeyond = .max
            return
        }
        for level in (0..<DueWheel.levels).reversed() where occupiedSlot(level) == 0 {
            let slot = level &* 256 &+ Int(truncatingIfNeeded: position &>> UInt64(level &* 8) & 255)
            occupied[slot &>> 6] &= ~(1 &<< UInt64(slot & 63))
            if level == 0 {
                swap(&due, &slots[slot])
                position &+= 1
            } else {
                swap(&moving, &slots[slot])
                movingLevel = level
            }
            return
        }
    }

    // MARK: Sweeping

    package var isSweeping: Bool { !unswept.isEmpty }

    /// Whether a sweep should begin, where `pairs` pairs expire.
    package func needsSweep(pairs: Int) -> Bool { count > 2 * pairs + DueWheel.spareEntries && !isSweeping }

    /// Begins to sweep. Until the sweep is over, entries from before it come out by `takeUnswept` alone, those soon due
    /// first.
    package mutating func beginSweep() {
        precondition(!isSweeping, "a sweep begins during another")
        unswept.reserveCapacity(slots.count + 4)
        unswept.append(beyond)
        for level in (0..<DueWheel.levels).reversed() {
            for distance in (0..<DueWheel.slotsPerLevel).reversed() {
                let number = position &>> UInt64(level &* 8) &+ distance
                unswept.append(slots[level &* 256 &+ Int(truncatingIfNeeded: number & 255)])
            }
        }
        unswept += [kept, moving, due]
        unswept.removeAll { $0.isEmpty }
        slots = Array(repeating: List(), count: slots.count)
        occupied = InlineArray(repeating: 0)
        (beyond, earliestBeyond, kept, moving, due) = (List(), .max, List(), List(), List())
        mark ^= 1 &<< 63
    }

    /// Takes entries from before the sweep.
    package mutating func takeUnswept(into entries: inout DueEntries) {
        while !entries.isFull, !unswept.isEmpty {
            if let entry = DueWheel.removeLast(of: &unswept[unswept.count &- 1], pool: &pool) {
                count &-= 1
                entries.append(entry & DueWheel.hashBits)
            } else {
                unswept.removeLast()
            }
        }
        while unswept.last?.isEmpty == true { unswept.removeLast() }
        if unswept.isEmpty { unswept = [] }
    }

    // MARK: Lists

    @inline(__always)
    private static func append(_ entry: UInt64, to list: inout List, pool: inout ChunkPool) {
        if list.isEmpty || list.used == UInt32(ChunkPool.chunkSize &- 1) {
            let chunk = pool.take()
            pool[chunk, 0] = UInt64(list.chunk)
            list = List(chunk: chunk, used: 0)
        }
        list.used &+= 1
        pool[list.chunk, Int(list.used)] = entry
    }

    @inline(__always)
    private static func removeLast(of list: inout List, pool: inout ChunkPool) -> UInt64? {
        guard !list.isEmpty else { return nil }
        let entry = pool[list.chunk, Int(list.used)]
        list.used &-= 1
        if list.used == 0 {
            let chunk = list.chunk
            list = List(chunk: UInt32(truncatingIfNeeded: pool[chunk, 0]), used: UInt32(ChunkPool.chunkSize &- 1))
            if list.isEmpty { list = List() }
            pool.give(chunk)
        }
        return entry
    }

    // MARK: Self-check

    /// Where the entries of hashes are: for checks.
    package struct Content {
        /// Hash bits and the earliest tick at which one comes out.
        fileprivate var current: [UInt64: UInt64] = [:]
        fileprivate var unswept: Set<UInt64> = []
        fileprivate var mark: UInt64

        /// Whether a pair has an entry that comes out by its time.
        /// - Parameter word: the time, with the pair's mark as its top bit.
        package func covers(_ hash: UInt64, _ word: UInt64) -> Bool {
            let bits = hash & DueWheel.hashBits
            guard word & 1 << 63 == mark else { return unswept.contains(bits) }
            return current[bits].map { $0 <= (word & ~(1 << 63)) >> 6 } ?? false
        }
    }

    /// All entries, and what is wrong with the lists.
    package func content() -> (Content, problems: [String]) {
        var content = Content(mark: mark)
        var (found, chunks) = (0, 0)
        func visit(_ list: List, _ add: (UInt64) -> Void) {
            var list = list
            while !list.isEmpty {
                for index in 1...Int(list.used) { add(pool[list.chunk, index]) }
                (found, chunks) = (found + Int(list.used), chunks + 1)
                list = List(chunk: UInt32(truncatingIfNeeded: pool[list.chunk, 0]), used: 63)
            }
        }
        func add(_ entry: UInt64, _ tick: UInt64) {
            content.current[entry & DueWheel.hashBits, default: .max] =
                min(content.current[entry & DueWheel.hashBits] ?? .max, tick)
        }
        for list in [due, kept] { visit(list) { add($0, 0) } }
        visit(moving) { add($0, DueWheel.tick(of: $0, level: movingLevel, start: position)) }
        visit(beyond) { add($0, earliestBeyond & ~0xffff_ffff) }
        for list in unswept { visit(list) { content.unswept.insert($0 & DueWheel.hashBits) } }
        var problems: [String] = []
        for slot in slots.indices {
            let (level, shift) = (slot >> 8, UInt64(slot >> 8 * 8))
            let distance = (UInt64(slot & 255) &- position >> shift) & 255
            let start = (position >> shift + distance) << shift
            visit(slots[slot]) { add($0, DueWheel.tick(of: $0, level: level, start: start)) }
            if slots[slot].isEmpty == (occupied[slot >> 6] >> UInt64(slot & 63) & 1 == 1) {
                problems.append("slot \(slot) of the due wheel is marked wrong")
            }
        }
        if found != count { problems.append("\(found) entries of the due wheel found, \(count) counted") }
        if chunks != pool.usedChunks { problems.append("\(pool.usedChunks) chunks in use, \(chunks) in lists") }
        return (content, problems)
    }
}
