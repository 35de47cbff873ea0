// Where the pairs of the next snapshot come from, and which way is the cheaper one.

/// What a compaction merges with the last of the log.
package enum SnapshotSource: String, Sendable, CaseIterable {
    /// The old snapshot and every change behind it. All of that is read on the compactor's thread.
    case files
    /// The pairs in memory, handed over by the reactor a few at a time.
    case table

    /// A change that is read costs about as much as a pair that is taken from the table and sorted (some 0.2 µs), and the
    /// reactor's part of the latter counts for more. With four times as many there is no doubt.
    private static let factor = 4

    /// The source that takes less processor time.
    /// - Parameters:
    ///   - log: the changes behind the old snapshot, and the bytes of their segments.
    ///   - table: the pairs in memory, and the bytes that they take.
    package static func cheaper(
        log: (changes: Int, size: Int), table: (pairs: Int, size: Int)
    ) -> SnapshotSource {
        let isOverwritten = log.changes / factor >= table.pairs && log.size / factor >= table.size
        return isOverwritten && log.changes > 0 ? .table : .files
    }
}
