// The source of the next snapshot's pairs, and which one is cheaper.

/// What a compaction merges with the end of the log.
package enum SnapshotSource: String, Sendable, CaseIterable {
    /// The old snapshot and all changes after it, read on the compaction's thread.
    case files
    /// The pairs in memory, handed over by the reactor a few at a time.
    case table

    /// Reading a change costs about as much as taking a pair from the table and sorting it (some 0.2 µs), and the
    /// reactor's part of the latter weighs more. With four times as many changes the table is clearly cheaper.
    private static let factor = 4

    /// The source that takes less processor time.
    /// - Parameters:
    ///   - log: the changes after the old snapshot, and the bytes of their segments.
    ///   - table: the pairs in memory, and their bytes.
    package static func cheaper(
        log: (changes: Int, size: Int), table: (pairs: Int, size: Int)
    ) -> SnapshotSource {
        let isOverwritten = log.changes / factor >= table.pairs && log.size / factor >= table.size
        return isOverwritten && log.changes > 0 ? .table : .files
    }
}
