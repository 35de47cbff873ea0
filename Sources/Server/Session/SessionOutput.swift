// A session's output: replies are held until their changes are committed, sent at the end of the turn, and flushed
// before the connection is closed.

import Bytes
import Logging
import Reactor
import Store
import Wire

extension Session {
    // MARK: Releasing

    /// Holds those of this turn's replies that depend on uncommitted changes.
    /// - Returns: whether any is held.
    func endTurn(committed: UInt64) -> Bool {
        endTurn(&replies, committed)
    }

    private func endTurn(_ replies: inout ReplyQueue, _ committed: UInt64) -> Bool {
        assert(turn.phase == .commit, "replies are held outside the commit phase")
        replies.time = times.now
        replies.endTurn(committed: committed)
        guard replies.awaited > 0 else { return false }
        if !membership.contains(.waiting) { times.keepHeld(since: replies.awaitedSince) }
        return true
    }

    /// Whether it waits for the current batch and was not counted for it yet.
    func joins(batch: Int) -> Bool {
        guard joinedBatch != batch, replies.awaited > store.submitted else { return false }
        joinedBatch = batch
        return true
    }

    /// Releases replies whose changes are committed.
    /// - Returns: whether any reply is still held.
    func release(committed: UInt64) -> Bool {
        assert(turn.phase == .release, "replies are released outside the release phase")
        var isFirst = true
        replies.release(committed: committed) { seq, since, count in
            times.noteWait(for: seq, since: since, replies: count, isFirst: isFirst, of: self)
            isFirst = false
        }
        return replies.awaited > 0
    }

    /// Replaces the replies that have waited too long for followers with errors.
    func expire(upTo durable: UInt64, before time: Int, error: (UInt64) -> ReplyError) {
        guard replies.expire(from: store.committed, upTo: durable, before: time, error: error) else { return }
        turn.touch(self)
    }

    /// Replaces every reply whose change will never be committed with an error.
    /// - Parameter ends: whether the connection is closed afterwards. It is closed in any case if a reply is only half
    ///   written.
    func failHeld(ends: Bool = true, _ error: (UInt64) -> ReplyError) {
        let wasHeld = replies.failHeld(error)
        // Messages of a feed may be dropped with the replies before them: its client continues from its last token.
        if ends || wasHeld && (isBusy || feed != nil) { finish() }
    }

    // MARK: Sending and closing

    /// Sends the released replies, and resumes what that makes possible.
    func flush() {
        assert(turn.phase == .flush, "replies are sent outside the flush phase")
        guard stream.isOpen else { return }
        if pool.isTight { trim() }
        guard send(&replies) else { return close() }
        switch state {
        case .open where peerHasEnded && isSettled: close()
        case .open: stream.isReading = (!isHeldUp || isListening) && (turn.takesRequests || http != nil)
        case .finishing where isSent && !isBusy: peerHasEnded ? close() : linger()
        case .finishing, .lingering, .closed: break
        }
        if canResume, hasMemoryToResume() { turn.add(self, to: .unfinished) }
        if hasMissedWake, !isOutputFull, !isThrottled {
            hasMissedWake = false
            turn.add(self, to: .deferred)
        }
        if isFeedPaused, let feed, canTakePush { server.changes.resume(feed) }
    }

    /// - Returns: false if the connection is lost.
    private func send(_ replies: inout ReplyQueue) -> Bool {
        let counts = replies.takeCounts()
        // Pages for monitoring are no requests of clients.
        if http == nil || counts.reads + counts.writes > 0 { statistics.add(counts) }
        let size = replies.released.count
        if size > 0 {
            guard let sent = stream.sendSome(replies.released) else { return false }
            statistics.countSent(sent)
            replies.removeReleased(sent)
        }
        settle(replies)
        times.endTurn(counts, isSent: size > 0, of: self)
        return true
    }

    private var isSent: Bool { replies.isEmpty && stream.unsentSize == 0 }

    /// Whether every request received is answered and its reply sent, and nothing else will be sent.
    var isSettled: Bool { isSent && !isBusy && !isStalled && feed == nil }

    private var isClosed: Bool { if case .closed = state { true } else { false } }

    private func linger() {
        stream.endOutput()
        stream.isReading = true
        state = .lingering(since: server.clock.milliseconds)
    }

    /// Closes a connection whose peer does not close its side after the last reply.
    /// - Parameter time: in milliseconds of the monotonic clock.
    func closeIfLingering(before time: Int) {
        if case .lingering(let since) = state, since < time { close() }
    }

    func close() {
        guard stream.isOpen, !isClosed else { return }
        deferredRequest?.abandon?()
        recordLogout()
        server.unauthenticated.remove(self)
        stream.close()
        state = .closed
        settleAtEnd()
        if deferredRequest != nil { server.deferrals.remove(self) }
        forgetFeeds()
        turn.add(self, to: .retired)
    }

    // MARK: Stream events

    func receivedEnd(unfinished: Int) {
        turn.touch(self)
        peerHasEnded = true
        if deferredRequest?.waitsForClient == true { turn.add(self, to: .deferred) }
        switch state {
        case .open: if !isStalled { refuseUnfinished(unfinished) }
        case .lingering: close()
        case .finishing, .closed: break
        }
    }

    /// An incomplete request is never run: its meaning may depend on the rest.
    func refuseUnfinished(_ size: Int) {
        guard size > 0, case .open = state, http == nil else { return }
        answerOutside(
            parser.dialect,
            ReplyError("Incomplete request: the connection ended after \(size) bytes of it; nothing was changed"),
            &replies)
    }

    func drained() {
        turn.touch(self)
    }

    func failed() {
        close()
    }
}
