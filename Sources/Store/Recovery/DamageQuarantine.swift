// Damage at the start of a follower: its leader has everything, so the damaged part and everything after it are
// renamed, and the start continues with what precedes it. Nothing is deleted.

import LogFormat
import SystemPackage

/// What a start has set aside.
package struct DamageQuarantine: Equatable, Sendable {
    /// The damage and its place.
    package let damage: Damage
    /// The files that now hold the damaged part and everything after it.
    package internal(set) var paths: [String]
}

extension DamageQuarantine: CustomStringConvertible {
    package var description: String {
        "line \(damage.line) at byte \(damage.offset) of \(damage.path): expected \(damage.expected), found \(damage.found); "
            + "it and everything after it is in \(paths.isEmpty ? "no file" : paths.joined(separator: ", "))"
    }
}

extension Recovery {
    /// Records how much of a damaged segment is good.
    mutating func noteGoodPart(of reader: borrowing SegmentReader<FileSource>) {
        if reader.position.seq > position.seq {
            // Intact, but of another version: the leader would send it again.
            policy = .refuse
        } else if reader.position == position {
            current?.end = reader.end
            current?.hasRecords = reader.recordCount > 0
        }
    }

    /// Sets damage aside if requested. Nothing is left to read then.
    /// - Throws: `error` if not requested, or if it is not damage.
    mutating func setAside(_ error: StoreError) throws(StoreError) {
        guard policy == .setAside, let damage = error.damageForQuarantine else { throw error }
        // What is left reaches less far.
        try DurableMark.forget(files, on: disk)
        mark = nil
        if damage.path == files.snapshot.string {
            try setEverythingAside(damage)
        } else {
            try setSegmentsAside(damage)
        }
        (segments, segmentFile, current) = ([], nil, nil)
    }

    private mutating func setEverythingAside(_ damage: Damage) throws(StoreError) {
        let names = try Quarantine.everything(of: files, as: "damaged", time: time, on: disk)
        report.damage = DamageQuarantine(damage: damage, paths: names.map(\.string))
        report.snapshot = nil
        snapshot = nil
        table.removeAll()
        (position, timestamp, history, needs, notes) = (.start, 0, nil, [], Notes())
    }

    /// The segments after the damage go first, so that a crash meanwhile leaves the damage to be found again.
    private mutating func setSegmentsAside(_ damage: Damage) throws(StoreError) {
        let isCut = current.map { $0.end > 0 } ?? false
        var later = Array(segments)
        if let current, !isCut { later.append(current.first) }
        var names = try Quarantine.segments(later, of: files, as: "damaged", time: time, on: disk).map(\.string)
        segments = []
        if let current, isCut {
            let file = try disk.open(files.segment(firstSeq: current.first), for: .writing)
            let cut = try TornTail.setAside(file, from: current.end, as: "damaged", time: time, on: disk)
            names += [cut?.path].compactMap { $0 }
            try finish(file, end: current.end, hasRecords: current.hasRecords, torn: false)
        }
        report.damage = DamageQuarantine(damage: damage, paths: names)
    }
}

extension StoreError {
    /// What a follower sets aside; nil for other errors.
    fileprivate var damageForQuarantine: Damage? {
        switch self {
        case .corruption(let damage): damage
        case .emptied(let folder, let found):
            Damage(
                path: folder, line: 1, offset: 0, expected: "segments, because of \(found.joined(separator: ", "))",
                found: "none")
        default: nil
        }
    }
}
