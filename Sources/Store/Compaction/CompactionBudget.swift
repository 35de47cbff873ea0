/// What a compaction may use, in bytes.
package struct CompactionBudget: Sendable {
    /// The least memory for sorting: enough for 110,000 keys of 16 bytes with values of 32 bytes or of 256 and more, so a log
    /// that keeps overwriting that many needs no spill file; with fewer keys less is used. A large input gets a sixty-fourth of
    /// its size, so at most about 64 spill files are merged.
    package var sortingSize = 8 << 20
    /// The sorter keeps no value whose text in the log has this many bytes or more, but a reference to it: see
    /// docs/decisions/store.md.
    package var referencedSize = 256
    /// The read buffer of each merged file.
    var readSize = 16 << 10
    /// The new snapshot is synced each time this many bytes are written.
    var syncInterval = 4 << 20
    /// The source of pairs; nil for the cheaper one.
    package var source: SnapshotSource?
    /// Limits of a walk through the table: the reactor's time in a turn in nanoseconds, after which it takes no further
    /// step, the bytes copied per step, and the bytes handed over at a time.
    package var walkTime = 60_000
    package var stepSize = 16 << 10
    package var chunkSize = 256 << 10

    package init() {}

    /// On a full disk memory replaces spill files, up to this size.
    var fullDiskSortingSize = 64 << 20

    func sortingSize(forInput size: Int, isDiskFull: Bool) -> Int {
        max(sortingSize, isDiskFull ? fullDiskSortingSize : 0, size / 64)
    }
}
