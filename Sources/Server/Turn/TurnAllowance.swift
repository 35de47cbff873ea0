/// A turn's allowance of work for clients. It bounds the wait of every client for the others, and the memory for one
/// turn's replies. There are two shares: one for new requests, one for deferred requests, which would starve otherwise.
///
/// A class of its own with private state only, so that the compiler omits run-time exclusivity checks.
package final class TurnAllowance {
    private var steps = TurnAllowance.stepCount
    /// Bytes of replies in a share, not counting the last reply.
    private var replySize = 0
    /// The maximum charge of a session whose requests run.
    private var largestCharge = 0
    /// Whether changes wait because the log writer's queue is full.
    private var throttlesChanges = false

    /// Steps of key search (see `KeySearch`) in a share: about 0.3 ms.
    private static let stepCount = 1 << 17

    /// Begins a share.
    /// - Parameter pool: the pool with the turn's part for replies. If it is full, only sessions that hold next to
    ///   nothing continue.
    @inline(__always)
    func renew(_ pool: Pool) {
        steps = TurnAllowance.stepCount
        replySize = pool.turnSize
        largestCharge = pool.isFull ? MemoryLedger.tinySize : .max
    }

    /// Whether changes wait because the log writer's queue is full. It stays true until the waiting changes have run,
    /// so that no later change overtakes them.
    @inline(__always)
    var isThrottling: Bool { throttlesChanges }

    func throttle(_ isThrottling: Bool) { throttlesChanges = isThrottling }

    package var hasSteps: Bool { steps > 0 }
    var hasReplies: Bool { replySize > 0 }

    /// Lends the remaining steps, 0 if there are none.
    package func withSteps(_ body: (inout Int) -> Void) {
        var left = max(steps, 0)
        body(&left)
        assert(left <= max(steps, 0), "more steps given back than were lent")
        steps = left
    }

    /// The maximum size of a session's replies up to which it runs further requests.
    /// - Parameters:
    ///   - charge: bytes that the session holds.
    ///   - size: bytes of its replies now.
    ///   - limit: its maximum.
    @inline(__always)
    func pauseSize(of charge: Int, from size: Int, atMost limit: Int) -> Int {
        replySize > 0 && charge <= largestCharge ? min(limit, size &+ replySize) : -1
    }

    /// Charges bytes of replies.
    @inline(__always)
    func take(_ size: Int) { replySize &-= size }
}
