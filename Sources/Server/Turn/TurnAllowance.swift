/// What one turn may do for clients, so that none of them waits long for the others, and the replies of a turn take little memory
/// whoever asks. There are two shares of it: for requests that come, and for those that were put off, which would never get their
/// turn otherwise.
///
/// An object of its own with nothing but private state, so that Swift sees that no two accesses to it overlap, and checks none at
/// run time.
package final class TurnAllowance {
    private var steps = TurnAllowance.stepCount
    /// Bytes of replies in a share, but for the last reply.
    private var replySize = 0
    /// What a session may hold that is still run.
    private var largestCharge = 0
    /// Whether changes have to wait, because the log has as much to write as it may.
    private var throttlesChanges = false

    /// Steps of looking through keys (see `KeySearch`) in a share: some 0.3 ms.
    private static let stepCount = 1 << 17

    /// Begins a share.
    /// - Parameter pool: whose part for one turn's replies it is. Where it is full, only those go on that hold next to nothing.
    @inline(__always)
    func renew(_ pool: Pool) {
        steps = TurnAllowance.stepCount
        replySize = pool.turnSize
        largestCharge = pool.isFull ? Ledger.tinySize : .max
    }

    /// Whether changes have to wait, because the log has as much to write as it may. This holds until those that wait were let go on,
    /// so that no other overtakes them.
    @inline(__always)
    var isThrottling: Bool { throttlesChanges }

    func throttle(_ isThrottling: Bool) { throttlesChanges = isThrottling }

    package var hasSteps: Bool { steps > 0 }
    var hasReplies: Bool { replySize > 0 }

    /// Lends the steps that are left; none where there are none.
    package func withSteps(_ body: (inout Int) -> Void) {
        var left = max(steps, 0)
        body(&left)
        assert(left <= max(steps, 0), "steps are given back that were not lent")
        steps = left
    }

    /// Up to how many bytes of replies a session may go on with requests.
    /// - Parameters:
    ///   - charge: bytes that it holds.
    ///   - size: bytes of its replies now.
    ///   - limit: what it may have at most.
    @inline(__always)
    func pauseSize(of charge: Int, from size: Int, atMost limit: Int) -> Int {
        replySize > 0 && charge <= largestCharge ? min(limit, size &+ replySize) : -1
    }

    /// Takes bytes of replies that were made.
    @inline(__always)
    func take(_ size: Int) { replySize &-= size }
}
