// The log as one run of records, across segments, from a number on. What a server does meanwhile is no damage: the last
// segment may end in the middle of a write, and once it is sealed the run goes on in the next.

import Bytes
import LogFormat
import Store
import SystemPackage

/// Goes through the records of a log.
struct LogCursor: ~Copyable {
    private let captured: CapturedFiles
    private var pending: ArraySlice<UInt64>
    private var history: String?
    private var expected: LogPosition?
    private var current: SegmentReader<FileSource>?
    /// The last segment, where a crash, or a server at this moment, has left it without a header.
    private var begun: UInt64?
    /// What stands behind the last good record, where a write was cut short or is under way.
    private(set) var torn: Damage?
    /// Changes that were passed over since `lookAgain`: retention has removed them while they were to be read.
    private(set) var removed: [ClosedRange<UInt64>] = []

    /// Who follows a log does not read the space that is reserved in a whole segment, up to its end, each time.
    private static let reserveSize = 1 << 20

    /// - Parameters:
    ///   - seq: whole segments before the one that holds it are passed over.
    init(_ captured: CapturedFiles, from seq: UInt64 = 1) throws(StoreError) {
        self.captured = captured
        pending = captured.segments(from: seq)
        history = try captured.snapshotHeader()?.history
    }

    /// Goes to the next record.
    /// - Returns: whether there is one. Behind the last one, `lookAgain` tells whether there may be more by now.
    /// - Throws: `StoreError`; what was read until then is good.
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

    /// Opens a segment, or passes over it where it was removed.
    /// - Returns: false where it is being begun.
    private mutating func open(_ first: UInt64) throws(StoreError) -> Bool {
        guard let file = try captured.segment(first) else {
            // What comes behind the last one, `lookAgain` finds.
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
                file, firstSeq: first, history: history, after: expected, reserveSize: LogCursor.reserveSize)
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

    /// Looks whether there is more behind what `next` has told to be the last record. Cheap where there is not.
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

    /// The segment that was read is gone, and so may be the next ones: goes on with the oldest that is there.
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
    private(set) var position = LogPosition.start
    /// In Unix milliseconds.
    private(set) var timestamp: UInt64 = 0
    /// The current record's line as it stands, with a line feed.
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

    /// What the current record says that it does.
    var operation: Operation { Operation(of: line.bytes) }
}
