// Writes batches to disk. In the default mode a worker writes and syncs, one batch at a time, while the reactor
// collects the next: group commit. In the relaxed modes the reactor itself writes, which only copies into the page
// cache, and the worker does what can take long: syncs, preallocation, and changing segments.
//
// The first failure is final: after a failed sync the disk's content is unknown (Rebello et al., "Can applications
// recover from fsync failures?", 2020), so nothing is written after it, and nothing later is ever reported durable. Two
// conditions are not failures but obstacles that can pass: a disk without space, which has taken nothing, and a file
// that was moved away, which may come back. Then the job is submitted again until the batch fits, or until
// `failOnObstacles`.
//
// If the log fails, the fate of a change that was not durable is known only if no write of it was begun
// (`attemptedSeq`): then a restart does not have it. Any other may or may not survive.

import Bytes
import LogFormat
import Synchronization

/// Writes the log. The reactor calls it and reads its progress from counters.
final class LogWriter: Sendable {
    /// What the worker must do, in this order.
    struct Job: Sendable {
        /// Begin a new segment after the batch.
        var rotates = false
        var syncs = false
        /// Check whether the file is in its place, and whether there is space again.
        var looks = false
        /// The data set's lock, if that must be checked too.
        var lock: (any DiskLock)?
        /// Release the reserve: a compaction needs it.
        var releasesReserve = false
        /// Close the log cleanly. Only `close` requests it.
        var closes = false
    }

    /// The rest of the submitted job.
    private struct Work: ~Copyable, Sendable {
        var batch = LogBatch()
        var job = Job()
        var isUnderWay = false
        /// Whether an obstacle delays it.
        var isHeld = false
    }

    private let work = Mutex(Work())
    private let worker: any Worker
    /// The clock for sync durations.
    private let background: any Background
    private let segment: Mutex<OpenSegment>
    private let next: NextSegment
    private let failure = Mutex<StoreError?>(nil)
    private let obstacle = Mutex<StoreError?>(nil)
    /// Whether obstacles count as failures from now on.
    private let failsOnObstacles = Atomic<Bool>(false)
    private let progress: @Sendable () -> Void

    /// Numbers of the last records that a write was begun for, that are written, and that are known to be on the disk.
    private let attempted: Atomic<UInt64>
    private let written: Atomic<UInt64>
    private let synced: Atomic<UInt64>
    /// How far the files are written and synced, for concurrent readers.
    private let filePositions: Mutex<(written: FilePosition, synced: FilePosition)>
    private let finishedJobs = Atomic<Int>(0)
    private let batches = Atomic<Int>(0)
    private let writtenBytes = Atomic<Int>(0)
    private let syncs = Atomic<Int>(0)
    private let syncTime = Atomic<Int>(0)
    private let lastSyncTime = Atomic<Int>(0)
    private let durations = Mutex(SyncDurations())
    private let sealed = Atomic<Int>(0)
    private let unsynced = Atomic<Int>(0)
    private let obstructed = Atomic<Bool>(false)
    /// Whether `failure` is set. Read each turn: a flag needs no lock.
    private let failed = Atomic<Bool>(false)
    private let room = Atomic<Int>(.max)

    /// The retry interval after an obstacle, in nanoseconds.
    private static let retryInterval = 50_000_000
    /// A batch's buffer larger than this is freed after use.
    private static let keptBufferSize = 1 << 20

    /// - Parameters:
    ///   - position: the end of the log, all of it durable.
    ///   - progress: called by the worker after each job, and when an obstacle comes or goes.
    /// - Throws: `StoreError.noThread`.
    init(
        segment: consuming sending OpenSegment, position: ChainPosition, in background: any Background,
        progress: @escaping @Sendable () -> Void
    ) throws(StoreError) {
        let filePosition = segment.filePosition
        filePositions = Mutex((filePosition, filePosition))
        next = segment.next
        self.segment = Mutex(segment)
        self.progress = progress
        attempted = Atomic(position.seq)
        written = Atomic(position.seq)
        synced = Atomic(position.seq)
        self.background = background
        worker = try background.startForStorage("log")
        noteSpace()
    }

