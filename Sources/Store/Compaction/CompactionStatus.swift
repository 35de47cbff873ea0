// What is told of compactions: what has become of one, and how things stand.

/// What has become of a compaction.
package enum CompactionEvent: Sendable {
    case began
    /// Seconds.
    case ended(CompactionReport, Double)
    /// There was nothing to merge.
    case wasNotNeeded
    /// Nothing was changed.
    case failed(StoreError)
}

/// What is known of snapshots and compactions. Sizes are in bytes.
package struct CompactionStatus: Sendable {
    package var isRunning = false
    /// Of the one under way, 0 to 100.
    package var percent = 0
    /// Compactions that have ended since the start, and that have failed.
    package var count = 0
    package var failures = 0
    /// What was said of the last one that failed; nil where the last one has not.
    package var lastFailure: StoreError?
    /// Of the last one that has ended.
    package var lastSeconds = 0.0
    package var lastTime: UInt64 = 0
    package var snapshotSeq: UInt64 = 0
    package var snapshotSize = 0
    /// Sealed segments that no snapshot holds yet.
    package var sealedSize = 0
}
