// From the files to the table: loads the snapshot, replays the segments after it, checks every checksum and that
// numbers are consecutive, and tells a torn tail from corruption. Works in steps, so that the loop can turn meanwhile.
//
// A write that a crash cut short leaves damage at the end, and nothing after it was ever acknowledged: a torn tail. The
// damaged bytes are set aside and the log continues before them. But if a readable line after the damage says that the
// damaged number was durable, or another segment follows, acknowledged changes would be lost: that is corruption, and
// the start is refused. The same holds for a line that is intact but cannot follow the one before: no crash makes a
// right checksum.

import Bytes
import LogFormat
import SystemPackage

/// The content of the files. Sizes are in bytes.
package struct RecoveryReport: Sendable {
    package var records = 0
    package var size = 0
    package var torn: TornTail?
    package var unknownFiles: [String] = []
    /// The loaded snapshot: its last change, its pairs, its size.
    package var snapshot: (seq: UInt64, pairs: Int, size: Int)?
    /// Sealed segments after the snapshot.
    package var sealedSize = 0
    /// Possible problems that should be reported, as sentences.
    package var warnings: [String] = []
    /// What was damaged and set aside, if that is requested.
    package var damage: DamageQuarantine?
}

/// Reads a data set once, at start. The caller holds the lock.
struct Recovery: ~Copyable {
    let disk: any Disk
    let files: DataFiles
    let table: Table
    /// Names the file of a torn tail.
    let time: UInt64
    var policy: DamagePolicy
    /// The current segment, and its good part if damage was found: up to `end`, in bytes.
    var current: (first: UInt64, end: Int, hasRecords: Bool)?

    var snapshot: SnapshotReader<FileSource>?
    var segment: SegmentReader<FileSource>?
    var segments: ArraySlice<UInt64> = []
    var segmentFile: (any DiskFile)?

    /// The content of DURABLE.
    var mark: DurableMark?
    /// Whether there is other evidence of a log, and no segments of it were set aside.
    var hasTraces = false

    var position = ChainPosition.start
    var timestamp: UInt64 = 0
    /// What the changes up to `position` need, by themselves and not by the headers of segments.
    var needs: Needs = []
    /// The notes as of `position`.
    var notes = Notes()
    var history: String?
    var report = RecoveryReport()
    /// The last segment, and the end of its last good line: 0 if a crash left it without a header. nil if there is
    /// none.
    var openSegment: (file: any DiskFile, end: Int, hasRecords: Bool)?
    /// What the first line of the last segment names.
    var segmentNeeds: Needs = []

    /// Whether there may be notes, as far as headers tell: nothing else is known before the files are read.
    var mayHaveNotes = false

    /// Bytes to read, and those of finished files.
    var totalSize = 0
    var finishedSize = 0
    /// Bytes read of the current file.
    var partSize = 0

    private init(disk: any Disk, files: DataFiles, table: Table, time: UInt64, policy: DamagePolicy) {
        self.disk = disk
        self.files = files
        self.table = table
        self.time = time
        self.policy = policy
    }

    /// Finds the files, and removes the remains of an interrupted compaction.
    /// - Parameter before: the folder's content before anything was removed; nil for the current one.
    init(
        disk: any Disk, files: DataFiles, table: Table, time: UInt64, before: DataFiles.Contents? = nil,
        damage policy: DamagePolicy = .refuse
    ) throws(StoreError) {
        self.init(disk: disk, files: files, table: table, time: time, policy: policy)
        let contents = try files.contents(on: disk)
        try files.removeTemporaryFiles(contents, on: disk)
        report.unknownFiles = contents.unknown
        segments = contents.segments[...]
        hasTraces = try files.traces(before ?? contents, nil, on: disk) != nil
        try readMark()
        do throws(StoreError) {
            try checkPresence(before ?? contents)
            try openSnapshot()
            try skipMergedSegments()
        } catch {
            try setAside(error)
        }
        mayHaveNotes = needs.contains(.notes) || newestSegmentMayHaveNotes
        for seq in segments { totalSize += try disk.status(of: files.segment(firstSeq: seq))?.size ?? 0 }
    }

