// The end of a server, in two steps: first clients pause, so that what they sent before the stop has come; then they take
// their last replies. Closing a socket that holds unread requests would also destroy replies on their way.

import Reactor

/// How far a stop is. Times are milliseconds of the monotonic clock.
struct Stopping {
    /// When a step gives up on clients: first that they pause, then that they take their replies. nil until a stop begins.
    private var deadline: Int?
    /// What had been received when it was last looked, in bytes.
    private var sizeAtLastLook = 0
    /// Whether requests are read: during a stop until those on their way have come.
    private(set) var takesRequests = true

    /// How long each step may take, in milliseconds.
    private static let patience = 400
    /// How often it is to be looked whether clients have paused, in milliseconds.
    static let interval = 20

    var hasBegun: Bool { deadline != nil }

    /// Begins the first step; where there are no clients, the second.
    mutating func begin(receivedSize: Int, hasClients: Bool) {
        deadline = MonotonicClock.milliseconds + Stopping.patience
        sizeAtLastLook = receivedSize
        takesRequests = hasClients
    }

    /// Looks whether clients have paused.
    /// - Returns: whether the second step begins with this.
    mutating func look(receivedSize: Int) -> Bool {
        guard takesRequests, let deadline else { return false }
        let now = MonotonicClock.milliseconds
        let isQuiet = receivedSize == sizeAtLastLook
        sizeAtLastLook = receivedSize
        guard isQuiet || now > deadline else { return false }
        takesRequests = false
        self.deadline = now + Stopping.patience
        return true
    }

    /// Whether the step that is under way has taken all of its time.
    var isOverdue: Bool { deadline.map { MonotonicClock.milliseconds > $0 } ?? false }
}
