// When changes came to be on this server's disk, so that what replies wait for can be told apart: the disk first, then followers.

/// The last times at which the disk had more. Times are nanoseconds of the boot time.
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

    /// Forgets all of them: the numbers mean something else from now on.
    func forget() { count = 0 }

    /// When a change came to be on the disk; `late` where that is not known, because it is too long ago.
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
