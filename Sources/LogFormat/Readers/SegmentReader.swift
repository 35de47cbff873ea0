// Reads one segment from the first line to the last, and checks everything that a segment promises: its history, that
// it follows what came before, that numbers are consecutive, and that no line claims more to be durable than exists.
// Recovery, compaction, verification and `log show` all read segments with it.

import Bytes

/// The records of one segment up to the last line taken.
public struct RecordRun: ~Copyable {
    package let header: LogHeader
    /// The position after the current record.
    public private(set) var position: ChainPosition
    /// The current record's time, in Unix milliseconds; 0 before the first.
    public private(set) var timestamp: UInt64 = 0
    public private(set) var recordCount = 0
    /// The current record, if it is a plain one.
    public private(set) var plain: PlainLine?
    /// The offset after the last good line.
    public private(set) var end: Int
    /// The number of the last good line.
    public private(set) var endNumber: Int
    /// The highest number that a line claims to be durable.
    package private(set) var durable: UInt64 = 0
    /// Whether the last good line says that the log was closed cleanly.
    public private(set) var isClosed = false
    private var parser = RecordParser()

    /// - Parameters:
    ///   - end, number: of the header's line.
    init(behind header: LogHeader, end: Int, number: Int) {
        self.header = header
        position = ChainPosition(seq: header.firstSeq - 1, crc: header.chain)
        (self.end, endNumber) = (end, number)
    }

    /// Takes the next line.
    /// - Parameters:
    ///   - end: where it ends, in bytes.
    ///   - number: its number.
    /// - Returns: false if it is not a record.
    @usableFromInline
    mutating func take(_ line: Span<UInt8>, end: Int, number: Int) throws(LineError) -> Bool {
        plain = PlainLine.record(line, chain: position.crc)
        if let plain, plain.seq == position.seq &+ 1, plain.needs.isSubset(of: header.needs) {
            accept(plain.seq, plain.timestamp, plain.crc)
            (self.end, endNumber) = (end, number)
            return true
        }
        plain = nil
        let isRecord = try takeParsed(line)
        (self.end, endNumber) = (end, number)
        return isRecord
    }

    private mutating func takeParsed(_ line: Span<UInt8>) throws(LineError) -> Bool {
        switch try parser.parse(line, chain: position.crc) {
        case .record(let seq, let timestamp, let crc):
            guard seq == position.seq + 1 else {
                throw LineError(expected: "seq \(position.seq + 1)", found: "seq \(seq)")
            }
            accept(seq, timestamp, crc)
            return true
        case .durable(let seq, let isClosed):
            guard seq <= position.seq else {
                throw LineError(expected: "seq \(position.seq + 1)", found: "a line that says \(seq) is durable")
            }
            durable = max(durable, seq)
            self.isClosed = isClosed
        case .header:
            throw LineError(expected: "a record", found: "a second header")
        case .snapshot, .pair, .note, .end:
            throw LineError(expected: "a record", found: "a line of a snapshot")
        }
        return false
    }

    @inline(__always)
    private mutating func accept(_ seq: UInt64, _ timestamp: UInt64, _ crc: UInt32) {
        position = ChainPosition(seq: seq, crc: crc)
        self.timestamp = timestamp
        recordCount &+= 1
        isClosed = false
    }

    /// Leaves the current line, which was not taken.
    @usableFromInline mutating func leaveLine() { plain = nil }

    /// Visits the changes of the current record, which is not plain.
    @usableFromInline
    mutating func changes(
        of line: Span<UInt8>, keepingTexts size: Int, apply: (borrowing Change, borrowing ValueText) -> Void
    ) throws(LineError) {
        try parser.changes(of: line, needs: header.needs, keepingTexts: size, apply: apply)
    }

    /// Whether a line, readable by itself, claims that a number after the last record was durable.
    func isContradicted(by line: Span<UInt8>) -> Bool {
        do throws(LineError) {
            guard case .durable(let claimed, _) = try parser.parse(line, chain: 0) else { return false }
            return claimed > position.seq
        } catch {
            // An intact line whose number exceeds the bound claims more than any other.
            return error.isWhole && line.starts(with: "{\"durable\":")
        }
    }
}

/// The end of what is known to be good in a segment.
public struct GoodEnd: Sendable {
    public var position: ChainPosition
    public var recordCount: Int
    /// The offset after the last good line, and that line's number.
    public var end: Int
    public var endNumber: Int
    /// Whether that line says that the log was closed cleanly.
    public var isClosed: Bool

    @inlinable public init(_ run: borrowing RecordRun) {
        (position, recordCount) = (run.position, run.recordCount)
        (end, endNumber, isClosed) = (run.end, run.endNumber, run.isClosed)
    }
}

/// Reads the records of one segment.
public struct SegmentReader<Source: ByteSource>: ~Copyable {
    @usableFromInline var lines: LineReader<Source>
    @usableFromInline var run: RecordRun
    private let chunkSize: Int
    private let reserveSize: Int

