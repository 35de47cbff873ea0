// Deferred requests of a session: long replies, parked requests, throttled changes, and requests behind a full output
// buffer.

import Reactor
import Store
import Wire

extension Session {
    // MARK: Resuming

    /// Resumes a long reply, a parked request, or the requests behind it.
    func goOn() {
        guard stream.isOpen else { return }
        guard !isOutputFull else { return hasMissedWake = parked != nil }
        if let parked {
            guard parked.runsRequest, allowance.isThrottling else { return answerParked() }
            hasMissedWake = true
            return turn.add(self, to: .throttled)
        }
        guard !isStarved else { return }
        turn.touch(self)
        if let longReply {
            step(longReply, &replies)
            times.noteLongReply(isComplete: !isBusy, of: self)
        } else if isStalled {
            isStalled = false
            stream.showHeld()
            if peerHasEnded && !isStalled { refuseUnfinished(stream.heldSize) }
        }
    }

    private func step(_ reply: any LongReply, _ replies: inout ReplyQueue) {
        let start = replies.size
        replies.begin(reply.dialect)
        let isComplete = reply.step(&replies, allowance)
        replies.end(committed: store.committed, isComplete: isComplete)
        allowance.take(replies.size - start)
        isBusy = !isComplete
        longReplySize = isComplete ? 0 : reply.heldSize
        if isComplete { longReply = nil }
    }

    /// Whether the turn's allowance suffices for this session.
    var hasAllowance: Bool {
        allowance.hasReplies && (longReply == nil || allowance.hasSteps)
    }

    /// Answers a parked request if its condition is met or its time-out has passed.
    private func answerParked() {
        guard let request = parked else { return }
        // The reply may come from a request that is parked in turn.
        parked = nil
        isBusy = false
        replies.begin(request.dialect)
        if request.step(
            &replies, at: server.clock.milliseconds, clientHasEnded: peerHasEnded || peerWillEnd)
        {
            turn.touch(self)
            replies.end(committed: store.committed, isComplete: !isBusy)
            if request.runsRequest { noteBacklog() }
        } else {
            parked = request
            isBusy = true
        }
    }

    /// Detects that the peer is gone while the connection is not read because requests wait behind a parked one, whose
    /// only condition may be just that. Called periodically.
    func lookForPeer() {
        guard parked != nil, !stream.isReading else { return }
        switch stream.peerState {
        case .there: break
        case .ended:
            peerWillEnd = true
            if parked?.waitsForClient == true { turn.add(self, to: .deferred) }
        case .gone: close()
        }
    }

    /// Whether it has a parked request.
    var isParked: Bool { parked != nil && stream.isOpen }

    /// Whether `goOn` can resume something now.
    var canGoOn: Bool { (isBusy || isStalled) && !isOutputFull && parked == nil && !isStarved && !isThrottled }

    var isOutputFull: Bool {
        replies.size + replies.markSize + stream.unsentSize > server.limits.unsentPauseSize
    }

    // MARK: Throttling

    /// Whether it has a change that waits for the log writer to catch up.
    var isThrottled: Bool { membership.contains(.throttled) }

    /// Stops before a change, which is parsed again once the log writer has caught up.
    func throttle() {
        isStalled = true
        turn.add(self, to: .throttled)
    }

    /// Throttles other sessions' changes if the log writer's queue is full.
    func noteBacklog() {
        if store.isBacklogged { allowance.throttle(true) }
    }

    /// Resumes the throttled change.
    func endThrottling() {
        hasMissedWake = false
        goOn()
        if parked == nil { server.deferrals.remove(self) }
    }

    /// Whether bytes are received while a request is parked, so that the end of the connection is noticed; it may be
    /// the request's only condition.
    var isListening: Bool { parked != nil && stream.heldSize < Session.parkedSize }
    /// The maximum size of the requests that are buffered meanwhile, in bytes.
    static let parkedSize = 64 << 10

    /// Whether requests wait: for a long reply, a parked request, memory, the client to take replies, or the next turn.
    var isHeldUp: Bool { isBusy || isStalled || isStarved || isOutputFull }
}
