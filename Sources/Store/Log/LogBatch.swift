// Whole lines on their way to the disk. The reactor gathers changes in one batch while the writer has another.

import Bytes

/// Records that are written together.
struct LogBatch: ~Copyable, Sendable {
    private(set) var lines = ByteBuffer()
    private var head = RecordHead()
    /// The position before the first record, which names a segment that begins with it.
    private(set) var start = LogPosition.start
    /// The position after the last record.
    private(set) var end = LogPosition.start
    /// The open `multi` record: where it begins, how many changes it has.
    private var multi: (offset: Int, changes: Int)?

    var isEmpty: Bool { lines.isEmpty }
    var isInMulti: Bool { multi != nil }

    /// Writes down a change that follows `position`: as a record, or as a part of the open `multi` record.
    /// - Returns: the position after it; unchanged inside a `multi` record.
    mutating func append(_ change: borrowing Change, after position: LogPosition, timestamp: UInt64) -> LogPosition {
        guard let open = multi else {
            let offset = beginRecord(after: position, timestamp: timestamp)
            lines.append(change: change)
            return endRecord(from: offset, after: position)
        }
        lines.append(open.changes == 0 ? "{" : ",{")
        lines.append(change: change)
        lines.append("}")
        multi?.changes += 1
        return position
    }

    /// Writes down a record as another log has it: the same bytes, and the line feed.
    /// - Parameter end: the position after it.
    @inline(__always)
    mutating func append(line: Span<UInt8>, after position: LogPosition, to end: LogPosition) {
        if lines.isEmpty { start = position }
        lines.reserve(line.count &+ 1)
        lines.append(line)
        lines.append(UInt8(ascii: "\n"))
        self.end = end
    }

    mutating func beginMulti(after position: LogPosition, timestamp: UInt64) {
        precondition(multi == nil, "a multi record inside another")
        multi = (beginRecord(after: position, timestamp: timestamp), 0)
        lines.append("\"op\":\"multi\",\"changes\":[")
    }

    /// Ends the record; one without changes is taken back.
    /// - Returns: the position after it.
    mutating func endMulti(after position: LogPosition) -> LogPosition {
        guard let ended = multi else { preconditionFailure("no multi record to end") }
        multi = nil
        guard ended.changes > 0 else {
            lines.truncate(to: ended.offset)
            return position
        }
        lines.append("]")
        return endRecord(from: ended.offset, after: position)
    }

    /// Drops the records, and memory beyond `size` bytes.
    mutating func removeAll(keeping size: Int) {
        lines.removeAll()
        lines.trim(above: size)
    }

    private mutating func beginRecord(after position: LogPosition, timestamp: UInt64) -> Int {
        if lines.isEmpty { start = position }
        let offset = lines.count
        head.append(seq: position.seq + 1, timestamp: timestamp, to: &lines)
        return offset
    }

    private mutating func endRecord(from offset: Int, after position: LogPosition) -> LogPosition {
        let crc = lines.appendChecksum(bodyFrom: offset, chain: position.crc)
        end = LogPosition(seq: position.seq + 1, crc: crc)
        return end
    }
}
