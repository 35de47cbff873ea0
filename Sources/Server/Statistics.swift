// Counters of the turn's thread, for STATS and the metrics.

/// Counters since the start. Sizes are in bytes. A separate object with private state only, which each turn touches,
/// so that Swift needs no exclusivity checks at run time.
final class Statistics {
    private(set) var connections = 0
    private(set) var refusedConnections = 0
    private(set) var requests = 0
    private(set) var errors = 0
    private(set) var protocolErrors = 0
    private(set) var droppedClients = 0
    private(set) var receivedSize = 0
    private(set) var sentSize = 0
    /// Replies that waited for a commit.
    private(set) var heldReplies = 0
    /// In nanoseconds of the boot time.
    private let start: Int
    /// The time of the start, in Unix milliseconds.
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

    /// The counters of INFO.
    struct Counts {
        var connections = 0
        var refusedConnections = 0
        var requests = 0
        var errors = 0
        var receivedSize = 0
        var sentSize = 0
    }

    /// The counters at the last reset.
    private var base = Counts()

    private var total: Counts {
        Counts(
            connections: connections, refusedConnections: refusedConnections, requests: requests, errors: errors,
            receivedSize: receivedSize, sentSize: sentSize)
    }

    /// The counters since the last reset. STATS and the metrics always count from the start.
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