    /// Changes after this one were never given to the disk.
    var attemptedSeq: UInt64 { attempted.load(ordering: .acquiring) }
    var writtenSeq: UInt64 { written.load(ordering: .acquiring) }
    var durableSeq: UInt64 { synced.load(ordering: .acquiring) }
    /// How far the files can be sent to a follower: what is synced, or what is written.
    func filePosition(isSynced: Bool) -> FilePosition { filePositions.withLock { isSynced ? $0.synced : $0.written } }
    /// Finished jobs; the caller counts those it has submitted.
    var finishedJobCount: Int { finishedJobs.load(ordering: .acquiring) }
    var syncCount: Int { syncs.load(ordering: .relaxed) }
    /// Batches written, and their size in bytes.
    var batchCount: Int { batches.load(ordering: .relaxed) }
    var writtenSize: Int { writtenBytes.load(ordering: .relaxed) }
    /// The total duration of all syncs, in nanoseconds.
    var syncNanoseconds: Int { syncTime.load(ordering: .relaxed) }
    /// The duration of the last sync, in nanoseconds.
    var lastSyncNanoseconds: Int { lastSyncTime.load(ordering: .relaxed) }
    /// How many syncs took how long.
    var syncDurations: SyncDurations { durations.withLock { $0 } }
    /// Bytes of the segments sealed so far.
    var sealedSize: Int { sealed.load(ordering: .relaxed) }
    /// Bytes written since the last sync began.
    var unsyncedSize: Int { unsynced.load(ordering: .relaxed) }
    /// Whether the next segment is being prepared, on another thread.
    var isPreparing: Bool { next.isFilling }
    /// Whether the log has failed. Then nothing is written any more.
    var hasFailed: Bool { failed.load(ordering: .acquiring) }
    /// The failure after which nothing is written.
    var failureError: StoreError? { failure.withLock { $0 } }

    /// Whether an obstacle that may pass blocks the log.
    var isObstructed: Bool { obstructed.load(ordering: .acquiring) }
    /// That obstacle.
    var obstacleError: StoreError? { obstacle.withLock { $0 } }
    /// Bytes that can still be written on a full disk, as of the last job.
    var roomSize: Int { room.load(ordering: .acquiring) }

    /// Gives the worker a job, which begins by writing `batch`; it is returned empty. One job at a time.
    func submit(_ batch: inout LogBatch, _ job: Job) {
        work.withLock { work in
            precondition(!work.isUnderWay, "a job for the log before the last one is done")
            work.batch.exchange(with: &batch)
            (work.job, work.isUnderWay) = (job, true)
        }
        worker.submit { self.proceed() }
    }

    /// Writes `batch` on the caller's thread, if that cannot take long. No job with records may be in progress; a sync
    /// may.
    /// - Returns: false if it was not written; then `submit` it.
    func writeAtOnce(_ batch: inout LogBatch) -> Bool {
        guard !hasFailed, segment.withLock({ $0.takesAtOnce(batch.lines.count, batch.needs) }) else {
            return false
        }
        do throws(StoreError) {
            try append(batch)
        } catch {
            if error.isPassing { return false }
            fail(error)
        }
        batch.removeAll(keeping: LogWriter.keptBufferSize)
        return true
    }

    /// Makes what an obstacle delays, now or later, fail instead of waiting. For the end of the process.
    func failOnObstacles() {
        failsOnObstacles.store(true, ordering: .releasing)
        worker.submit { self.proceed() }
    }

    /// Writes the rest, syncs, closes the log cleanly and returns when that is done. No job may be in progress.
    func close(_ batch: inout LogBatch) {
        failOnObstacles()
        var job = Job(syncs: true)
        job.closes = true
        submit(&batch, job)
        worker.finish()
    }

    // MARK: The worker

    /// Continues the job until it is done or meets an obstacle: then again after a while.
    private func proceed() {
        let isDone = work.withLock { work -> Bool? in
            guard work.isUnderWay else { return nil }
            work.isUnderWay = !take(&work)
            precondition(work.isUnderWay || work.batch.isEmpty, "a job is done and its changes are not written")
            return !work.isUnderWay
        }
        guard let isDone else { return }
        if isDone {
            noteSpace()
            finishedJobs.add(1, ordering: .releasing)
        } else {
            worker.submit(after: LogWriter.retryInterval) { self.proceed() }
        }
        progress()
    }

    /// - Returns: false if an obstacle blocks the rest.
    private func take(_ work: inout Work) -> Bool {
        if work.job.releasesReserve { _ = segment.withLock { $0.releaseReserve() } }
        work.job.releasesReserve = false
        if !work.batch.isEmpty {
            guard write(work.batch, &work.isHeld) else { return false }
            work.batch.removeAll(keeping: LogWriter.keptBufferSize)
        }
        if work.job.rotates {
            guard rotate(&work.isHeld) else { return false }
            work.job.rotates = false
        }
        if work.job.syncs { sync() }
        if work.job.looks { look(work.job.lock) }
        (work.job.syncs, work.job.looks) = (false, false)
        return !work.job.closes || end(&work.isHeld)
    }

    private func write(_ batch: borrowing LogBatch, _ isHeld: inout Bool) -> Bool {
        attempt(&isHeld) { () throws(StoreError) in
            try segment.withLock { segment throws(StoreError) in try segment.checkPlace() }
            try append(batch)
        }
    }

