// A node of the ordered index: up to 124 slots in ascending order of their keys. A slot is eight bytes, as in a bucket: a 48-bit pointer to
// a pair, and 16 bits that stand for its key. Here these are the key's *head*: the two bytes behind the prefix that all keys between the
// node's separators share. So a search in a node mostly compares numbers, and looks at few pairs (Bayer and Unterauer, "Prefix B-trees",
// 1977, for the prefix; Graefe and Larson, "B-tree indexes and CPU caches", 2001, for the head).
//
//     next (8)  previous (8)  prefix size (4)  slots in use (1)  last place (1)  is leaf (1)  run (1)  slots (124 × 8)  [children (125 × 8)]
//
// A leaf's slots point to the table's pairs. Those of an inner node point to its separators: pairs without a value, which the index
// owns. A block of a leaf is 1016 bytes, with malloc's header 1 KiB.

import Bytes
import CMachine

/// One node: a pointer to its memory.
@safe
struct IndexNode: Equatable {
    typealias Slot = Bucket.Slot

    let memory: UnsafeMutableRawPointer

    /// The most slots of a node; an inner node has one more child.
    static let slotLimit = 124
    private static let headerSize = 24
    private static let childOffset = headerSize + slotLimit * 8
    private static let leafSize = childOffset
    private static let innerSize = childOffset + (slotLimit + 1) * 8

    private init(memory: UnsafeMutableRawPointer) { unsafe self.memory = memory }

    /// A node without slots.
    init(isLeaf: Bool) {
        let size = isLeaf ? IndexNode.leafSize : IndexNode.innerSize
        unsafe memory = .allocate(byteCount: size, alignment: 8)
        unsafe memory.initializeMemory(as: UInt64.self, repeating: 0, count: size / 8)
        unsafe memory.storeBytes(of: isLeaf ? 1 : 0, toByteOffset: 22, as: UInt8.self)
    }

    func free() { unsafe memory.deallocate() }

    static func == (left: IndexNode, right: IndexNode) -> Bool { unsafe left.memory == right.memory }

    /// Bytes of memory of the block.
    var size: Int { Allocation.size(of: isLeaf ? IndexNode.leafSize : IndexNode.innerSize) }

    var isLeaf: Bool { unsafe memory.load(fromByteOffset: 22, as: UInt8.self) != 0 }

    /// Slots in use.
    var count: Int {
        @inline(__always) get { unsafe Int(memory.load(fromByteOffset: 20, as: UInt8.self)) }
        nonmutating set {
            precondition(newValue >= 0 && newValue <= IndexNode.slotLimit, "more slots than a node has")
            unsafe memory.storeBytes(of: UInt8(truncatingIfNeeded: newValue), toByteOffset: 20, as: UInt8.self)
        }
    }

    /// Bytes that all keys between this node's separators begin with.
    var prefixSize: Int {
        @inline(__always) get { unsafe Int(memory.load(fromByteOffset: 16, as: UInt32.self)) }
    }

    /// How many of a leaf's last inserts came in order: each behind the one before it, or, below 0, each before it. From -127 to 127.
    private(set) var run: Int {
        get { unsafe Int(memory.load(fromByteOffset: 23, as: Int8.self)) }
        nonmutating set {
            unsafe memory.storeBytes(of: Int8(clamping: max(newValue, -127)), toByteOffset: 23, as: Int8.self)
        }
    }

    /// The run as it is after an insert at a place of this leaf.
    func run(withInsertAt place: Int) -> Int {
        let last = unsafe Int(memory.load(fromByteOffset: 21, as: UInt8.self))
        if place == last + 1 { return max(run, 0) + 1 }
        return place == last ? min(run, 0) - 1 : 0
    }

    /// Notes that the last insert was at a place of this leaf.
    func note(run: Int, at place: Int) {
        self.run = run
        unsafe memory.storeBytes(of: UInt8(truncatingIfNeeded: place), toByteOffset: 21, as: UInt8.self)
    }

    func endRun() { run = 0 }

    // MARK: Neighbours of a leaf

    var next: IndexNode? {
        get { node(at: 0) }
        nonmutating set { store(newValue, at: 0) }
    }

    var previous: IndexNode? {
        get { node(at: 8) }
        nonmutating set { store(newValue, at: 8) }
    }

    private func node(at offset: Int) -> IndexNode? {
        let address = unsafe memory.load(fromByteOffset: offset, as: UInt.self)
        guard let memory = unsafe UnsafeMutableRawPointer(bitPattern: address) else { return nil }
        return unsafe IndexNode(memory: memory)
    }

    private func store(_ node: IndexNode?, at offset: Int) {
        let address = node.map { unsafe UInt(bitPattern: $0.memory) } ?? 0
        unsafe memory.storeBytes(of: address, toByteOffset: offset, as: UInt.self)
    }

    // MARK: Slots

    @inline(__always)
    func slot(at index: Int) -> Slot {
        assert(index >= 0 && index < count, "a slot that is not in use")
        return unsafe memory.load(fromByteOffset: IndexNode.headerSize &+ index &* 8, as: Slot.self)
    }

    func store(_ slot: Slot, at index: Int) {
        precondition(index >= 0 && index < count, "a slot beyond its node")
        unsafe memory.storeBytes(of: slot, toByteOffset: IndexNode.headerSize &+ index &* 8, as: Slot.self)
    }

    @inline(__always)
    func pair(at index: Int) -> Pair { Bucket.pair(ofSlot: slot(at: index)) }

    /// Inserts a slot. The node must not be full.
    func insert(_ slot: Slot, at index: Int) {
        let old = count
        precondition(index >= 0 && index <= old, "a slot beyond its node")
        count = old + 1
        move(from: index, to: index + 1, count: old - index, base: IndexNode.headerSize)
        store(slot, at: index)
    }

