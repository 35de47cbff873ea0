// Removing pairs that have expired. The due wheel gives out entries, 64 at a time; each leads to a bucket and a tag. Every
// pair there that is dead goes, whoever's entry it was; the entry's own pair is registered again if it lives on.

import Bytes

extension Table {
    /// Bytes of memory of the due wheel.
    package var dueWheelSize: Int { wheel.size }

    /// The first time, in Unix milliseconds, at which `removeDue` may have something to do; nil if there is none.
    package var nextDueTime: UInt64? { wheel.isSweeping ? 0 : wheel.nextTime }

    /// Removes pairs that have expired, a step at a time: some 64 pairs, and a bounded time. A pair comes up within 64 ms of
    /// its time, and never before. At an earlier time than that of the last call nothing comes up.
    ///
    /// Called at the server's time before anything is loaded, it also sets the time from which the wheel counts: entries
    /// that are made first would otherwise be registered twice.
    /// - Parameters:
    ///   - time: Unix milliseconds.
    ///   - isRemoved: visits a pair that has expired, and says whether it is removed. It must not change the table. A pair
    ///     that stays comes up again after `retryKept`, and may come up twice before that.
    /// - Returns: whether there is more to do at this time.
    package func removeDue(at time: UInt64, where isRemoved: (Pair) -> Bool) -> Bool {
        var entries = DueEntries()
        wheel.take(upTo: time, into: &entries)
        prefetch(entries)
        for index in 0..<entries.count { removeDue(entries[index], at: time, where: isRemoved) }
        sweep()
        return wheel.hasWork(at: time)
    }

    private func removeDue(_ entry: UInt64, at time: UInt64, where isRemoved: (Pair) -> Bool) {
        let bucket = bucket(for: entry)
        let tag = Bucket.tag(of: entry)
        var index = bucket.firstIndex(notBelow: tag)
        while true {
            let slot = bucket.slot(at: index)
            guard slot != 0, Bucket.tag(ofSlot: slot) == tag else { break }
            let pair = Bucket.pair(ofSlot: slot)
            if pair.isDead(at: time) {
                if isRemoved(pair) {
                    // Closes the gap: the next pair of this tag is at `index` now.
                    removePair(at: index, of: bucket)
                    continue
                }
                if isEntry(entry, of: pair) { wheel.keep(entry) }
            } else if pair.expires != 0, isEntry(entry, of: pair) {
                enter(pair, hash: entry)
            }
            index += 1
        }
        shrink(bucket, hash: entry)
    }

    /// Makes the pairs come up again that `removeDue` has left.
    package func retryKept() { wheel.retryKept() }

    // MARK: The wheel's entries

    /// Makes an entry for a pair. So that there are never too many, however rarely `removeDue` is called, every sixteenth
    /// call sweeps 64 others if it is time for that.
    func register(_ pair: Pair, hash: UInt64) {
        enter(pair, hash: hash)
        registrations &+= 1
        if registrations & 15 == 0 { sweep() }
    }

    private func enter(_ pair: Pair, hash: UInt64) {
        pair.setMark(wheel.mark)
        wheel.register(hash, at: pair.expires)
    }

    /// Whether an entry is of this pair, which has its tag: as far as an entry tells.
    private func isEntry(_ entry: UInt64, of pair: Pair) -> Bool {
        sipHash.hash(pair.key) >> 32 == entry >> 32
    }

    /// Takes a step of a sweep of the wheel, if one is under way or due.
    private func sweep() {
        if wheel.needsSweep(pairs: expiringCount) { wheel.beginSweep() }
        guard wheel.isSweeping else { return }
        var entries = DueEntries()
        wheel.takeUnswept(into: &entries)
        prefetch(entries)
        for index in 0..<entries.count {
            let tag = Bucket.tag(of: entries[index])
            let bucket = bucket(for: entries[index])
            var place = bucket.firstIndex(notBelow: tag)
            while bucket.slot(at: place) != 0, Bucket.tag(ofSlot: bucket.slot(at: place)) == tag {
                let pair = Bucket.pair(ofSlot: bucket.slot(at: place))
                if pair.expires != 0, pair.markedExpires & ~Pair.latestExpiry != wheel.mark {
                    enter(pair, hash: sipHash.hash(pair.key))
                }
                place += 1
            }
        }
    }

    /// Begins to bring what entries lead to into the processor's cache.
    private func prefetch(_ entries: borrowing DueEntries) {
        for index in 0..<entries.count {
            bucket(for: entries[index]).prefetchSlots(tag: Bucket.tag(of: entries[index]))
        }
        for index in 0..<entries.count {
            bucket(for: entries[index]).prefetchPair(tag: Bucket.tag(of: entries[index]))
        }
    }
}
