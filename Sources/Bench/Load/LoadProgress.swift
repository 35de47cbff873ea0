// Synchronizes the threads of a run with the one that waits for them.

import Reactor
import Synchronization

/// Shared by all threads of a run.
final class LoadProgress: Sendable {
    private struct State {
        var workers: [Wakeup.Bell] = []
        var readyCount = 0
        var results: [WorkerResult] = []
        var timeline = Timeline()
    }

    private let state = Mutex(State())
    private let start = Atomic<Int>(0)
    private let stopping = Atomic<Bool>(false)
    private let bell: Wakeup.Bell

    /// - Parameter bell: rung when a thread has news.
    init(bell: Wakeup.Bell) { self.bell = bell }

    // MARK: For the threads

    /// All connections of a thread are open; `bell` is rung when the run begins.
    func countReady(waking bell: Wakeup.Bell) {
        state.withLock {
            $0.workers.append(bell)
            $0.readyCount += 1
        }
        self.bell.ring()
    }

    /// When the run begins; nil until that is known.
    var startTime: Int? {
        let time = start.load(ordering: .acquiring)
        return time == 0 ? nil : time
    }

    var isStopping: Bool { stopping.load(ordering: .relaxed) }

    func add(_ interval: Interval) { state.withLock { $0.timeline.add(interval) } }

    func finish(_ result: WorkerResult) {
        // A thread that ends early ends the run.
        if result.failure != nil { stop() }
        state.withLock { $0.results.append(result) }
        bell.ring()
    }

    // MARK: For the one that waits

    var readyCount: Int { state.withLock { $0.readyCount } }
    var finishedCount: Int { state.withLock { $0.results.count } }

    /// Reads the timeline so far; threads that add to it wait meanwhile.
    func withTimeline<Result>(_ body: (borrowing Timeline) -> Result) -> Result { state.withLock { body($0.timeline) } }

    // Copies, for when all threads have finished: an array that is copied while a thread adds to it is moved by that thread.
    var results: [WorkerResult] { state.withLock { $0.results } }
    var timeline: Timeline { state.withLock { $0.timeline } }

    /// Starts all threads.
    func begin(at time: Int) {
        start.store(time, ordering: .releasing)
        for worker in state.withLock({ $0.workers }) { worker.ring() }
    }

    func stop() { stopping.store(true, ordering: .relaxed) }
}