    /// A segment's header names what the changes before it need, and what its own do. Nothing is behind one that a crash has cut; a
    /// damaged one ends the start.
    private var newestSegmentMayHaveNotes: Bool {
        for seq in segments.reversed() {
            guard let file = try? disk.open(files.segment(firstSeq: seq), for: .reading),
                let reader = try? SegmentReader(file.source, firstSeq: seq, history: history, after: nil)
            else { continue }
            return reader.header.needs.contains(.notes)
        }
        return false
    }

    /// Bytes read so far.
    var readSize: Int { finishedSize + partSize }

    private mutating func readMark() throws(StoreError) {
        let reading = try DurableMark.read(files, on: disk)
        mark = reading.mark
        history = mark?.history
        if reading == .unreadable {
            report.warnings.append(
                "\(files.durable) is not as it was written and is ignored: how far the log reached is not known")
        }
    }

    private mutating func openSnapshot() throws(StoreError) {
        guard let status = try disk.status(of: files.snapshot) else { return }
        if segments.isEmpty && mark == nil && hasTraces {
            report.warnings.append(
                "\(files.folder) has no segment: if one was there behind the snapshot, its changes are missing")
        }
        totalSize = status.size
        let file = try disk.open(files.snapshot, for: .reading)
        let reader = try SnapshotReader(file.source)
        if let history, reader.header.history != history {
            throw reader.damage(expected: "history \(history)", found: "history \(reader.header.history)")
        }
        try checkIdentity(reader.header.position) { reader.damage(expected: $0, found: $1) }
        table.reserve(try SnapshotReader.expectedCount(file.source))
        history = reader.header.history
        position = reader.header.position
        timestamp = reader.header.timestamp
        needs = reader.header.needs
        report.snapshot = (position.seq, 0, status.size)
        snapshot = consume reader
    }

    /// The snapshot has everything in these: the next segment begins at or before what is needed.
    private mutating func skipMergedSegments() throws(StoreError) {
        while let next = segments.dropFirst().first, next <= position.seq + 1 { segments.removeFirst() }
        guard report.snapshot != nil, let first = segments.first, first > position.seq + 1 else { return }
        throw .corruption(
            Damage(
                path: files.segment(firstSeq: first).string, line: 1, offset: 0,
                expected: "the segment that begins with seq \(position.seq + 1)",
                found: "the one that begins with seq \(first)"))
    }

    /// Reads up to `lines` lines.
    /// - Returns: whether there is more.
    /// - Throws: `StoreError`. Damage that no crash can have caused is left untouched.
    mutating func step(lines: Int) throws(StoreError) -> Bool {
        do throws(StoreError) {
            return try attemptStep(lines: lines)
        } catch {
            try setAside(error)
            return true
        }
    }

    private mutating func attemptStep(lines: Int) throws(StoreError) -> Bool {
        if var reader = snapshot.take() {
            let hasMore = try load(&reader, pairs: lines)
            report.snapshot?.pairs = reader.count
            partSize = reader.offset
            if hasMore { snapshot = consume reader } else { finishPart() }
            return true
        }
        if var reader = segment.take() {
            let hasMore = try replay(&reader, records: lines)
            partSize = reader.end
            if hasMore { segment = consume reader } else { finishPart() }
            return true
        }
        guard let first = segments.popFirst() else {
            if openSegment == nil {
                try checkReach(position.seq) {
                    Damage(
                        path: files.segment(firstSeq: mark?.segment ?? 0).string, line: 1, offset: 0, expected: "",
                        found: "no such file")
                }
            }
            return false
        }
        try open(segment: first)
        return true
    }

    private mutating func finishPart() {
        finishedSize += partSize
        partSize = 0
    }

    /// - Returns: whether there is more.
    private mutating func load(_ reader: inout SnapshotReader<FileSource>, pairs: Int) throws(StoreError) -> Bool {
        for _ in 0..<pairs {
            guard try reader.next() else {
                notes = reader.notes
                return false
            }
            try reader.pair { change in table.apply(change) }
        }
        return true
    }

