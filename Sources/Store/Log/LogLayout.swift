/// The layout of the log's files. Sizes are in bytes.
package struct LogLayout: Sendable {
    /// A segment that would grow beyond this is sealed, and the next one is begun.
    package var segmentSize = 64 << 20
    /// How far the open segment is preallocated; 0 disables it. If the segment was not filled before it was begun,
    /// changes wait for the filling: with 4 MiB instead of one, the slowest in a thousand waited nearly twice as long.
    package var preallocation = 1 << 20
    /// In the relaxed modes, how much is written between syncs: no more is left to sync at a segment's end, when
    /// changes wait for that.
    package var syncInterval = 4 << 20
    /// Space held back for a full disk, so that deletes and compaction can continue. 0 holds none.
    package var reserve = 8 << 20

    /// The least size to which a segment or the reserve is fitted.
    private static let leastShare = 64 << 10

    package init() {}

    /// The same, with no part larger than a sixteenth of the file system: small segments on a small disk, so that
    /// compaction can free space before the disk is full. No part exceeds the process's limit on file sizes, and the
    /// reserve is at most a quarter of that: it bounds what waits to be written together.
    /// - Throws: `StoreError.fileSizeLimit` if no file may be as large as the smallest segment.
    package func fitted(to space: DiskSpace) throws(StoreError) -> LogLayout {
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
