// A small open-addressed hash table, kept sorted: at most `maximumCapacity` slots of eight bytes, a 16-bit tag of the
// key's hash beside a 48-bit pointer to the pair. The tag alone determines a slot's place (its home), and slots are in
// the order of their tags, so
// - a search ends at the first larger tag, even if the key does not exist (linear probing with ordering: Amble and
//   Knuth, "Ordered hash tables", 1974; Celis, "Robin Hood hashing", 1986);
// - growing, shrinking and closing a gap move slots only, and touch no pair;
// - a scan can stop after any tag and continue there later. Nothing wraps around: after the last home there are a few
//   spare slots, and the last of them stays empty.

import Bytes

/// One bucket: a pointer to its memory, and its capacity, as the table's directory holds them.
@safe
struct Bucket {
    typealias Slot = UInt64

    let memory: UnsafeMutableRawPointer
    /// Homes. The load stays at or below 7/8 of it.
    let capacity: Int

    static let minimumCapacity = 16
    static let maximumCapacity = 1024
    /// Bytes of a bucket per pair, if it is 70 % full: the most in a table that has grown.
    static let sizePerPair = 12
    private static let spareSlots = 16
    static let headerSize = 8

    init(capacity: Int, depth: Int) {
        let slots = capacity + Bucket.spareSlots
        unsafe memory = .allocate(byteCount: Bucket.headerSize + slots * 8, alignment: 8)
        unsafe memory.initializeMemory(as: UInt64.self, repeating: 0, count: slots + 1)
        self.capacity = capacity
        unsafe memory.storeBytes(of: UInt32(depth), toByteOffset: 4, as: UInt32.self)
    }

    /// The bucket of a directory entry.
    @inline(__always)
    init(entry: UInt64) {
        let address = UInt(truncatingIfNeeded: entry & 0xffff_ffff_ffff)
        unsafe memory = UnsafeMutableRawPointer(bitPattern: address).unsafelyUnwrapped
        capacity = Int(truncatingIfNeeded: entry &>> 48)
    }

    /// The directory entry of this bucket.
    var entry: UInt64 {
        let address = unsafe UInt64(UInt(bitPattern: memory))
        precondition(address >> 48 == 0, "an address of more than 48 bits")
        precondition(capacity >> 16 == 0, "a bucket of more than 65,535 slots")
        return UInt64(capacity) << 48 | address
    }

    func free() {
        unsafe memory.deallocate()
    }

    /// Pairs in the bucket.
    var count: Int {
        get { unsafe Int(memory.load(as: UInt32.self)) }
        nonmutating set { unsafe memory.storeBytes(of: UInt32(newValue), as: UInt32.self) }
    }

    /// The number of leading hash bits that lead here.
    var depth: Int {
        get { unsafe Int(memory.load(fromByteOffset: 4, as: UInt32.self)) }
        nonmutating set {
            unsafe memory.storeBytes(of: UInt32(newValue), toByteOffset: 4, as: UInt32.self)
        }
    }

    var isFull: Bool { (count + 1) * 8 > capacity * 7 }
    var isSparse: Bool { capacity > Bucket.minimumCapacity && count * 4 < capacity }

    /// Slots, the spare ones included.
    var slotCount: Int { capacity + Bucket.spareSlots }

    /// Bytes of memory of the block.
    var size: Int { Allocation.size(of: Bucket.headerSize + slotCount * 8) }

    @inline(__always)
    static func tag(of hash: UInt64) -> UInt64 { hash & 0xffff }

    @inline(__always)
    static func tag(ofSlot slot: Slot) -> UInt64 { slot &>> 48 }

    @inline(__always)
    static func slot(_ pair: Pair, tag: UInt64) -> Slot {
        unsafe tag &<< 48 | UInt64(UInt(bitPattern: pair.block))
    }

    @inline(__always)
    static func pair(ofSlot slot: Slot) -> Pair {
        let address = UInt(truncatingIfNeeded: slot & 0xffff_ffff_ffff)
        return unsafe Pair(block: UnsafeMutableRawPointer(bitPattern: address).unsafelyUnwrapped)
    }

    /// The slot at `index`, 0 if it is empty. Unchecked: `index` stays below `slotCount` because the search stops at an
    /// empty slot, and the last slot is always empty.
    @inline(__always)
    func slot(at index: Int) -> Slot {
        unsafe memory.load(fromByteOffset: Bucket.headerSize &+ index &* 8, as: Slot.self)
    }

