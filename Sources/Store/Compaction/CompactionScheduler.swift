// When a snapshot is made, and with what result: the store's side of compaction. A worker does the work, one compaction
// at a time.
//
//     idle ── COMPACT ──> prepared: the open segment is being sealed ──> begun
//     idle ── the disk is full ──> prepared, with the reserve released ──> begun
//     idle ── sealed segments outweigh the snapshot ───────────────────> begun
//
//     begun ── from files ──────────────────────────────────────────────────────────────────────────> running ──> idle
//     begun ── from the table ──> walking through it ──> sealing: the open segment is being sealed ──> running ──> idle

import Bytes
import LogFormat

/// Schedules compactions, one at a time. Used from the store's thread.
final class CompactionScheduler {
    enum State {
        case idle, prepared
        case walking(TableWalk)
        case sealing(WalkEnd)
        case running
    }

    private let compactor: Compactor
    private let table: Table
    /// The retention of merged segments, from the next compaction on.
    var retention: Retention
    /// The wall clock for file ages, in Unix milliseconds; nil while it is unreliable.
    var ageTime: UInt64?
    private let progress: @Sendable () -> Void
    private let background: any Background
    private let worker: any Worker

    private(set) var state = State.idle
    private var isMerging = false
    private var hasBegun = false
    /// Whether the prepared compaction keeps no merged segment.
    private var isForSpace = false
    /// The newest run, and its progress.
    private var run: CompactionRun?
    private var running = CompactionProgress()
    /// When it began, in nanoseconds.
    private var start = 0
    private var known = CompactionStatus()
    /// Sealed segments found at the start, less what was merged since.
    private var foundSize = 0
    /// The earliest time of the next automatic compaction, in Unix milliseconds, and the delay after a failure.
    private var earliest: UInt64 = 0
    private var patience = CompactionScheduler.firstPatience
    private var nextPruning: UInt64 = 0
    /// When the last compaction ended and how long it took, in nanoseconds; nil before the first.
    private var last: (end: Int, time: Int)?

    private static let firstPatience: UInt64 = 10_000
    private static let lastPatience: UInt64 = 3_600_000
    private static let pruningInterval: UInt64 = 3_600_000

    /// - Parameter progress: called by the worker when a compaction has ended, or waits for the store.
    /// - Throws: `StoreError.noThread`.
    init(
        _ compactor: Compactor, table: Table, retention: Retention, in background: any Background,
        progress: @escaping @Sendable () -> Void
    ) throws(StoreError) {
        self.background = background
        worker = try background.startForStorage("compaction")
        self.compactor = compactor
        self.table = table
        self.retention = retention
        self.progress = progress
    }

    /// Records the result of recovery.
    func found(_ recovery: RecoveryReport) {
        foundSize = recovery.sealedSize
        known.snapshotSeq = recovery.snapshot?.seq ?? 0
        known.snapshotSize = recovery.snapshot?.size ?? 0
    }

    var isIdle: Bool { if case .idle = state { true } else { false } }
    /// Whether a compaction is in progress.
    var isUnderWay: Bool {
        switch state {
        case .idle, .prepared: false
        case .walking, .sealing, .running: true
        }
    }

    /// Requests a compaction; it starts once the open segment is sealed.
    /// - Parameter forSpace: whether the disk is full, so no merged segment is kept.
    func prepare(forSpace: Bool) { (state, isForSpace) = (.prepared, forSpace) }

    /// Requests a compaction because the disk is full; after a failure not at once again.
    /// - Returns: whether it now waits for the open segment to be sealed.
    func prepareOnFullDisk(now: UInt64) -> Bool {
        guard isIdle, now >= earliest else { return false }
        earliest = now + patience
        (state, isForSpace) = (.prepared, true)
        return true
    }

    /// Starts the prepared compaction: for space, even if there is nothing to merge, to free merged segments.
    /// - Parameters:
    ///   - canSeal: whether the open segment could be sealed, as it must be after a walk through the table.
    ///   - sealedSize: bytes sealed since the start.
    ///   - newest: the newest change.
    func startPrepared(canSeal: Bool, sealedSize: Int, newest: UInt64, now: UInt64) {
        if isForSpace {
            start(foundSize + sealedSize > 0 ? .files : nil, now: now, isDiskFull: true)
        } else {
            start(canSeal ? source(sealedSize: sealedSize, newest: newest) : .files, now: now)
        }
    }

    private func source(sealedSize: Int, newest: UInt64) -> SnapshotSource {
        guard newest > known.snapshotSeq else { return .files }
        return compactor.budget.source
            ?? .cheaper(
                log: (Int(newest - known.snapshotSeq), foundSize + sealedSize), snapshotSize: known.snapshotSize,
                table: (table.count, table.size))
    }

