// The log as one run of records across segments, from a number on. A server's concurrent work is not damage: the last
// segment may end inside a write, and after it is sealed the run continues in the next one.

import Bytes
import LogFormat
import Store
import SystemPackage

/// Reads the records of a log in order.
struct LogCursor: ~Copyable {
    private let captured: CapturedFiles
    private var pending: ArraySlice<UInt64>
    private var history: String?
    private var expected: ChainPosition?
    private var current: SegmentReader<FileSource>?
    /// The last segment, if a crash, or a server at this moment, has left it without a header.
    private var begun: UInt64?
    /// What follows the last good record, if a write was cut short or is in progress.
    private(set) var torn: Damage?
    /// Changes skipped since `lookAgain`: retention removed them before they could be read.
    private(set) var removed: [ClosedRange<UInt64>] = []

    /// Following a log does not read all the preallocated space of a segment each time.
    private static let reserveSize = 1 << 20

    /// - Parameters:
    ///   - seq: whole segments before the one that holds it are skipped.
    init(_ captured: CapturedFiles, from seq: UInt64 = 1) throws(StoreError) {
        self.captured = captured
        pending = captured.segments(from: seq)
        history = try captured.snapshotHeader()?.history
    }

    /// Goes to the next record.
    /// - Returns: false after the last one; `lookAgain` tells whether more have come since.
    /// - Throws: `StoreError`; everything read before is good.
    mutating func next() throws(StoreError) -> Bool {
        while true {
            guard var reader = current.take() else {
                guard let first = pending.popFirst() else { return false }
                guard try open(first) else { return false }
                continue
            }
            torn = nil
            guard pending.isEmpty else {
                let isThere = try reader.next()
                if isThere {
                    note(reader)
                    current = consume reader
                    return true
                }
                expected = reader.position
                continue
            }
            let step = try reader.nextWhileWritten()
            if case .record = step { note(reader) }
            current = consume reader
            switch step {
            case .record: return true
            case .end: return false
            case .torn(let damage):
                torn = damage
                return false
            }
        }
    }

    /// Opens a segment, or skips it if it was removed.
    /// - Returns: false if its creation is in progress.
    private mutating func open(_ first: UInt64) throws(StoreError) -> Bool {
        guard let file = try captured.segment(first) else {
            // `lookAgain` finds what follows the last one.
            if let next = pending.first { removed.append(first...next - 1) }
            (expected, begun) = (nil, nil)
            return true
        }
        if let seq = expected?.seq, first > seq + 1, try isRemoved(seq + 1) {
            removed.append(seq + 1...first - 1)
            expected = nil
        }
        let opened =
            pending.isEmpty
            ? try SegmentReader.last(
                file.source, firstSeq: first, history: history, after: expected, reserveSize: LogCursor.reserveSize)
            : try SegmentReader(file.source, firstSeq: first, history: history, after: expected)
        begun = first
        guard let reader = opened else { return false }
        begun = nil
        history = reader.header.history
        current = consume reader
        return true
    }

    /// Whether no segment is left that could hold a change: retention has removed it, and all before it.
    private func isRemoved(_ seq: UInt64) throws(StoreError) -> Bool {
        try captured.files.contents(on: captured.disk).segments.allSatisfy { $0 > seq }
    }

    /// Checks for records appended after `next` returned false. Cheap if there are none.
    /// - Returns: whether to call `next` again.
    mutating func lookAgain() throws(StoreError) -> Bool {
        removed = []
        if let begun {
            pending = [begun]
            return true
        }
        guard var reader = current.take() else { return try findSegments(from: position.seq + 1) }
        let seq = reader.position.seq
        let hasMore = try reader.hasMore()
        let isSealed = try isNextBegun(reader.header.firstSeq, seq)
        let isInPlace = reader.file.isInPlace()
        reader.goBack()
        if isInPlace || hasMore || isSealed { current = consume reader }
        if isSealed { pending = [seq + 1] }
        if hasMore || isSealed { return true }
        return isInPlace ? false : try findSegments(from: seq + 1)
    }

    private func isNextBegun(_ first: UInt64, _ seq: UInt64) throws(StoreError) -> Bool {
        guard seq + 1 > first else { return false }
        return try captured.disk.exists(captured.files.segment(firstSeq: seq + 1))
    }

    /// The segment being read is gone, and so may be the next ones: continues with the oldest that exists.
    private mutating func findSegments(from seq: UInt64) throws(StoreError) -> Bool {
        let found = try captured.files.contents(on: captured.disk).segments.filter { $0 >= seq }
        guard let first = found.first else { return false }
        if first > seq {
            removed.append(seq...first - 1)
            expected = nil
        }
        pending = found[...]
        return true
    }

    // MARK: The current record

    /// The position after the current record.
    private(set) var position = ChainPosition.start
    /// In Unix milliseconds.
    private(set) var timestamp: UInt64 = 0
    /// The current record's line, with a line feed.
    private(set) var line = ByteBuffer()

    private mutating func note(_ reader: borrowing SegmentReader<FileSource>) {
        position = reader.position
        timestamp = reader.timestamp
        line.removeAll()
        line.trim(above: 1 << 20)
        line.append(reader.line)
        line.append(UInt8(ascii: "\n"))
    }

    /// Visits the changes of the current record.
    mutating func changes(apply: (borrowing Change) -> Void) throws(StoreError) {
        try current?.changes(apply: apply)
    }

    /// The author of the current record; nil if it has none.
    var author: Author? { Author(ofRecord: line.bytes.extracting(0..<line.count - 1)) }

    /// The operation that the current record names.
    var operation: Operation { Operation(of: line.bytes) }
}
