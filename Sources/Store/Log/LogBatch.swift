// Records for the disk. The reactor collects changes in one batch while the writer has another.

import Bytes
import LogFormat

/// Records that are written together.
struct LogBatch: ~Copyable, Sendable {
    private(set) var lines = ByteBuffer()
    private var encoder = RecordEncoder()
    /// The position before the first record, which names a segment that begins with it.
    private(set) var start = ChainPosition.start
    /// The position after the last record.
    private(set) var end = ChainPosition.start
    /// What its records need of readers.
    private(set) var needs: Needs = []
    /// The open `multi` record: its offset, and its number of changes.
    private var multi: (offset: Int, changes: Int)?

    var isEmpty: Bool { lines.isEmpty }
    var isInMulti: Bool { multi != nil }
    /// Bytes of the open `multi` record so far; 0 if there is none.
    var multiSize: Int { multi.map { lines.count - $0.offset } ?? 0 }
    /// Whether the open `multi` record has changes.
    var multiHasChanges: Bool { multi.map { $0.changes > 0 } ?? false }

    /// Appends a change after `position`: as a record, or as part of the open `multi` record.
    /// - Returns: the position after it; unchanged inside a `multi` record.
    mutating func append(_ change: borrowing Change, after position: ChainPosition, timestamp: UInt64) -> ChainPosition
    {
        needs.formUnion(change.needs)
        guard let open = multi else {
            assert(lines.isEmpty || end == position, "a change that does not follow the last one")
            if lines.isEmpty { start = position }
            end = encoder.append(change, after: position, timestamp: timestamp, to: &lines)
            return end
        }
        encoder.append(multiPart: change, isFirst: open.changes == 0, to: &lines)
        multi?.changes += 1
        return position
    }

    /// Appends a record of another log: the same bytes, and the line feed.
    /// - Parameters:
    ///   - end: the position after it.
    ///   - needs: what it needs of readers.
    @inline(__always)
    mutating func append(line: Span<UInt8>, after position: ChainPosition, to end: ChainPosition, needs: Needs) {
        assert(multi == nil, "a record inside another")
        assert(end.seq == position.seq + 1, "a record that does not follow the last one")
        if lines.isEmpty { start = position }
        lines.reserve(line.count &+ 1)
        lines.append(line)
        lines.append(UInt8(ascii: "\n"))
        self.needs.formUnion(needs)
        self.end = end
    }

    mutating func beginMulti(after position: ChainPosition, timestamp: UInt64) {
        precondition(multi == nil, "a multi record inside another")
        if lines.isEmpty { start = position }
        multi = (lines.count, 0)
        encoder.beginMulti(after: position, timestamp: timestamp, to: &lines)
    }

    /// Begins a record of pairs that are removed because they have expired; `endExpired` ends it.
    mutating func beginExpired(after position: ChainPosition, timestamp: UInt64) {
        precondition(multi == nil, "an expired record inside another")
        if lines.isEmpty { start = position }
        multi = (lines.count, 0)
        encoder.beginExpired(after: position, timestamp: timestamp, to: &lines)
    }

    /// Ends the record; one without changes is undone.
    /// - Returns: the position after it.
    mutating func endMulti(after position: ChainPosition) -> ChainPosition {
        guard let start = takeMulti() else { return position }
        end = encoder.endMulti(from: start, after: position, to: &lines)
        return checkedEnd(after: position)
    }

    /// As `endMulti`, for a record of expired pairs, which has no author.
    mutating func endExpired(after position: ChainPosition) -> ChainPosition {
        guard let start = takeMulti() else { return position }
        end = encoder.endExpired(from: start, after: position, to: &lines)
        return checkedEnd(after: position)
    }

    /// Closes the open `multi` record.
    /// - Returns: its offset; nil if it has no changes, and was removed.
    private mutating func takeMulti() -> Int? {
        guard let ended = multi else { preconditionFailure("no multi record to end") }
        multi = nil
        if ended.changes > 0 { return ended.offset }
        lines.truncate(to: ended.offset)
        return nil
    }

    private func checkedEnd(after position: ChainPosition) -> ChainPosition {
        assert(end.seq == position.seq + 1, "a multi record has one number")
        return end
    }

    /// Makes the following records those of an author.
    mutating func setAuthor(_ author: Author) {
        precondition(multi == nil, "the author of a record changes inside it")
        encoder.author.removeAll()
        encoder.author.append(author.field.span)
    }

    /// Exchanges the records with those of another batch. Each keeps its author.
    mutating func exchange(with other: inout LogBatch) {
        swap(&self, &other)
        swap(&encoder.author, &other.encoder.author)
    }

    /// Drops the records, and memory beyond `size` bytes.
    mutating func removeAll(keeping size: Int) {
        precondition(multi == nil, "half a multi record is dropped")
        lines.removeAll()
        needs = []
        lines.trim(above: size)
    }
}