    private mutating func open(segment firstSeq: UInt64) throws(StoreError) {
        let file = try disk.open(files.segment(firstSeq: firstSeq), for: segments.isEmpty ? .writing : .reading)
        segmentFile = file
        current = (firstSeq, 0, false)
        // A snapshot may end inside the segment.
        let isInside = firstSeq <= position.seq
        do throws(StoreError) {
            let reader = try SegmentReader(
                file.source, firstSeq: firstSeq, history: history, after: isInside ? nil : position)
            history = reader.header.history
            segmentNeeds = reader.header.needs
            segment = consume reader
        } catch {
            // A segment with changes of the snapshot was begun long ago.
            guard !isInside, !hasBeenWhole(segment: firstSeq), try isTornHeader(file, error) else { throw error }
            try checkReach(position.seq) {
                Damage(path: file.path.string, line: 1, offset: 0, expected: "", found: "no whole header")
            }
            report.warnings.append(
                "\(file.path) has no whole header, as a crash leaves a segment that is being begun; the log ends before it"
            )
            try finish(file, end: 0, hasRecords: false, torn: true)
        }
    }

    /// Whether a crash can have cut the last segment's header short: it is durable before anything is written after it,
    /// so it is the last line.
    private func isTornHeader(_ file: any DiskFile, _ error: StoreError) throws(StoreError) -> Bool {
        guard segments.isEmpty, case .corruption(let damage) = error, !damage.isWhole else { return false }
        var reader = LineReader(file.source)
        _ = try reader.next()
        return try !reader.next()
    }

    /// - Returns: whether there is more.
    private mutating func replay(_ reader: inout SegmentReader<FileSource>, records: Int) throws(StoreError) -> Bool {
        guard let file = segmentFile else { return false }
        do throws(StoreError) {
            for _ in 0..<records {
                guard try reader.next() else {
                    try check(endOf: reader)
                    try finish(file, end: reader.end, hasRecords: reader.recordCount > 0, torn: false)
                    return false
                }
                try checkIdentity(reader.position) { reader.damage(expected: $0, found: $1) }
                if reader.position.seq > position.seq {
                    try apply(&reader)
                } else if reader.position.seq == position.seq && reader.position != position {
                    throw reader.damage(
                        expected: "crc \(hex(position.crc)), as the snapshot has it for seq \(position.seq)",
                        found: "crc \(hex(reader.position.crc))")
                }
            }
            return true
        } catch {
            noteGoodPart(of: reader)
            guard segments.isEmpty, case .corruption(let damage) = error, !damage.isWhole, try reader.isTorn()
            else { throw error }
            try checkReach(reader.position.seq) { damage }
            try check(endOf: reader)
            try finish(file, end: reader.end, hasRecords: reader.recordCount > 0, torn: true)
            return false
        }
    }

    private mutating func apply(_ reader: inout SegmentReader<FileSource>) throws(StoreError) {
        // Only behind a snapshot that ends inside a segment are there numbers that are not wanted.
        precondition(reader.position.seq == position.seq + 1, "a change is applied out of its order")
        try reader.changes { change in
            if change.kind == .note { notes.apply(change) } else { table.apply(change) }
            needs.formUnion(change.needs)
        }
        position = reader.position
        timestamp = reader.timestamp
        report.records += 1
    }

    /// A segment in which a snapshot ends must reach as far as the snapshot, and agree with it there.
    private func check(endOf reader: borrowing SegmentReader<FileSource>) throws(StoreError) {
        guard segments.isEmpty else { return }
        try checkReach(max(reader.position.seq, position.seq)) {
            Damage(
                path: reader.path, line: reader.lineNumber, offset: reader.end, expected: "",
                found: "the end of the log")
        }
        guard reader.position.seq < position.seq else { return }
        throw .corruption(
            Damage(
                path: reader.path, line: reader.lineNumber, offset: reader.end,
                expected: "seq \(position.seq), which the snapshot holds",
                found: "seq \(reader.position.seq) as the last"))
    }

    mutating func finish(
        _ file: any DiskFile, end: Int, hasRecords: Bool, torn: Bool
    ) throws(StoreError) {
        precondition(!torn || segments.isEmpty, "a segment is cut off that others follow")
        if torn { report.torn = try TornTail.setAside(file, from: end, time: time, on: disk) }
        report.size += end
        if segments.isEmpty {
            openSegment = (file, end, hasRecords)
        } else {
            report.sealedSize += end
        }
        segmentFile = nil
        current = nil
    }
}