    @inline(__always)
    func store(_ slot: Slot, at index: Int) {
        assert(index >= 0 && index < slotCount - (slot == 0 ? 0 : 1), "a slot beyond its bucket, or in its last place")
        unsafe memory.storeBytes(
            of: slot, toByteOffset: Bucket.headerSize &+ index &* 8, as: Slot.self)
    }

    /// The first slot that a tag may have. Grows with the tag.
    @inline(__always)
    func home(of tag: UInt64) -> Int {
        Int(truncatingIfNeeded: (tag &* UInt64(truncatingIfNeeded: capacity)) &>> 16)
    }

    /// The first slot, empty or with a tag not below `tag`, at or after the tag's home.
    @inline(__always)
    func firstIndex(notBelow tag: UInt64) -> Int {
        var index = home(of: tag)
        while true {
            let slot = slot(at: index)
            if slot == 0 || Bucket.tag(ofSlot: slot) >= tag { return index }
            index &+= 1
        }
    }

    /// The index of the slot of `key`, nil if the bucket does not hold it.
    @inline(__always)
    func index(of key: Span<UInt8>, tag: UInt64) -> Int? {
        var index = firstIndex(notBelow: tag)
        while true {
            let slot = slot(at: index)
            if slot == 0 || Bucket.tag(ofSlot: slot) != tag { return nil }
            if Bucket.pair(ofSlot: slot).key.equals(key) { return index }
            index &+= 1
        }
    }

    /// Brings the pairs into the processor's cache, many at a time: the processor overlaps their cache misses.
    func touchPairs() {
        var sum = 0
        for index in 0..<slotCount {
            let slot = slot(at: index)
            if slot != 0 { sum &+= Bucket.pair(ofSlot: slot).keySize }
        }
        // Use the result, or the optimizer removes the loads.
        precondition(sum >= 0, "a key of a negative size")
    }

    /// Inserts a slot. The bucket must not be full.
    /// - Returns: false, with nothing changed, if the run of slots reaches the end.
    func insert(_ slot: Slot) -> Bool {
        let index = firstIndex(notBelow: Bucket.tag(ofSlot: slot))
        var gap = index
        while self.slot(at: gap) != 0 { gap &+= 1 }
        guard gap < slotCount - 1 else { return false }
        while gap > index {
            store(self.slot(at: gap &- 1), at: gap)
            gap &-= 1
        }
        store(slot, at: index)
        count += 1
        return true
    }

    /// Empties the slot at `index` and moves up later ones that are not at home.
    func remove(at index: Int) {
        assert(slot(at: index) != 0 && count > 0, "a slot is removed that holds no pair")
        var gap = index
        while true {
            let next = slot(at: gap &+ 1)
            if next == 0 || home(of: Bucket.tag(ofSlot: next)) > gap { break }
            store(next, at: gap)
            gap &+= 1
        }
        store(0, at: gap)
        count -= 1
    }

    /// Appends a slot after all others. `next` is the first free index, and is advanced.
    /// - Returns: false if there is no room at the end.
    func append(_ slot: Slot, next: inout Int) -> Bool {
        let index = max(next, home(of: Bucket.tag(ofSlot: slot)))
        guard index < slotCount - 1 else { return false }
        store(slot, at: index)
        next = index + 1
        count += 1
        return true
    }

    /// A copy with another capacity. The caller frees the old bucket.
    func resized(to capacity: Int) -> Bucket? {
        let copy = Bucket(capacity: capacity, depth: depth)
        var next = 0
        for index in 0..<slotCount {
            let slot = slot(at: index)
            if slot != 0 && !copy.append(slot, next: &next) {
                copy.free()
                return nil
            }
        }
        precondition(copy.count == count, "a resized bucket has lost a pair")
        return copy
    }

    /// The next larger capacity: a quarter more, so that a bucket is at least 70 % full after it has grown.
    var nextCapacity: Int {
        min(Bucket.rounded(capacity + max(capacity / 4, 16)), Bucket.maximumCapacity)
    }

    /// A capacity for `count` pairs that leaves room to grow.
    static func capacity(for count: Int) -> Int {
        min(max(rounded(count * 10 / 7), minimumCapacity), maximumCapacity)
    }

    private static func rounded(_ capacity: Int) -> Int { (capacity + 15) & ~15 }
}
