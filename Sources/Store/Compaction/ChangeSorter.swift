// The changes of a part of the log in bounded memory: the newest one of each key, sorted by key. A superseded change
// costs a hash table lookup, and no more memory than its key has already; only the remaining changes are sorted.
//
// A `ttl` is the one change that does not replace the one before it: it gives its time to the `set` of its key, replaces
// an older `ttl`, and vanishes on a removal. It stays as it is only where neither is in this part of the log.

import Bytes
import LogFormat

/// Collects changes, then returns them sorted.
struct ChangeSorter: ~Copyable {
    /// The newest change of each key, and some superseded ones; see `StoredChange`.
    private var texts = ByteBuffer()
    /// Bytes of superseded changes in `texts`.
    private var voidSize = 0
    /// The change of each key, indexed by hash: 32 bits of the hash, then the change's offset in words plus one; 0 if
    /// empty. At most seven eighths are occupied.
    private var slots: [UInt64] = []
    private var count = 0
    /// Clients choose the keys, so the hash is keyed.
    private let sipHash = SipHash()

    /// Changes at the end of `texts` that are in no slot yet.
    private var newest: [Newest] = []
    /// Accumulates what was read, or the optimizer would remove the loads.
    private var touched: UInt64 = 0

    /// A change not yet compared with older ones of its key.
    private struct Newest {
        /// 32 bits.
        var hash: UInt64
        var place: Int
        /// The slot found for the hash, for `touch`.
        var slot: UInt64 = 0
    }

    /// How many are settled at a time, and at most how many bytes.
    private static let newestCount = 32
    private static let newestSize = 64 << 10

    /// After sorting: the changes, those from `first` on not yet returned.
    private var order: [PrefixedPlace] = []
    private var first = 0

    private static let firstSlotCount = 64

    /// Bytes held, including those that sorting will need.
    var size: Int { texts.count + max(slots.count * 8, count * MemoryLayout<PrefixedPlace>.stride) }
    var isEmpty: Bool { first == order.count }

    /// Adds the next change, which must not be a `clear`.
    /// - Parameter isPlain: whether key and value are known to need no escapes in JSON.
    @inline(__always)
    mutating func append(_ change: borrowing Change, isPlain: Bool = false) {
        let place = texts.count
        texts.append(stored: change, isPlain: isPlain)
        note(change, at: place)
    }

    /// As above, with a reference to the value that the change sets.
    mutating func append(_ change: borrowing Change, _ reference: ValueReference) {
        let place = texts.count
        texts.append(stored: change, reference)
        note(change, at: place)
    }

    @inline(__always)
    private mutating func note(_ change: borrowing Change, at place: Int) {
        assert(order.isEmpty, "a change is added to those that are sorted")
        newest.append(Newest(hash: sipHash.hash(change.key) &>> 32, place: place))
        if newest.count == ChangeSorter.newestCount || texts.count &- newest[0].place >= ChangeSorter.newestSize {
            settle()
        }
    }

    /// Finds the older changes that the newest ones supersede; a new change of the same size is moved into the old
    /// one's place.
    private mutating func settle() {
        guard !newest.isEmpty else { return }
        while (count &+ newest.count) &* 8 >= slots.count &* 7 {
            makeSlots(max(slots.count * 2, ChangeSorter.firstSlotCount))
        }
        touch()
        var end = newest[0].place
        let copies = texts.count
        for change in newest { settle(change, end: &end) }
        settleCopies(from: copies, end: &end)
        texts.truncate(to: end)
        newest.removeAll(keepingCapacity: true)
    }

    /// Touches all memory that is needed next. The processor overlaps the cache misses of many changes; one after the
    /// other they would be most of a change's cost.
    private mutating func touch() {
        let mask = slots.count &- 1
        for index in newest.indices { newest[index].slot = slots[Int(truncatingIfNeeded: newest[index].hash) & mask] }
        var sum: UInt64 = 0
        for change in newest where change.slot &>> 32 == change.hash && change.slot != 0 {
            let place = place(change.slot)
            sum ^= texts.word(at: place)
            // The end of an older change of the same size.
            sum ^= texts.word(at: place &+ StoredChange(in: texts, at: change.place).size &- 8)
        }
        touched = sum
    }

    /// - Parameter end: the end of the settled changes.
    private mutating func settle(_ change: Newest, end: inout Int) {
        let stored = StoredChange(in: texts, at: change.place)
        let size = stored.size
        let mask = slots.count &- 1
        var index = Int(truncatingIfNeeded: change.hash) & mask
        while slots[index] != 0 {
            let slot = slots[index]
            if slot &>> 32 == change.hash, StoredChange.haveSameKey(in: texts, place(slot), change.place) {
                if stored.isTTL && giveTime(of: change, toSlot: index)
                    || replace(place(slot), by: change.place, size: size)
                {
                    return
                }
                break
            }
            index = (index &+ 1) & mask
        }
        if slots[index] == 0 { count &+= 1 }
        slots[index] = ChangeSorter.slot(change.hash, end)
        texts.move(size, from: change.place, to: end)
        end &+= size
    }

