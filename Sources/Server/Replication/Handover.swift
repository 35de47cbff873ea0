// A leader gives its part to a follower, and nothing is lost: no more changes are taken, the follower gets what it lacks, this
// server writes down that it follows, and only then is the follower told to lead. At no time do both take changes.
//
//     draining ── the follower has everything ──> told ── PROMOTED ──> done
//         └─────── too late ──> given up, leader as before    └─ silence ──> unconfirmed: this server stays a follower

import Bytes
import LogFormat
import Reactor
import Store

/// One handover under way. Used on the loop's thread.
final class Handover {
    /// How it has ended.
    enum Outcome {
        case done
        /// The leader is the leader as before.
        case givenUp(String)
        /// Nobody knows whether the follower leads; this server does not.
        case unconfirmed(String)
    }

    let follower: FollowerLink
    private unowned let server: Server
    private let deadline: Int
    private var isTold = false
    private let concluded: (Outcome) -> Void

    /// - Parameters:
    ///   - milliseconds: how long it may take as a whole.
    ///   - concluded: called once.
    init(to follower: FollowerLink, server: Server, within milliseconds: Int, concluded: @escaping (Outcome) -> Void) {
        self.follower = follower
        self.server = server
        self.concluded = concluded
        deadline = MonotonicClock.milliseconds + milliseconds
        follower.promoted = { [unowned self] in if isTold { conclude(.done) } }
    }

    /// Goes on as far as it can without waiting. Called each turn.
    func advance() {
        let isLate = MonotonicClock.milliseconds > deadline
        if isTold {
            guard isLate || !follower.isFeeding else { return }
            return conclude(
                .unconfirmed(
                    "\(follower.endpoint) was told to lead and has not confirmed it; this server follows now. Ask \(follower.endpoint) for its ROLE, and PROMOTE one of the two"
                ))
        }
        let store = server.store
        if follower.takesLines, follower.acknowledged == store.position.seq, !store.hasPending, !store.isWriting {
            tell(store.position)
        } else if isLate || !follower.isFeeding {
            conclude(
                .givenUp(
                    "\(follower.endpoint) has acknowledged change \(follower.acknowledged) of \(store.position.seq)\(isLate ? " in the time allowed" : " and was lost"); this server is the leader as before"
                ))
        }
    }

    private func tell(_ position: LogPosition) {
        let others = server.replication.followers.map { "\($0.endpoint)" }.filter { $0 != "\(follower.endpoint)" }
        // Written down before it is said: after a crash there may be no leader, but never two.
        do throws(StoreError) {
            try server.replication.becomeFollower(of: follower.endpoint)
        } catch {
            return conclude(
                .givenUp("that it follows cannot be written down: \(error); this server is the leader as before"))
        }
        isTold = true
        if !follower.promote(at: position, followers: others) {
            conclude(.unconfirmed("\(follower.endpoint) was lost while it was told to lead; this server follows now"))
        }
    }

    private func conclude(_ outcome: Outcome) {
        follower.promoted = nil
        concluded(outcome)
    }
}
