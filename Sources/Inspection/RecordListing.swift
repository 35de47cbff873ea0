// Records that were asked for, one after the other, and how they are shown: as they stand in the log, or as rows.

import Bytes
import LogFormat
import Store

/// Lists records; goes on as more come, where it is asked to.
package struct RecordListing: ~Copyable {
    private let query: RecordQuery
    private var cursor: LogCursor
    private var isPast = false

    package init(_ captured: CapturedFiles, _ query: RecordQuery) throws(StoreError) {
        self.query = query
        cursor = try LogCursor(captured, from: max(query.seqs.lowerBound, 1))
    }

    /// Goes to the next record that matches.
    /// - Returns: whether there is one. Behind the last one, `lookAgain` tells whether there may be more by now.
    /// - Throws: `StoreError`; what was listed until then is good.
    package mutating func next() throws(StoreError) -> Bool {
        while !isPast, try cursor.next() {
            let (seq, time) = (cursor.position.seq, cursor.timestamp)
            if seq >= query.seqs.upperBound || time > query.times.upperBound { isPast = true }
            guard query.seqs.contains(seq), query.times.contains(time), try matchesKeys() else { continue }
            return true
        }
        return false
    }

    private mutating func matchesKeys() throws(StoreError) -> Bool {
        guard query.namesKeys else { return true }
        var matches = false
        let query = query
        try cursor.changes { change in matches = matches || query.matches(change) }
        return matches
    }

    /// Whether nothing that will ever be written can match.
    package var isComplete: Bool { isPast }

    /// Looks whether records have come behind the last one.
    /// - Returns: whether to call `next` again.
    package mutating func lookAgain() throws(StoreError) -> Bool { try cursor.lookAgain() }

    /// Changes that were passed over since `lookAgain`: retention has removed them while they were to be read.
    package var removed: [ClosedRange<UInt64>] { cursor.removed }

    /// Appends the current record's line as it stands in the log.
    package func append(lineTo buffer: inout ByteBuffer) { buffer.append(cursor.line.bytes) }

    /// Appends a row for each change of the current record: number, time, operation, key and value.
    /// - Parameter width: characters of a row; what is longer is cut.
    package mutating func append(rowsTo buffer: inout ByteBuffer, width: Int) throws(StoreError) {
        let (seq, time) = (cursor.position.seq, Timestamp(milliseconds: cursor.timestamp))
        let isMulti = cursor.operation == .multi
        var rows = ByteBuffer()
        try cursor.changes { change in
            rows.append(row: change, seq: seq, time: time, isMulti: isMulti, width: width)
        }
        buffer.append(rows.bytes)
    }

    /// Appends the row above all others.
    package static func append(headingTo buffer: inout ByteBuffer) {
        buffer.append(text: padded("seq", to: 12, left: true) + "  ")
        buffer.append(text: padded("time (UTC)", to: 24) + "  " + padded("op", to: 12) + "  ")
        buffer.append(text: padded("key", to: 24) + "  value\n")
    }
}

extension ByteBuffer {
    /// Appends a change as a row.
    fileprivate mutating func append(
        row change: borrowing Change, seq: UInt64, time: Timestamp, isMulti: Bool, width: Int
    ) {
        append(text: padded(String(seq), to: 12, left: true) + "  ")
        append(time: time)
        append("  ")
        let of = isMulti ? "multi " : ""
        // What is left behind the columns of a fixed width.
        let rest = max(width - 80, 10)
        switch change.kind {
        case .set:
            append(text: padded(of + "set", to: 12) + "  " + padded(change.key.excerpt(of: 24), to: 24) + "  ")
            append(text: change.value.excerpt(of: rest))
        case .delete:
            append(text: padded(of + "delete", to: 12) + "  " + change.key.excerpt(of: 24))
        case .clear:
            append(text: "clear")
        }
        append(UInt8(ascii: "\n"))
    }
}

/// A text with blanks in front of it, or behind it, up to a width in characters.
func padded(_ text: String, to width: Int, left: Bool = false) -> String {
    let blanks = String(repeating: " ", count: max(width - text.unicodeScalars.count, 0))
    return left ? blanks + text : text + blanks
}
