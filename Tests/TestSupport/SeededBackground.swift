// Workers without threads: their jobs are in lists, and a seed says which one is next. So a store with all its workers
// does the same steps in the same order each time.

import Bytes
import Synchronization

/// A list of jobs, and a clock that advances with them.
package final class SeededBackground: Background {
    fileprivate struct State: ~Copyable, Sendable {
        var random: SeededRandom
        /// In the order of creation; those whose worker was released are done too.
        var queues: [Queue] = []
        var now = 0
    }

    fileprivate struct Queue: Sendable {
        let name: String
        var jobs: [@Sendable () -> Void] = []
        var later: [(time: Int, job: @Sendable () -> Void)] = []
    }

    fileprivate let state: Mutex<State>

    package init(seed: UInt64) { state = Mutex(State(random: SeededRandom(seed: seed))) }

    package func start(_ name: String) throws(StartFailure) -> any Worker {
        let number = state.withLock { state in
            state.queues.append(Queue(name: name))
            return state.queues.count - 1
        }
        return SeededWorker(number, self)
    }

    /// Each reading takes a microsecond.
    package var now: Int {
        state.withLock { state in
            state.now += 1_000
            return state.now
        }
    }

    /// Does the next job of one of the workers.
    /// - Returns: the worker's purpose; nil if there is no job. If all jobs are delayed, the clock advances.
    package func step() -> String? {
        let next = state.withLock { state -> (name: String, job: @Sendable () -> Void)? in
            let ready = state.queues.indices.filter { !state.queues[$0].jobs.isEmpty }
            let due = state.queues.indices.filter { index in state.queues[index].later.contains { $0.time <= state.now }
            }
            let candidates = ready + due
            guard !candidates.isEmpty else {
                guard let time = state.queues.flatMap({ $0.later.map(\.time) }).min() else { return nil }
                state.now = max(state.now, time)
                return State.takeDue(&state, state.queues.firstIndex { $0.later.contains { $0.time == time } })
            }
            let index = candidates[state.random.below(candidates.count)]
            if state.queues[index].jobs.isEmpty || state.random.below(2) == 0 && due.contains(index) {
                return State.takeDue(&state, index)
            }
            return (state.queues[index].name, state.queues[index].jobs.removeFirst())
        }
        next?.job()
        return next?.name
    }

    /// Drops every job, as the end of a process does.
    package func forgetAll() {
        let forgotten = state.withLock { state in
            let queues = state.queues
            for index in state.queues.indices { (state.queues[index].jobs, state.queues[index].later) = ([], []) }
            return queues
        }
        // They may be the last that holds a worker.
        _ = consume forgotten
    }

    fileprivate func next(of worker: Int) -> (@Sendable () -> Void)? {
        state.withLock { $0.queues[worker].jobs.isEmpty ? nil : $0.queues[worker].jobs.removeFirst() }
    }
}

extension SeededBackground.State {
    fileprivate static func takeDue(
        _ state: inout SeededBackground.State, _ queue: Int?
    ) -> (name: String, job: @Sendable () -> Void)? {
        guard let queue, let due = state.queues[queue].later.firstIndex(where: { $0.time <= state.now }) else {
            return nil
        }
        return (state.queues[queue].name, state.queues[queue].later.remove(at: due).job)
    }
}

private final class SeededWorker: Worker {
    private let number: Int
    private let background: SeededBackground

    init(_ number: Int, _ background: SeededBackground) {
        self.number = number
        self.background = background
    }

    func submit(_ job: @escaping @Sendable () -> Void) {
        background.state.withLock { $0.queues[number].jobs.append(job) }
    }

    func submit(after delay: Int, _ job: @escaping @Sendable () -> Void) {
        background.state.withLock { $0.queues[number].later.append(($0.now + delay, job)) }
    }

    func finish() {
        while let job = background.next(of: number) { job() }
    }
}
