// From a snapshot and sealed segments to the next snapshot: a pure function of files that nobody changes, so nobody waits, nothing
// is copied on write, and the snapshot is exact at the last sealed change.
//
//     sealed segments ──> ChangeSorter, as much as its budget holds ──> a file of sorted changes ──┐
//                         … the next part …                         ──> another                    ├─ merge ──> puffin.json.tmp
//                         the last part                             ──> stays in memory            │   sync, rename, sync
//     the old snapshot, which is sorted ───────────────────────────────────────────────────────────┘
//
// Where the log overwrites the same pairs again and again, they are taken from the live table instead of the old snapshot and
// the segments behind it (`TableWalk`), while it changes. They are sorted first, as if they were changes; then come the
// changes behind A, where the segment begins that was open before the walk began, and up to B, which is sealed after the
// walk has ended. A key that is untouched between A and B was met as it is at B; of any other the log says what it is at B. So that
// snapshot is exact too, and the same file.
//
// Memory is bounded: the sorter's budget (`CompactionBudget`), a read buffer for each file that is merged, the line that each
// of them stands at, and three chunks of a dump. Whatever interrupts this, the old snapshot and all segments are there, and the
// temporary files are removed by the next compaction or the next start.

import LogFormat
import SystemPackage

/// Makes the next snapshot of one data set. Nobody else does so at the same time.
struct Compactor {
    let disk: any Disk
    let files: DataFiles
    var budget = CompactionBudget()
    var progress: CompactionProgress
    /// Whether files of sorted changes would have no room.
    var isDiskFull = false

    /// The same, telling another how far it is.
    func reporting(to progress: CompactionProgress) -> Compactor {
        var copy = self
        copy.progress = progress
        return copy
    }

    /// Removes merged segments that nobody wants kept.
    /// - Parameter ageTime: see `Retention.apply`.
    func prune(_ retention: Retention, ageTime: UInt64?) throws(StoreError) -> (count: Int, size: Int) {
        guard let merged = try oldHeader()?.position else { return (0, 0) }
        // The snapshot's name may be that of a compaction that was cut short: segments may go only once it is durable.
        try disk.syncFolder(files.snapshot.folder)
        return try retention.apply(to: files, merged: merged, ageTime: ageTime, on: disk)
    }

    /// Removes what a compaction leaves that was cut short.
    func removeTemporaryFiles() throws(StoreError) {
        try files.removeTemporaryFiles(files.contents(on: disk), on: disk)
    }

    /// The segments without the last one where the writer is just making it: it has no header yet, so that nothing can be
    /// said of where the one before it ends.
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
            self, after: base, needsSnapshot: base != nil,
            sortingSize: budget.sortingSize(forInput: inputSize, isDiskFull: isDiskFull))
    }

    /// One that begins with the segment that is open now: its first change, and all before it, are in the table.
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
                history: header.history, position: LogPosition(seq: open - 1, crc: header.chain), timestamp: 0)
        }
        return ChangeCollector(
            self, after: start, needsSnapshot: false,
            sortingSize: budget.sortingSize(forInput: tableSize, isDiskFull: isDiskFull))
    }

    /// Those sealed ones of `segments` that have changes behind a position: from the one on that holds the first of them.
    private func sealed(_ segments: [UInt64], after seq: UInt64) -> [UInt64] {
        zip(segments, segments.dropFirst()).filter { $1 > seq + 1 }.map(\.0)
    }

    private func size(of segments: [UInt64]) throws(StoreError) -> Int {
        var size = 0
        for seq in segments { size += try disk.status(of: files.segment(firstSeq: seq))?.size ?? 0 }
        return size
    }

    /// Reads what is sealed behind the collector's position, and makes the snapshot.
    /// - Returns: nil where there was nothing to merge, or the compaction was cancelled.
    /// - Throws: `StoreError`; the data set is as it was then.
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

    /// Merges what was collected into a new snapshot, and puts it in the place of the old one.
    private func write(_ collected: consuming ChangeCollector) throws(StoreError) -> CompactionReport? {
        var merge = PairMerge(progress)
        // The old snapshot comes first: what is newer wins.
        if collected.needsSnapshot { try merge.add(files.snapshot, self) }
        for run in collected.runs { try merge.add(files.run(run), self) }
        let (header, runs) = (collected.header, collected.runs.count)
        merge.add(PairsInMemory(collected.takeRest()))
        var writer = try PairWriter(
            creating: files.nextSnapshot, header, on: disk, syncInterval: budget.syncInterval)
        guard try merge.write(to: &writer) else { return nil }
        try writer.sync()
        try disk.rename(files.nextSnapshot, to: files.snapshot)
        try disk.syncFolder(files.snapshot.folder)
        return CompactionReport(
            position: header.position, pairs: writer.count, snapshotSize: writer.size, runs: runs)
    }
}