    /// Reads the header.
    /// - Parameters:
    ///   - firstSeq: the number in the file's name.
    ///   - expected: what precedes the segment: the data set, and the position if it is known.
    ///   - chunkSize, reserveSize: as for `LineReader`.
    /// - Throws: `corruption` if the header is not that of the expected segment; the damage is not whole if a crash
    ///   during the segment's creation may have caused it. `unknownVersion` if this version cannot read the file.
    public init(
        _ source: Source, firstSeq: UInt64, history: String?, after expected: ChainPosition?,
        chunkSize: Int = 1 << 20, reserveSize: Int = .max
    ) throws(Source.Failure) {
        var lines = LineReader(source, chunkSize: chunkSize, reserveSize: reserveSize)
        guard (1...LogHeader.largestFirst).contains(firstSeq) else {
            throw lines.damage(
                expected: "a segment named after its first change, \(Number.bound)", found: "\(firstSeq)")
        }
        let first: LogLine?
        do throws(Source.Failure) {
            first = try lines.first("log")
        } catch {
            try SegmentReader.check(firstSeq, after: expected, lines)
            throw error
        }
        try SegmentReader.check(firstSeq, after: expected, lines)
        guard let first else {
            throw lines.damage(LineError(expected: "a segment's header", found: "an empty file", isWhole: false))
        }
        guard case .header(let header) = first else {
            throw lines.damage(expected: "a segment's header", found: "another line")
        }
        let wanted = LogHeader(
            history: history ?? header.history, firstSeq: firstSeq, chain: expected?.crc ?? header.chain,
            needs: header.needs)
        guard header == wanted else {
            throw lines.damage(expected: "the header of \(wanted)", found: "that of \(header)")
        }
        run = RecordRun(behind: header, end: lines.end, number: lines.number)
        self.chunkSize = chunkSize
        self.reserveSize = reserveSize
        self.lines = lines
    }

    private static func check(
        _ firstSeq: UInt64, after expected: ChainPosition?, _ lines: borrowing LineReader<Source>
    ) throws(Source.Failure) {
        guard let expected, firstSeq != expected.seq + 1 else { return }
        throw lines.damage(
            expected: "the segment that begins with seq \(expected.seq + 1)",
            found: "the one that begins with seq \(firstSeq)")
    }

    @inlinable public var source: Source { lines.source }
    package var path: String { source.path }
    package var header: LogHeader { run.header }
    /// The position after the current record.
    @inlinable public var position: ChainPosition { run.position }
    /// The current record's time, in Unix milliseconds; 0 before the first.
    @inlinable public var timestamp: UInt64 { run.timestamp }
    @inlinable public var recordCount: Int { run.recordCount }
    /// The current record, if it is a plain one.
    @inlinable public var plain: PlainLine? { run.plain }
    /// The offset after the last good line, and that line's number.
    @inlinable public var end: Int { run.end }
    @inlinable public var endNumber: Int { run.endNumber }
    /// Whether the last good line says that the log was closed cleanly.
    package var isClosed: Bool { run.isClosed }
    /// The end of the records and durable lines that have been read.
    package var goodEnd: GoodEnd { GoodEnd(run) }

    /// The current record's line, without its line feed.
    public var line: Span<UInt8> {
        @_lifetime(borrow self)
        @inlinable get { lines.line }
    }

    /// The current line's number, from 1, and its offset in bytes.
    package var lineNumber: Int { lines.number }
    @inlinable public var lineOffset: Int { lines.offset }

    /// Goes to the next record.
    /// - Returns: false at the end.
    /// - Throws: `corruption`. Everything read before is good.
    @inlinable public mutating func next() throws(Source.Failure) -> Bool {
        while try lines.advance() {
            do throws(LineError) {
                if try run.take(lines.line, end: lines.end, number: lines.number) { return true }
            } catch {
                throw lines.damage(error)
            }
        }
        run.leaveLine()
        return false
    }

    /// Visits the changes of the current record.
    /// - Throws: `corruption` if the line is intact but this version does not understand it.
    @inlinable public mutating func changes(apply: (borrowing Change) -> Void) throws(Source.Failure) {
        if let plain = run.plain { return apply(plain.change(in: lines.line)) }
        try changes(keepingTexts: .max) { change, _ in apply(change) }
    }

    /// Visits the changes of the current record, which is not plain, as `RecordParser.changes` does.
    @inlinable public mutating func changes(
        keepingTexts size: Int, apply: (borrowing Change, borrowing ValueText) -> Void
    ) throws(Source.Failure) {
        do throws(LineError) {
            try run.changes(of: lines.line, keepingTexts: size, apply: apply)
        } catch {
            throw lines.damage(error)
        }
    }

    /// Goes over records, and checks that each is understood, up to one of two numbers, which the caller checks, or the end.
    /// - Parameter good: the end of the last record that was found to be good.
    /// - Returns: whether it is at one of the two.
    /// - Throws: as `next`; as `changes` if there are more records than `good` has.
    @inlinable public mutating func pass(
        _ good: inout GoodEnd, upTo one: UInt64, or other: UInt64
    ) throws(Source.Failure) -> Bool {
        while try next() {
            if position.seq == one || position.seq == other { return true }
            try changes { _ in }
            good = GoodEnd(run)
        }
        return false
    }

    /// The error for an intact record in the wrong place.
    package func damage(expected: String, found: String) -> Source.Failure {
        lines.damage(expected: expected, found: found)
    }

    /// Whether a crash can have caused the damage that `next` has just reported: no readable line after it claims that
    /// a number after the last good record was durable. Reads to the end of the file.
    package mutating func isTorn() throws(Source.Failure) -> Bool {
        repeat {
            if run.isContradicted(by: lines.line) { return false }
        } while try lines.next()
        return true
    }

    /// Returns to the end of the last good line, to read again what follows it and may have changed.
    package mutating func goBack() {
        lines = LineReader(
            source, from: end, behind: endNumber, chunkSize: chunkSize, reserveSize: reserveSize)
        run.leaveLine()
    }

    /// Whether anything follows the last good line directly: neither the end of the file nor preallocated space.
    package func hasMore() throws(Source.Failure) -> Bool {
        var byte = ByteBuffer()
        return try source.read(1, at: end, into: &byte) == 1 && byte.bytes[0] != UInt8(ascii: "\n")
    }
}
