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

    /// The least that a segment or the reserve is fitted to.
    private static let leastShare = 64 << 10

    package init() {}

    /// The same, with no part larger than a sixteenth of the file system: on a small disk small segments, so that compaction
    /// can give space back before the disk is full. No part is larger than the system lets a file of this process be, and the
    /// reserve a quarter of that at most: it bounds what waits to be written together.
    /// - Throws: `StoreError.fileSizeLimit` where no file may be as large as the smallest segment.
    func fitted(to space: DiskSpace) throws(StoreError) -> LogLayout {
        guard space.largestFile >= LogLayout.leastShare else {
            throw .fileSizeLimit(limit: space.largestFile, needed: LogLayout.leastShare)
        }
        var fitted = self
        let share = min(max(space.total / 16, LogLayout.leastShare), space.largestFile)
        fitted.segmentSize = min(segmentSize, share)
        fitted.preallocation = min(preallocation, share / 4)
        fitted.reserve = min(reserve, share, max(space.largestFile / 4, LogLayout.leastShare))
        return fitted
    }
}
