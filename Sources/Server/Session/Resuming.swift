// The work that a session resumes: long replies, deferred requests, throttled changes, and requests behind a full
// output buffer.

import Reactor
import Store
import Wire

extension Session {
    // MARK: Resuming

    /// Resumes a long reply, a deferred request, or the requests behind it.
    func resume() {
        guard stream.isOpen else { return }
        guard !isOutputFull else { return hasMissedWake = deferredRequest != nil }
        if let deferredRequest {
            guard deferredRequest.runsRequest, allowance.isThrottling else { return answerDeferred() }
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

    /// Answers a deferred request if its condition is met or its time-out has passed.
    private func answerDeferred() {
        guard let request = deferredRequest else { return }
        // The reply may come from a request that is deferred in turn.
        deferredRequest = nil
        isBusy = false
        if authentication.namesAuthors { store.setAuthor(author) }
        replies.begin(request.dialect)
        if request.step(
            &replies, at: server.clock.milliseconds, clientHasEnded: peerHasEnded || peerWillEnd)
        {
            turn.touch(self)
            holdForAudit(&replies)
            replies.end(committed: store.committed, isComplete: !isBusy)
            if request.runsRequest { noteBacklog() }
        } else {
            deferredRequest = request
            isBusy = true
        }
    }

    /// Detects that the peer is gone while the connection is not read because requests wait behind a deferred one,
    /// whose only condition may be just that. Called periodically.
    func lookForPeer() {
        guard deferredRequest != nil, !stream.isReading else { return }
        switch stream.peerState {
        case .there: break
        case .ended:
            peerWillEnd = true
            if deferredRequest?.waitsForClient == true { turn.add(self, to: .deferred) }
        case .gone: close()
        }
    }

    /// Whether the kernel reports the connection as lost. Makes a system call.
    var isPeerGone: Bool { stream.peerState == .gone }

    /// Whether it has a deferred request.
    var hasDeferredRequest: Bool { deferredRequest != nil && stream.isOpen }

    /// Whether `resume` has something to do.
    var canResume: Bool {
        (isBusy || isStalled) && !isOutputFull && deferredRequest == nil && !isStarved && !isThrottled
    }

    var isOutputFull: Bool {
        replies.size + replies.markSize + stream.unsentSize > unsentPauseSize
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
        resume()
        if deferredRequest == nil { server.deferrals.remove(self) }
    }

    /// Whether bytes are received while a request is deferred, so that the end of the connection is noticed; it may be
    /// the request's only condition.
    var isListening: Bool { deferredRequest != nil && stream.heldSize < Session.deferredInputSize }
    /// The maximum size of the requests that are buffered meanwhile, in bytes.
    static let deferredInputSize = 64 << 10

    /// Whether requests wait: for a long reply, a deferred request, memory, the client to take replies, or the next
    /// turn.
    var isHeldUp: Bool { isBusy || isStalled || isStarved || isOutputFull }
}
