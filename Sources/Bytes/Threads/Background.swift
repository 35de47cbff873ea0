// Where work runs that may wait for a disk: on threads, or, in a test, in a list from which a seed picks the next job.
// The same code is fast in a server and repeatable in a test.

/// The system allows no more threads.
package struct StartFailure: Error, Equatable {
    /// As `pthread_create` returns it.
    package let errno: Int32

    package init(errno: Int32) { self.errno = errno }
}

/// Makes workers, and has the clock of their delays.
package protocol Background: Sendable {
    /// Makes a worker. It ends when it is released and all of its jobs are done.
    /// - Parameter name: its purpose.
    /// - Throws: `StartFailure`, at once, if no thread can be created.
    func start(_ name: String) throws(StartFailure) -> any Worker
    /// Nanoseconds of a monotonic clock.
    var now: Int { get }
}

/// Runs jobs one after another, in the order of submission.
package protocol Worker: AnyObject, Sendable {
    /// Queues a job. Does not block.
    func submit(_ job: @escaping @Sendable () -> Void)
    /// Queues a job once `delay` nanoseconds have passed.
    func submit(after delay: Int, _ job: @escaping @Sendable () -> Void)
    /// Waits until all jobs queued so far are done. Not to be called from a job.
    func finish()
}
