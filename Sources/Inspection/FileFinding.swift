// What a check has found in one file of a data set.

import LogFormat

/// One file, or the place of one that is missing.
package struct FileFinding: Sendable {
    package enum Kind: Equatable, Sendable {
        case snapshot
        case segment
        /// Changes that no file has: between two segments, before the first, or behind the last, where the log has reached
        /// further than it does. What a segment had that is missing altogether is not known: the gap has at least one change
        /// then, and its path is that segment's.
        case gap
    }

    package enum State: Equatable, Sendable {
        case sound
        /// Bytes behind the last good line that a crash, or a write under way, has left. No client was told OK for them
        /// in the mode `always`.
        case torn(Damage, size: Int)
        /// The first damage in the file.
        case damaged(Damage)
        case otherVersion(found: String)
    }

    package var kind: Kind
    package var path: String
    package var state = State.sound
    /// The first and last good change of a segment; of a gap, those that are missing; of a snapshot, 0 and its last change.
    package var first: UInt64 = 0
    package var last: UInt64 = 0
    /// Good records, or good pairs.
    package var count = 0
    /// In bytes, with the space that is reserved ahead.
    package var size = 0
    /// Whether the snapshot has every change of a segment, or of a gap.
    package var isMerged = false
    /// Whether a segment is the last one, or a gap is behind it.
    package var isLast = false
    /// Whether the log was ended cleanly behind the last record.
    package var isClosed = false

    /// Where a segment's last good line ends, in bytes; 0 where not even its header is good.
    var end = 0
    /// That line's number.
    var endNumber = 0
    /// The checksum at `last`, or before the first change.
    var chain: UInt32 = 0
    /// Of a snapshot whose header is good.
    var header: SnapshotHeader?

    package var isDamage: Bool {
        switch state {
        case .damaged: true
        case .sound, .torn, .otherVersion: kind == .gap
        }
    }
}
