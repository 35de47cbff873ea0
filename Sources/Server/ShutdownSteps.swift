// A shutdown in two steps: first clients pause, so that everything they sent before the stop arrives; then they receive
// their last replies. Closing a socket with unread requests sends RST, which would destroy replies in flight.

/// The progress of a shutdown. Times are milliseconds of the monotonic clock.
package struct ShutdownSteps {
    /// The steps, and the deadline of each.
    private enum Step {
        case notBegun
        /// Requests in flight are read, until nothing arrives between two checks.
        case hearing(until: Int, receivedSize: Int)
        /// No more requests are read; replies are sent.
        case answering(until: Int)
    }

    private var step = Step.notBegun

    /// The time limit of each step, in milliseconds.
    private static let patience = 400
    /// The interval of checks whether clients have paused, in milliseconds.
    static let interval = 20

    package init() {}

    package var hasBegun: Bool { if case .notBegun = step { false } else { true } }
    /// Whether requests are read.
    package var takesRequests: Bool { if case .answering = step { false } else { true } }

    /// Begins the first step, or the second if there are no clients.
    package mutating func begin(receivedSize: Int, hasClients: Bool, at now: Int) {
        precondition(!hasBegun, "a stop begins twice")
        let end = now + ShutdownSteps.patience
        step = hasClients ? .hearing(until: end, receivedSize: receivedSize) : .answering(until: end)
    }

    /// Checks whether clients have paused.
    /// - Returns: whether this begins the second step.
    package mutating func look(receivedSize: Int, at now: Int) -> Bool {
        guard case .hearing(let end, let before) = step else { return false }
        guard receivedSize == before || now > end else {
            step = .hearing(until: end, receivedSize: receivedSize)
            return false
        }
        step = .answering(until: now + ShutdownSteps.patience)
        return true
    }

    /// Whether the current step has reached its deadline.
    package func isOverdue(at now: Int) -> Bool {
        switch step {
        case .notBegun: false
        case .hearing(let end, _), .answering(let end): now > end
        }
    }
}
