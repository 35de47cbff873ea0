// Optimistic locking: which keys are watched, and by which watcher. Exact, unless the 64-bit hashes of two keys are equal.
// `RecentChanges` would not do: its classes are shared by many keys, so a transaction would fail because of changes of other keys.
//
//     heads:    hash ─> first entry          Swift's Dictionary: open addressing
//     entries:  a doubly linked list per hash, so that removing one of many watchers of a key takes constant time

import Bytes

/// A set of watched keys, and whether any of them has changed. Used from one thread.
package final class Watcher {
    /// The change after which EXEC may not run; 0 if the data set was replaced; nil if there is none.
    fileprivate var change: UInt64?
    /// The earliest expiry of the watched pairs when they were watched, in Unix milliseconds; 0 if none expires. A later
    /// change of a pair's expiry is a change.
    private var firstExpiry: UInt64 = 0
    /// The indices of its entries by hash.
    fileprivate var entries: [UInt64: Int32] = [:]
    private var memory = CountedMemory()

    /// Bytes of memory of one watch: an entry (40) and its index, here and among the heads (12 bytes each, at a load of three
    /// eighths or more), in arrays that may be half empty.
    package static let watchSize = 144

    package init() {}

    /// The number of watched keys.
    package var count: Int { entries.count }
    /// Bytes of memory in use.
    package var heldSize: Int { memory.size }

    /// Why EXEC may not run at `time`, in Unix milliseconds: the number of the change of a watched key; 0 if a watched pair has
    /// expired, or if the data set was replaced; nil if it may.
    package func change(at time: UInt64) -> UInt64? {
        change ?? (firstExpiry != 0 && firstExpiry <= time ? 0 : nil)
    }

    fileprivate func note(expires: UInt64) {
        if expires != 0 { firstExpiry = firstExpiry == 0 ? expires : min(firstExpiry, expires) }
    }

    fileprivate func forget() { (change, firstExpiry) = (nil, 0) }

    fileprivate func noteMemory() { memory.set(entries.count * Watcher.watchSize) }
}

/// The watched keys of a store. Used from one thread.
package final class Watches {
    package init() {}

    private var heads: [UInt64: Int32] = [:]
    private var entries: [Entry] = []
    /// Indices of unused entries.
    private var free: [Int32] = []
    /// The number of watches. A stored property that only this type changes: each change of a pair reads it.
    private var count = 0

    private struct Entry {
        var hash: UInt64
        /// nil if the entry is unused.
        var watcher: Watcher?
        /// The entries with the same hash; -1 at an end.
        var next: Int32
        var previous: Int32
        /// Whether the key was there when it was watched. It still is, or the watcher has been told.
        var isThere: Bool
    }

    /// Whether nobody watches.
    package var isEmpty: Bool {
        @inline(__always) get { count == 0 }
    }

    /// Adds a watch. A watcher that watches the key already, or has been told of a change, needs no other.
    /// - Parameters:
    ///   - isThere: whether there is a pair, which has not expired.
    ///   - expires: when it expires, in Unix milliseconds; 0 for never.
    package func add(_ hash: UInt64, isThere: Bool, expires: UInt64 = 0, for watcher: Watcher) {
        guard watcher.change == nil, watcher.entries[hash] == nil else { return }
        watcher.note(expires: expires)
        let head = heads[hash] ?? -1
        let entry = Entry(hash: hash, watcher: watcher, next: head, previous: -1, isThere: isThere)
        let index: Int32
        if let unused = free.popLast() {
            index = unused
            entries[Int(unused)] = entry
        } else {
            index = Int32(entries.count)
            entries.append(entry)
        }
        if head >= 0 { entries[Int(head)].previous = index }
        heads[hash] = index
        count += 1
        watcher.entries[hash] = index
        watcher.noteMemory()
    }

    /// Ends all watches of a watcher, which can be used again.
    package func remove(_ watcher: Watcher) {
        end(watcher)
        watcher.forget()
    }

    /// Tells watchers that every pair was removed, except those that watch missing keys.
    package func touchExisting(seq: UInt64) {
        for entry in entries where entry.isThere {
            if let watcher = entry.watcher { tell(watcher, seq) }
        }
    }

    /// Tells the watchers of a key that its pair was removed because it has expired, except those that watched it after that.
    package func expire(_ hash: UInt64, seq: UInt64) {
        var index = heads[hash] ?? -1
        while index >= 0, !isEmpty {
            let entry = entries[Int(index)]
            index = entry.next
            if entry.isThere, let watcher = entry.watcher { tell(watcher, seq) }
        }
    }

    /// Tells the watchers of a key of its change.
    package func touch(_ hash: UInt64, seq: UInt64) {
        while let head = heads[hash], let watcher = entries[Int(head)].watcher { tell(watcher, seq) }
    }

    /// Tells every watcher: the data set was replaced.
    package func touchAll() {
        for entry in entries {
            if let watcher = entry.watcher { tell(watcher, 0) }
        }
    }

    /// A watcher that has been told needs no watch any more, so no watch is visited twice.
    private func tell(_ watcher: Watcher, _ seq: UInt64) {
        watcher.change = seq
        end(watcher)
    }

    private func end(_ watcher: Watcher) {
        for index in watcher.entries.values {
            let entry = entries[Int(index)]
            if entry.next >= 0 { entries[Int(entry.next)].previous = entry.previous }
            if entry.previous >= 0 {
                entries[Int(entry.previous)].next = entry.next
            } else {
                heads[entry.hash] = entry.next >= 0 ? entry.next : nil
            }
            entries[Int(index)].watcher = nil
            free.append(index)
            count -= 1
        }
        watcher.entries = [:]
        watcher.noteMemory()
        assert(count >= 0, "more watches end than there were")
        if count == 0 { (heads, entries, free) = ([:], [], []) }
    }
}
