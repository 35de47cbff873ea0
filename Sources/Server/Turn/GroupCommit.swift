// Group commit: when to hand a batch to the log writer. Handing over each time the writer is idle splits many clients
// into two groups that wait for each other's syncs, and each sync then carries half of the possible changes. The
// clients that the last commit answered will most likely write again at once. A batch therefore waits for as many
// sessions as that, but at most for a fraction of the time of a sync. A lone client never waits: the last commit
// answered one session.

/// Decides when a batch is due.
package struct GroupCommit {
    /// Sessions that the last commit answered.
    private var answered = 0
    /// Sessions with changes in the current batch, and when it began, in nanoseconds of the boot clock.
    private var gathered = 0
    private var start: Int?

    /// The maximum wait of a batch, in nanoseconds.
    private static let longestWait = 150_000

    /// The number of the current batch.
    package private(set) var batch = 0
    /// Whether the batch was not due at the last check.
    package private(set) var isGathering = false

    package init() {}

    /// Notes that one more session has changes in the current batch.
    package mutating func add() {
        gathered += 1
    }

    /// Notes how many sessions a commit has answered.
    package mutating func committed(answered: Int) {
        assert(answered >= 0, "negative count of answered sessions")
        self.answered = answered
    }

    /// Whether the batch is to be handed over now; if not, check again soon.
    /// - Parameters:
    ///   - lastSync: the duration of the last sync, in nanoseconds.
    ///   - now: in nanoseconds of the boot clock.
    package mutating func isDue(lastSync: Int, at now: Int) -> Bool {
        isGathering = gathered < answered
        guard isGathering else { return true }
        guard let start else {
            self.start = now
            return false
        }
        isGathering = now - start <= min(lastSync / 2, GroupCommit.longestWait)
        return !isGathering
    }

    /// Notes that the batch was handed over.
    package mutating func handedOver() {
        batch += 1
        gathered = 0
        start = nil
        isGathering = false
    }
}
