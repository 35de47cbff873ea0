// A role changes in two steps: its note is written, and takes effect once it is on the disk. One note is written at a time.

import Bytes
import Store

extension Roles {
    /// A change of role.
    package enum Change: Equatable, Sendable {
        case promotion(request: Int)
        /// The leader at an address has handed over, together with its other followers.
        case takeover(from: String, followers: [Endpoint])
        /// A handover has failed after the note that this server follows, and before the follower was promoted.
        case resumption(Handover, reason: String)
        case following(Endpoint?, request: Int)
        /// Follow a follower that has every change, and then promote it.
        case telling(Handover)

        var leads: Bool {
            switch self {
            case .promotion, .takeover, .resumption: true
            case .following, .telling: false
            }
        }
    }

    /// A note that is being written, and the change that takes effect with it.
    package struct Pending: Equatable, Sendable {
        package let note: RoleNote
        package let change: Change?
        let version: Int
    }

    /// The change of role in progress.
    var change: Change? { pending?.change ?? next }

    /// Writes the next note, if none is being written.
    mutating func writeNote() {
        guard pending == nil, next != nil || settledVersion < wantedVersion else { return }
        let note = note(after: next)
        if next == nil && note == self.note {
            settledVersion = wantedVersion
            return advanceRequests()
        }
        pending = Pending(note: note, change: next.take(), version: wantedVersion)
        effects.append(.write(note))
    }

    private func note(after change: Change?) -> RoleNote {
        var (follows, leader) = (isFollower, isFollower ? leaderAddress : nil)
        var names = followers.map(\.endpoint)
        switch change {
        case .promotion?, .resumption?: (follows, leader) = (false, nil)
        case .takeover(_, let others)?:
            (follows, leader) = (false, nil)
            names += others.filter { !names.contains($0) }.prefix(RoleNote.followerLimit - names.count)
        case .following(let endpoint, _)?: (follows, leader) = (true, endpoint.map { "\($0)" })
        case .telling(let handover)?: (follows, leader) = (true, "\(handover.endpoint)")
        case nil: break
        }
        return RoleNote(isFollower: follows, leader: leader, followers: names.map { "\($0)" })
    }

    /// Schedules a note of the role, if there is one already or one is being written.
    mutating func noteAgain() {
        if note != nil || pending != nil || settledVersion < wantedVersion { wantedVersion += 1 }
    }

    // MARK: On the disk

    mutating func written(_ note: RoleNote) {
        guard let pending, pending.note == note else {
            preconditionFailure("a note is on the disk that was not asked for")
        }
        self.note = note
        self.pending = nil
        settledVersion = max(settledVersion, pending.version)
        switch pending.change {
        case .promotion(let request)?:
            lead()
            say(.info, "Promoted: this server is the leader from change \(log.position.seq) on")
            answer(request, .done)
        case .takeover(let address, let others)?:
            effects.append(.confirmLeading)
            leader = nil
            lead()
            for endpoint in others { add(endpoint) }
            say(
                .info,
                "Handed over by \(address): this server is the leader from change \(log.position.seq) on")
        case .resumption(let handover, let reason)?:
            lead()
            handoverFailed(handover, "\(reason); this server is the leader as before")
        case .following(let endpoint, let request)?:
            follow(endpoint)
            joinIfAlone()
            say(
                .info,
                "This server follows \(endpoint.map { "\($0)" } ?? "any leader that connects") now, and refuses changes"
            )
            answer(request, .done)
        case .telling(let handover)?: tell(handover)
        case nil: break
        }
    }

    mutating func notWritten(_ note: RoleNote, _ reason: String) {
        guard let pending, pending.note == note else { preconditionFailure("a note failed that was not asked for") }
        self.pending = nil
        switch pending.change {
        case .promotion(let request)?, .following(_, let request)?:
            answer(request, .refused("The role could not be written down, so nothing was changed: \(reason)"))
        case .takeover?:
            effects.append(.endLeader(reason: "that it leads cannot be written down: \(reason)"))
        case .resumption(let handover, let cause)?:
            role = .following
            handoverFailed(
                handover,
                "\(cause); that this server leads on cannot be written down: \(reason); it follows now, PROMOTE it")
        case .telling(let handover)?:
            role = .leading
            handoverFailed(
                handover, "that it follows cannot be written down: \(reason); this server is the leader as before")
        case nil:
            settledVersion = max(settledVersion, pending.version)
            say(.error, "The role could not be written down, so a restart will not know it: \(reason)")
        }
    }

    // MARK: In effect

    private mutating func lead() {
        closeLeader()
        stopJoining()
        (chosenLeader, leaderAddress, unconfirmedLeader) = (nil, nil, nil)
        role = .leading
        effects.append(.heartbeat)
    }

    mutating func follow(_ endpoint: Endpoint?) {
        closeLeader()
        stopJoining()
        leaderAddress = endpoint.map { "\($0)" }
        chosenLeader = endpoint
        if !isFollower && acks != .local { effects.append(.failUnacknowledged) }
        role = .following
        effects.append(.heartbeat)
    }
}
