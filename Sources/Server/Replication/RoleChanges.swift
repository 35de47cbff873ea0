// A server becomes the leader, or a follower, while it runs: by a command, or by a handover.

import Bytes
import Logging
import Reactor
import Store
import Wire

extension Replication {
    // MARK: Changing roles

    /// Why this follower should not become the leader now; nil where nothing speaks against it.
    var promotionObstacle: String? {
        guard isFollower else { return "This server is the leader" }
        if let leader, leader.isOpen, !leader.isFollowing {
            return "This follower is \(leader.stateName): it does not have all of the data"
        }
        let own = server.store.position.seq
        if own < lastKnownSeq { return "This follower is at change \(own), its leader was at \(lastKnownSeq)" }
        if let leader, leader.isOpen, leader.leaderIsFresh {
            return "Its leader, \(leader.address), is connected; HANDOVER there loses nothing and leaves one leader"
        }
        if let unconfirmedLeader {
            return "\(unconfirmedLeader) was told to lead and may do so; ask it for its ROLE"
        }
        if let damage = server.store.recovery.damage, lastFresh == nil {
            return
                "A part of the data was damaged at the start and set aside (\(damage)), and no leader has sent it again"
        }
        return nil
    }

    /// Becomes the leader.
    func promote() {
        leader?.close()
        leader = nil
        lead()
        server.log.info("Promoted: this server is the leader from change \(server.store.position.seq) on")
    }

    private func lead() {
        stopIntroducing()
        (leaderAddress, unconfirmedLeader) = (nil, nil)
        // Where this fails, a restart makes a follower: no leader then, but never two.
        writeNote(isFollower: false)
        change(to: .leader)
    }

    /// Becomes a follower, of the leader at `endpoint` where that is known; there is no connection to it yet.
    /// - Throws: `StoreError` where that cannot be written down, so that a restart would make it a leader again. Nothing has
    ///   changed then.
    func becomeFollower(of endpoint: Endpoint?) throws(StoreError) {
        try server.store.write(note(isFollower: true, leader: endpoint.map { "\($0)" }))
        leader?.close()
        leader = nil
        stopIntroducing()
        leaderAddress = endpoint.map { "\($0)" }
        introducesTo = endpoint
        change(to: .follower)
    }

    private func change(to role: Role) {
        standsDown = self.role == .leader && role == .follower && settings.acks != .local
        self.role = role
        server.store.isReadOnly = isFollower
        acknowledged()
        for follower in followers { follower.sendHeartbeat() }
    }

    private func note(isFollower: Bool, leader: String?) -> RoleNote {
        RoleNote(isFollower: isFollower, leader: leader, followers: followers.map { "\($0.endpoint)" })
    }

    /// Writes down which followers commands have made it have, so that a restart knows them.
    func noteFollowers() {
        writeNote(isFollower: isFollower)
    }

    private func writeNote(isFollower: Bool) {
        do throws(StoreError) {
            try server.store.write(note(isFollower: isFollower, leader: isFollower ? leaderAddress : nil))
        } catch {
            server.log.error("The role could not be written down, so a restart will not know it: \(error)")
        }
    }

    /// A follower that was told its leader, and is not connected, asks it to connect.
    func introduceIfAlone() {
        guard isFollower, !hasLeader, introduction == nil, let introducesTo else { return }
        introduction = Introduction(to: introducesTo, server: server, seed: seeds.next())
    }

    /// Gives up a leader that turns out to be this server: a request to be its own follower has come.
    func dropOwnLeader() {
        guard isFollower, let leader = introducesTo, !hasLeader else { return }
        stopIntroducing()
        leaderAddress = nil
        server.log.error(
            "Leader \(leader) is this server itself: not followed; FOLLOW another leader, or PROMOTE this server")
        noteFollowers()
    }

    private func stopIntroducing() {
        introduction?.close()
        (introduction, introducesTo) = (nil, nil)
    }

    // MARK: Handing over

    /// Begins to hand over to a follower: changes are refused from now on.
    /// - Parameter concluded: called once, where it has begun: with nil, or with what went wrong.
    /// - Returns: why it cannot be begun; nil where it has.
    func handOver(
        to follower: FollowerLink, within milliseconds: Int, concluded: @escaping (String?) -> Void
    ) -> String? {
        if isFollower { return "This server is a follower" }
        if handover != nil { return "A handover is under way" }
        if !follower.isFeeding { return "Follower \(follower.endpoint) is not connected" }
        server.store.isReadOnly = true
        server.log.info("Handing over to \(follower.endpoint): changes are refused")
        handover = Handover(to: follower, server: server, within: milliseconds) { [unowned self] outcome in
            handover = nil
            server.store.isReadOnly = isFollower
            switch outcome {
            case .done:
                // The others go with it: the new leader was told of them.
                for follower in followers { _ = remove(follower.endpoint) }
                noteFollowers()
                server.log.info("Handed over: \(follower.endpoint) is the leader, and this server follows it")
                return concluded(nil)
            case .givenUp(let reason):
                server.log.error("The handover failed: \(reason)")
                concluded(reason)
            case .unconfirmed(let reason):
                unconfirmedLeader = follower.endpoint
                server.log.error("The handover failed: \(reason)")
                concluded(reason)
            }
        }
        return nil
    }

    /// Whether a handover is under way.
    var isHandingOver: Bool { handover != nil }

    /// Becomes the leader because the leader hands over.
    /// - Parameters:
    ///   - address: the leader that was, which becomes a follower.
    ///   - followers: its other followers.
    /// - Returns: false where this cannot be: nothing has changed then.
    func takeOver(from address: String, followers: [String]) -> Bool {
        guard isFollower else { return false }
        for text in [address] + followers {
            if let endpoint = try? Endpoint(parsing: text) { add(endpoint) }
        }
        lead()
        server.log.info(
            "Handed over by \(address): this server is the leader from change \(server.store.position.seq) on")
        return true
    }
}
