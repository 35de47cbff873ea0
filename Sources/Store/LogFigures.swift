// Figures of the log since the start, for monitoring.

/// Figures of the log. Sizes are in bytes, times in nanoseconds.
package struct LogFigures: Sendable {
    /// Batches written, and their size.
    package var batches = 0
    package var writtenSize = 0
    package var syncs = 0
    package var syncNanoseconds = 0
    package var lastSyncNanoseconds = 0
    /// Existing segments, merged ones included; nil if the folder cannot be read.
    package var segments: Int?
}

extension Store {
    /// The log's figures. Lists the log's folder.
    package var logFigures: LogFigures {
        LogFigures(
            batches: openWriter?.batchCount ?? 0, writtenSize: openWriter?.writtenSize ?? 0, syncs: syncCount,
            syncNanoseconds: openWriter?.syncNanoseconds ?? 0, lastSyncNanoseconds: lastSyncNanoseconds,
            segments: (try? files.contents(on: disk))?.segments.count)
    }

    /// How many syncs took how long.
    package var syncDurations: SyncDurations { openWriter?.syncDurations ?? SyncDurations() }

    /// The number of the oldest change that the log still has, or would have next. Lists the log's folder.
    package var oldestSeq: UInt64 {
        (try? files.contents(on: disk))?.segments.first ?? position.seq + 1
    }
}
