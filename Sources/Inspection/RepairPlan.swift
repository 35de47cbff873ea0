// What a repair would do. Nothing is guessed or deleted: it keeps everything that the checksums prove, up to the first
// change that they do not, and sets the rest aside under another name.
//
//     merged segments      the snapshot has their changes: set aside where they are damaged, and nothing is lost
//     the snapshot         set aside where the log has everything; else its sound pairs become a new snapshot
//     segments behind it   kept up to the first damage or gap; the rest is set aside, and what it says is lost
//     a torn tail          set aside, as the next start would do

import Bytes
import LogFormat
import Store
import SystemPackage

/// A step of a repair; segments are named by their first numbers.
package enum RepairStep: Equatable, Sendable {
    /// Writes the intact pairs of the snapshot to a new one of the same change, and keeps the old one beside it.
    case rewriteSnapshot
    /// Renames the snapshot.
    case setSnapshotAside
    /// Moves everything from an offset on to a file of its own.
    case cut(segment: UInt64, from: Int)
    /// Renames a segment.
    case setAside(segment: UInt64)
    /// Renames DURABLE, which claims that the log reached a change that it will not have.
    case setMarkAside(reached: UInt64)
    /// As `cut`, for the rest of a write that was cut short.
    case setTailAside(segment: UInt64, from: Int, size: Int)
}

