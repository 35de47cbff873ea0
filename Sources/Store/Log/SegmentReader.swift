// One segment, read from its first line to its last, with everything checked that a segment promises: whose it is, that
// it follows what came before, that its numbers run on and that no line claims more to be durable than there is.
// Recovery, compaction, verification and whoever shows a log read segments by this and nothing else.

import Bytes
import SystemPackage

/// Reads the records of one segment.
struct SegmentReader: ~Copyable {
    private var lines: CheckedLines
    let file: any DiskFile
    private let chunkSize: Int
    private let reserveSize: Int
    let path: FilePath
    private(set) var header: LogHeader
    /// The position after the current record.
    private(set) var position: LogPosition
    /// The current record's time, in Unix milliseconds; 0 before the first.
    private(set) var timestamp: UInt64 = 0
    private(set) var recordCount = 0
    /// The current record where it is a plain one.
    private(set) var plain: PlainLine?
    /// Where the last good line ends, in bytes.
    private(set) var end = 0
    /// The number of the last good line.
    private(set) var endNumber = 0
    /// The highest number that a line has said to be durable.
    private(set) var durable: UInt64 = 0
    /// Whether the last good line says that the log was ended cleanly.
    private(set) var isClosed = false

    /// Reads the header.
    /// - Parameters:
    ///   - firstSeq: the number in the file's name.
    ///   - expected: what comes before the segment: the data set, and the position where it is known.
    ///   - chunkSize, reserveSize: as of `LogReader`.
    /// - Throws: `StoreError.corruption` where the header is not that of the segment that has to come; its damage is not
    ///   whole where a crash may have made it, while the segment was begun.
    init(
        _ file: any DiskFile, firstSeq: UInt64, history: String?, after expected: LogPosition?,
        chunkSize: Int = 1 << 20, reserveSize: Int = .max
    ) throws(StoreError) {
        lines = CheckedLines(file, chunkSize: chunkSize, reserveSize: reserveSize)
        self.file = file
        self.chunkSize = chunkSize
        self.reserveSize = reserveSize
        path = file.path
        guard (1...LogHeader.largestFirst).contains(firstSeq) else {
            throw lines.damage(
                expected: "a segment that is named by its first change, \(Number.bound)", found: "\(firstSeq)")
        }
        let first: LogLine?
        do throws(StoreError) {
            first = try lines.first(kind: "log")
        } catch {
            try SegmentReader.check(firstSeq, after: expected, lines)
            throw error
        }
        try SegmentReader.check(firstSeq, after: expected, lines)
        guard let first else {
            throw lines.damage(expected: "a segment's header", found: "an empty file", isWhole: false)
        }
        guard case .header(let header) = first else {
            throw lines.damage(expected: "a segment's header", found: "another line")
        }
        let wanted = LogHeader(
            history: history ?? header.history, firstSeq: firstSeq, chain: expected?.crc ?? header.chain)
        guard header == wanted else {
            throw lines.damage(expected: "the header of \(wanted)", found: "that of \(header)")
        }
        self.header = header
        position = LogPosition(seq: firstSeq - 1, crc: header.chain)
        (end, endNumber) = (lines.end, lines.number)
    }

    private static func check(
        _ firstSeq: UInt64, after expected: LogPosition?, _ lines: borrowing CheckedLines
    ) throws(StoreError) {
        guard let expected, firstSeq != expected.seq + 1 else { return }
        throw lines.damage(
            expected: "the segment that begins with seq \(expected.seq + 1)",
            found: "the one that begins with seq \(firstSeq)")
    }

    /// The current record's line as it stands, without its line feed.
    var line: Span<UInt8> {
        @_lifetime(borrow self)
        get { lines.line }
    }

    /// Where the current line begins, in bytes.
    var offset: Int { lines.offset }
    /// The current line's number, from 1.
    var lineNumber: Int { lines.number }

    /// Goes to the next record.
    /// - Returns: whether there is one.
    /// - Throws: `StoreError.corruption`. What was read until then is good.
    mutating func next() throws(StoreError) -> Bool {
        while try lines.advance() {
            plain = PlainLine.record(lines.line, chain: position.crc)
            if let plain, plain.seq == position.seq &+ 1 {
                accept(plain.seq, plain.timestamp, plain.crc)
                return true
            }
            plain = nil
            if try takeParsed() { return true }
        }
        plain = nil
        return false
    }

    /// - Returns: whether the current line is a record.
    private mutating func takeParsed() throws(StoreError) -> Bool {
        switch try lines.parsed(chain: position.crc) {
        case .record(let seq, let timestamp, let crc):
            guard seq == position.seq + 1 else {
                throw lines.damage(expected: "seq \(position.seq + 1)", found: "seq \(seq)")
            }
            accept(seq, timestamp, crc)
            return true
        case .durable(let seq, let isClosed):
            guard seq <= position.seq else {
                throw lines.damage(expected: "seq \(position.seq + 1)", found: "a line that says \(seq) is durable")
            }
            durable = max(durable, seq)
            self.isClosed = isClosed
            (end, endNumber) = (lines.end, lines.number)
        case .header:
            throw lines.damage(expected: "a record", found: "a second header")
        case .snapshot, .pair, .end:
            throw lines.damage(expected: "a record", found: "a line of a snapshot")
        }
        return false
    }

    @inline(__always)
    private mutating func accept(_ seq: UInt64, _ timestamp: UInt64, _ crc: UInt32) {
        position = LogPosition(seq: seq, crc: crc)
        self.timestamp = timestamp
        recordCount &+= 1
        isClosed = false
        (end, endNumber) = (lines.end, lines.number)
    }

    /// Visits the changes of the current record.
    /// - Throws: `StoreError.corruption` where the line is whole and says nothing that this version knows.
    mutating func changes(apply: (borrowing Change) -> Void) throws(StoreError) {
        if let plain { return plain.change(in: lines.line, apply: apply) }
        try lines.changes(apply: apply)
    }

    /// The error for a record that is whole and does not belong where it stands.
    func damage(expected: String, found: String) -> StoreError {
        lines.damage(expected: expected, found: found)
    }

    /// Whether a crash can have made the damage that `next` has just told of: no readable line from there on says that a
    /// number behind the last good record was durable. Goes to the end of the file.
    mutating func isTorn() throws(StoreError) -> Bool {
        try !lines.claimsMore(than: position.seq)
    }

    /// Goes back to where the last good line ends: what stands behind it, which may have changed, is read again.
    mutating func goBack() {
        lines = CheckedLines(
            file, from: end, behind: endNumber, chunkSize: chunkSize, reserveSize: reserveSize)
        plain = nil
    }

    /// Whether something stands right behind the last good line: neither the end of the file nor reserved space.
    func hasMore() throws(StoreError) -> Bool {
        var byte = ByteBuffer()
        return try file.read(1, at: end, into: &byte) == 1 && byte.bytes[0] != UInt8(ascii: "\n")
    }

    /// Whether the segment is still where the data set has it.
    var isInPlace: Bool { file.isInPlace() }
}

extension LogHeader: CustomStringConvertible {
    package var description: String {
        "history \(history) from seq \(firstSeq) on, behind crc \(hex(chain))"
    }
}
