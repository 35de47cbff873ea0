// Counters of the turn's thread, for STATS and the metrics.

import Reactor

/// What has happened since the start. Sizes are in bytes.
struct Statistics {
    var connections = 0
    var refusedConnections = 0
    var requests = 0
    var errors = 0
    var protocolErrors = 0
    var droppedClients = 0
    var receivedSize = 0
    var sentSize = 0
    /// Replies that waited for a change to be committed.
    var heldReplies = 0
    let start = ContinuousClock.now
    /// The same as Unix milliseconds.
    let startTime = WallClock.milliseconds

    mutating func add(_ counts: ReplyQueue.Counts) {
        requests += counts.replies
        errors += counts.errors
        heldReplies += counts.held
    }

    var uptimeSeconds: Int { Int((ContinuousClock.now - start).components.seconds) }
}
