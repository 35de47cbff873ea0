// Compaction events and status, for the server's log and STATS.

/// The outcome of a compaction.
package enum CompactionEvent: Sendable {
    case began
    /// Seconds.
    case ended(CompactionReport, Double)
    /// There was nothing to merge.
    case wasNotNeeded
    /// Nothing was changed.
    case failed(StoreError)
}

/// The status of snapshots and compactions. Sizes are in bytes.
package struct CompactionStatus: Sendable {
    package var isRunning = false
    /// Of the one in progress, 0 to 100.
    package var percent = 0
    /// Compactions since the start that ended, and that failed.
    package var count = 0
    package var failures = 0
    /// The error of the last compaction; nil if it succeeded.
    package var lastFailure: StoreError?
    /// Of the last one that ended.
    package var lastSeconds = 0.0
    package var lastTime: UInt64 = 0
    package var snapshotSeq: UInt64 = 0
    package var snapshotSize = 0
    /// Sealed segments that are not in a snapshot yet.
    package var sealedSize = 0
}
