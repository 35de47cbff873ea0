// The end of a server, in two steps: first clients pause, so that what they sent before the stop has come; then they take
// their last replies. Closing a socket that holds unread requests would also destroy replies on their way.

/// How far a stop is. Times are milliseconds of the monotonic clock.
package struct ShutdownSteps {
    /// The steps, and when each gives up on clients.
    private enum Step {
        case notBegun
        /// Requests are read until those on their way have come: until nothing comes between two looks.
        case hearing(until: Int, receivedSize: Int)
        /// No more requests are read; replies are sent.
        case answering(until: Int)
    }

    private var step = Step.notBegun

    /// How long each step may take, in milliseconds.
    private static let patience = 400
    /// How often it is to be looked whether clients have paused, in milliseconds.
    static let interval = 20

    package init() {}

    package var hasBegun: Bool { if case .notBegun = step { false } else { true } }
    /// Whether requests are read.
    package var takesRequests: Bool { if case .answering = step { false } else { true } }

    /// Begins the first step; where there are no clients, the second.
    package mutating func begin(receivedSize: Int, hasClients: Bool, at now: Int) {
        precondition(!hasBegun, "a stop begins twice")
        let end = now + ShutdownSteps.patience
        step = hasClients ? .hearing(until: end, receivedSize: receivedSize) : .answering(until: end)
    }

    /// Looks whether clients have paused.
    /// - Returns: whether the second step begins with this.
    package mutating func look(receivedSize: Int, at now: Int) -> Bool {
        guard case .hearing(let end, let before) = step else { return false }
        guard receivedSize == before || now > end else {
            step = .hearing(until: end, receivedSize: receivedSize)
            return false
        }
        step = .answering(until: now + ShutdownSteps.patience)
        return true
    }

    /// Whether the step that is under way has taken all of its time.
    package func isOverdue(at now: Int) -> Bool {
        switch step {
        case .notBegun: false
        case .hearing(let end, _), .answering(let end): now > end
        }
    }
}
