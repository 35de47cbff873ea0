/// What one turn may do for clients, so that none of them waits long for the others, and the replies of a turn take little memory
/// whoever asks. There are two shares of it: for requests that come, and for those that were put off, which would never get their
/// turn otherwise.
///
/// An object of its own with nothing but private state, so that Swift sees that no two accesses to it overlap, and checks none at
/// run time.
final class TurnAllowance {
    private var steps = TurnAllowance.stepCount
    private var replySize = TurnAllowance.replyLimit

    /// Steps of looking through keys (see `KeySearch`) in a share: some 0.3 ms.
    private static let stepCount = 1 << 17
    /// Bytes of replies in a share, but for the last reply.
    private static let replyLimit = 8 << 20

    /// Begins a share.
    func renew() {
        steps = TurnAllowance.stepCount
        replySize = TurnAllowance.replyLimit
    }

    var hasSteps: Bool { steps > 0 }
    var hasReplies: Bool { replySize > 0 }

    /// Lends the steps that are left; none where there are none.
    func withSteps(_ body: (inout Int) -> Void) {
        var left = max(steps, 0)
        body(&left)
        steps = left
    }

    /// Up to how many bytes of replies a session may go on with requests.
    /// - Parameters:
    ///   - size: bytes of its replies now.
    ///   - limit: what it may have at most.
    @inline(__always)
    func pauseSize(from size: Int, atMost limit: Int) -> Int {
        replySize > 0 ? min(limit, size &+ replySize) : -1
    }

    /// Takes bytes of replies that were made.
    @inline(__always)
    func take(_ size: Int) { replySize &-= size }
}
