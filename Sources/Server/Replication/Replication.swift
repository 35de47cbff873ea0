// Everything a server does for its followers and for its leader. A leader dials its followers; a follower waits to be
// dialed, applies what it is sent, and can have followers itself.

import Bytes
import Logging
import Reactor
import Store
import Wire

/// A server's part in replication. Used on the loop's thread.
final class Replication {
    unowned let server: Server
    private(set) var settings: ReplicationSettings
    var role: Role
    private(set) var followers: [FollowerLink] = []
    private var commitRule = CommitRule.local
    /// The connection that the leader of this follower has made.
    var leader: LeaderLink?
    /// Connections that were leaders', and were told why they are not any more.
    private var leaving: [LeaderLink] = []
    /// Of whoever leads, or would like to.
    private var complaints = Complaints()
    /// Where clients reach the leader, as far as is known.
    var leaderAddress: String?
    /// The leader that this follower was told of, and asks to connect.
    var introducesTo: Endpoint?
    var introduction: Introduction?
    var handover: Handover?
    /// Whom this server has told to lead, without hearing that it does.
    var unconfirmedLeader: Endpoint?
    /// Links that were let go of: one may be in a callback.
    private var removed: [FollowerLink] = []
    /// Whether this server has stopped leading in this turn.
    var standsDown = false
    /// The newest change that a leader has told of, by connections that have ended.
    var lastKnownSeq: UInt64 = 0
    /// When this server last had everything its leader had, in milliseconds of the monotonic clock.
    var lastFresh: Int?
    /// Makes turns while there is a link to be set up: their pauses are shorter than a second.
    private var timer: Timer?
    var seeds = SplitMix64(seed: UInt64(truncatingIfNeeded: MonotonicClock.nanoseconds))

    enum Role: String { case leader, follower }
    /// Connections of former leaders that may be open at a time.
    private static let leavingLimit = 8
    /// A connection that has lasted so long works, in milliseconds.
    private static let steadyTime = 5000

    init(_ settings: ReplicationSettings, server: Server) {
        self.settings = settings
        self.server = server
        role = settings.isFollower ? .follower : .leader
    }

    var isFollower: Bool { role == .follower }

    /// Begins, once the server has a data set: as it was started, or as it was told since by a command.
    func start() {
        var wanted = settings.followers
        if let note = server.store.roleNote {
            role = note.isFollower ? .follower : .leader
            leaderAddress = note.leader
            introducesTo = note.leader.flatMap { endpoint(inRole: $0) }
            wanted += note.followers.compactMap { endpoint(inRole: $0) }.filter { !wanted.contains($0) }
            // Who leads now was this server's follower once.
            wanted.removeAll { $0 == introducesTo }
            if note.isFollower != settings.isFollower {
                server.log.warning(
                    "Starting as \(role.rawValue), as a command or a handover has made it (the file ROLE says so), not as --mode has it; PROMOTE, FOLLOW and DEMOTE change it"
                )
            }
        }
        for endpoint in wanted { add(endpoint) }
        server.store.isReadOnly = isFollower
        acknowledged()
        if isFollower { server.log.info("Following: waiting for the leader to connect; changes are refused") }
        introduceIfAlone()
    }

    /// An address of the file ROLE, which an earlier version may have written by other rules.
    private func endpoint(inRole text: String) -> Endpoint? {
        do throws(EndpointError) {
            return try Endpoint(parsing: text)
        } catch {
            server.log.warning("Left out of what the file ROLE says: \(error)")
            return nil
        }
    }

    /// Takes what can change without a restart. A follower that is new is dialed, one that is gone is let go of; those that
    /// commands have added stay.
    func change(to new: ReplicationSettings) {
        let old = settings
        settings.followers = new.followers
        settings.ackTimeout = new.ackTimeout
        settings.timeout = new.timeout
        settings.adoptsHistory = new.adoptsHistory
        guard server.hasStarted, old.followers != new.followers else { return }
        for endpoint in old.followers where !new.followers.contains(endpoint) { _ = remove(endpoint) }
        for endpoint in new.followers where !old.followers.contains(endpoint) && endpoint != introducesTo {
            add(endpoint)
        }
        // What is written down would bring those back that are gone.
        if server.store.roleNote != nil { noteFollowers() }
    }

