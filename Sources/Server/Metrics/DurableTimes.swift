// The times at which changes became durable on this disk, to separate waiting for the disk from waiting for followers.

/// The most recent times of progress. Times are nanoseconds of the boot clock.
final class DurableTimes {
    private var entries = InlineArray<256, Entry>(repeating: Entry(seq: 0, time: 0))
    private var count = 0

    private struct Entry {
        let seq: UInt64
        let time: Int
    }

    /// The newest change that was noted.
    var newest: UInt64 { count == 0 ? 0 : entries[(count - 1) % entries.count].seq }

    /// Notes that changes up to `seq` are on the disk.
    func note(_ seq: UInt64, at time: Int) {
        assert(count == 0 || seq > newest, "the disk has less than before")
        entries[count % entries.count] = Entry(seq: seq, time: time)
        count += 1
    }

    /// Removes all entries: the sequence numbers belong to another history.
    func forget() { count = 0 }

    /// When a change became durable; for a change older than every record, the oldest recorded time.
    /// - Parameter late: returned if `seq` is newer than every recorded change.
    func time(of seq: UInt64, orElse late: Int) -> Int {
        var time = late
        for age in 1...entries.count where age <= count {
            let entry = entries[(count - age) % entries.count]
            if entry.seq < seq { return time }
            time = entry.time
        }
        return time
    }
}
