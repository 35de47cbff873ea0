// From the files to the table: replay every segment, check every sum and the unbroken run of numbers, and tell a torn
// tail from corruption.
//
// A write that a crash cut short leaves damage at the end, and nothing behind it was ever acknowledged: a torn tail. The
// damaged bytes are set aside and the log goes on before them. But where a readable line behind the damage says that the
// damaged number was durable, or another segment follows, acknowledged changes would be lost: corruption, and no start.
// So would they where a line is whole and cannot be followed: no crash makes a right checksum.

import Bytes
import SystemPackage

/// Bytes at the end of the log that a crash left, and where they were put.
package struct TornTail: Equatable, Sendable {
    package let size: Int
    package let path: String
    /// Where in the segment they stood.
    package let offset: Int
    package let segment: String
}

/// What the files hold.
package struct RecoveryReport: Sendable {
    package var records = 0
    package var size = 0
    package var torn: TornTail?
    package var unknownFiles: [String] = []
}

/// Reads a data set once, at start. The lock is held by the caller.
struct Recovery: ~Copyable {
    private let disk: any Disk
    private let files: LogFolder
    private let table: Table
    private var parser = RecordParser()

    private(set) var position = LogPosition.start
    private(set) var timestamp: UInt64 = 0
    private(set) var history: String?
    private(set) var report = RecoveryReport()
    /// The last segment, and where its last good line ends: 0 where a crash left it without a header. nil where there is
    /// none.
    private(set) var openSegment: (file: any DiskFile, end: Int)?

    init(disk: any Disk, files: LogFolder, table: Table) {
        self.disk = disk
        self.files = files
        self.table = table
    }

    /// Reads everything. `time` names the file that a torn tail is set aside to.
    mutating func run(time: UInt64) throws(StoreError) {
        try refuseSnapshot()
        let (segments, unknown) = try files.contents(on: disk)
        report.unknownFiles = unknown
        for (index, firstSeq) in segments.enumerated() {
            try replay(segment: firstSeq, isLast: index == segments.count - 1, time: time)
        }
    }

    /// Snapshots are not part of this version: one that is there was written by another.
    private func refuseSnapshot() throws(StoreError) {
        guard disk.exists(files.snapshot) else { return }
        var reader = LogReader(try disk.open(files.snapshot))
        _ = try reader.next()
        let line = reader.line
        throw .unknownVersion(path: files.snapshot.string, found: describe(firstLine: line))
    }

    private mutating func replay(
        segment firstSeq: UInt64, isLast: Bool, time: UInt64
    ) throws(StoreError) {
        let file = try disk.open(files.segment(firstSeq: firstSeq))
        var reader = LogReader(file)
        var end = 0
        do {
            try header(&reader, in: file, named: firstSeq)
            end = reader.end
            while try next(&reader) {
                try replayLine(&reader)
                end = reader.end
            }
        } catch {
            let found = try damage(error, at: reader, in: file)
            guard isLast, error.isUnreadable, try isTorn(after: &reader, isHeader: end == 0) else {
                throw .corruption(found)
            }
            try setAside(file, from: end, time: time)
        }
        report.size += end
        openSegment = (file, end)
    }

    /// Either kind of trouble while reading a segment.
    private enum Trouble: Error {
        case damage(LineError)
        case store(StoreError)

        var isUnreadable: Bool {
            if case .damage(let error) = self { !error.isWhole } else { false }
        }
    }

    /// The damage with its place; a failing disk is no damage, and is thrown on.
    private func damage(
        _ trouble: Trouble, at reader: borrowing LogReader, in file: any DiskFile
    ) throws(StoreError) -> Damage {
        switch trouble {
        case .store(let error): throw error
        case .damage(let error):
            return Damage(
                path: file.path.string, line: reader.number, offset: reader.offset, expected: error.expected,
                found: error.found)
        }
    }

    private func next(_ reader: inout LogReader) throws(Trouble) -> Bool {
        do { return try reader.next() } catch { throw .store(error) }
    }

