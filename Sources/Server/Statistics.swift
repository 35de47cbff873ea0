// Counters of the turn's thread, for STATS and the metrics.

/// What has happened since the start. Sizes are in bytes. An object of its own with nothing but private state that each turn touches,
/// so that Swift checks no access to it at run time.
final class Statistics {
    private(set) var connections = 0
    private(set) var refusedConnections = 0
    private(set) var requests = 0
    private(set) var errors = 0
    private(set) var protocolErrors = 0
    private(set) var droppedClients = 0
    private(set) var receivedSize = 0
    private(set) var sentSize = 0
    /// Replies that waited for a change to be committed.
    private(set) var heldReplies = 0
    /// In nanoseconds of the boot time.
    private let start: Int
    /// The start as Unix milliseconds.
    let startTime: UInt64

    init(_ clock: TurnClock) {
        start = clock.read()
        startTime = clock.wallTime / 1000
    }

    @inline(__always)
    func add(_ counts: ReplyQueue.Counts) {
        requests &+= counts.replies
        errors &+= counts.errors
        heldReplies &+= counts.held
    }

    @inline(__always)
    func countReceived(_ size: Int) { receivedSize &+= size }

    @inline(__always)
    func countSent(_ size: Int) { sentSize &+= size }

    /// The counts that INFO tells.
    struct Counts {
        var connections = 0
        var refusedConnections = 0
        var requests = 0
        var errors = 0
        var receivedSize = 0
        var sentSize = 0
    }

    /// What the counts were when they were last reset.
    private var base = Counts()

    private var total: Counts {
        Counts(
            connections: connections, refusedConnections: refusedConnections, requests: requests, errors: errors,
            receivedSize: receivedSize, sentSize: sentSize)
    }

    /// The counts since they were last reset. STATS and the metrics go on counting from the start.
    var sinceReset: Counts {
        let total = total
        return Counts(
            connections: total.connections - base.connections,
            refusedConnections: total.refusedConnections - base.refusedConnections,
            requests: total.requests - base.requests, errors: total.errors - base.errors,
            receivedSize: total.receivedSize - base.receivedSize, sentSize: total.sentSize - base.sentSize)
    }

    func reset() { base = total }

    func countConnection() { connections += 1 }
    func countRefusedConnection() { refusedConnections += 1 }
    func countProtocolError() { protocolErrors += 1 }
    func countDroppedClient() { droppedClients += 1 }

    /// - Parameter now: in nanoseconds of the boot time.
    func uptimeSeconds(at now: Int) -> Int { (now - start) / 1_000_000_000 }
}