    // MARK: Each turn

    /// Goes on with every connection as far as it can without waiting.
    @inline(__always)
    func advance() {
        if !followers.isEmpty || leader != nil || introduction != nil || standsDown || !leaving.isEmpty {
            advanceLinks()
        }
    }

    private func advanceLinks() {
        removed.removeAll()
        for follower in followers { follower.advance() }
        if let leader {
            leader.advance()
            lastFresh = leader.lastFresh ?? lastFresh
            lastKnownSeq = max(lastKnownSeq, leader.leaderSeq)
            if !leader.isOpen { letGo(of: leader) }
        }
        if !leaving.isEmpty {
            leaving.removeAll { $0.isClosed }
            for link in leaving { link.advance() }
        }
        handover?.advance()
        introduction?.advance()
        if standsDown { standDown() }
        let isConnecting = introduction != nil || handover != nil || followers.contains { !$0.isFeeding }
        if !isConnecting {
            timer = nil
        } else if timer == nil {
            timer = Timer(server.loop, every: Replication.connectingInterval) {}
        }
    }

    /// In milliseconds.
    private static let connectingInterval = 50

    /// Replies that still wait for followers become errors: nobody will acknowledge to this server any more.
    private func standDown() {
        standsDown = false
        server.giveUpUnacknowledged()
        acknowledged()
    }

    /// Greets every follower again, because the data set was replaced.
    func beginAnew() {
        for follower in followers { follower.beginAnew() }
    }

    private func letGo(of link: LeaderLink) {
        leader = nil
        // One that has closed may be in a callback: it is kept until the next turn.
        leaving.append(link)
        if leaving.count > Replication.leavingLimit { leaving.first { !$0.isClosed }?.close() }
    }

    /// What is to be done each second.
    func tick() {
        for follower in followers { follower.tick() }
        if let leader {
            leader.tick()
            if leader.isFollowing, MonotonicClock.milliseconds - leader.startTime > Replication.steadyTime {
                complaints.settle()
            }
        }
        introduceIfAlone()
    }

    func close() {
        for follower in followers { follower.close() }
        leader?.close()
        for link in leaving { link.close() }
        introduction?.close()
        (followers, removed, leader, leaving, introduction) = ([], [], nil, [], nil)
        (handover, timer) = (nil, nil)
    }

    // MARK: The leader's part

    /// The newest committed change, where this server's own log allows `local`.
    @inline(__always)
    func committed(local: UInt64) -> UInt64 { commitRule.committed(local: local) }

    /// Notes what followers have acknowledged: the next `release` commits what that allows.
    func acknowledged() {
        if standsDown { return }
        commitRule = isFollower ? .local : CommitRule(settings.acks, followers.map(\.acknowledged))
    }

    /// How many followers lack a change that the policy wants them to have.
    func missingAcknowledgements(of seq: UInt64) -> Int {
        settings.acks.missing(followers.map(\.acknowledged), for: seq)
    }

    /// Has one more follower from now on; where there is one at this place, it is dialed now.
    /// - Returns: the link to it; nil if there are as many as can be written down.
    @discardableResult
    func add(_ endpoint: Endpoint) -> FollowerLink? {
        if let known = followers.first(where: { $0.endpoint == endpoint }) {
            known.hurry()
            return known
        }
        guard followers.count < RoleNote.followerLimit else {
            server.log.error("Follower \(endpoint) is left out: \(RoleNote.followerLimit) followers are the limit")
            return nil
        }
        let follower = FollowerLink(endpoint, server: server, seed: seeds.next())
        followers.append(follower)
        acknowledged()
        return follower
    }

    /// - Returns: false where there is none at this place.
    func remove(_ endpoint: Endpoint) -> Bool {
        guard let index = followers.firstIndex(where: { $0.endpoint == endpoint }) else { return false }
        let follower = followers.remove(at: index)
        follower.close()
        removed.append(follower)
        acknowledged()
        return true
    }

