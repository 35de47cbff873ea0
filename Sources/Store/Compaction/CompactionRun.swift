// One compaction, in jobs of one worker. From files it is one job. From the table it is one that says where in the log it will go on
// behind the table's pairs, one for each chunk of pairs that the reactor hands over (`TableWalk`), and one for the rest, once the
// log is sealed behind them. One chunk lies between the two at most, so that memory is bounded: the walk waits where the worker is
// behind.

import Bytes
import LogFormat
import Synchronization

/// One compaction. The reactor begins it, hands pairs over, and asks what became of it.
final class CompactionRun: Sendable {
    /// How the pairs of a walk through the table end.
    enum End: Sendable {
        /// Every pair has been handed over and the log is sealed behind them: at this change or later. The time of that change is in
        /// Unix milliseconds.
        case sealed(through: UInt64, timestamp: UInt64)
        /// The log cannot be sealed.
        case failed(StoreError)
        case cancelled
    }

    /// What the worker has at hand between two jobs.
    private struct Work: ~Copyable, Sendable {
        /// Of a compaction from the table, until it has ended.
        var collector: ChangeCollector?
        var base: SnapshotHeader?
        var removed = (count: 0, size: 0)
        var pairs = ByteBuffer()
    }

    private struct Mailbox: ~Copyable, Sendable {
        /// What the reactor has handed over and the worker has not taken.
        var pairs = ByteBuffer()
        var isOpen = false
        var result: Result<CompactionReport?, StoreError>?
    }

    private let compactor: Compactor
    private let retention: Retention
    private let ageTime: UInt64?
    private let source: SnapshotSource?
    /// About how many bytes of pairs the table will give.
    private let tableSize: Int
    private let worker: any Worker
    private let progress: @Sendable () -> Void
    private let work = Mutex(Work())
    private let mailbox = Mutex(Mailbox())

    /// Begins.
    /// - Parameters:
    ///   - source: where the snapshot's pairs come from; nil to make none: only segments that nobody wants kept are removed.
    ///   - ageTime: see `Retention.apply`.
    ///   - progress: called by the worker when the walk can begin, or go on, and when the compaction has ended.
    init(
        _ compactor: Compactor, _ retention: Retention, from source: SnapshotSource?, tableSize: Int, ageTime: UInt64?,
        by worker: any Worker, progress: @escaping @Sendable () -> Void
    ) {
        self.compactor = compactor
        self.retention = retention
        self.ageTime = ageTime
        self.source = source
        self.tableSize = tableSize
        self.worker = worker
        self.progress = progress
        worker.submit { self.begin() }
    }

    // MARK: The reactor

    /// What became of it: nil until it has ended; a report of nil where there was nothing to merge, or it was cancelled.
    var result: Result<CompactionReport?, StoreError>? { mailbox.withLock { $0.result } }

    /// Whether the worker has chosen where in the log it will go on behind the table's pairs: no pair may be looked at before.
    var isOpen: Bool { mailbox.withLock { $0.isOpen } }

    /// Hands `pairs` over, a chunk of `StoredChange`s; an empty buffer comes back. A pair that is changed during the walk may be missing,
    /// be there twice, or have any value that it had: the log behind the walk's beginning says what it has.
    /// - Returns: false where the worker has to take the ones before first.
    func give(_ pairs: inout ByteBuffer) -> Bool {
        assert(!pairs.isEmpty, "nothing is handed over")
        let isTaken = mailbox.withLock { mailbox in
            guard mailbox.pairs.isEmpty else { return false }
            swap(&mailbox.pairs, &pairs)
            return true
        }
        if isTaken { worker.submit { self.takePairs() } }
        return isTaken
    }

    /// Says that no more pairs come, and why.
    func end(_ end: End) { worker.submit { self.finish(end) } }

    /// Ends it, with everything as it was, and returns when nothing is done any more.
    func stop() {
        compactor.progress.cancel()
        end(.cancelled)
        worker.finish()
    }

    // MARK: The worker

    private func begin() {
        attempt { work throws(StoreError) in
            work.removed = try compactor.prune(retention, ageTime: ageTime)
            guard let source else { return .some(nil) }
            try compactor.removeTemporaryFiles()
            let (base, segments) = (try compactor.oldHeader(), try compactor.begunSegments())
            work.base = base
            guard source == .table else {
                return .some(try merge(compactor.collectorOfFiles(segments, base), segments, &work))
            }
            work.collector = try compactor.collectorOfTable(segments, base, tableSize)
            mailbox.withLock { $0.isOpen = true }
            return nil
        }
        progress()
    }

    private func takePairs() {
        work.withLock { work in
            work.pairs.removeAll()
            mailbox.withLock { swap(&$0.pairs, &work.pairs) }
        }
        // While these are sorted, the walk goes on.
        progress()
        attempt { work throws(StoreError) in
            guard var collector = work.collector.take() else { return nil }
            try collector.collect(work.pairs)
            work.collector = consume collector
            return nil
        }
    }

    private func finish(_ end: End) {
        attempt { work throws(StoreError) in
            guard var collector = work.collector.take() else { return nil }
            switch end {
            case .sealed(let seq, let time):
                collector.noteSealed(through: seq, timestamp: time)
                return .some(try merge(consume collector, compactor.begunSegments(), &work))
            case .failed(let error): throw error
            case .cancelled: return .some(nil)
            }
        }
        progress()
    }

    /// Makes the snapshot, and removes what is too much then.
    private func merge(
        _ collector: consuming ChangeCollector, _ segments: [UInt64], _ work: inout Work
    ) throws(StoreError) -> CompactionReport? {
        guard var report = try compactor.merge(segments, work.base, startingWith: collector) else { return nil }
        let after = try compactor.prune(retention, ageTime: ageTime)
        report.removedSegments = work.removed.count + after.count
        report.removedSize = work.removed.size + after.size
        return report
    }

    /// Does a step, and notes the end where it is one: where the step says so, or fails. The data set is as it was then, but for
    /// segments that were removed, or has a new snapshot.
    private func attempt(_ step: (inout Work) throws(StoreError) -> CompactionReport??) {
        let result = work.withLock { work -> Result<CompactionReport?, StoreError>? in
            do throws(StoreError) {
                return try step(&work).map { .success($0) }
            } catch {
                work.collector = nil
                return .failure(error)
            }
        }
        guard let result else { return }
        // What cannot be removed now is removed at the next start.
        if source != nil { try? compactor.removeTemporaryFiles() }
        mailbox.withLock { $0.result = $0.result ?? result }
    }
}