/// A plan that makes a data set startable again.
package struct RepairPlan: Sendable {
    package private(set) var steps: [RepairStep] = []
    /// Why nothing can be done, and what to do instead.
    package private(set) var obstacle: String?
    /// Changes that are given up.
    package private(set) var lost: LostChanges?
    /// Pairs of the snapshot that are given up.
    package private(set) var lostPairs: LostPairs?
    /// The end of the log after the repair.
    package private(set) var kept = ChainPosition.start
    /// What was found.
    package let verification: Verification

    private var base = ChainPosition.start
    private var segments: [FileFinding]
    private var files: DataFiles { verification.captured.files }

    /// - Throws: `StoreError` if a file cannot be read.
    package init(_ verification: Verification) throws(StoreError) {
        self.verification = verification
        segments = verification.files.filter { $0.kind != .snapshot }
        for file in verification.files {
            guard case .otherVersion(let found) = file.state else { continue }
            obstacle = """
                \(file.path) is not of \(Needs.readableVersions), but \(found): use the Puffin that wrote it
                """
            return
        }
        guard try planSnapshot() else { return }
        planMergedSegments()
        try planSegments()
        planMark()
    }

    /// The first step: after it a start accepts the log as it is.
    private mutating func planMark() {
        guard let mark = verification.mark, obstacle == nil else { return }
        let last = segments.last { $0.kind == .segment }?.first
        guard kept.seq < mark.position.seq || mark.names(segmentBehind: last) else { return }
        steps.insert(.setMarkAside(reached: mark.position.seq), at: 0)
        if let last = lost?.last { lost?.last = max(last, mark.position.seq) }
    }

    package var isNeeded: Bool { !steps.isEmpty || obstacle != nil }

    // MARK: The snapshot

    /// - Returns: false if it cannot be repaired.
    private mutating func planSnapshot() throws(StoreError) -> Bool {
        guard let snapshot = verification.files.first(where: { $0.kind == .snapshot }) else { return true }
        guard snapshot.isDamage else {
            base = snapshot.header?.position ?? .start
            return true
        }
        let reach = soundReach
        if let header = snapshot.header, reach < header.position.seq {
            guard let file = verification.captured.snapshot else { return true }
            lostPairs = try LostPairs(file)
            steps.append(.rewriteSnapshot)
            base = header.position
        } else if snapshot.header != nil || reach > 0 {
            steps.append(.setSnapshotAside)
        } else {
            obstacle = """
                the first line of the snapshot \(snapshot.path) cannot be read, and the segments do not reach back to \
                change 1: restore the data file and its folder from a copy. Without one, what single lines still say can \
                be read with jq or grep
                """
            return false
        }
        return true
    }

    /// The last change of the unbroken run from the first segment on; 0 if the segments do not reach back to it.
    private var soundReach: UInt64 {
        var reach: UInt64 = 0
        for segment in segments {
            guard segment.kind == .segment, segment.first == reach + 1, segment.end > 0 else { break }
            reach = segment.last
            if segment.state != .sound { break }
        }
        return reach
    }

    // MARK: Segments that the snapshot has made unnecessary

    private func isMerged(_ finding: FileFinding) -> Bool {
        guard let index = segments.firstIndex(where: { $0.kind == finding.kind && $0.first == finding.first }) else {
            return false
        }
        let next = segments[(index + 1)...].first { $0.kind == .segment }
        return finding.kind == .gap ? finding.last <= base.seq : next.map { $0.first <= base.seq + 1 } ?? false
    }

    /// Sets aside damaged merged segments, and those before them, which are no longer connected.
    private mutating func planMergedSegments() {
        guard let last = segments.lastIndex(where: { $0.isDamage && isMerged($0) }) else { return }
        setAside(segments[...last])
        segments.removeSubrange(...last)
    }

    private mutating func setAside(_ findings: ArraySlice<FileFinding>) {
        // Newest first: what is left never has a new gap.
        for finding in findings.reversed() where finding.kind == .segment {
            steps.append(.setAside(segment: finding.first))
        }
    }

    // MARK: The others

    private mutating func planSegments() throws(StoreError) {
        kept = base
        guard let index = segments.firstIndex(where: \.isDamage) else { return planTail() }
        let damaged = segments[index]
        if damaged.kind == .segment, damaged.last < base.seq { return try planUnreached(index) }
        let start = max(damaged.kind == .gap ? damaged.first : damaged.last + 1, base.seq + 1)
        lost = try loss(from: start, index)
        let isCut = damaged.kind == .segment && damaged.end > 0
        if isCut { steps.append(.cut(segment: damaged.first, from: damaged.end)) }
        setAside(segments[(isCut ? index + 1 : index)...])
        segments.removeSubrange((isCut ? index + 1 : index)...)
        // What is left must not end before the snapshot does.
        if let last = segments.last, last.last < base.seq {
            setAside(segments[...])
            segments = []
        }
        noteKeptSegments()
        if kept.seq == 0 { refuseToKeepNothing() }
    }

    /// An empty data set is not a repair.
    private mutating func refuseToKeepNothing() {
        steps = []
        obstacle = """
            nothing could be kept: no snapshot is there, and the log is not sound from change 1 on. Put the file back that \
            is missing, or restore the data file and its folder from a copy. Without one, what single lines still say can \
            be read with jq or grep
            """
    }

    private mutating func noteKeptSegments() {
        guard let last = segments.last(where: { $0.kind == .segment }) else { return }
        noteKept(ChainPosition(seq: last.last, crc: last.chain))
    }

    private mutating func noteKept(_ position: ChainPosition) {
        if position.seq > kept.seq { kept = position }
    }

    /// The last segment ends, or is damaged, before the last change in the snapshot.
    private mutating func planUnreached(_ index: Int) throws(StoreError) {
        let found = try loss(from: base.seq + 1, index)
        guard found.readableCount == 0 else {
            obstacle = """
                \(segments[index].path) is damaged before change \(base.seq), which the snapshot holds, and has changes \
                behind it: restore this file from a copy
                """
            steps = []
            return
        }
        // Nothing follows the snapshot. What is left must not end before it either.
        setAside(segments[...])
        segments = []
    }

    private mutating func planTail() {
        noteKeptSegments()
        guard let last = segments.last, case .torn(_, let size) = last.state else { return }
        steps.append(.setTailAside(segment: last.first, from: last.end, size: size))
    }

    private func loss(from first: UInt64, _ index: Int) throws(StoreError) -> LostChanges {
        var scan = LossScan(from: first)
        for (place, finding) in segments[index...].enumerated() {
            guard finding.kind == .segment else {
                scan.note(finding.last)
                continue
            }
            if finding.first > first { scan.note(finding.first - 1) }
            guard let file = try verification.captured.segment(finding.first) else { continue }
            let isRest = place == 0 && finding.end > 0
            try scan.read(
                file, from: isRest ? finding.end : 0, behind: isRest ? finding.endNumber : 0,
                chain: isRest ? finding.chain : finding.first == 1 ? 0 : nil)
        }
        return scan.result
    }
}
