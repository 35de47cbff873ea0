// The result of a compaction, for the log and STATS.

import LogFormat

/// What a compaction has done. Sizes are in bytes.
package struct CompactionReport: Equatable, Sendable {
    /// The last change that the snapshot holds.
    package var position = LogPosition.start
    package var pairs = 0
    package var snapshotSize = 0
    /// What was merged into it.
    package var records = 0
    package var mergedSize = 0
    /// Files of sorted changes that were needed.
    package var runs = 0
    /// Merged segments that retention has removed.
    package var removedSegments = 0
    package var removedSize = 0
}
