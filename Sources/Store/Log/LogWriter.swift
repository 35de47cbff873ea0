// Batches to disk. In the default mode a thread of its own writes and syncs, one batch at a time, while the reactor
// gathers the next: group commit. In the relaxed modes the reactor itself writes, which only copies into the page cache,
// and the thread does what can take long: syncs, filling ahead, and changing segments.
//
// The first failure is final: after a failed sync nobody knows what the disk holds (Rebello et al., "Can applications
// recover from fsync failures?", 2020), so nothing is written after it, and nothing later is ever reported durable.

import Bytes
import Dispatch
import Synchronization

/// Writes the log. The reactor calls; progress is read from counters.
final class LogWriter: Sendable {
    private struct Mailbox: ~Copyable, Sendable {
        var batch = LogBatch()
        var wantsSync = false
        var isClosing = false
    }

    private let mailbox = Mutex(Mailbox())
    private let segment: Mutex<OpenSegment>
    private let failure = Mutex<StoreError?>(nil)
    private let jobs = DispatchSemaphore(value: 0)
    private let closed = DispatchSemaphore(value: 0)
    private let progress: @Sendable () -> Void

    /// Numbers of the last records written, and known to be on the disk.
    private let written: Atomic<UInt64>
    private let synced: Atomic<UInt64>
    private let finishedJobs = Atomic<Int>(0)
    private let syncs = Atomic<Int>(0)
    private let lastSyncTime = Atomic<Int>(0)

    /// - Parameters:
    ///   - position: where the log ends, all of it durable.
    ///   - progress: called on the writer's thread after each job.
    init(
        segment: consuming sending OpenSegment, position: LogPosition, progress: @escaping @Sendable () -> Void
    ) {
        self.segment = Mutex(segment)
        self.progress = progress
        written = Atomic(position.seq)
        synced = Atomic(position.seq)
        let queue = DispatchQueue(label: "puffin.log-writer", qos: .userInitiated)
        queue.async { self.run() }
    }

    var writtenSeq: UInt64 { written.load(ordering: .acquiring) }
    var durableSeq: UInt64 { synced.load(ordering: .acquiring) }
    /// Jobs that are done; the caller counts those it has given.
    var finishedJobCount: Int { finishedJobs.load(ordering: .acquiring) }
    var syncCount: Int { syncs.load(ordering: .relaxed) }
    /// How long the last sync took, in nanoseconds.
    var lastSyncNanoseconds: Int { lastSyncTime.load(ordering: .relaxed) }
    /// The failure after which nothing is written any more.
    var failureError: StoreError? { failure.withLock { $0 } }

    /// Gives the thread a job: write `batch`, which comes back empty, and sync if wanted. One job at a time.
    func submit(_ batch: inout LogBatch, sync: Bool) {
        mailbox.withLock { mailbox in
            swap(&mailbox.batch, &batch)
            mailbox.wantsSync = sync
        }
        jobs.signal()
    }

    /// Writes `batch` on the caller's thread, if that cannot take long. No job that has records is under way;
    /// a sync may be.
    /// - Returns: whether it was written; where not, `submit` it.
    func writeAtOnce(_ batch: inout LogBatch) -> Bool {
        guard failureError == nil, segment.withLock({ $0.takesAtOnce(batch.lines.count) }) else { return false }
        write(&batch)
        return true
    }

    /// Writes what is left, syncs, ends the log cleanly and returns when all of that is done. No job is under way.
    func close(_ batch: inout LogBatch) {
        mailbox.withLock { mailbox in
            swap(&mailbox.batch, &batch)
            mailbox.wantsSync = true
            mailbox.isClosing = true
        }
        jobs.signal()
        closed.wait()
    }

    // MARK: The thread

    private func run() {
        var batch = LogBatch()
        while true {
            jobs.wait()
            let (wantsSync, isClosing) = mailbox.withLock { mailbox in
                swap(&mailbox.batch, &batch)
                return (mailbox.wantsSync, mailbox.isClosing)
            }
            write(&batch)
            if wantsSync { sync() }
            if isClosing { end() }
            finishedJobs.add(1, ordering: .releasing)
            progress()
            if isClosing {
                closed.signal()
                return
            }
        }
    }

    private func write(_ batch: inout LogBatch) {
        guard !batch.isEmpty, failureError == nil else { return }
        do throws(StoreError) {
            try segment.withLock { segment throws(StoreError) in
                try segment.append(batch, durable: durableSeq)
            }
            written.store(batch.end.seq, ordering: .releasing)
        } catch {
            fail(error)
        }
        batch.removeAll(keeping: LogWriter.keptBufferSize)
    }

    /// Outside the segment's lock, so that in the relaxed modes writing goes on meanwhile.
    private func sync() {
        guard failureError == nil else { return }
        let (file, seq) = segment.withLock { ($0.file, writtenSeq) }
        let clock = ContinuousClock()
        let start = clock.now
        do throws(StoreError) {
            try file.sync()
            synced.store(seq, ordering: .releasing)
        } catch {
            fail(error)
        }
        syncs.add(1, ordering: .relaxed)
        let time = (clock.now - start).components
        lastSyncTime.store(
            Int(time.seconds) * 1_000_000_000 + Int(time.attoseconds / 1_000_000_000), ordering: .relaxed)
    }

    private func end() {
        guard failureError == nil else { return }
        do throws(StoreError) {
            try segment.withLock { segment throws(StoreError) in try segment.close(durable: durableSeq) }
        } catch {
            fail(error)
        }
    }

    private func fail(_ error: StoreError) {
        failure.withLock { $0 = $0 ?? error }
    }

    /// A batch's buffer that has grown beyond this is given back after use.
    private static let keptBufferSize = 1 << 20
}
