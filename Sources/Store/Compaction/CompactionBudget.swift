/// What a compaction may take, in bytes.
package struct CompactionBudget: Sendable {
    /// Memory for sorting, at least: enough for 110,000 keys of 16 bytes with values of 32, so that a log which overwrites
    /// that many again and again needs no file of sorted changes; where there are fewer, less is taken. Of a large input a
    /// sixty-fourth part, so that no more than about 64 files of sorted changes have to be merged.
    package var sortingSize = 8 << 20
    /// Read at a time from each file that is merged.
    var readSize = 16 << 10
    /// The new snapshot is synced after so many bytes.
    var syncInterval = 4 << 20
    /// Where pairs come from; nil for what is cheaper.
    package var source: SnapshotSource?
    /// Of a walk through the table: the reactor's time in a turn in nanoseconds, after which it takes no further step, what it copies in one step, and
    /// what it hands over at a time.
    package var walkTime = 60_000
    package var stepSize = 16 << 10
    package var chunkSize = 256 << 10

    package init() {}

    /// On a full disk memory is given instead of space for files of sorted changes, up to this.
    var fullDiskSortingSize = 64 << 20

    func sortingSize(forInput size: Int, isDiskFull: Bool) -> Int {
        max(sortingSize, isDiskFull ? fullDiskSortingSize : 0, size / 64)
    }
}
