// Requests that are not answered at once: long replies, parked ones, and those that wait for the client to take replies.

import Reactor
import Store
import Wire

extension Session {
    // MARK: Going on later

    /// Goes on with a long reply, or with requests that had to wait.
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

    /// Whether the turn has left what this session needs to go on.
    var hasAllowance: Bool {
        allowance.hasReplies && (longReply == nil || allowance.hasSteps)
    }

    /// Answers a request that waits for something, where that has come or the time is over.
    private func answerParked() {
        guard let request = parked else { return }
        // What it answers may be a request that waits in turn.
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

    /// Notices that the peer is gone while the connection is not read, because requests wait behind one that is parked: that may be all
    /// that it waits for. To be called now and then.
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

    /// Whether it waits for something that only turns bring.
    var isParked: Bool { parked != nil && stream.isOpen }

    /// Whether something was put off that `goOn` can do now.
    var canGoOn: Bool { (isBusy || isStalled) && !isOutputFull && parked == nil && !isStarved && !isThrottled }

    var isOutputFull: Bool {
        replies.size + replies.markSize + stream.unsentSize > server.limits.unsentPauseSize
    }

    // MARK: Changes that wait for the log

    /// Whether it has a change that waits until the log has less to write.
    var isThrottled: Bool { membership.contains(.throttled) }

    /// Stops before a change, which is shown again once the log has less to write.
    func throttle() {
        isStalled = true
        turn.add(self, to: .throttled)
    }

    /// Has the changes of others wait, where the log has as much to write as it may.
    func noteBacklog() {
        if store.isBacklogged { allowance.throttle(true) }
    }

    /// Goes on with the change that has waited.
    func endThrottling() {
        hasMissedWake = false
        goOn()
        if parked == nil { server.deferrals.remove(self) }
    }

    /// Whether it is read on while a request is parked: so that the client's end is noticed, which may be all that it waits for.
    var isListening: Bool { parked != nil && stream.heldSize < Session.parkedSize }
    /// Bytes of requests that may gather meanwhile.
    static let parkedSize = 64 << 10

    /// Whether requests have to wait: for a long reply to be complete, for the client to take replies, or for the next turn.
    var isHeldUp: Bool { isBusy || isStalled || isStarved || isOutputFull }
}
