// From a snapshot and sealed segments to the next snapshot: a pure function of files that nobody changes. The live table
// is not involved, so nobody waits, nothing is copied on write, and the snapshot is exact at the last sealed change.
//
//     sealed segments ──> ChangeSorter, as much as its budget holds ──> a file of sorted changes ──┐
//                         … the next part …                         ──> another                    ├─ merge ──> puffin.json.tmp
//                         the last part                             ──> stays in memory            │   sync, rename, sync
//     the old snapshot, which is sorted ───────────────────────────────────────────────────────────┘
//
// Memory is bounded: the sorter's budget (`CompactionBudget`), a read buffer for each file that is merged, and the line
// that each of them stands at. Whatever interrupts this, the old snapshot and all segments are there, and the temporary
// files are removed by the next compaction or the next start.

import Bytes
import Synchronization
import SystemPackage

/// What a compaction has done. Sizes are in bytes.
package struct CompactionReport: Equatable, Sendable {
    /// The last change that the snapshot holds.
    package var position = LogPosition.start
    package var pairs = 0
    package var snapshotSize = 0
    /// What was merged into it.
    package var records = 0
    package var mergedSize = 0
    /// Files of sorted changes that were needed.
    package var runs = 0
    /// Merged segments that retention has removed.
    package var removedSegments = 0
    package var removedSize = 0
}

/// How far a compaction is; read from any thread.
package final class CompactionProgress: Sendable {
    private let total = Atomic<Int>(0)
    private let done = Atomic<Int>(0)
    private let cancelled = Atomic<Bool>(false)

    package init() {}

    /// From 0 to 100.
    package var percent: Int {
        let total = total.load(ordering: .relaxed)
        return total == 0 ? 0 : min(done.load(ordering: .relaxed) * 100 / total, 100)
    }

    /// Makes the compaction end as soon as it can, with everything as it was.
    package func cancel() { cancelled.store(true, ordering: .relaxed) }
    var isCancelled: Bool { cancelled.load(ordering: .relaxed) }

    func expect(_ size: Int) { total.store(size, ordering: .relaxed) }
    func add(_ size: Int) { done.add(size, ordering: .relaxed) }
}

