// What a verification found: typed, and as sentences.

import LogFormat

/// Something that is not as the writer left it.
package struct AuditFinding: Equatable, Sendable {
    /// What is wrong.
    package enum Problem: Equatable, Sendable {
        /// The line is none of the audit's, or a known line in the wrong place.
        case malformed
        /// The checksum is not that of the line and those before it.
        case checksum(expected: UInt32, found: UInt32)
        /// Numbers of events are missing, or were used before.
        case number(expected: UInt64, found: UInt64)
        /// A header continues another line than the last one before it.
        case chain(expected: UInt32, found: UInt32)
        /// The bytes of the epoch are not those that were sealed.
        case altered
        /// The seal was not made with the epoch's key.
        case forged
        /// A seal's or header's epoch is not the next one: epochs were removed, or are out of order.
        case epoch(expected: UInt64, found: UInt64)
        /// Lines without seals follow sealed ones, or precede an epoch that is not the first.
        case unsealed
        /// The key of `SEAL` belongs to a later epoch than the last seal allows: sealed epochs were removed from the end.
        case truncated(last: UInt64?, key: UInt64)
        /// The key in `SEAL` was not made from the given one.
        case foreignKey
        /// The seal is not the one that a follower has heard of: the epoch was sealed anew.
        case resealed
        /// A follower has heard of the seal of a later epoch: sealed epochs were removed from the end.
        case unwitnessed(last: UInt64?, seen: UInt64)
        /// A key was given, but no seal was found that it could have made.
        case noSeal
    }

    /// The file's name, empty for the witness, and the line in it, from 1; 0 for the file as a whole.
    package var file: String
    package var line: Int
    /// The epoch that the line belongs to; nil in an audit without seals.
    package var epoch: UInt64?
    /// What is wrong there.
    package var problem: Problem
}

extension AuditFinding: CustomStringConvertible {
    /// `00000000000000000001.jsonl line 3, epoch 17: …`
    package var description: String {
        let place = file.isEmpty ? "the witness" : line > 0 ? "\(file) line \(line)" : file
        return place + (epoch.map { ", epoch \($0)" } ?? "") + ": \(meaning)"
    }

    /// What happened to the files.
    package var meaning: String {
        switch problem {
        case .malformed: "not a line of an audit, or not in its place"
        case .checksum(let expected, let found):
            "checksum \(hex(found)), expected \(hex(expected)): the line was altered, or a line before it removed"
        case .number(let expected, let found):
            found > expected
                ? "event \(found), expected \(expected): events are missing"
                : "event \(found), expected \(expected): events are repeated or out of order"
        case .chain(let expected, let found):
            "continues a line with checksum \(hex(found)), but \(hex(expected)) precedes it: lines before it are missing"
        case .altered: "the lines of this epoch are not those that were sealed"
        case .forged: "the seal was not made with this epoch's key"
        case .epoch(let expected, let found):
            found > expected
                ? "epoch \(found), expected \(expected): sealed epochs are missing"
                : "epoch \(found), expected \(expected): epochs are repeated or out of order"
        case .unsealed: "lines without seals where there must be seals"
        case .truncated(let last, let key):
            "the key is of epoch \(key), but the last seal "
                + (last.map { "is of epoch \($0)" } ?? "is missing") + ": sealed epochs were removed from the end"
        case .resealed: "the seal is not the one that the follower has heard of: this epoch was sealed anew"
        case .unwitnessed(let last, let seen):
            "a follower has heard of the seal of epoch \(seen), but the last seal "
                + (last.map { "is of epoch \($0)" } ?? "is missing") + ": sealed epochs were removed from the end"
        case .foreignKey: "the key in this file does not descend from the given key"
        case .noSeal: "no line of this audit is sealed"
        }
    }
}

/// One segment as it was read.
package struct AuditFileSummary: Equatable, Sendable {
    /// The file's name in the folder.
    package var name: String
    /// Bytes.
    package var size: Int
    /// Numbers of its events; nil if it has none.
    package var first: UInt64?
    package var last: UInt64?
    /// How many seals it has.
    package var seals = 0
}

/// The result of a verification.
package struct AuditVerdict: Equatable, Sendable {
    /// The segments, oldest first.
    package var files: [AuditFileSummary] = []
    /// The events of all files.
    package var events = 0
    /// Events that `lost` lines count.
    package var lost: UInt64 = 0
    /// How many seals were checked.
    package var seals = 0
    /// The epoch of the first and last seal.
    package var firstEpoch: UInt64?
    package var lastEpoch: UInt64?
    /// Events before sealing began, and events behind the last seal: only their checksums were checked.
    package var unsealedBefore = 0
    package var unsealed = 0
    /// Bytes of an unfinished line at the end: a server is writing it, or the next start cuts it.
    package var tornSize = 0
    /// Whether a key was given.
    package var hasKey = false
    /// Seals that were compared with those that a follower has heard of.
    package var witnessed = 0
    /// Whether `SEAL` was there: without it nobody can tell whether epochs were removed from the end.
    package var hasSealFile = false
    /// In the order of the files; no more than `findingLimit`.
    package var findings: [AuditFinding] = []

    /// How many findings are kept.
    package static let findingLimit = 100

    /// Whether everything is as the writer left it, as far as that was checked.
    package var isSound: Bool { findings.isEmpty }
    /// The numbers of the first and last event.
    package var first: UInt64? { files.lazy.compactMap(\.first).first }
    package var last: UInt64? { files.last { $0.last != nil }?.last }
    /// The first epoch that is not as it was.
    package var firstAlteredEpoch: UInt64? { findings.lazy.compactMap(\.epoch).min() }

    /// The verdict on nothing.
    package init() {}
}
