/// How the log lays out its files. Sizes are in bytes.
package struct LogLayout: Sendable {
    /// A segment that would grow beyond this is sealed, and the next one begun.
    package var segmentSize = 64 << 20
    /// How far the open segment is filled ahead; 0 turns it off. Where the segment was not filled before it was begun, changes
    /// wait for the filling: with 4 MiB instead of one, the slowest in a thousand waited for nearly twice as long.
    package var preallocation = 1 << 20
    /// In the relaxed modes, how much is written before it is synced: no more is left to sync at a segment's end, when changes
    /// wait for that.
    package var syncInterval = 4 << 20
    /// Space that is held back for the time when the disk is full: deletes and compaction then go on. 0 holds none.
    package var reserve = 8 << 20

    package init() {}

    /// The same, with no part larger than a sixteenth of a file system of `total` bytes: on a small disk small segments,
    /// so that compaction can give space back before the disk is full.
    func fitted(to total: Int) -> LogLayout {
        var fitted = self
        let share = max(total / 16, 64 << 10)
        fitted.segmentSize = min(segmentSize, share)
        fitted.preallocation = min(preallocation, share / 4)
        fitted.reserve = min(reserve, share)
        return fitted
    }
}
