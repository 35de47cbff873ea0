// From a snapshot and sealed segments to the next snapshot: a pure function of immutable files, so nothing blocks,
// nothing is copied on write, and the snapshot is exact at the last sealed change.
//
//     sealed segments ──> ChangeSorter, as much as its budget holds ──> a file of sorted changes ──┐
//                         … the next part …                         ──> another                    ├─ merge ──> puffin.json.tmp
//                         the last part                             ──> stays in memory            │   sync, rename, sync
//     the old snapshot, which is sorted ───────────────────────────────────────────────────────────┘
//
// Large values are not sorted: the changes refer to them, and the merge reads them again (`ReferencedValues`).
//
// If the log mostly overwrites the same pairs, they are taken from the live table instead of the old snapshot and the
// segments after it (`TableWalk`), while the table changes. They are sorted first, as if they were changes; then come
// the changes from A, the beginning of the segment that was open before the walk, to B, which is sealed after the walk.
// A key that no change touches between A and B was met as it is at B; for any other the log says what it is at B. So
// this snapshot is exact too, and the same file.
//
// Memory is bounded: the sorter's budget (`CompactionBudget`), a read buffer and a line for each merged file, a line that is
// written, and two chunks of a walk. Whatever interrupts this, the old snapshot and all segments remain, and the next compaction or
// start removes the temporary files.

import LogFormat
import SystemPackage

/// Makes the next snapshot of one data set. Only one may run at a time.
struct Compactor {
    let disk: any Disk
    let files: DataFiles
    var budget = CompactionBudget()
    var progress: CompactionProgress
    /// Whether spill files would have no room.
    var isDiskFull = false

    /// The same, with another progress.
    func reporting(to progress: CompactionProgress) -> Compactor {
        var copy = self
        copy.progress = progress
        return copy
    }

    /// Removes merged segments beyond retention.
    /// - Parameter ageTime: see `Retention.apply`.
    func prune(_ retention: Retention, ageTime: UInt64?) throws(StoreError) -> (count: Int, size: Int) {
        guard let merged = try oldHeader()?.position else { return (0, 0) }
        // The snapshot's name may be that of an interrupted compaction: segments may go only once it is durable.
        try disk.syncFolder(files.snapshot.folder)
        return try retention.apply(to: files, merged: merged, ageTime: ageTime, on: disk)
    }

    /// Removes the files of an interrupted compaction.
    func removeTemporaryFiles() throws(StoreError) {
        try files.removeTemporaryFiles(files.contents(on: disk), on: disk)
    }

    /// The segments without the last one if the writer is creating it: it has no header yet, so the end of the one
    /// before it is unknown.
    func begunSegments() throws(StoreError) -> [UInt64] {
        let segments = try files.contents(on: disk).segments
        guard let last = segments.last else { return [] }
        var reader = LineReader(
            try disk.open(files.segment(firstSeq: last), for: .reading).source, chunkSize: budget.readSize)
        let hasLine = try reader.next()
        return hasLine && reader.isTerminated ? segments : segments.dropLast()
    }

    func collectorOfFiles(
        _ segments: [UInt64], _ base: SnapshotHeader?
    ) throws(StoreError) -> ChangeCollector {
        let inputSize = try size(of: sealed(segments, after: base?.position.seq ?? 0))
        let oldSize = try disk.status(of: files.snapshot)?.size ?? 0
        // Everything is read once, and once more when it is merged.
        progress.expect(2 * inputSize + oldSize)
        return ChangeCollector(
            self, after: base, notes: try oldNotes(base), needsSnapshot: base != nil,
            sortingSize: budget.sortingSize(forInput: inputSize, isDiskFull: isDiskFull))
    }

