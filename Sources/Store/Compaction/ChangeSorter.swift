// The changes of a part of the log, in a bounded amount of memory: the newest one of each key, in the order of the keys.
// A change that a newer one makes void costs a look at a hash table, and no more memory than its key has already; only
// what is left is sorted.

import Bytes

/// Gathers changes, then gives them back sorted.
struct ChangeSorter: ~Copyable {
    /// The newest change of each key, and some that are void; see `StoredChange`.
    private var texts = ByteBuffer()
    /// Bytes in `texts` that are void.
    private var voidSize = 0
    /// Where each key's change stands, by the key's hash: 32 bits of the hash, then the place, one more than its offset in
    /// words; 0 where there is none. At most seven eighths are taken.
    private var slots: [UInt64] = []
    private var count = 0
    /// Clients choose the keys, so the hash has a key of its own.
    private let sipHash = SipHash()

    /// Once sorted: the places of the changes that were not given back are those from `first` on.
    private var order: [PrefixedPlace] = []
    private var first = 0

    private static let firstSlotCount = 64

    /// Bytes held, those that sorting will take included.
    var size: Int { texts.count + max(slots.count * 8, count * MemoryLayout<PrefixedPlace>.stride) }
    var isEmpty: Bool { first == order.count }

    /// Adds the next change; `clear` is not for here.
    /// - Parameter isPlain: whether key and value are known to stand in JSON as they are.
    mutating func append(_ key: Span<UInt8>, _ value: Span<UInt8>?, isPlain: Bool = false) {
        if count &* 8 >= slots.count &* 7 { makeSlots(max(slots.count * 2, ChangeSorter.firstSlotCount)) }
        let hash = sipHash.hash(key) &>> 32
        let change = StoredChange(keySize: key.count, valueSize: value?.count, isPlain: isPlain)
        let mask = slots.count &- 1
        var index = Int(truncatingIfNeeded: hash) & mask
        while slots[index] != 0 {
            let slot = slots[index]
            if slot &>> 32 == hash, self.key(at: offset(slot)).equals(key) {
                slots[index] = replace(offset(slot), change, key, value).map { hash &<< 32 | $0 } ?? slot
                return
            }
            index = (index &+ 1) & mask
        }
        slots[index] = hash &<< 32 | write(change, key, value)
        count &+= 1
    }

    /// Puts a newer change in the place of the one at `offset`, where it has the same size.
    /// - Returns: where it stands instead if it has not.
    private mutating func replace(
        _ offset: Int, _ change: StoredChange, _ key: Span<UInt8>, _ value: Span<UInt8>?
    ) -> UInt64? {
        var old = StoredChange(in: texts.bytes, at: offset)
        guard change.size == old.size else {
            voidSize += old.size
            old.makeVoid()
            texts.overwrite(at: offset, word: old.word)
            return write(change, key, value)
        }
        texts.overwrite(at: offset, word: change.word)
        if let value { texts.overwrite(at: offset &+ change.valueOffset, value) }
        return nil
    }

    /// - Returns: the place.
    private mutating func write(_ change: StoredChange, _ key: Span<UInt8>, _ value: Span<UInt8>?) -> UInt64 {
        let offset = texts.count
        texts.append(word: change.word)
        texts.append(key)
        if let value { texts.append(value) }
        texts.padToWord()
        return place(offset)
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

    /// Gives back the memory of void changes, where that is at least half of it.
    /// - Returns: whether it was.
    mutating func giveBackVoid() -> Bool {
        guard voidSize * 2 >= texts.count else { return false }
        var (from, to) = (0, 0)
        while from < texts.count {
            let change = StoredChange(in: texts.bytes, at: from)
            if !change.isVoid {
                move(change.size, from: from, to: to)
                to += change.size
            }
            from += change.size
        }
        texts.truncate(to: to)
        voidSize = 0
        return true
    }

    private mutating func move(_ size: Int, from: Int, to: Int) {
        guard from != to else { return }
        let hash = sipHash.hash(key(at: from)) &>> 32
        let old = hash &<< 32 | place(from)
        let mask = slots.count &- 1
        var index = Int(truncatingIfNeeded: hash) & mask
        while slots[index] != old { index = (index &+ 1) & mask }
        slots[index] = hash &<< 32 | place(to)
        texts.move(size, from: from, to: to)
    }

    /// Forgets everything; keeps the memory of texts.
    mutating func removeAll() {
        texts.removeAll()
        (slots, order) = ([], [])
        (count, voidSize, first) = (0, 0, 0)
    }

    /// Puts the changes in order, after which none can be added.
    mutating func sort() {
        slots = []
        order.reserveCapacity(count)
        var offset = 0
        while offset < texts.count {
            let change = StoredChange(in: texts.bytes, at: offset)
            if !change.isVoid { order.append(PrefixedPlace(place: offset)) }
            offset &+= change.size
        }
        // Out of the struct meanwhile: sorting looks at `texts`.
        var sorted = order
        order = []
        PrefixSort.sort(&sorted, in: texts)
        order = sorted
        first = 0
    }

    // MARK: Giving back

    /// The key of the first change of those that are sorted.
    var key: Span<UInt8> {
        @_lifetime(borrow self)
        get { key(at: order[first].place) }
    }

    /// Writes the first change of those that are sorted.
    /// - Parameter removals: whether to write it also where it removes its key.
    func writeFirst(to writer: inout PairWriter, removals: Bool) {
        let place = order[first].place
        let change = StoredChange(in: texts.bytes, at: place)
        guard !change.isRemoved else {
            if removals { writer.append(key(at: place), nil, isPlain: change.isPlain) }
            return
        }
        let value = place &+ change.valueOffset
        writer.append(
            key(at: place), texts.bytes.extracting(value..<value &+ change.valueSize), isPlain: change.isPlain)
    }

    /// Drops the first change of those that are sorted.
    mutating func removeFirst() { first &+= 1 }

    // MARK: Places

    @inline(__always)
    private func place(_ offset: Int) -> UInt64 { UInt64(UInt32(offset &>> 3)) &+ 1 }

    @inline(__always)
    private func offset(_ slot: UInt64) -> Int { Int(truncatingIfNeeded: (slot & 0xffff_ffff) &- 1) &<< 3 }

    @_lifetime(borrow self)
    @inline(__always)
    private func key(at offset: Int) -> Span<UInt8> { StoredChange.key(in: texts.bytes, at: offset) }
}