    private mutating func header(
        _ reader: inout LogReader, in file: any DiskFile, named firstSeq: UInt64
    ) throws(Trouble) {
        let isEmpty = try !next(&reader)
        guard firstSeq == position.seq + 1 else {
            throw .damage(
                LineError(
                    expected: "the segment that begins with seq \(position.seq + 1)",
                    found: "the one that begins with seq \(firstSeq)"))
        }
        guard !isEmpty else {
            throw .damage(LineError(expected: "a segment's header", found: "an empty file", isWhole: false))
        }
        // Half a header looks like another version's.
        if reader.isTerminated { try refuseOtherVersion(reader.line, in: file) }
        guard case .header(let header) = try parse(&reader) else {
            throw .damage(LineError(expected: "a segment's header", found: "another line"))
        }
        let expected = LogHeader(
            history: history ?? header.history, firstSeq: position.seq + 1, chain: position.crc)
        guard header == expected else {
            throw .damage(
                LineError(
                    expected: "the header of \(describe(expected))", found: "that of \(describe(header))"))
        }
        history = header.history
    }

    private func refuseOtherVersion(_ line: Span<UInt8>, in file: any DiskFile) throws(Trouble) {
        guard line.starts(with: "{\"puffin\":\""), !line.starts(with: "{\"puffin\":\"log\",\"version\":1,") else {
            return
        }
        throw .store(.unknownVersion(path: file.path.string, found: describe(firstLine: line)))
    }

    private mutating func replayLine(_ reader: inout LogReader) throws(Trouble) {
        switch try parse(&reader) {
        case .header:
            throw .damage(LineError(expected: "a record", found: "a second header"))
        case .durable(let seq, _):
            guard seq <= position.seq else {
                throw .damage(
                    LineError(expected: "seq \(position.seq + 1)", found: "a line that says \(seq) is durable"))
            }
        case .record(let seq, let timestamp, let crc):
            guard seq == position.seq + 1 else {
                throw .damage(LineError(expected: "seq \(position.seq + 1)", found: "seq \(seq)"))
            }
            do {
                try parser.changes(of: reader.line) { change in table.apply(change) }
            } catch {
                throw .damage(error)
            }
            position = LogPosition(seq: seq, crc: crc)
            self.timestamp = timestamp
            report.records += 1
        }
    }

    private func parse(_ reader: inout LogReader) throws(Trouble) -> LogLine {
        guard reader.isTerminated else {
            throw .damage(LineError(expected: "a line feed", found: "the end of the file", isWhole: false))
        }
        do {
            return try parser.parse(reader.line, chain: position.crc)
        } catch {
            throw .damage(error)
        }
    }

    /// Whether a crash can have made the damage in the current line: no readable line from there on says that the next
    /// number was durable. A header is durable before anything is written behind it, so a torn one is the last line.
    private func isTorn(after reader: inout LogReader, isHeader: Bool) throws(StoreError) -> Bool {
        if isHeader { return try !reader.next() }
        repeat {
            if case .durable(let seq, _)? = try? parser.parse(reader.line, chain: 0), seq > position.seq {
                return false
            }
        } while try reader.next()
        return true
    }

    /// Moves what stands from `end` on, without the space reserved behind it, to a file of its own.
    private mutating func setAside(
        _ file: any DiskFile, from end: Int, time: UInt64
    ) throws(StoreError) {
        var tail = ByteBuffer()
        let size = try file.size() - end
        while tail.count < size, try file.read(size - tail.count, at: end + tail.count, into: &tail) > 0 {}
        var kept = tail.count
        while kept > 0, tail.bytes[kept - 1] == UInt8(ascii: "\n") { kept -= 1 }
        guard kept > 0 else { return try file.truncate(to: end) }
        // A clock that stands still, or was set back, must not make the name of an older torn tail.
        var time = time
        while disk.exists(FilePath(file.path.string + ".torn-\(time)")) { time += 1 }
        let path = FilePath(file.path.string + ".torn-\(time)")
        let copy = try disk.create(path)
        try copy.write(tail.bytes.extracting(0..<kept), Span(), at: 0)
        try copy.sync()
        try disk.syncFolder(files.folder)
        try file.truncate(to: end)
        try file.sync()
        report.torn = TornTail(size: kept, path: path.string, offset: end, segment: file.path.string)
    }

    private func describe(_ header: LogHeader) -> String {
        "history \(header.history) from seq \(header.firstSeq) on, behind crc \(hex(header.chain))"
    }

    private func describe(firstLine: Span<UInt8>) -> String {
        var shown = ByteBuffer()
        shown.append(jsonString: firstLine.extracting(0..<min(firstLine.count, 60)))
        return firstLine.count == 0 ? "an empty file" : String(shown.bytes)
    }
}
