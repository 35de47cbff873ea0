// What the log has done since the start, for whoever watches a server.

/// Figures of the log. Sizes are in bytes, times in nanoseconds.
package struct LogFigures: Sendable {
    /// Batches that were written, and their size.
    package var batches = 0
    package var writtenSize = 0
    package var syncs = 0
    package var syncNanoseconds = 0
    package var lastSyncNanoseconds = 0
    /// Segments that are there now, merged ones included; nil where the folder cannot be read.
    package var segments: Int?
}

extension Store {
    /// What the log has done. Reads the folder's list of names.
    package var logFigures: LogFigures {
        LogFigures(
            batches: openWriter?.batchCount ?? 0, writtenSize: openWriter?.writtenSize ?? 0, syncs: syncCount,
            syncNanoseconds: openWriter?.syncNanoseconds ?? 0, lastSyncNanoseconds: lastSyncNanoseconds,
            segments: (try? files.contents(on: disk))?.segments.count)
    }
}
