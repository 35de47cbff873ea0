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
        if parked != nil { return answerParked() }
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
        if request.step(&replies, at: server.clock.milliseconds, clientHasEnded: peerHasEnded) {
            turn.touch(self)
            replies.end(committed: store.committed, isComplete: !isBusy)
        } else {
            parked = request
            isBusy = true
        }
    }

    /// Whether it waits for something that only turns bring.
    var isParked: Bool { parked != nil && stream.isOpen }

    /// Whether something was put off that `goOn` can do now.
    var canGoOn: Bool { (isBusy || isStalled) && !isOutputFull && parked == nil && !isStarved }

    var isOutputFull: Bool {
        replies.size + stream.unsentSize > server.limits.unsentPauseSize
    }

    /// Whether it is read on while a request is parked: so that the client's end is noticed, which may be all that it waits for.
    var isListening: Bool { parked != nil && stream.heldSize < Session.parkedSize }
    /// Bytes of requests that may gather meanwhile.
    static let parkedSize = 64 << 10

    /// Whether requests have to wait: for a long reply to be complete, for the client to take replies, or for the next turn.
    var isHeldUp: Bool { isBusy || isStalled || isStarved || isOutputFull }
}