    private func append(_ batch: borrowing LogBatch) throws(StoreError) {
        try segment.withLock { segment throws(StoreError) in
            let (sealedBefore, editionBefore) = (segment.sealedSize, segment.edition)
            assert(batch.end.seq > segment.position.seq, "a batch without a new change")
            try segment.makeRoom(for: batch)
            // The old file had no records: a feed has nothing more to read in it.
            if segment.edition > editionBefore {
                filePositions.withLock { $0 = (segment.filePosition, segment.filePosition) }
            }
            attempted.store(batch.end.seq, ordering: .releasing)
            try segment.append(batch, durable: durableSeq)
            if segment.sealedSize != sealedBefore { unsynced.store(0, ordering: .relaxed) }
            unsynced.add(batch.lines.count, ordering: .relaxed)
            writtenBytes.add(batch.lines.count, ordering: .relaxed)
            batches.add(1, ordering: .relaxed)
            sealed.store(segment.sealedSize, ordering: .relaxed)
            filePositions.withLock { $0.written = segment.filePosition }
        }
        written.store(batch.end.seq, ordering: .releasing)
    }

    private func rotate(_ isHeld: inout Bool) -> Bool {
        attempt(&isHeld) { () throws(StoreError) in
            try segment.withLock { segment throws(StoreError) in
                try segment.rotate()
                sealed.store(segment.sealedSize, ordering: .relaxed)
                filePositions.withLock { $0 = (segment.filePosition, segment.filePosition) }
            }
            unsynced.store(0, ordering: .relaxed)
            synced.store(writtenSeq, ordering: .releasing)
        }
    }

    /// Attempts a step.
    /// - Returns: false if it must be tried again, because of an obstacle; true if it has succeeded or failed, now or
    ///   earlier.
    private func attempt(_ isHeld: inout Bool, _ step: () throws(StoreError) -> Void) -> Bool {
        while !hasFailed {
            do throws(StoreError) {
                try step()
                if isHeld { note(nil) }
                break
            } catch {
                guard error.isPassing else {
                    fail(error)
                    break
                }
                // The first remedy on a full disk: the reserve is used up.
                if error.isDiskFull && segment.withLock({ $0.releaseReserve() }) { continue }
                note(error)
                isHeld = true
                guard failsOnObstacles.load(ordering: .acquiring) else { return false }
                fail(error)
            }
        }
        isHeld = false
        return true
    }

    /// Outside the segment's lock, so that in the relaxed modes writing continues meanwhile.
    private func sync() {
        guard !hasFailed else { return }
        let (file, filePosition, position) = segment.withLock { ($0.file, $0.filePosition, $0.position) }
        precondition(filePosition.seq <= attemptedSeq, "what was never written is about to be called durable")
        assert(filePosition.seq >= durableSeq, "less is durable than before")
        unsynced.store(0, ordering: .relaxed)
        let start = background.now
        do throws(StoreError) {
            try file.sync()
            filePositions.withLock { $0.synced = filePosition }
            synced.store(filePosition.seq, ordering: .releasing)
            segment.withLock { $0.noteNowAndThen(durable: position) }
        } catch {
            fail(error)
        }
        syncs.add(1, ordering: .relaxed)
        let time = background.now - start
        syncTime.add(time, ordering: .relaxed)
        lastSyncTime.store(time, ordering: .relaxed)
        durations.withLock { $0.record(time) }
    }

    private func look(_ lock: (any DiskLock)?) {
        guard !hasFailed else { return }
        do throws(StoreError) {
            try lock?.check()
            try segment.withLock { segment throws(StoreError) in
                try segment.checkPlace()
                try segment.recover()
                if segment.position.seq == durableSeq { segment.note(durable: segment.position) }
            }
            note(nil)
        } catch {
            if error.leavesReads { return fail(error) }
            // Another server writes to the same log.
            if case .locked = error { return fail(error) }
            // Any other error is no obstacle while writes succeed: the next write decides.
            note(error.isPassing ? error : nil)
        }
    }

    private func end(_ isHeld: inout Bool) -> Bool {
        let isDone = attempt(&isHeld) { () throws(StoreError) in
            try segment.withLock { segment throws(StoreError) in
                try segment.close(durable: durableSeq)
                filePositions.withLock { $0 = (segment.filePosition, segment.filePosition) }
            }
        }
        if isDone { _ = next.discard() }
        return isDone
    }

    private func fail(_ error: StoreError) {
        failure.withLock { $0 = $0 ?? error }
        failed.store(true, ordering: .releasing)
        noteSpace()
    }

    // MARK: Obstacles

    private func note(_ error: StoreError?) {
        obstacle.withLock { $0 = error }
        noteSpace()
    }

    /// Publishes the known disk space.
    private func noteSpace() {
        let isShort = segment.withLock { segment in
            if segment.isShort { room.store(segment.room(), ordering: .releasing) }
            return segment.isShort
        }
        let isStopped = obstacle.withLock { $0 != nil } || failureError?.leavesReads == true
        obstructed.store(isShort || isStopped, ordering: .releasing)
    }
}