    /// A collector that begins with the segment that is open now: its first change, and all earlier ones, are in the
    /// table.
    func collectorOfTable(
        _ segments: [UInt64], _ base: SnapshotHeader?, _ tableSize: Int
    ) throws(StoreError) -> ChangeCollector {
        progress.expect(2 * tableSize)
        var start = base
        if let open = segments.last {
            let header = try SegmentReader(
                try disk.open(files.segment(firstSeq: open), for: .reading).source, firstSeq: open,
                history: base?.history,
                after: nil, chunkSize: budget.readSize
            ).header
            start = SnapshotHeader(
                history: header.history, position: ChainPosition(seq: open - 1, crc: header.chain), timestamp: 0,
                needs: base?.needs ?? [])
        }
        return ChangeCollector(
            self, after: start, notes: Notes(), needsSnapshot: false,
            sortingSize: budget.sortingSize(forInput: tableSize, isDiskFull: isDiskFull))
    }

    /// The sealed ones of `segments` with changes after a position, starting with the one that holds the first of them.
    private func sealed(_ segments: [UInt64], after seq: UInt64) -> [UInt64] {
        zip(segments, segments.dropFirst()).filter { $1 > seq + 1 }.map(\.0)
    }

    private func size(of segments: [UInt64]) throws(StoreError) -> Int {
        var size = 0
        for seq in segments { size += try disk.status(of: files.segment(firstSeq: seq))?.size ?? 0 }
        return size
    }

    /// Reads the sealed segments after the collector's position, and makes the snapshot.
    /// - Returns: nil if there was nothing to merge, or the compaction was cancelled.
    /// - Throws: `StoreError`; nothing has changed then.
    func merge(
        _ segments: [UInt64], _ base: SnapshotHeader?, startingWith started: consuming ChangeCollector
    ) throws(StoreError) -> CompactionReport? {
        let baseSeq = base?.position.seq ?? 0
        guard let open = segments.last, baseSeq + 1 < open else { return nil }
        var collector = started
        for seq in sealed(segments, after: collector.position.seq) {
            guard try collector.read(segment: seq) else { return nil }
        }
        try collector.checkEnd(before: open)
        precondition(collector.position.seq >= collector.dumpedSeq, "the table's pairs are newer than the log")
        precondition(collector.position.seq >= baseSeq, "a snapshot would have less than the one before")
        guard var report = try write(collector) else { return nil }
        report.mergedSize = try size(of: sealed(segments, after: baseSeq))
        report.records = Int(report.position.seq - baseSeq)
        return report
    }

    func oldHeader() throws(StoreError) -> SnapshotHeader? {
        guard try disk.exists(files.snapshot) else { return nil }
        return try SnapshotReader(try disk.open(files.snapshot, for: .reading).source, chunkSize: budget.readSize)
            .header
    }

    /// The notes of the old snapshot.
    private func oldNotes(_ header: SnapshotHeader?) throws(StoreError) -> Notes {
        guard let header, header.needs.contains(.notes) else { return Notes() }
        var reader = try SnapshotReader(
            try disk.open(files.snapshot, for: .reading).source, chunkSize: budget.readSize)
        // The first pair follows the last note.
        _ = try reader.next()
        return reader.notes
    }

    /// Merges the collected changes into a new snapshot, which replaces the old one.
    private func write(_ collector: consuming ChangeCollector) throws(StoreError) -> CompactionReport? {
        var collected = collector
        var merge = PairMerge(progress, ReferencedValues(self, segments: collected.segments))
        // The old snapshot comes first: newer sources win.
        if collected.needsSnapshot {
            let file = try disk.open(files.snapshot, for: .reading)
            merge.add(try PairsOfFile(SnapshotReader(file.source, chunkSize: budget.readSize)))
        }
        for run in collected.runs { merge.add(try SpilledPairs(disk.open(files.run(run), for: .reading))) }
        let (header, runs) = (collected.header, collected.runs.count)
        let notes = collected.takeNotes()
        merge.add(PairsInMemory(collected.takeRest()))
        var writer = try PairWriter(
            creating: files.nextSnapshot, header, on: disk, syncInterval: budget.syncInterval)
        try writer.append(notes)
        guard try merge.write(to: &writer) else { return nil }
        try writer.sync()
        try disk.rename(files.nextSnapshot, to: files.snapshot)
        try disk.syncFolder(files.snapshot.folder)
        return CompactionReport(
            position: header.position, pairs: writer.count, snapshotSize: writer.size, runs: runs,
            strayTimes: merge.strayTimes)
    }
}
