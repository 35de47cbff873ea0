// When to hand a batch to the log writer. Handing over whatever is there as soon as the writer is idle splits many
// clients into two groups that wait for each other's syncs, each of which then carries half of what it could. The clients
// that the last commit has answered will most likely write again at once; so a batch waits for as many as that, but never
// longer than a part of what a sync takes. A lone client is never made to wait: the last commit answered one.

/// Decides when a batch is due.
struct GroupCommit {
    /// Sessions that the last commit answered.
    private var answered = 0
    /// Sessions with changes in the batch that gathers, and when it began to.
    private var gathered = 0
    private var start: ContinuousClock.Instant?

    /// The longest that a batch waits for more.
    private static let longestWait = Duration.microseconds(150)

    /// The number of the batch that gathers.
    private(set) var batch = 0

    /// Notes that one more session has changes in the batch that gathers.
    mutating func add() {
        gathered += 1
    }

    /// Notes how many sessions a commit has answered.
    mutating func committed(answered: Int) {
        self.answered = answered
    }

    /// Whether the batch is to be handed over now; where not, it is to be asked again soon.
    mutating func isDue(lastSync: Duration) -> Bool {
        if gathered >= answered { return true }
        let now = ContinuousClock.now
        guard let start else {
            self.start = now
            return false
        }
        return now - start > min(lastSync / 2, GroupCommit.longestWait)
    }

    /// Notes that the batch was handed over.
    mutating func handedOver() {
        batch += 1
        gathered = 0
        start = nil
    }
}
