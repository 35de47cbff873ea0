// What a check has found in one file of a data set.

/// One file, or the place of a missing one.
package struct FileFinding: Sendable {
    package enum Kind: String, Sendable {
        case snapshot
        case segment
        /// Changes that no file has: between two segments, before the first, or after the last, if the log is known to
        /// have reached further. How many changes a missing segment had is unknown: the gap then has at least one
        /// change, and that segment's path.
        case gap
    }

    package enum State: Equatable, Sendable {
        case sound
        /// Bytes after the last good line, left by a crash or a write in progress. In the mode `always` no client got
        /// OK for them.
        case torn(Damage, size: Int)
        /// The first damage in the file.
        case damaged(Damage)
        case otherVersion(found: String)
    }

    package var kind: Kind
    package var path: String
    package var state = State.sound
    /// The first and last good change of a segment; the missing ones of a gap; for a snapshot, 0 and its last change.
    package var first: UInt64 = 0
    package var last: UInt64 = 0
    /// Good records, or good pairs.
    package var count = 0
    /// In bytes, preallocated space included.
    package var size = 0
    /// Whether the snapshot has every change of a segment, or of a gap.
    package var isMerged = false
    /// Whether a segment is the last one, or a gap follows it.
    package var isLast = false
    /// Whether the log was closed cleanly after the last record.
    package var isClosed = false

    /// The offset after a segment's last good line; 0 if not even its header is good.
    package var end = 0
    /// That line's number.
    package var endNumber = 0
    /// The checksum at `last`, or before the first change.
    package var chain: UInt32 = 0
    /// For a snapshot with a good header.
    package var header: SnapshotHeader?

    package init(kind: Kind, path: String) {
        self.kind = kind
        self.path = path
    }

    package var isSound: Bool { if case .sound = state { true } else { false } }
    package var isOfOtherVersion: Bool { if case .otherVersion = state { true } else { false } }
    package var isDamage: Bool {
        switch state {
        case .damaged: true
        case .sound, .torn, .otherVersion: kind == .gap
        }
    }
}

extension FileFinding.State {
    /// What an error says of a file.
    /// - Throws: the error, if it is about something else.
    package init<Failure: ReadFailure>(_ error: Failure) throws(Failure) {
        if let damage = error.damage {
            self = .damaged(damage)
        } else if let found = error.otherVersion {
            self = .otherVersion(found: found)
        } else {
            throw error
        }
    }
}
