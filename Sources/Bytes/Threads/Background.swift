// Where work runs that may wait for a disk: on threads, or, in a test, in a list from which a seed takes the next job. So the
// same code is fast in a server and repeatable in a test.

/// The system allows no further thread.
package struct StartFailure: Error, Equatable {
    /// As `pthread_create` returns it.
    package let errno: Int32

    package init(errno: Int32) { self.errno = errno }
}

/// Makes workers, and has the clock that they wait by.
package protocol Background: Sendable {
    /// Makes a worker. It ends when it is released and every job is done.
    /// - Parameter name: what it is for.
    /// - Throws: `StartFailure`, at once, if no thread can be made.
    func start(_ name: String) throws(StartFailure) -> any Worker
    /// Nanoseconds of a clock that only goes forward.
    var now: Int { get }
}

/// Runs jobs one after another, in the order in which they were submitted.
package protocol Worker: AnyObject, Sendable {
    /// Queues a job. Waits for nothing.
    func submit(_ job: @escaping @Sendable () -> Void)
    /// Queues a job once `delay` nanoseconds have passed.
    func submit(after delay: Int, _ job: @escaping @Sendable () -> Void)
    /// Returns when every job is done that was queued before. Not for jobs.
    func finish()
}
