// The changes of a part of the log, in a bounded amount of memory: the newest one of each key, in the order of the keys.

import Bytes

/// Gathers changes, then gives them back sorted.
struct ChangeSorter: ~Copyable {
    /// Keys and values, one behind the other.
    private var texts = ByteBuffer()
    private var entries: [Entry] = []
    /// The first entry that was not given back.
    private var first = 0

    private struct Entry {
        /// The key's first eight bytes behind those that all keys share, as a number that sorts as they do.
        var prefix: UInt64 = 0
        /// Where the key stands in `texts`; the value stands behind it.
        var offset: Int
        var keySize: Int32
        /// -1 where the key is removed.
        var valueSize: Int32
    }

    /// Bytes held.
    var size: Int { texts.count + entries.count * MemoryLayout<Entry>.stride }
    var isEmpty: Bool { first == entries.count }

    /// Adds the next change; `clear` is not for here.
    mutating func append(_ key: Span<UInt8>, _ value: Span<UInt8>?) {
        var entry = Entry(offset: texts.count, keySize: Int32(key.count), valueSize: -1)
        texts.append(key)
        if let value {
            entry.valueSize = Int32(value.count)
            texts.append(value)
        }
        entries.append(entry)
        // So that no two changes stand at the same place, and the place tells which is newer.
        texts.append(UInt8(0))
    }

    /// Forgets everything; keeps the memory.
    mutating func removeAll() {
        texts.removeAll()
        entries.removeAll(keepingCapacity: true)
        first = 0
    }

    /// Puts the changes in order: by key, then by age. Of each key only the newest change is visited from then on.
    mutating func sort() {
        let shared = sharedSize
        for index in entries.indices { entries[index].prefix = prefix(of: entries[index], behind: shared) }
        // Out of the struct meanwhile: sorting looks at `texts`.
        var sorted = entries
        entries = []
        sorted.sort { isBefore($0, $1, shared: shared) }
        entries = sorted
        first = 0
        skipSuperseded()
    }

    /// How many bytes all keys begin with together: `user:` and the like, which tell nothing about their order.
    private var sharedSize: Int {
        guard let first = entries.first else { return 0 }
        var size = Int(first.keySize)
        for entry in entries { size = key(first).sharedSize(with: key(entry), atMost: size) }
        return size
    }

    private func prefix(of entry: Entry, behind shared: Int) -> UInt64 {
        key(entry).extracting(shared..<Int(entry.keySize)).sortingPrefix
    }

    /// Nearly always decided by the two prefixes, without a look at the keys.
    private func isBefore(_ one: Entry, _ other: Entry, shared: Int) -> Bool {
        if one.prefix != other.prefix { return one.prefix < other.prefix }
        if Int(max(one.keySize, other.keySize)) <= shared + 8 {
            return one.keySize == other.keySize ? one.offset < other.offset : one.keySize < other.keySize
        }
        let order = key(one).compared(with: key(other))
        return order == 0 ? one.offset < other.offset : order < 0
    }

    /// Visits the first change of those that are sorted.
    func visitFirst(_ body: (borrowing Change) -> Void) {
        let entry = entries[first]
        let end = entry.offset + Int(entry.keySize)
        let key = texts.bytes.extracting(entry.offset..<end)
        if entry.valueSize < 0 {
            body(.delete(key: key))
        } else {
            body(.set(key: key, value: texts.bytes.extracting(end..<end + Int(entry.valueSize))))
        }
    }

    /// Drops the first change of those that are sorted.
    mutating func removeFirst() {
        first += 1
        skipSuperseded()
    }

    private mutating func skipSuperseded() {
        while first + 1 < entries.count, haveSameKey(entries[first], entries[first + 1]) { first += 1 }
    }

    private func haveSameKey(_ first: Entry, _ second: Entry) -> Bool {
        first.prefix == second.prefix && first.keySize == second.keySize && key(first).equals(key(second))
    }

    @_lifetime(borrow self)
    private func key(_ entry: Entry) -> Span<UInt8> {
        texts.bytes.extracting(entry.offset..<entry.offset + Int(entry.keySize))
    }
}