    /// Gives the time of a `ttl` to the older change of its key.
    /// - Returns: false if that is a `ttl` as well, which is to be replaced.
    private mutating func giveTime(of change: Newest, toSlot index: Int) -> Bool {
        let old = place(slots[index])
        let stored = StoredChange(in: texts, at: old)
        if stored.isTTL { return false }
        let time = StoredChange.expires(in: texts, at: change.place)
        if stored.isRemoved || StoredChange.setExpires(time, in: &texts, at: old) { return true }
        // Behind the changes that are not settled yet, because it is larger than the `ttl` in whose place it could be.
        slots[index] = ChangeSorter.slot(change.hash, texts.count)
        StoredChange.appendCopy(expiring: time, to: &texts, of: old)
        voidSize += stored.size
        StoredChange.makeVoid(in: &texts, at: old)
        return true
    }

    /// Moves the copies that were made behind the unsettled changes to the end of the settled ones.
    private mutating func settleCopies(from start: Int, end: inout Int) {
        var place = start
        while place < texts.count {
            let copy = StoredChange(in: texts, at: place)
            if copy.isVoid {
                voidSize -= copy.size
            } else {
                move(copy.size, from: place, to: end)
                end &+= copy.size
            }
            place &+= copy.size
        }
    }

    /// Supersedes a change.
    /// - Returns: whether the newer one took its place.
    private mutating func replace(_ old: Int, by new: Int, size: Int) -> Bool {
        let change = StoredChange(in: texts, at: old)
        // A copy stands behind the changes that are not settled yet.
        if change.size == size, old < new {
            texts.move(size, from: new, to: old)
            return true
        }
        voidSize += change.size
        StoredChange.makeVoid(in: &texts, at: old)
        return false
    }

    private mutating func makeSlots(_ size: Int) {
        var larger = [UInt64](repeating: 0, count: size)
        let mask = size &- 1
        for slot in slots where slot != 0 {
            var index = Int(truncatingIfNeeded: slot &>> 32) & mask
            while larger[index] != 0 { index = (index &+ 1) & mask }
            larger[index] = slot
        }
        slots = larger
    }

    /// Frees the memory of superseded changes, if that is at least half of the texts'.
    /// - Returns: whether fewer than `limit` bytes are held then.
    mutating func shrink(below limit: Int) -> Bool {
        settle()
        if size >= limit, voidSize * 2 >= texts.count { dropVoid() }
        return size < limit
    }

    private mutating func dropVoid() {
        var (from, to) = (0, 0)
        while from < texts.count {
            let change = StoredChange(in: texts, at: from)
            if !change.isVoid {
                move(change.size, from: from, to: to)
                to += change.size
            }
            from += change.size
        }
        assert(texts.count - to == voidSize, "void changes are counted wrong")
        texts.truncate(to: to)
        voidSize = 0
    }

    private mutating func move(_ size: Int, from: Int, to: Int) {
        guard from != to else { return }
        let hash = sipHash.hash(key(at: from)) &>> 32
        let old = ChangeSorter.slot(hash, from)
        let mask = slots.count &- 1
        var index = Int(truncatingIfNeeded: hash) & mask
        while slots[index] != old { index = (index &+ 1) & mask }
        slots[index] = ChangeSorter.slot(hash, to)
        texts.move(size, from: from, to: to)
    }

    /// Drops everything, and keeps the memory of texts.
    mutating func removeAll() {
        texts.removeAll()
        newest.removeAll(keepingCapacity: true)
        (slots, order) = ([], [])
        (count, voidSize, first) = (0, 0, 0)
    }

    /// Sorts the changes; none can be added afterwards.
    mutating func sort() {
        settle()
        slots = []
        order.reserveCapacity(count)
        var offset = 0
        while offset < texts.count {
            let change = StoredChange(in: texts, at: offset)
            if !change.isVoid { order.append(PrefixedPlace(place: offset)) }
            offset &+= change.size
        }
        assert(order.count == count, "there is not one change of each key")
        // Moved out of the struct meanwhile, because sorting reads `texts`.
        var sorted = order
        order = []
        PrefixSort.sort(&sorted, in: texts)
        order = sorted
        first = 0
    }

    // MARK: Giving back

    /// The key of the first remaining change.
    var key: Span<UInt8> {
        @_lifetime(borrow self)
        get { key(at: order[first].place) }
    }

    /// When the pair of the first remaining change expires, if nothing else of it is known here; 0 for never.
    var newTime: UInt64? {
        isEmpty ? nil : StoredChange.newTime(in: texts, at: order[first].place)
    }

    /// The first remaining change, in the form of `StoredChange`.
    var firstChange: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            let place = order[first].place
            return texts.bytes.extracting(place..<place + StoredChange(in: texts, at: place).size)
        }
    }

    /// Writes the first remaining change as `PairWriter.append(pairOf:)` does.
    func writeFirstPair(
        to writer: inout PairWriter, expires time: UInt64?, _ values: inout ReferencedValues
    ) throws(StoreError) {
        try writer.append(pairOf: texts, at: order[first].place, expires: time, &values)
    }

    /// Drops the first remaining change.
    mutating func removeFirst() { first &+= 1 }

    // MARK: Places

    @inline(__always)
    private static func slot(_ hash: UInt64, _ place: Int) -> UInt64 {
        hash &<< 32 | UInt64(UInt32(place &>> 3 &+ 1))
    }

    @inline(__always)
    private func place(_ slot: UInt64) -> Int { Int(truncatingIfNeeded: (slot & 0xffff_ffff) &- 1) &<< 3 }

    @_lifetime(borrow self)
    @inline(__always)
    private func key(at place: Int) -> Span<UInt8> { StoredChange.key(in: texts, at: place) }
}
