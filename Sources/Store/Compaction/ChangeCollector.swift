// The first half of a compaction: reads sealed segments, preceded by the table's pairs if these are used, and sorts
// their changes. What exceeds the memory for sorting is spilled to files of sorted changes; the last part stays in
// memory.

import Bytes
import LogFormat

/// Collects the changes after a position.
struct ChangeCollector: ~Copyable {
    private let compactor: Compactor
    private let sortingSize: Int
    private var sorter = ChangeSorter()

    private var history: String?
    private(set) var position: ChainPosition
    private var timestamp: UInt64
    /// What the changes so far need, those in the old snapshot included.
    private var needs: Needs
    /// The notes as of `position`: those of the old snapshot, or those at the end of the walk, and what segments say since.
    private var notes: Notes
    /// The numbers of the spill files that no `clear` has voided.
    private(set) var runs: [Int] = []
    private var lastRun = 0
    /// The segments read so far, which references count.
    private(set) var segments: [UInt64] = []
    /// Whether pairs of the old snapshot still count.
    private(set) var needsSnapshot: Bool
    /// The newest change that a pair of the table may contain.
    private(set) var dumpedSeq: UInt64 = 0

    /// Records between two checks for cancellation.
    private static let stepSize = 4096

    /// - Parameters:
    ///   - start: where the changes begin: after the old snapshot, or where the walk through the table began; nil for
    ///     the
    ///     log's beginning.
    ///   - notes: those of the old snapshot, if the changes begin after it.
    ///   - needsSnapshot: whether the old snapshot's pairs count.
    init(
        _ compactor: Compactor, after start: SnapshotHeader?, notes: Notes, needsSnapshot: Bool, sortingSize: Int
    ) {
        self.compactor = compactor
        self.needsSnapshot = needsSnapshot
        self.sortingSize = sortingSize
        history = start?.history
        position = start?.position ?? .start
        timestamp = start?.timestamp ?? 0
        needs = start?.needs ?? []
        self.notes = notes
    }

    /// The header of the new snapshot.
    var header: SnapshotHeader {
        SnapshotHeader(history: history ?? "", position: position, timestamp: timestamp, needs: needs)
    }

    /// Takes pairs of the table as if they were the first changes.
    mutating func collect(_ pairs: borrowing ByteBuffer) throws(StoreError) {
        var place = 0
        while place < pairs.count {
            let pair = StoredChange.change(in: pairs, at: place)
            let size = StoredChange(in: pairs, at: place).size
            // A large value is not kept beside others.
            if size >= sortingSize / 4, sorter.size + size > sortingSize, sorter.size > 0 { try spill() }
            needs.formUnion(pair.needs)
            sorter.append(pair, isPlain: pair.isPlain)
            try spillIfFull()
            place &+= size
        }
        compactor.progress.add(pairs.count)
    }

    /// Records that all of the table's pairs were taken. As for pairs, the log from the walk's beginning on, which is read
    /// now, has every change of a note that the notes at its end may contain: what it says comes after them.
    mutating func noteSealed(_ end: WalkEnd) {
        needs.formUnion(end.needs)
        dumpedSeq = end.seq
        timestamp = end.timestamp
        notes = end.notes
    }

    /// Reads a segment that follows those read before.
    /// - Returns: false if the compaction was cancelled.
    /// - Throws: `StoreError`, `corruption` if the segment is damaged.
    mutating func read(segment firstSeq: UInt64) throws(StoreError) -> Bool {
        let file = try compactor.disk.open(compactor.files.segment(firstSeq: firstSeq), for: .reading)
        // The first segment may begin before the first change needed.
        let isInside = firstSeq <= position.seq
        var reader = try SegmentReader(
            file.source, firstSeq: firstSeq, history: history, after: isInside ? nil : position,
            chunkSize: compactor.budget.readSize)
        history = reader.header.history
        segments.append(firstSeq)
        var seen = 0
        while try reader.next() {
            if reader.position.seq <= position.seq { continue }
            try collect(&reader)
            if reader.recordCount % ChangeCollector.stepSize == 0 {
                compactor.progress.add(reader.end - seen)
                seen = reader.end
                if compactor.progress.isCancelled { return false }
            }
        }
        compactor.progress.add(reader.end - seen)
        position = reader.position
        timestamp = max(timestamp, reader.timestamp)
        return true
    }

    @inline(__always)
    private mutating func collect(_ reader: inout SegmentReader<FileSource>) throws(StoreError) {
        let textSize = compactor.budget.referencedSize
        if let plain = reader.plain {
            needs.formUnion(plain.needs)
            let change = plain.change(in: reader.line)
            if plain.textSize < textSize {
                sorter.append(change, isPlain: true)
            } else {
                let text = plain.text(in: reader.line)
                sorter.append(
                    change, ValueReference(text, segment: segments.count - 1, lineOffset: reader.lineOffset))
            }
        } else {
            let (segment, lineOffset) = (segments.count - 1, reader.lineOffset)
            // The checksum of the line is right. The text of a value is only looked at where its pair is written.
            try reader.changes(keepingTexts: textSize) { change, text in
                needs.formUnion(change.needs)
                if change.kind == .clear {
                    forgetEverything()
                } else if change.kind == .note {
                    notes.apply(change)
                } else if text.quoted.isEmpty {
                    sorter.append(change)
                } else {
                    sorter.append(change, ValueReference(text, segment: segment, lineOffset: lineOffset))
                }
            }
        }
        try spillIfFull()
    }

    @inline(__always)
    private mutating func spillIfFull() throws(StoreError) {
        if sorter.size >= sortingSize, !sorter.shrink(below: sortingSize) { try spill() }
    }

    /// Every pair, and no note.
    private mutating func forgetEverything() {
        sorter.removeAll()
        runs.removeAll()
        needsSnapshot = false
    }

    /// Checks that the next segment, which is not read, continues those that were.
    func checkEnd(before open: UInt64) throws(StoreError) {
        let file = try compactor.disk.open(compactor.files.segment(firstSeq: open), for: .reading)
        _ = try SegmentReader(
            file.source, firstSeq: open, history: history, after: position, chunkSize: compactor.budget.readSize)
    }

    private mutating func spill() throws(StoreError) {
        lastRun += 1
        var writer = try SpillWriter(creating: compactor.files.run(lastRun), on: compactor.disk)
        sorter.sort()
        while !sorter.isEmpty {
            try writer.append(sorter.firstChange)
            sorter.removeFirst()
        }
        try writer.end()
        sorter.removeAll()
        runs.append(lastRun)
    }

    /// The notes as of `position`. They are moved out: of a property that is only read, Swift 6.3 made the copy after
    /// `takeRest` had ended the collector.
    mutating func takeNotes() -> Notes {
        var taken = Notes()
        swap(&taken, &notes)
        return taken
    }

    /// The changes that are in no spill file.
    consuming func takeRest() -> ChangeSorter { sorter }
}
