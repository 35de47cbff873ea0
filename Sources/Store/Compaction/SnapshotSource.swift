// The source of the next snapshot's pairs, and which one is cheaper.

/// What a compaction merges with the end of the log.
package enum SnapshotSource: String, Sendable, CaseIterable {
    /// The old snapshot and all changes after it, read on the compaction's thread.
    case files
    /// The pairs in memory, handed over by the reactor a few at a time.
    case table

    // What a compaction takes, in nanoseconds of processor time: see docs/decisions/store.md for the measurement.
    private static let perChange = 200
    private static let perLogByte = 2
    private static let perSnapshotByte = 2
    private static let perPair = 1_000
    private static let perTableByte = 3

    /// The source that takes less processor time. The table's counts half as much again, because a part of it is the reactor's.
    /// - Parameters:
    ///   - log: the changes after the old snapshot, and the bytes of their segments.
    ///   - snapshotSize: the bytes of the old snapshot; 0 if there is none.
    ///   - table: the pairs in memory, and their bytes.
    package static func cheaper(
        log: (changes: Int, size: Int), snapshotSize: Int, table: (pairs: Int, size: Int)
    ) -> SnapshotSource {
        let files = log.changes * perChange + log.size * perLogByte + snapshotSize * perSnapshotByte
        let memory = table.pairs * perPair + table.size * perTableByte
        return files > memory / 2 * 3 ? .table : .files
    }
}
