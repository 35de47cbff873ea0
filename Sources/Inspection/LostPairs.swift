// What can be kept of a damaged snapshot. Each line can be verified by itself, so a damaged line costs only itself, or
// one more.

import Bytes
import LogFormat
import Store

/// Pairs and notes of a snapshot that a repair gives up. The damaged file is kept beside the new one.
package struct LostPairs: Equatable, Sendable {
    /// A line that is not kept, from 1, and its key, or the note that it is, if that is readable.
    package struct Line: Equatable, Sendable {
        package var number: Int
        package var key: [UInt8]?
        package var note: NoteName?
    }

    /// Pairs that are kept.
    package private(set) var keptCount = 0
    /// Notes that are kept.
    package private(set) var keptNoteCount = 0
    /// Lines that are not kept, except for the last line: their number, and the first of them.
    package private(set) var lineCount = 0
    package private(set) var lines: [Line] = []
    /// Pairs that the file should have; nil if its last line is unreadable.
    package private(set) var expectedCount: Int?
    package private(set) var expectedNoteCount: Int?

    /// How many lines are named.
    package static let namedLines = 20

    init(_ file: any DiskFile) throws(StoreError) {
        self.init()
        try LostPairs.read(file, into: &self) { _ throws(StoreError) in }
    }

    /// Writes the notes and pairs that are kept.
    static func copy(_ file: any DiskFile, to writer: inout PairWriter) throws(StoreError) {
        var counts = LostPairs()
        try read(file, into: &counts) { (pair) throws(StoreError) in
            if pair.kind == .note { writer.append(note: pair) } else { writer.append(pair) }
            try writer.flushIfLarge()
        }
    }

    private init() {}

    private static func read(
        _ file: any DiskFile, into found: inout LostPairs, keep: (borrowing Change) throws(StoreError) -> Void
    ) throws(StoreError) {
        var reader = SalvageReader(file, chain: nil)
        var (previous, previousNote) = ([UInt8]?.none, [UInt8]?.none)
        while true {
            switch try reader.next() {
            case .end: return
            case .sound(.pair):
                guard try found.take(&reader, .set, &previous, keep) else { break }
                found.keptCount += 1
                continue
            case .sound(.note):
                // A note behind a pair is in the wrong place.
                guard previous == nil, try found.take(&reader, .note, &previousNote, keep) else { break }
                found.keptNoteCount += 1
                continue
            case .sound(.end(let count, let notes)):
                (found.expectedCount, found.expectedNoteCount) = (count, notes)
                continue
            case .sound(.snapshot): continue
            case .sound, .unsound: break
            }
            found.note(&reader)
        }
    }

    /// - Returns: whether the current pair or note can be kept: an intact line may still be in the wrong place.
    private mutating func take(
        _ reader: inout SalvageReader, _ kind: Change.Kind, _ previous: inout [UInt8]?,
        _ keep: (borrowing Change) throws(StoreError) -> Void
    ) throws(StoreError) -> Bool {
        var isKept = false
        var failure: StoreError?
        reader.changes { change in
            guard change.kind == kind else { return }
            if let last = previous, last.span.compared(with: change.key) >= 0 { return }
            previous = Array(change.key)
            isKept = true
            do throws(StoreError) {
                try keep(change)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return isKept
    }

    private mutating func note(_ reader: inout SalvageReader) {
        lineCount += 1
        guard lines.count < LostPairs.namedLines else { return }
        var line = Line(number: reader.number)
        reader.changes { change in
            if change.kind == .set { line.key = Array(change.key) }
            if change.kind == .note { line.note = NoteName(path: Array(change.key)) }
        }
        lines.append(line)
    }
}
