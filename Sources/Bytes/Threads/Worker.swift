// A thread of its own for work that may wait for the disk. A Dispatch queue waits in silence until the system lets it make a
// thread; this reports at once that the system does not. `unsafe` is allowed here: the one pointer that the new thread is given
// holds a reference, which the thread takes over.

import Dispatch
import Glibc
import Synchronization

/// The system allows no further thread.
package struct ThreadError: Error, Equatable, Sendable {
    /// As `pthread_create` returns it.
    package let errno: Int32
}

/// A thread that runs jobs one after another. It ends when the worker is released and every job is done.
package final class Worker: Sendable {
    private let jobs = Jobs()

    /// - Throws: `ThreadError` if the system makes no thread.
    package init() throws(ThreadError) {
        var all = sigset_t()
        var former = sigset_t()
        unsafe sigfillset(&all)
        // The new thread inherits the mask: signals are for the thread that made it.
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
            throw ThreadError(errno: errno)
        }
        pthread_detach(thread)
    }

    deinit { jobs.end() }

    /// Queues a job. Waits for nothing.
    package func run(_ job: @escaping @Sendable () -> Void) { jobs.add(job) }
}

/// The jobs of one worker.
private final class Jobs: Sendable {
    private let queue = Mutex<[@Sendable () -> Void]>([])
    /// One for each queued job, and one for the end.
    private let signals = DispatchSemaphore(value: 0)

    func add(_ job: @escaping @Sendable () -> Void) {
        queue.withLock { $0.append(job) }
        signals.signal()
    }

    func end() { signals.signal() }

    func run() {
        while true {
            signals.wait()
            guard let job = queue.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) else { return }
            job()
        }
    }
}