    func remove(at index: Int) {
        let old = count
        precondition(index >= 0 && index < old, "a slot beyond its node")
        move(from: index + 1, to: index, count: old - index - 1, base: IndexNode.headerSize)
        count = old - 1
    }

    /// Appends slots of a node of the same prefix.
    func append(_ range: Range<Int>, of other: IndexNode) {
        let old = count
        precondition(range.upperBound <= other.count && prefixSize == other.prefixSize, "slots of another kind")
        count = old + range.count
        unsafe (memory + IndexNode.headerSize + old * 8).copyMemory(
            from: other.memory + IndexNode.headerSize + range.lowerBound * 8, byteCount: range.count * 8)
    }

    /// An empty node of the same kind and prefix.
    func emptyCopy() -> IndexNode {
        let copy = IndexNode(isLeaf: isLeaf)
        copy.storePrefixSize(prefixSize)
        return copy
    }

    private func move(from: Int, to: Int, count: Int, base: Int) {
        guard count > 0 else { return }
        // The two may overlap.
        unsafe (memory + base + to * 8).copyMemory(from: memory + base + from * 8, byteCount: count * 8)
    }

    // MARK: Children of an inner node

    @inline(__always)
    func child(at index: Int) -> IndexNode {
        assert(!isLeaf && index >= 0 && index <= count, "a child beyond its node")
        let offset = IndexNode.childOffset &+ index &* 8
        let address = unsafe memory.load(fromByteOffset: offset, as: UInt.self)
        return unsafe IndexNode(memory: UnsafeMutableRawPointer(bitPattern: address).unsafelyUnwrapped)
    }

    func storeChild(_ child: IndexNode, at index: Int) {
        precondition(!isLeaf && index >= 0 && index <= count, "a child beyond its node")
        store(child, at: IndexNode.childOffset + index * 8)
    }

    /// Inserts a separator and the child behind it. The node must not be full.
    func insert(_ slot: Slot, at index: Int, childBehind child: IndexNode) {
        let old = count
        insert(slot, at: index)
        move(from: index + 1, to: index + 2, count: old - index, base: IndexNode.childOffset)
        storeChild(child, at: index + 1)
    }

    /// Removes a separator and the child behind it.
    func removeWithChildBehind(at index: Int) {
        move(from: index + 2, to: index + 1, count: count - index - 1, base: IndexNode.childOffset)
        remove(at: index)
    }

    // MARK: Searching

    /// The head of a key.
    @inline(__always)
    static func head(of key: Span<UInt8>, behind prefixSize: Int) -> UInt64 {
        let rest = key.count &- prefixSize
        if rest >= 2 { return UInt64(key[prefixSize]) &<< 8 | UInt64(key[prefixSize &+ 1]) }
        return rest == 1 ? UInt64(key[prefixSize]) &<< 8 : 0
    }

    /// The slot of a pair in this node.
    @inline(__always)
    func slot(of pair: Pair) -> Slot { Bucket.slot(pair, tag: IndexNode.head(of: pair.key, behind: prefixSize)) }

    /// The number of slots whose key is below `key`, which lies between the node's separators.
    /// - Parameter countsEqual: whether a key that equals it is counted too.
    func place(of key: Span<UInt8>, countsEqual: Bool) -> Int {
        let prefixSize = prefixSize
        let head = IndexNode.head(of: key, behind: prefixSize)
        var low = firstIndex(notBelow: head, from: 0)
        var high = firstIndex(notBelow: head &+ 1, from: low)
        guard low < high else { return low }
        let rest = key.extracting(prefixSize..<key.count)
        while low < high {
            let middle = (low &+ high) &>> 1
            let other = pair(at: middle).key
            let order = other.extracting(prefixSize..<other.count).compared(with: rest)
            if order < 0 || order == 0 && countsEqual { low = middle &+ 1 } else { high = middle }
        }
        return low
    }

    /// The first slot whose head is not below `head`.
    @inline(__always)
    private func firstIndex(notBelow head: UInt64, from start: Int) -> Int {
        var (low, high) = (start, count)
        while low < high {
            let middle = (low &+ high) &>> 1
            if Bucket.tag(ofSlot: slot(at: middle)) < head { low = middle &+ 1 } else { high = middle }
        }
        return low
    }

    /// The index of a pair's slot, found without looking at any other pair; nil if the node does not have it.
    func index(of pair: Pair, key: Span<UInt8>) -> Int? {
        let head = IndexNode.head(of: key, behind: prefixSize)
        let wanted = Bucket.slot(pair, tag: head)
        var index = firstIndex(notBelow: head, from: 0)
        while index < count {
            let slot = slot(at: index)
            if slot == wanted { return index }
            if Bucket.tag(ofSlot: slot) != head { return nil }
            index += 1
        }
        return nil
    }

    /// Sets what all keys between the node's separators begin with, and the heads of all slots.
    func setPrefixSize(_ size: Int) {
        guard size != prefixSize else { return }
        storePrefixSize(size)
        for index in 0..<count { store(slot(of: pair(at: index)), at: index) }
    }

    private func storePrefixSize(_ size: Int) {
        precondition(size >= 0 && size >> 32 == 0, "a prefix of 4 GiB")
        unsafe memory.storeBytes(of: UInt32(truncatingIfNeeded: size), toByteOffset: 16, as: UInt32.self)
    }

    /// Prefetches the beginning of a pair.
    @inline(__always)
    func prefetchPair(at index: Int) { unsafe prefetch(pair(at: index).block) }

    /// Prefetches the slots.
    func prefetchSlots() {
        for line in 0..<16 { unsafe prefetch(memory + line * 64) }
    }
}
