// The result of a compaction, for the log and STATS.

import LogFormat

/// The result of a compaction. Sizes are in bytes.
package struct CompactionReport: Equatable, Sendable {
    /// The last change in the snapshot.
    package var position = ChainPosition.start
    package var pairs = 0
    package var snapshotSize = 0
    /// Merged records.
    package var records = 0
    package var mergedSize = 0
    /// Spill files that were needed.
    package var runs = 0
    /// Changes of the time when a pair expires whose pair was not there: 0, unless the log is wrong.
    package var strayTimes = 0
    /// Merged segments that retention has removed.
    package var removedSegments = 0
    package var removedSize = 0
}
