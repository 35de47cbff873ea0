// One compaction as jobs of one worker. From files it is one job. From the table it is one job that opens the log after
// the table's pairs, one per chunk of pairs that the reactor hands over (`TableWalk`), and one for the rest, once the
// log is sealed after them. At most one chunk is in transit, so memory is bounded: the walk waits for the worker.

import Bytes
import LogFormat
import Synchronization

/// One compaction. The reactor starts it, hands pairs over, and asks for its result.
final class CompactionRun: Sendable {
    /// How the pairs of a walk through the table end.
    enum End: Sendable {
        /// Every pair has been handed over and the log is sealed after them, at this change or later.
        case sealed(WalkEnd)
        /// The log cannot be sealed.
        case failed(StoreError)
        case cancelled
    }

    /// The worker's state between two jobs.
    private struct Work: ~Copyable, Sendable {
        /// For a compaction from the table, until it ends.
        var collector: ChangeCollector?
        var base: SnapshotHeader?
        var removed = (count: 0, size: 0)
        var pairs = ByteBuffer()
    }

    private struct Mailbox: ~Copyable, Sendable {
        /// Pairs handed over by the reactor and not yet taken by the worker.
        var pairs = ByteBuffer()
        var isOpen = false
        var result: Result<CompactionReport?, StoreError>?
    }

    private let compactor: Compactor
    private let retention: Retention
    private let ageTime: UInt64?
    private let source: SnapshotSource?
    /// About how many bytes of pairs the table has.
    private let tableSize: Int
    private let worker: any Worker
    private let progress: @Sendable () -> Void
    private let work = Mutex(Work())
    private let mailbox = Mutex(Mailbox())

    /// Starts.
    /// - Parameters:
    ///   - source: the source of the snapshot's pairs; nil to make no snapshot, and only remove segments beyond
    ///     retention.
    ///   - ageTime: see `Retention.apply`.
    ///   - progress: called by the worker when the walk can begin or continue, and when the compaction has ended.
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

    /// The result: nil until it has ended; a report of nil if there was nothing to merge, or it was cancelled.
    var result: Result<CompactionReport?, StoreError>? { mailbox.withLock { $0.result } }

    /// Whether the walk may copy pairs: the worker has chosen where to read the log after them, and has taken the earlier ones.
    var takesPairs: Bool { mailbox.withLock { $0.isOpen && $0.pairs.isEmpty } }

    /// Hands over `pairs`, a chunk of `StoredChange`s; an empty buffer is returned. Only while `takesPairs`. A pair that
    /// changes during the walk may be missing, occur twice, or have any value that it had: the log from the walk's
    /// beginning on has the right one.
    func give(_ pairs: inout ByteBuffer) {
        assert(!pairs.isEmpty, "nothing is handed over")
        mailbox.withLock { mailbox in
            precondition(mailbox.pairs.isEmpty, "pairs are handed over before the worker has taken the earlier ones")
            swap(&mailbox.pairs, &pairs)
        }
        worker.submit { self.takePairs() }
    }

    /// Ends the walk's pairs, with the reason.
    func end(_ end: End) { worker.submit { self.finish(end) } }

    /// Cancels it, with no change, and waits until nothing is being done.
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
        // The walk continues while these are sorted.
        progress()
        attempt { work throws(StoreError) in
            guard var collector = work.collector.take() else { return nil }
            try collector.collect(work.pairs)
            work.pairs.removeAll()
            work.pairs.trim(above: 2 * compactor.budget.chunkSize)
            work.collector = consume collector
            return nil
        }
    }

    private func finish(_ end: End) {
        attempt { work throws(StoreError) in
            guard var collector = work.collector.take() else { return nil }
            switch end {
            case .sealed(let end):
                collector.noteSealed(end)
                return .some(try merge(consume collector, compactor.begunSegments(), &work))
            case .failed(let error): throw error
            case .cancelled: return .some(nil)
            }
        }
        progress()
    }

    /// Makes the snapshot, and removes segments beyond retention.
    private func merge(
        _ collector: consuming ChangeCollector, _ segments: [UInt64], _ work: inout Work
    ) throws(StoreError) -> CompactionReport? {
        guard var report = try compactor.merge(segments, work.base, startingWith: collector) else { return nil }
        let after = try compactor.prune(retention, ageTime: ageTime)
        report.removedSegments = work.removed.count + after.count
        report.removedSize = work.removed.size + after.size
        return report
    }

    /// Takes a step, and records the end if it is the last one or fails. Either nothing has changed, apart from removed
    /// segments, or there is a new snapshot.
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
