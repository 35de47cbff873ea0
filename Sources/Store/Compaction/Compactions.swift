// When a snapshot is made, and what became of it: the store's side of compaction. The work itself is done on a thread of
// its own, one compaction at a time.
//
//     idle ── COMPACT ──> prepared: the open segment is being sealed ──> running ──> idle
//     idle ── the disk is full ──> prepared, with the reserve given up ──> running ──> idle
//     idle ── sealed segments outweigh the snapshot ───────────────────> running ──> idle

import Dispatch
import Synchronization
import SystemPackage

/// What has become of a compaction.
package enum CompactionEvent: Sendable {
    case began
    /// Seconds.
    case ended(CompactionReport, Double)
    /// There was nothing to merge.
    case wasNotNeeded
    /// Nothing was changed.
    case failed(StoreError)
}

/// What is known of snapshots and compactions. Sizes are in bytes.
package struct CompactionStatus: Sendable {
    package var isRunning = false
    /// Of the one under way, 0 to 100.
    package var percent = 0
    /// Compactions that have ended since the start, and that have failed.
    package var count = 0
    package var failures = 0
    /// What was said of the last one that failed; nil where the last one has not.
    package var lastFailure: StoreError?
    /// Of the last one that has ended.
    package var lastSeconds = 0.0
    package var lastTime: UInt64 = 0
    package var snapshotSeq: UInt64 = 0
    package var snapshotSize = 0
    /// Sealed segments that no snapshot holds yet.
    package var sealedSize = 0
}

/// Makes snapshots, one at a time. Used from the store's thread.
final class Compactions {
    private enum State { case idle, prepared, running }

    /// What the thread has to say when it is done.
    private final class Outcome: Sendable {
        let value = Mutex<Result<CompactionReport?, StoreError>?>(nil)
        let isDone = DispatchSemaphore(value: 0)
    }

    private let compactor: Compactor
    private let retention: Retention
    private let progress: @Sendable () -> Void
    private let queue = DispatchQueue(label: "puffin.compactor", qos: .utility)

    private var state = State.idle
    private var isMerging = false
    private var hasBegun = false
    /// Whether the one that is prepared is to keep no merged segment at all.
    private var isForSpace = false
    private var outcome = Outcome()
    private var running = CompactionProgress()
    private var start = ContinuousClock.now
    private var known = CompactionStatus()
    /// Sealed segments that were found at the start, less what was merged since.
    private var foundSize = 0
    /// When the next one may begin by itself, in Unix milliseconds, and how long the one after a failure has to wait.
    private var earliest: UInt64 = 0
    private var patience = Compactions.firstPatience
    private var nextPruning: UInt64 = 0

    private static let firstPatience: UInt64 = 10_000
    private static let lastPatience: UInt64 = 3_600_000
    private static let pruningInterval: UInt64 = 3_600_000

    /// - Parameter progress: called on the thread when a compaction has ended.
    init(_ compactor: Compactor, retention: Retention, progress: @escaping @Sendable () -> Void) {
        self.compactor = compactor
        self.retention = retention
        self.progress = progress
    }

    /// Notes what the start has found.
    func found(_ recovery: RecoveryReport) {
        foundSize = recovery.sealedSize
        known.snapshotSeq = recovery.snapshot?.seq ?? 0
        known.snapshotSize = recovery.snapshot?.size ?? 0
    }

    var isIdle: Bool { state == .idle }
    var isPrepared: Bool { state == .prepared }
    var isRunning: Bool { state == .running }

    /// Notes that one is wanted; it starts once the open segment is sealed.
    /// - Parameter forSpace: whether the disk is full, so that no merged segment is to be kept.
    func prepare(forSpace: Bool) { (state, isForSpace) = (.prepared, forSpace) }

    /// Notes that one is wanted because the disk is full; after a failure not at once again.
    /// - Returns: whether it now waits for the open segment to be sealed.
    func prepareOnFullDisk(now: UInt64) -> Bool {
        guard isIdle, now >= earliest else { return false }
        earliest = now + patience
        (state, isForSpace) = (.prepared, true)
        return true
    }

