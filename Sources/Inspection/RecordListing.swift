// Lists requested records, as lines of the log or as rows.

import Bytes
import LogFormat
import Store

/// Lists records, and continues as more come, if requested.
package struct RecordListing: ~Copyable {
    private let query: RecordQuery
    private var cursor: LogCursor
    private var isPast = false

    package init(_ captured: CapturedFiles, _ query: RecordQuery) throws(StoreError) {
        self.query = query
        cursor = try LogCursor(captured, from: max(query.seqs.lowerBound, 1))
    }

    /// Goes to the next record that matches.
    /// - Returns: false after the last one; `lookAgain` tells whether more have come since.
    /// - Throws: `StoreError`; everything listed before is good.
    package mutating func next() throws(StoreError) -> Bool {
        while !isPast, try cursor.next() {
            let (seq, time) = (cursor.position.seq, cursor.timestamp)
            if seq >= query.seqs.upperBound || time > query.times.upperBound { isPast = true }
            guard query.seqs.contains(seq), query.times.contains(time), try matches() else { continue }
            return true
        }
        return false
    }

    private mutating func matches() throws(StoreError) -> Bool {
        if query.author != nil, !query.matches(cursor.author) { return false }
        guard query.namesKeys else { return true }
        var matches = false
        let query = query
        try cursor.changes { change in matches = matches || query.matches(change) }
        return matches
    }

    /// Whether no future record can match.
    package var isComplete: Bool { isPast }

    /// Checks for records after the last one.
    /// - Returns: whether to call `next` again.
    package mutating func lookAgain() throws(StoreError) -> Bool { try cursor.lookAgain() }

    /// Changes skipped since `lookAgain`: retention removed them before they could be read.
    package var removed: [ClosedRange<UInt64>] { cursor.removed }

    /// Appends the current record's line as in the log, except that the secrets of a note are masked.
    package func append(lineTo buffer: inout ByteBuffer) {
        if cursor.operation == .meta {
            buffer.append(masking: cursor.line.bytes)
        } else {
            buffer.append(cursor.line.bytes)
        }
    }

    /// Appends a row for each change of the current record: number, time, operation, key and value, and the author if there is one.
    /// - Parameter width: the width of a row in characters; longer rows are cut.
    package mutating func append(rowsTo buffer: inout ByteBuffer, width: Int) throws(StoreError) {
        let (seq, time) = (cursor.position.seq, Timestamp(milliseconds: cursor.timestamp))
        let (isMulti, author) = (cursor.operation == .multi, cursor.author)
        var rows = ByteBuffer()
        try cursor.changes { change in
            rows.append(row: change, seq: seq, time: time, isMulti: isMulti, by: author, width: width)
        }
        buffer.append(rows.bytes)
    }

    /// Appends the heading.
    package static func append(headingTo buffer: inout ByteBuffer) {
        buffer.append(text: padded("seq", to: 12, left: true) + "  ")
        buffer.append(text: padded("time (UTC)", to: 24) + "  " + padded("op", to: 12) + "  ")
        buffer.append(text: padded("key", to: 24) + "  value\n")
    }
}

extension ByteBuffer {
    /// Appends a change as a row.
    fileprivate mutating func append(
        row change: borrowing Change, seq: UInt64, time: Timestamp, isMulti: Bool, by author: Author?, width: Int
    ) {
        append(text: padded(String(seq), to: 12, left: true) + "  ")
        append(time: time)
        append("  ")
        let of = isMulti ? "multi " : ""
        // The width left after the fixed columns.
        let rest = max(width - 80, 10)
        switch change.kind {
        case .set:
            append(text: padded(of + "set", to: 12) + "  " + padded(change.key.excerpt(of: 24), to: 24) + "  ")
            append(text: change.value.excerpt(of: rest))
            if change.expires > 0 { append(text: "  (\(expiry(change.expires)))") }
        case .delete:
            let name = change.isExpiry ? "expired" : of + "delete"
            append(text: padded(name, to: 12) + "  " + change.key.excerpt(of: 24))
        case .ttl:
            append(text: padded(of + "ttl", to: 12) + "  " + padded(change.key.excerpt(of: 24), to: 24) + "  ")
            append(text: expiry(change.expires))
        case .clear:
            append(text: "clear")
        case .note:
            let name = NoteName(path: Array(change.key))?.description ?? ""
            append(text: padded("meta", to: 12) + "  " + padded(Array(name.utf8).span.excerpt(of: 24), to: 24) + "  ")
            append(noteValue: change.value, width: rest)
        }
        if let author { append(text: "  (by \(Array(author.text.utf8).span.excerpt(of: 64)))") }
        append(UInt8(ascii: "\n"))
    }
}

extension ByteBuffer {
    /// Appends the value of a note as in a row.
    private mutating func append(noteValue value: Span<UInt8>, width: Int) {
        guard !value.isEmpty else { return append("(removed)") }
        var masked = ByteBuffer()
        masked.append(masking: value)
        append(text: masked.bytes.excerpt(of: width))
    }
}

/// When a pair expires, as a person reads it: `expires 2025-11-24T16:01:00.123Z`.
package func expiry(_ time: UInt64) -> String {
    guard time > 0 else { return "never expires" }
    var text = ByteBuffer()
    text.append(time: Timestamp(milliseconds: time))
    return "expires " + String(text.bytes)
}

/// A text padded with spaces to a width in characters.
func padded(_ text: String, to width: Int, left: Bool = false) -> String {
    let blanks = String(repeating: " ", count: max(width - text.unicodeScalars.count, 0))
    return left ? blanks + text : text + blanks
}
