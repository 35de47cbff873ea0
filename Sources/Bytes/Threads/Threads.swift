// Workers that are threads. A Dispatch queue waits silently until the system lets it create a thread; this reports at
// once that it cannot. `unsafe` is allowed here: the one pointer that the new thread gets holds a reference, which the
// thread takes over.

import Dispatch
import Glibc
import Synchronization

/// Threads of this process, one per worker.
package struct Threads: Background {
    package init() {}

    package func start(_ name: String) throws(StartFailure) -> any Worker { try ThreadWorker() }

    package var now: Int { Threads.now }

    /// Lowers the calling thread's priority (nice 10), so that the loop goes first where processors are short: for long
    /// computations beside a loop that answers in microseconds. On Linux the priority is a thread's own (sched(7)).
    package static func lowerPriority() { setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 10) }

    fileprivate static var now: Int {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }
}

private final class ThreadWorker: Worker {
    private let jobs = Jobs()

    init() throws(StartFailure) {
        var all = sigset_t()
        var former = sigset_t()
        unsafe sigfillset(&all)
        // The new thread inherits the mask, so signals go to the thread that created it.
        unsafe pthread_sigmask(SIG_BLOCK, &all, &former)
        defer { unsafe pthread_sigmask(SIG_SETMASK, &former, nil) }
        var thread = pthread_t()
        let reference = unsafe Unmanaged.passRetained(jobs)
        let errno = unsafe pthread_create(
            &thread, nil,
            { reference in
                unsafe Unmanaged<Jobs>.fromOpaque(reference.unsafelyUnwrapped).takeRetainedValue().run()
                return nil
            }, reference.toOpaque())
        guard errno == 0 else {
            unsafe reference.release()
            throw StartFailure(errno: errno)
        }
        pthread_detach(thread)
    }

    deinit { jobs.end() }

    func submit(_ job: @escaping @Sendable () -> Void) { jobs.add(job) }
    func submit(after delay: Int, _ job: @escaping @Sendable () -> Void) { jobs.add(job, at: Threads.now + delay) }

    func finish() {
        let done = DispatchSemaphore(value: 0)
        submit { done.signal() }
        done.wait()
    }
}

/// The jobs of one thread.
private final class Jobs: Sendable {
    /// A closure wrapped in a struct: an array of closures would allocate a thunk for each element stored and read.
    private struct Job: Sendable {
        let run: @Sendable () -> Void
    }

    private struct State: ~Copyable, Sendable {
        var queue: [Job] = []
        var later: [(time: Int, job: @Sendable () -> Void)] = []
        var isEnded = false
    }

    /// What the thread does next.
    private enum Step {
        case run(@Sendable () -> Void)
        /// Until this time, if one is known.
        case wait(until: Int?)
        case end
    }

    private let state = Mutex(State())
    /// Signalled whenever the state changes.
    private let changes = DispatchSemaphore(value: 0)

    func add(_ job: @escaping @Sendable () -> Void) {
        state.withLock { $0.queue.append(Job(run: job)) }
        changes.signal()
    }

    func add(_ job: @escaping @Sendable () -> Void, at time: Int) {
        state.withLock { $0.later.append((time, job)) }
        changes.signal()
    }

    func end() {
        state.withLock { $0.isEnded = true }
        changes.signal()
    }

    func run() {
        while true {
            switch state.withLock({ step(&$0) }) {
            case .run(let job): job()
            case .wait(nil): changes.wait()
            case .wait(let time?): _ = changes.wait(timeout: .now() + .nanoseconds(max(time - Threads.now, 0)))
            case .end: return
            }
        }
    }

    private func step(_ state: inout State) -> Step {
        if !state.later.isEmpty {
            let now = Threads.now
            if let due = state.later.firstIndex(where: { $0.time <= now }) {
                return .run(state.later.remove(at: due).job)
            }
        }
        if !state.queue.isEmpty { return .run(state.queue.removeFirst().run) }
        if state.later.isEmpty && state.isEnded { return .end }
        return .wait(until: state.later.map(\.time).min())
    }
}