    /// Begins what was prepared: for space, to give back what merged segments take also where there is nothing to merge.
    func startPrepared(sealedSize: Int, now: UInt64) {
        start(now: now, merges: !isForSpace || foundSize + sealedSize > 0, isDiskFull: isForSpace)
    }

    /// Begins.
    /// - Parameters:
    ///   - merges: whether to make a snapshot; where not, only segments that nobody wants kept are removed.
    ///   - isDiskFull: whether to keep no merged segment at all.
    private func start(now: UInt64, merges: Bool = true, isDiskFull: Bool = false) {
        state = .running
        isMerging = merges
        hasBegun = merges
        nextPruning = now + Compactions.pruningInterval
        start = ContinuousClock.now
        (outcome, running) = (Outcome(), CompactionProgress())
        known.lastTime = now
        var compactor = compactor.reporting(to: running)
        compactor.isDiskFull = isDiskFull
        let retention = isDiskFull ? Retention.none : retention
        queue.async { [outcome, compactor, progress] in
            let result: Result<CompactionReport?, StoreError>
            do throws(StoreError) {
                result = .success(try compactor.run(retention, now: now, merges: merges))
            } catch {
                result = .failure(error)
            }
            outcome.value.withLock { $0 = result }
            outcome.isDone.signal()
            progress()
        }
    }

    /// Begins where sealed segments outweigh the snapshot; after a failure not at once again. Once an hour, segments that are
    /// too old are removed.
    /// - Parameters:
    ///   - ratio: 0 stands for never.
    ///   - least: bytes of sealed segments below which it is not worth the work.
    func startIfDue(ratio: Double, least: Int, sealedSize: Int, now: UInt64) {
        guard isIdle, now >= earliest else { return }
        let unmerged = foundSize + sealedSize
        if unmerged > least && ratio > 0 && Double(unmerged) > ratio * Double(known.snapshotSize) {
            start(now: now)
        } else if now >= nextPruning {
            start(now: now, merges: false)
        }
    }

    /// What there is to tell since the last call.
    func takeEvent(sealedSize: Int) -> CompactionEvent? {
        if hasBegun {
            hasBegun = false
            return .began
        }
        guard state == .running, let result = outcome.value.withLock({ $0 }) else { return nil }
        state = .idle
        if !isMerging, case .success = result { return nil }
        let time = (ContinuousClock.now - start).components
        let seconds = Double(time.seconds) + Double(time.attoseconds) / 1e18
        switch result {
        case .success(let report?):
            ended(report, seconds)
            return .ended(report, seconds)
        case .success(nil):
            // The rest of what is sealed is in the snapshot already.
            foundSize = -sealedSize
            return .wasNotNeeded
        case .failure(let error):
            failed(error)
            return .failed(error)
        }
    }

    private func ended(_ report: CompactionReport, _ seconds: Double) {
        foundSize -= report.mergedSize
        known.count += 1
        known.lastFailure = nil
        known.lastSeconds = seconds
        known.snapshotSeq = report.position.seq
        known.snapshotSize = report.snapshotSize
        (earliest, patience) = (0, Compactions.firstPatience)
    }

    private func failed(_ error: StoreError) {
        known.failures += 1
        known.lastFailure = error
        earliest = known.lastTime + patience
        patience = min(patience * 2, Compactions.lastPatience)
    }

    func status(sealedSize: Int) -> CompactionStatus {
        var status = known
        status.isRunning = state != .idle
        status.percent = state == .running ? running.percent : 0
        status.sealedSize = max(foundSize + sealedSize, 0)
        return status
    }

    /// Ends the compaction that is under way, with everything as it was, and returns when its thread is done.
    func stop() {
        if state == .running {
            running.cancel()
            outcome.isDone.wait()
        }
        state = .idle
    }
}