    /// Starts.
    /// - Parameters:
    ///   - source: the source of the snapshot's pairs; nil to make no snapshot, and only remove segments beyond
    ///     retention.
    ///   - isDiskFull: whether to keep no merged segment.
    private func start(_ source: SnapshotSource?, now: UInt64, isDiskFull: Bool = false) {
        assert(!isUnderWay, "two compactions at a time")
        (isMerging, hasBegun) = (source != nil, source != nil)
        nextPruning = now + CompactionScheduler.pruningInterval
        start = background.now
        running = CompactionProgress()
        known.lastTime = now
        var compactor = compactor.reporting(to: running)
        compactor.isDiskFull = isDiskFull
        let run = CompactionRun(
            compactor, isDiskFull ? .none : retention, from: source, tableSize: table.size, ageTime: ageTime,
            by: worker,
            progress: progress)
        self.run = run
        state = source == .table ? .walking(TableWalk(table, budget: compactor.budget, to: run)) : .running
    }

    /// Starts if sealed segments outweigh the snapshot; after a failure not at once again. Removes segments beyond
    /// their age once an hour.
    /// - Parameters:
    ///   - sealedSize: bytes sealed since the start.
    ///   - newest: the newest change.
    func startIfDue(_ rule: CompactionRule, sealedSize: Int, newest: UInt64, now: UInt64) {
        guard isIdle, now >= earliest else { return }
        let unmerged = foundSize + sealedSize
        let isWorthwhile =
            unmerged > rule.size && rule.ratio > 0 && Double(unmerged) > rule.ratio * Double(known.snapshotSize)
        if isWorthwhile, unmerged > rule.backlog || !isPausing(by: rule) {
            start(source(sealedSize: sealedSize, newest: newest), now: now)
        } else if now >= nextPruning {
            start(nil, now: now)
        }
    }

    /// Whether the pause after the last compaction is not over.
    func isPausing(by rule: CompactionRule) -> Bool {
        guard let last else { return false }
        return background.now - last.end < rule.pause(after: last.time)
    }

    // MARK: Walking

    /// Records that the whole table has been handed over. The open segment is sealed now.
    func walked(_ end: WalkEnd) {
        guard case .walking = state else { preconditionFailure("a walk has ended that was not made") }
        state = .sealing(end)
    }

    /// Records that the open segment is sealed after everything handed over.
    func sealed(_ end: WalkEnd) {
        state = .running
        run?.end(.sealed(end))
    }

    /// Makes the compaction fail if it needs the open segment to be sealed.
    /// - Parameter error: why it cannot be sealed.
    func abandonWalk(_ error: StoreError) {
        switch state {
        case .walking, .sealing: break
        case .idle, .prepared, .running: return
        }
        state = .running
        run?.end(.failed(error))
        // An untried way needs no delay: the next one is made from files, with the reserve's space.
        patience = 0
    }

    // MARK: Ending

    /// The event since the last call, if any.
    func takeEvent(sealedSize: Int) -> CompactionEvent? {
        if hasBegun {
            hasBegun = false
            return .began
        }
        guard isUnderWay, let result = run?.result else { return nil }
        state = .idle
        if !isMerging, case .success = result { return nil }
        let time = background.now - start
        let seconds = Double(time) / 1e9
        last = (background.now, time)
        switch result {
        case .success(let report?):
            ended(report, seconds)
            return .ended(report, seconds)
        case .success(nil):
            // The rest of the sealed segments is in the snapshot already.
            foundSize = -sealedSize
            return .wasNotNeeded
        case .failure(let error):
            failed(error)
            return .failed(error)
        }
    }

    private func ended(_ report: CompactionReport, _ seconds: Double) {
        assert(report.position.seq >= known.snapshotSeq, "a snapshot is older than the one before")
        foundSize -= report.mergedSize
        known.count += 1
        known.lastFailure = nil
        known.lastSeconds = seconds
        known.snapshotSeq = report.position.seq
        known.snapshotSize = report.snapshotSize
        (earliest, patience) = (0, CompactionScheduler.firstPatience)
    }

    private func failed(_ error: StoreError) {
        known.failures += 1
        known.lastFailure = error
        earliest = known.lastTime + patience
        patience = min(max(patience * 2, CompactionScheduler.firstPatience), CompactionScheduler.lastPatience)
    }

    func status(sealedSize: Int) -> CompactionStatus {
        var status = known
        status.isRunning = !isIdle
        status.percent = isUnderWay ? running.percent : 0
        status.sealedSize = max(foundSize + sealedSize, 0)
        return status
    }

    /// Cancels the current compaction, with no change, and waits for its worker.
    func stop() {
        if isUnderWay { run?.stop() }
        state = .idle
    }
}
