// A leader hands over to a follower without losing a change: it accepts no further changes, the follower receives what it lacks, this
// server notes that it follows, and only then promotes the follower. At no time do both accept changes.

import Bytes
import Store

extension Roles {
    /// Begins a handover: further changes are refused.
    /// - Returns: why it cannot begin; nil if it has begun.
    mutating func handOver(to endpoint: Endpoint, within milliseconds: Int, request: Int) -> String? {
        if isFollower { return "This server is a follower" }
        guard let follower = followers.first(where: { $0.endpoint == endpoint }), follower.isFeeding else {
            return "Follower \(endpoint) is not connected"
        }
        role = .draining(
            Handover(
                follower: follower.number, endpoint: endpoint, deadline: now + milliseconds, request: request,
                position: nil))
        say(.info, "Handing over to \(endpoint): changes are refused")
        return nil
    }

    /// Continues a handover as far as possible now.
    mutating func advanceHandover() {
        switch role {
        case .draining(let handover) where change == nil: drain(handover)
        case .told(let handover):
            guard now > handover.deadline || follower(handover.follower)?.isFeeding != true else { return }
            unconfirmed(
                handover,
                "\(handover.endpoint) was told to lead and has not confirmed it; this server follows now. Ask \(handover.endpoint) for its ROLE, and PROMOTE one of the two"
            )
        default: break
        }
    }

    private mutating func drain(_ handover: Handover) {
        let follower = follower(handover.follower)
        let (durable, isFeeding) = (follower?.durable ?? 0, follower?.isFeeding ?? false)
        if isFeeding && durable == log.position.seq && log.isIdle {
            var handover = handover
            handover.position = log.position
            role = .draining(handover)
            next = .telling(handover)
        } else if now > handover.deadline || !isFeeding {
            role = .leading
            handoverFailed(handover, reason(handover) + "; this server is the leader as before")
        }
    }

    private func reason(_ handover: Handover) -> String {
        "\(handover.endpoint) has acknowledged change \(follower(handover.follower)?.durable ?? 0) of \(log.position.seq)"
            + (now > handover.deadline ? " in the time allowed" : " and was lost")
    }

    /// The note that this server follows is on the disk.
    mutating func tell(_ handover: Handover) {
        precondition(handover.position == log.position, "a change was taken during a handover")
        follow(handover.endpoint)
        guard now <= handover.deadline, let follower = follower(handover.follower), follower.isFeeding,
            follower.durable == log.position.seq
        else {
            // No follower was promoted: this server stays the leader, once that is recorded.
            next = .resumption(handover, reason: reason(handover))
            return
        }
        role = .told(handover)
        let others = followers.map(\.endpoint).filter { $0 != handover.endpoint }
        effects.append(.tellToLead(follower.number, log.position, followers: others.map { "\($0)" }))
    }

    /// Handles a follower's confirmation that it leads.
    mutating func confirmed(_ number: Int) {
        guard case .told(let handover) = role, handover.follower == number else { return }
        role = .following
        // The other followers move to the new leader, which knows them.
        for follower in followers { _ = remove(follower.endpoint) }
        say(.info, "Handed over: \(handover.endpoint) is the leader, and this server follows it")
        wantedVersion += 1
        answerOnceNoted(handover.request)
    }

    private mutating func unconfirmed(_ handover: Handover, _ reason: String) {
        role = .following
        unconfirmedLeader = handover.endpoint
        handoverFailed(handover, reason)
    }

    mutating func handoverFailed(_ handover: Handover, _ reason: String) {
        say(.error, "The handover failed: \(reason)")
        answer(handover.request, .refused("Not handed over: \(reason)"))
    }
}