    /// The follower that is connected at this address.
    func follower(at address: String) -> FollowerLink? { followers.first { $0.isConnected(to: address) } }

    /// Lets go of a link to a follower that there is another one to: it would be counted twice.
    func drop(_ follower: FollowerLink, sameAs other: FollowerLink) {
        server.log.info("Follower \(follower.endpoint) is \(other.endpoint) under another name: counted once")
        _ = remove(follower.endpoint)
    }

    /// Lets go of a link that leads back to this server.
    func dropItself(_ follower: FollowerLink) {
        server.log.error("Follower \(follower.endpoint) is this server itself: left out; remove it from the followers")
        guard remove(follower.endpoint), server.store.roleNote != nil else { return }
        noteFollowers()
    }

    // MARK: The follower's part

    /// Whether there is a connection to the leader, or one is being set up.
    var hasLeader: Bool { leader?.isOpen == true }

    /// Whether what is here is what the leader has, but for what is on its way.
    var isFresh: Bool { !isFollower || leader?.isFresh == true }

    /// Milliseconds since this follower last had everything its leader had; nil where it never had.
    var staleness: Int? {
        if leader?.isFresh == true { return 0 }
        return lastFresh.map { MonotonicClock.milliseconds - $0 }
    }

    /// Why a greeting cannot be accepted; nil where it can.
    func refusal(of hello: LeaderHello, from address: String) -> String? {
        let store = server.store
        if !isFollower {
            return "This server is a leader; start it with --mode follower, or send it FOLLOW or DEMOTE first"
        }
        // Another connection of the same leader: it has given up on the one that there is.
        if let leader, leader.isOpen, leader.address != address { return "Already following \(leader.address)" }
        if store.isBlank || settings.adoptsHistory { return nil }
        if hello.last == 0 {
            return
                "The leader at \(address) is empty, and this follower has history \(store.history) up to change \(store.position.seq). Nothing was changed; start the leader with its data, or PROMOTE this follower; to empty it, start it with --adopt-history"
        }
        if hello.history != store.history {
            return
                "This follower has history \(store.history) up to change \(store.position.seq), the leader at \(address) has history \(hello.history): they are different data sets. Nothing was changed; to replace what is here, start this follower with --adopt-history"
        }
        if hello.last < store.position.seq {
            return
                "This follower has changes up to \(store.position.seq), the leader at \(address) only up to \(hello.last). Nothing was changed; to go back to the leader's state, start this follower with --adopt-history; to keep this one, PROMOTE it"
        }
        return nil
    }

    /// Follows the leader that has greeted on this connection.
    func follow(_ stream: Stream, _ hello: LeaderHello) {
        if let leader {
            leader.close()
            letGo(of: leader)
        }
        let link = LeaderLink(stream, hello: hello, server: server)
        leader = link
        leaderAddress = link.address
        unconfirmedLeader = nil
        introduction?.close()
        introduction = nil
        // Who leads this server does not follow it.
        if let other = followers.first(where: { "\($0.endpoint)" == link.address }) { _ = remove(other.endpoint) }
    }

    /// Says in the log what is wrong with a leader, or with one that would like to be.
    func complain(_ complaint: String, about address: String) {
        if let text = complaints.raise(complaint, about: address, at: MonotonicClock.milliseconds) {
            server.log.warning("Leader \(address): \(text)")
        }
    }

    /// Whether it is worth saying that there is a leader now.
    func takeSpoken() -> Bool { complaints.takeSpoken() }

    /// Why changes by clients are refused; nil where they are not.
    var readOnly: ReplyError? {
        if let handover {
            let leader = "\(handover.follower.endpoint)"
            return .readOnly("Handing over to \(leader); write there in a moment", leader: leader)
        }
        guard isFollower else { return nil }
        let place = leaderAddress.map { "write to \($0)" } ?? "its leader has not connected yet"
        return .readOnly("Read-only follower; \(place)", leader: leaderAddress)
    }
}
