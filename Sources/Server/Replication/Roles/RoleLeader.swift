// The leader of a follower: which one it accepts, and when the follower may become the leader itself.

import Bytes
import LogFormat
import Store

extension Roles {
    /// Why a leader's greeting cannot be accepted; nil if it can.
    /// - Parameter adoptsHistory: whether a leader of another history, or with fewer changes, may replace this data set.
    package func refusal(
        of hello: LeaderHello, from address: String, adoptsHistory: Bool, log: LogView
    ) -> String? {
        if !isFollower {
            return "This server is a leader; start it with --mode follower, or send it FOLLOW or DEMOTE first"
        }
        if let change, change.leads { return "This server is becoming the leader" }
        // The same leader has connected again: it has abandoned its former connection.
        if let leader, leader.address != address { return "Already following \(leader.address)" }
        let own = log.position.seq
        if own == 0 || adoptsHistory { return nil }
        if hello.last == 0 {
            return
                "The leader at \(address) is empty, and this follower has history \(log.history) up to change \(own). Nothing was changed; start the leader with its data, or PROMOTE this follower; to empty it, start it with --adopt-history"
        }
        if hello.history != log.history {
            return
                "This follower has history \(log.history) up to change \(own), the leader at \(address) has history \(hello.history): they are different data sets. Nothing was changed; to replace what is here, start this follower with --adopt-history"
        }
        if hello.last < own {
            return
                "This follower has changes up to \(own), the leader at \(address) only up to \(hello.last). Nothing was changed; to go back to the leader's state, start this follower with --adopt-history; to keep this one, PROMOTE it"
        }
        return nil
    }

    mutating func followed(_ hello: LeaderHello, _ address: String) {
        precondition(isFollower, "a leader follows")
        leader = Leader(address: address, seq: hello.last)
        leaderAddress = address
        unconfirmedLeader = nil
        stopJoining()
        noteSeq(hello.last)
        // This server's leader is not its follower.
        if let other = followers.first(where: { "\($0.endpoint)" == address }) { _ = remove(other.endpoint) }
    }

    mutating func leaderSaid(_ seq: UInt64, isFresh: Bool) {
        leader?.seq = seq
        leader?.isFresh = isFresh
        noteSeq(seq)
    }

    mutating func leaderLost() {
        // The leader has every change that it has sent.
        if leader?.phase == .following { noteSeq(log.position.seq) }
        leader = nil
    }

    private mutating func noteSeq(_ seq: UInt64) { lastKnownSeq = max(lastKnownSeq, seq) }

    mutating func closeLeader() {
        guard leader != nil else { return }
        leaderLost()
        effects.append(.closeLeader)
    }

    // MARK: Joining

    /// Sends join requests while the configured leader is not connected.
    mutating func joinIfAlone() {
        guard isFollower, leader == nil, !isJoining, change == nil, handover == nil, let chosenLeader else { return }
        isJoining = true
        effects.append(.join(chosenLeader))
    }

    mutating func stopJoining() {
        if isJoining { effects.append(.stopJoining) }
        isJoining = false
    }

    /// Removes a leader that turns out to be this server.
    mutating func dropOwnLeader() {
        guard isFollower, leader == nil, let own = chosenLeader else { return }
        stopJoining()
        (chosenLeader, leaderAddress) = (nil, nil)
        say(
            .error, "Leader \(own) is this server itself: not followed; FOLLOW another leader, or PROMOTE this server")
        wantedVersion += 1
    }

    // MARK: Becoming the leader

    /// Why this follower should not become the leader now; nil if it may.
    var promotionObstacle: String? {
        if let leader, leader.phase != .following {
            return "This follower is \(leader.phase.rawValue): it does not have all of the data"
        }
        let own = log.position.seq
        if own < lastKnownSeq { return "This follower is at change \(own), its leader was at \(lastKnownSeq)" }
        if let leader, leader.isFresh {
            return "Its leader, \(leader.address), is connected; HANDOVER there loses nothing and leaves one leader"
        }
        if let unconfirmedLeader {
            return "\(unconfirmedLeader) was told to lead and may do so; ask it for its ROLE"
        }
        if let damage = log.damage, !hasBeenFresh {
            return
                "A part of the data was damaged at the start and set aside (\(damage)), and no leader has sent it again"
        }
        return nil
    }

    /// Handles the leader's handover: it accepts no further changes, and this server has all of them.
    mutating func toldToLead(_ position: ChainPosition, _ others: [String]) {
        guard isFollower, change == nil, let leader else {
            return effects.append(.endLeader(reason: "its role is being changed"))
        }
        guard position == log.position else {
            return effects.append(
                .endLeader(
                    reason: "it hands over at change \(position.seq), and this server's last is \(log.position.seq)"))
        }
        let followers = ([leader.address] + others).compactMap { try? Endpoint(parsing: $0) }
        next = .takeover(from: leader.address, followers: followers)
    }
}
