// Requests that had to wait: for the turn's allowance, the log writer, memory, or followers.

import Store

extension Server {
    /// Resumes them, as far as the turn's allowance goes.
    func resume() {
        allowance.renew(pool)
        deferrals.advance(turn)
        pool.advance()
        if allowance.isThrottling { resumeThrottled() }
        guard !turn.isEmpty(.unfinished) else { return }
        var sessions = turn.take(.unfinished)
        // Sessions that this turn had no allowance for come first in the next one.
        for session in sessions {
            if session.hasAllowance {
                session.resume()
            } else if !pool.isFull || session.hasMemoryToResume() {
                turn.add(session, to: .unfinished)
            }
        }
        turn.giveBack(&sessions)
    }

    /// Runs changes that waited for the log, in order of arrival, until the log's buffer is full again.
    private func resumeThrottled() {
        guard !store.isBacklogged else { return }
        allowance.throttle(false)
        var sessions = turn.take(.throttled)
        for session in sessions {
            if allowance.isThrottling || !allowance.hasReplies {
                turn.add(session, to: .throttled)
            } else {
                session.endThrottling()
            }
        }
        turn.giveBack(&sessions)
        if !turn.isEmpty(.throttled) { allowance.throttle(true) }
    }

    /// Answers replies that have waited too long for followers with a time-out.
    func expire() {
        let limit = replication.settings.ackTimeout
        let time = clock.last - limit * 1_000_000
        for session in turn.members(of: .waiting) {
            session.expire(upTo: store.locallyCommitted, before: time) { seq in
                .unacknowledged(by: replication.missingAcknowledgements(of: seq), within: limit)
            }
        }
    }

    /// Fails every reply that waits for followers, because this server is no longer the leader.
    func failUnacknowledged() {
        for session in connections.all {
            session.expire(upTo: .max, before: .max) { seq in
                .leftBehind(by: replication.missingAcknowledgements(of: seq))
            }
        }
    }
}
