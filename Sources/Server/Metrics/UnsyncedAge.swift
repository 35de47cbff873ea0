// How old the oldest change is that is not on this server's disk. A sample each second is enough to see a disk that stalls, and costs
// the turn nothing.

/// The age of unsynced changes. Times are milliseconds of the monotonic clock.
package struct UnsyncedAge {
    /// The newest change at a time; older changes are on the disk.
    private var mark: (seq: UInt64, time: Int) = (0, 0)

    package init() {}

    /// Moves the mark if everything up to it is on the disk, or belonged to another history. Call it each second.
    package mutating func look(newest: UInt64, durable: UInt64, at time: Int) {
        if durable >= mark.seq || newest < mark.seq { mark = (newest, time) }
    }

    /// The least age of the oldest change that is not on the disk, at most a second too small; 0 if everything is.
    package func age(newest: UInt64, durable: UInt64, at time: Int) -> Int {
        durable >= newest || durable >= mark.seq || newest < mark.seq ? 0 : time - mark.time
    }
}
