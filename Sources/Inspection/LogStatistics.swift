// What a log consists of, and how much of it is needed.

import Bytes
import LogFormat
import Store

/// Figures of the files of one data set. Sizes are in bytes.
package struct LogStatistics: Sendable {
    /// Records of one operation, and the bytes of their lines.
    package struct OperationCount: Equatable, Sendable {
        package var count = 0
        package var size = 0
    }

    /// The records of the segments.
    package private(set) var operations: [Operation: OperationCount] = [:]
    package private(set) var firstSeq: UInt64?
    package private(set) var lastSeq: UInt64 = 0
    package private(set) var snapshotSeq: UInt64?
    package private(set) var snapshotSize = 0
    package private(set) var segmentCount = 0
    /// Segments whose changes are in the snapshot, and the others, without preallocated space.
    package private(set) var mergedSize = 0
    package private(set) var unmergedSize = 0
    package private(set) var reservedSize = 0

    /// The pairs that the data set has now, the size of keys and values, and that of a fresh snapshot.
    package private(set) var pairCount = 0
    package private(set) var noteCount = 0
    package private(set) var keySize = 0
    package private(set) var valueSize = 0
    package private(set) var freshSize = 0

    /// Without preallocated space.
    package var usedSize: Int { snapshotSize + mergedSize + unmergedSize }
    /// The needed share: the size of a fresh snapshot divided by that of the files.
    package var liveRatio: Double { usedSize == 0 ? 1 : Double(freshSize) / Double(usedSize) }

    /// Reads all files, and holds every pair in memory meanwhile.
    /// - Throws: `StoreError`, `corruption` if they are damaged.
    package init(_ captured: CapturedFiles) throws(StoreError) {
        let table = Table()
        var notes = Notes()
        var position = ChainPosition.start
        if let snapshot = captured.snapshot {
            var reader = try SnapshotReader(snapshot.source)
            position = reader.header.position
            snapshotSeq = position.seq
            snapshotSize = try snapshot.size()
            while try reader.next() { try reader.pair { change in table.apply(change) } }
            notes = reader.notes
        }
        let header = try captured.snapshotHeader()
        try measure(captured, merged: position.seq)
        var cursor = try LogCursor(captured)
        while try cursor.next() {
            try count(&cursor)
            guard cursor.position.seq > position.seq else { continue }
            try cursor.changes { change in
                if change.kind == .note { notes.apply(change) } else { table.apply(change) }
            }
        }
        lastSeq = max(position.seq, cursor.position.seq)
        measure(table, notes, header)
    }

    private mutating func measure(_ captured: CapturedFiles, merged seq: UInt64) throws(StoreError) {
        for (index, first) in captured.segments.enumerated() {
            guard let file = try captured.segment(first) else { continue }
            let size = try file.size()
            segmentCount += 1
            guard index + 1 < captured.segments.count else {
                // Used space ends with the last line's line feed.
                let used = min(try file.source.usedSize(from: 0) + 1, size)
                unmergedSize += used
                reservedSize = size - used
                return
            }
            if captured.segments[index + 1] <= seq + 1 { mergedSize += size } else { unmergedSize += size }
        }
    }

    private mutating func count(_ cursor: inout LogCursor) throws(StoreError) {
        firstSeq = firstSeq ?? cursor.position.seq
        operations[cursor.operation, default: OperationCount()].count += 1
        operations[cursor.operation, default: OperationCount()].size += cursor.line.count
    }

    private mutating func measure(_ table: Table, _ notes: Notes, _ header: SnapshotHeader?) {
        var line = ByteBuffer()
        let header = SnapshotHeader(
            history: header?.history ?? "000000000000", position: ChainPosition(seq: lastSeq, crc: 0),
            timestamp: header?.timestamp ?? 1_000_000_000_000, needs: header?.needs ?? [])
        _ = line.append(snapshotHeader: header)
        for note in notes.all { note.withChange { _ = line.append(noteLine: $0, chain: 0) } }
        line.append(snapshotEnd: table.count, notes: notes.count, chain: 0)
        var (size, keys, values) = (line.count, 0, 0)
        _ = table.scan(from: 0, count: .max, buckets: .max) { pair in
            line.removeAll()
            _ = line.append(pairLine: pair.change, chain: 0)
            size += line.count
            keys += pair.key.count
            values += pair.value.count
        }
        noteCount = notes.count
        (pairCount, freshSize, keySize, valueSize) = (table.count, size, keys, values)
    }
}
