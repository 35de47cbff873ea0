// Checks everything that the files of a data set promise, each alone and each against the others, and continues after
// damage. It changes nothing and holds only the findings in memory.

import Bytes

/// The files of one data set that are checked together. They know no disk either: a browser has them too.
package protocol DataSetFiles {
    associatedtype Source: ByteSource
    var snapshot: Source? { get }
    /// The first numbers of the segments, in order.
    var segments: [UInt64] { get }
    /// A segment; nil if retention has removed it since.
    func segment(_ first: UInt64) throws(Source.Failure) -> Source?
    /// The paths of a segment, even one that is not there, and of DURABLE; for messages.
    func path(ofSegment first: UInt64) -> String
    var durablePath: String { get }
    /// Calls `pass` and `passPairs`, which take nearly all of the time. A generic function is compiled for a type only where both
    /// are known: not here, where no source is.
    func pass(
        _ reader: inout SegmentReader<Source>, _ good: inout GoodEnd, upTo one: UInt64, or other: UInt64
    ) throws(Source.Failure) -> Bool
    func passPairs(_ reader: inout SnapshotReader<Source>, _ good: inout Int) throws(Source.Failure)
}

/// The result of a check of all files.
package struct Findings: Sendable {
    /// In the order of the log, the snapshot first.
    package private(set) var files: [FileFinding] = []
    /// The data set's id; nil if no file has a readable header.
    package private(set) var history: String?
    /// The last change in the snapshot; nil if there is none, or its header is unreadable.
    package private(set) var snapshotSeq: UInt64?
    /// Merged segments that retention removed during the check.
    package private(set) var removedCount = 0
    /// Possible problems, as sentences.
    package private(set) var warnings: [String] = []

    /// What DURABLE said before the files were found: a server may have written more since.
    package let mark: DurableMark?
    /// The position that the segments must continue.
    private var base = ChainPosition.start
    /// The position after the last segment read; nil if it is unknown.
    private var previous: ChainPosition?

    /// Before the check of any file.
    /// - Parameters:
    ///   - reading: of DURABLE, read before the files were found.
    ///   - path: its path, for messages.
    package init(_ reading: DurableMark.Reading, path: String) {
        mark = reading.mark
        history = mark?.history
        if case .unreadable = reading {
            warnings.append("\(path) is not as it was written: how far the log reached is not known")
        }
    }

    package var isSound: Bool { files.allSatisfy { $0.isSound && $0.kind != .gap } }
    package var isDamaged: Bool { files.contains { $0.isDamage } }
    package var isOfOtherVersion: Bool { files.contains { $0.isOfOtherVersion } }
    /// The newest good change: the log's, or the snapshot's.
    package var last: UInt64 { max(files.map { $0.last }.max() ?? 0, snapshotSeq ?? 0) }
    /// The oldest change that a segment still has; nil if there is none.
    package var first: UInt64? { files.first { $0.kind == .segment && $0.count > 0 }?.first }

    /// Checks the files, once.
    /// - Returns: false if needed files were removed.
    package mutating func check<Files: DataSetFiles>(_ set: Files) throws(Files.Source.Failure) -> Bool {
        if let snapshot = set.snapshot { try check(snapshot: snapshot, of: set) }
        previous = set.segments.first == 1 ? ChainPosition.start : nil
        for (index, first) in set.segments.enumerated() {
            let next = index + 1 < set.segments.count ? set.segments[index + 1] : nil
            let isMerged = next.map { $0 <= base.seq + 1 } ?? false
            guard let file = try set.segment(first) else {
                guard isMerged else { return false }
                removedCount += 1
                previous = nil
                continue
            }
            noteGap(before: first, set)
            try check(segment: file, first, isMerged: isMerged, isLast: next == nil, of: set)
        }
        checkReach()
        checkMark(set)
        return true
    }

    // MARK: The snapshot

    private mutating func check<Files: DataSetFiles>(
        snapshot file: Files.Source, of set: Files
    ) throws(Files.Source.Failure) {
        var finding = FileFinding(kind: .snapshot, path: file.path)
        finding.size = try file.size()
        do throws(Files.Source.Failure) {
            var reader = try SnapshotReader(file)
            history = reader.header.history
            base = reader.header.position
            snapshotSeq = base.seq
            finding.header = reader.header
            finding.last = base.seq
            try set.passPairs(&reader, &finding.count)
        } catch {
            finding.state = try FileFinding.State(error)
        }
        files.append(finding)
    }

    // MARK: Segments

    /// Records changes that neither a segment nor, at the beginning, the snapshot has.
    private mutating func noteGap(before first: UInt64, _ set: some DataSetFiles) {
        guard let missing = missing(before: first), missing < first else { return }
        var gap = FileFinding(kind: .gap, path: set.path(ofSegment: missing))
        (gap.first, gap.last) = (missing, first - 1)
        gap.isMerged = gap.last <= base.seq
        files.append(gap)
        previous = first == base.seq + 1 ? base : nil
    }

    /// The change that should precede `first`, if it is known.
    private func missing(before first: UInt64) -> UInt64? {
        if let previous { return previous.seq + 1 }
        // A snapshot of another version has an unknown part of the log.
        let isFirst = !files.contains { $0.kind == .segment } && !isOfOtherVersion
        return isFirst && first > base.seq + 1 ? base.seq + 1 : nil
    }

    private mutating func check<Files: DataSetFiles>(
        segment file: Files.Source, _ first: UInt64, isMerged: Bool, isLast: Bool, of set: Files
    ) throws(Files.Source.Failure) {
        var finding = FileFinding(kind: .segment, path: file.path)
        finding.size = try file.size()
        (finding.first, finding.last) = (first, first - 1)
        (finding.isMerged, finding.isLast) = (isMerged, isLast)
        if previous == nil && first == base.seq + 1 { previous = base }
        finding.chain = previous?.crc ?? 0
        do throws(Files.Source.Failure) {
            if isLast {
                try check(last: file, first, &finding, of: set)
            } else {
                var reader = try SegmentReader(file, firstSeq: first, history: history, after: previous)
                try check(records: &reader, &finding, of: set)
            }
        } catch {
            finding.state = try FileFinding.State(error)
        }
        let isFollowed = finding.isSound || isLast
        previous = isFollowed ? ChainPosition(seq: finding.last, crc: finding.chain) : nil
        files.append(finding)
    }

    private mutating func check<Files: DataSetFiles>(
        last file: Files.Source, _ first: UInt64, _ finding: inout FileFinding, of set: Files
    ) throws(Files.Source.Failure) {
        if var reader = try SegmentReader.last(file, firstSeq: first, history: history, after: previous) {
            return try check(records: &reader, &finding, of: set)
        }
        // An empty file is left where a torn header was set aside, or where a segment's header is about to be written.
        let size = try file.usedSize(from: 0)
        guard size > 0 else { return }
        let damage = Damage(
            path: file.path, line: 1, offset: 0, expected: "a segment's header", found: "a part of one",
            isWhole: false)
        finding.state = .torn(damage, size: size)
    }

    private func note(_ good: GoodEnd, _ finding: inout FileFinding) {
        (finding.last, finding.chain) = (good.position.seq, good.position.crc)
        (finding.count, finding.isClosed) = (good.recordCount, good.isClosed)
        (finding.end, finding.endNumber) = (good.end, good.endNumber)
    }

    private mutating func check<Files: DataSetFiles>(
        records reader: inout SegmentReader<Files.Source>, _ finding: inout FileFinding, of set: Files
    ) throws(Files.Source.Failure) {
        history = reader.header.history
        var good = reader.goodEnd
        var suspected: Int?
        var isAtStop = true
        while isAtStop {
            do throws(Files.Source.Failure) {
                isAtStop = try set.pass(&reader, &good, upTo: mark?.position.seq ?? 0, or: base.seq)
            } catch {
                // A record that is not understood is no torn write, and what precedes it is good.
                let isRead = reader.recordCount > good.recordCount
                note(isRead ? good : reader.goodEnd, &finding)
                guard finding.isLast, !isRead else { throw error }
                guard let torn = try reader.torn(by: error, &suspected) else { continue }
                let size = try reader.source.usedSize(from: reader.end)
                // A write in progress may be complete by now, or undone.
                if size > 0 { finding.state = .torn(torn, size: size) }
                isAtStop = false
            }
            guard isAtStop else { break }
            note(good, &finding)
            try checkIdentity(of: reader)
            try reader.changes { _ in }
            good = reader.goodEnd
        }
        note(reader.goodEnd, &finding)
    }

    /// Compares a change with what DURABLE and the snapshot say of it.
    private func checkIdentity<Source: ByteSource>(of reader: borrowing SegmentReader<Source>) throws(Source.Failure) {
        if let mark, reader.position.seq == mark.position.seq, reader.position != mark.position {
            throw reader.damage(
                expected:
                    "crc \(hex(mark.position.crc)), as \(DurableMark.fileName) has it for seq \(mark.position.seq)",
                found: "crc \(hex(reader.position.crc))")
        }
        if reader.position.seq == base.seq && reader.position != base {
            throw reader.damage(
                expected: "crc \(hex(base.crc)), as the snapshot has it for seq \(base.seq)",
                found: "crc \(hex(reader.position.crc))")
        }
    }

    /// Reports damage if the log ends before the snapshot's last change.
    private mutating func checkReach() {
        guard let index = files.indices.last, files[index].kind == .segment, files[index].last < base.seq
        else { return }
        if files[index].isDamage || files[index].isOfOtherVersion { return }
        files[index].state = .damaged(
            Damage(
                path: files[index].path, line: 1, offset: files[index].end,
                expected: "seq \(base.seq), which the snapshot holds",
                found: "seq \(files[index].last) as the last"))
    }

    /// Reports damage if the log ends before the change that DURABLE names.
    private mutating func checkMark(_ set: some DataSetFiles) {
        guard let mark, !isOfOtherVersion, files.last?.isDamage != true else { return }
        let reach = last
        if let index = files.indices.last, files[index].kind == .segment, files[index].end == 0,
            mark.hasBeenWhole(segment: files[index].first, behind: files[index].first - 1)
        {
            files[index].state = .damaged(
                Damage(
                    path: files[index].path, line: 1, offset: 0,
                    expected: "a segment's header, for \(mark.reached)", found: "no whole line"))
        } else if case .torn(let damage, _)? = files.last?.state, reach < mark.position.seq {
            files[files.count - 1].state = .damaged(
                Damage(
                    path: damage.path, line: damage.line, offset: damage.offset,
                    expected: "seq \(reach + 1): \(mark.reached)", found: damage.found))
        } else if mark.names(segmentBehind: set.segments.last) {
            noteMissingEnd(set.path(ofSegment: mark.segment), from: max(reach + 1, mark.segment), mark)
        } else if reach < mark.position.seq {
            noteMissingEnd(set.durablePath, from: reach + 1, mark)
        }
    }

    private mutating func noteMissingEnd(_ path: String, from first: UInt64, _ mark: DurableMark) {
        var gap = FileFinding(kind: .gap, path: path)
        (gap.first, gap.last) = (min(first, last + 1), max(mark.position.seq, first))
        gap.isLast = true
        files.append(gap)
    }
}
