// When to hand a batch to the log writer. Handing over whatever is there as soon as the writer is idle splits many
// clients into two groups that wait for each other's syncs, each of which then carries half of what it could. The clients
// that the last commit has answered will most likely write again at once; so a batch waits for as many as that, but never
// longer than a part of what a sync takes. A lone client is never made to wait: the last commit answered one.

/// Decides when a batch is due.
package struct GroupCommit {
    /// Sessions that the last commit answered.
    private var answered = 0
    /// Sessions with changes in the batch that gathers, and when it began to, in nanoseconds of the boot time.
    private var gathered = 0
    private var start: Int?

    /// The longest that a batch waits for more, in nanoseconds.
    private static let longestWait = 150_000

    /// The number of the batch that gathers.
    package private(set) var batch = 0
    /// Whether a batch was not due when that was last asked.
    package private(set) var isGathering = false

    package init() {}

    /// Notes that one more session has changes in the batch that gathers.
    package mutating func add() {
        gathered += 1
    }

    /// Notes how many sessions a commit has answered.
    package mutating func committed(answered: Int) {
        assert(answered >= 0, "fewer than no sessions are answered")
        self.answered = answered
    }

    /// Whether the batch is to be handed over now; where not, it is to be asked again soon.
    /// - Parameters:
    ///   - lastSync: what the last sync has taken, in nanoseconds.
    ///   - now: in nanoseconds of the boot time.
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