/// What a compaction may take, in bytes.
package struct CompactionBudget: Sendable {
    /// Memory for sorting, at least: enough for 110,000 keys of 16 bytes with values of 32, so that a log which overwrites
    /// that many again and again needs no file of sorted changes; where there are fewer, less is taken. Of a large input a
    /// sixty-fourth part, so that no more than about 64 files of sorted changes have to be merged.
    package var sortingSize = 8 << 20
    /// Read at a time from each file that is merged.
    var readSize = 16 << 10
    /// The new snapshot is synced after so many bytes.
    var syncInterval = 4 << 20

    package init() {}

    /// On a full disk memory is given instead of space for files of sorted changes, up to this.
    var fullDiskSortingSize = 64 << 20

    func sortingSize(forInput size: Int, isDiskFull: Bool) -> Int {
        max(sortingSize, isDiskFull ? fullDiskSortingSize : 0, size / 64)
    }
}

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

    /// Removes merged segments that nobody wants kept, merges every sealed segment into a new snapshot, and removes what is
    /// too much then.
    /// - Parameters:
    ///   - now: Unix milliseconds.
    ///   - merges: whether to make a snapshot.
    /// - Returns: nil where there was nothing to merge, or the compaction was cancelled.
    /// - Throws: `StoreError`; the data set is as it was then, but for segments that were removed.
    func run(_ retention: Retention, now: UInt64, merges: Bool) throws(StoreError) -> CompactionReport? {
        let before = try prune(retention, now: now)
        guard merges, var report = try run() else { return nil }
        let after = try prune(retention, now: now)
        report.removedSegments = before.count + after.count
        report.removedSize = before.size + after.size
        return report
    }

    private func prune(_ retention: Retention, now: UInt64) throws(StoreError) -> (count: Int, size: Int) {
        guard let merged = try oldHeader()?.position else { return (0, 0) }
        // The snapshot's name may be that of a compaction that was cut short: segments may go only once it is durable.
        try disk.syncFolder(files.snapshot.folder)
        return try retention.apply(to: files, merged: merged, now: now, on: disk)
    }

    /// Merges every sealed segment into a new snapshot.
    /// - Returns: nil where there was nothing to merge, or the compaction was cancelled.
    /// - Throws: `StoreError`; the data set is as it was then.
    func run() throws(StoreError) -> CompactionReport? {
        let contents = try files.contents(on: disk)
        try files.removeTemporaryFiles(contents, on: disk)
        // What cannot be removed now is removed at the next start.
        defer { if let left = try? files.contents(on: disk) { try? files.removeTemporaryFiles(left, on: disk) } }
        return try merge(begun(contents.segments))
    }

    /// The segments without the last one where the writer is just making it: it has no header yet, so that nothing can be
    /// said of where the one before it ends.
    private func begun(_ segments: [UInt64]) throws(StoreError) -> [UInt64] {
        guard let last = segments.last else { return [] }
        var reader = LogReader(
            try disk.open(files.segment(firstSeq: last), for: .reading), chunkSize: budget.readSize)
        let hasLine = try reader.next()
        return hasLine && reader.isTerminated ? segments : segments.dropLast()
    }

    private func merge(_ segments: [UInt64]) throws(StoreError) -> CompactionReport? {
        let base = try oldHeader()
        let first = (base?.position.seq ?? 0) + 1
        guard let open = segments.last, first < open else { return nil }
        // From the segment on that holds the first change that is needed.
        let sealed = zip(segments, segments.dropFirst()).filter { $1 > first }.map(\.0)
        var inputSize = 0
        for seq in sealed { inputSize += try disk.status(of: files.segment(firstSeq: seq))?.size ?? 0 }
        let oldSize = try disk.status(of: files.snapshot)?.size ?? 0
        // Everything is read once, and once more when it is merged.
        progress.expect(2 * inputSize + oldSize)

        var collector = ChangeCollector(
            self, base: base, sortingSize: budget.sortingSize(forInput: inputSize, isDiskFull: isDiskFull))
        for seq in sealed {
            guard try collector.read(segment: seq) else { return nil }
        }
        try collector.checkEnd(before: open)
        guard var report = try write(collector) else { return nil }
        report.mergedSize = inputSize
        return report
    }

    private func oldHeader() throws(StoreError) -> SnapshotHeader? {
        guard try disk.exists(files.snapshot) else { return nil }
        return try SnapshotReader(try disk.open(files.snapshot, for: .reading), chunkSize: budget.readSize).header
    }

    /// Merges what was collected into a new snapshot, and puts it in the place of the old one.
    private func write(_ collected: consuming ChangeCollector) throws(StoreError) -> CompactionReport? {
        var merge = PairMerge(progress)
        // The old snapshot comes first: what is newer wins. Nothing of it is left where everything was cleared since.
        if !collected.isCleared, try disk.exists(files.snapshot) { try merge.add(files.snapshot, self) }
        for run in collected.runs { try merge.add(files.run(run), self) }
        let (header, runs, records) = (collected.header, collected.runs.count, collected.recordCount)
        merge.add(PairsInMemory(collected.takeRest()))
        var writer = try PairWriter(
            creating: files.nextSnapshot, header, on: disk, syncInterval: budget.syncInterval)
        guard try merge.write(to: &writer) else { return nil }
        try writer.sync()
        try disk.rename(files.nextSnapshot, to: files.snapshot)
        try disk.syncFolder(files.snapshot.folder)
        return CompactionReport(
            position: header.position, pairs: writer.count, snapshotSize: writer.size, records: records,
            runs: runs)
    }
}
