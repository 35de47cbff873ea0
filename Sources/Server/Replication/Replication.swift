// Performs the effects that `Roles` returns: opens and closes links, writes notes, opens and closes the gate for changes, replies.
// A leader dials its followers. A follower waits to be dialed, applies the changes it receives, and can have followers itself.

import Bytes
import LogFormat
import Logging
import Reactor
import Store
import Wire

/// Replication in one server. Used on the loop's thread.
final class Replication {
    unowned let server: Server
    private(set) var settings: ReplicationSettings
    private var roles: Roles
    /// A cached value of `roles`, which each turn reads.
    private var commitRule = CommitRule.local
    private var events: [Roles.Event] = []
    private var isReporting = false
    /// Whether `advance` has work. Cached, because each turn reads it.
    private var isActive = false

    /// The links to followers, by follower number.
    private var links: [Int: FollowerLink] = [:]
    /// The connection from this follower's leader.
    private(set) var leader: LeaderLink?
    private var joinRequest: JoinRequest?
    private var probes: [Int: SelfCheck] = [:]
    private var notes: RoleNoteWriter
    private var answers: [Int: RoleAnswer] = [:]
    private var lastRequest = 0

    /// Connections of former leaders, which were sent the reason for their end.
    private var leaving: [LeaderLink] = []
    /// Objects released in this turn. They are kept because one may be in a callback.
    private var removed: [AnyObject] = []
    /// Throttles messages about leaders, and about servers whose greeting is refused.
    private var throttle = LinkErrorThrottle()
    /// The time at which this server last was in sync with its leader, in milliseconds of the monotonic clock.
    private var lastFresh: Int?
    /// Makes turns while a link is being set up or a deadline runs, which needs a resolution below a second.
    private var timer: Timer?
    private var seeds = SplitMix64(seed: .random(in: 0 ... .max))

    /// The largest number of open connections of former leaders.
    private static let leavingLimit = 8
    /// A connection counts as working after this time, in milliseconds.
    private static let steadyTime = 5000
    /// The interval of the timer, in milliseconds.
    private static let connectingInterval = 50

    init(_ settings: ReplicationSettings, server: Server) {
        self.settings = settings
        self.server = server
        roles = Roles(id: server.id, acks: settings.acks, isFollower: settings.isFollower)
        notes = RoleNoteWriter(server.store.roleFile, bell: server.bell)
    }

    /// Begins, once the server has a data set, with the role of the note on the disk or else of the configuration.
    func start() {
        report(.started(followers: settings.followers, note: server.store.roleNote))
    }

    /// Applies the settings that need no restart.
    func change(to new: ReplicationSettings) {
        let old = settings
        settings.followers = new.followers
        settings.ackTimeout = new.ackTimeout
        settings.timeout = new.timeout
        settings.adoptsHistory = new.adoptsHistory
        settings.secrets = new.secrets
        guard server.hasStarted, old.followers != new.followers else { return }
        report(.configured(old: old.followers, new: new.followers))
    }

    /// Whether another server must prove that it knows the secret before it is believed.
    var needsProof: Bool { !settings.secrets.isEmpty || server.authentication.isRequired }

    // MARK: Roles

    var isFollower: Bool { roles.isFollower }

    /// `leader` or `follower`.
    var roleName: String { isFollower ? "follower" : "leader" }

    /// Whether a handover is in progress.
    var isHandingOver: Bool { roles.handover != nil }

    /// The leader's address for clients, if known.
    var leaderAddress: String? { roles.leaderAddress }

    /// The newest change that a leader has reported.
    var leaderSeq: UInt64 { leader?.leaderSeq ?? roles.lastKnownSeq }

    /// Why changes by clients are refused; nil if they are accepted.
    var readOnly: ReplyError? {
        if let handover = roles.handover {
            let leader = "\(handover.endpoint)"
            return .readOnly("Handing over to \(leader); write there in a moment", leader: leader)
        }
        guard isFollower else { return nil }
        let place = leaderAddress.map { "write to \($0)" } ?? "its leader has not connected yet"
        return .readOnly("Read-only follower; \(place)", leader: leaderAddress)
    }

    /// The newest committed change, if this server's own log allows `local`.
    @inline(__always)
    func committed(local: UInt64) -> UInt64 { commitRule.committed(local: local) }

    /// The number of followers that have yet to acknowledge a change under the policy.
    func missingAcknowledgements(of seq: UInt64) -> Int { roles.missingAcknowledgements(of: seq) }

    /// Requests a change of roles or followers.
    /// - Returns: its outcome, now or later.
    func ask(_ request: Roles.Request) -> RoleAnswer {
        lastRequest += 1
        let answer = RoleAnswer()
        answers[lastRequest] = answer
        report(.asked(request, number: lastRequest))
        return answer
    }

    /// Passes an event to `Roles`, and performs the effects. Events raised meanwhile are queued.
    func report(_ event: Roles.Event) {
        events.append(event)
        guard !isReporting else { return }
        isReporting = true
        while !events.isEmpty {
            let effects = roles.on(events.removeFirst(), log: logView, at: server.clock.milliseconds)
            commitRule = roles.commitRule
            if server.store.isReadOnly == roles.isWritable { server.store.isReadOnly = !roles.isWritable }
            if server.clock.isFollowing != roles.isFollower { noteRole() }
            for effect in effects { perform(effect) }
        }
        isReporting = false
        noteActivity()
    }

    /// Sets the store's clock going by the leader's time, or by this machine's. A leader's time has reached its newest change.
    private func noteRole() {
        let (clock, store) = (server.clock, server.store)
        if roles.isFollower {
            clock.follow(from: store.now)
        } else {
            clock.beginLeading()
            clock.resume(from: store.now)
        }
    }

    private func noteActivity() {
        isActive =
            !links.isEmpty || leader != nil || joinRequest != nil || !leaving.isEmpty || !removed.isEmpty
            || roles.pending != nil || roles.needsTicks
    }

    private var logView: Roles.LogView {
        let store = server.store
        var view = Roles.LogView()
        view.history = store.history
        view.position = store.position
        view.isLoaded = server.loading == nil
        view.isIdle = store.isLoaded && !store.hasPending && !store.isWriting
        view.damage = store.recovery.damage.map { "\($0)" }
        return view
    }

    private func perform(_ effect: Roles.Effect) {
        switch effect {
        case .dial(let number, let endpoint):
            assert(links[number] == nil, "two links to one follower")
            links[number] = FollowerLink(number, to: endpoint, server: server, seed: seeds.next())
        case .hurry(let number): links[number]?.hurry()
        case .greet(let number): links[number]?.greet()
        case .feed(let number, let hello): links[number]?.feed(hello)
        case .retry(let number, let reason): links[number]?.retry(reason)
        case .drop(let number): drop(links.removeValue(forKey: number))
        case .tellToLead(let number, let position, let followers):
            links[number]?.promote(at: position, followers: followers)
        case .heartbeat: for link in links.values { link.sendHeartbeat() }
        case .closeLeader: leader?.close()
        case .confirmLeading: leader?.confirmLeading()
        case .endLeader(let reason): leader?.end(reason)
        case .join(let endpoint):
            assert(joinRequest == nil, "two leaders are asked to connect")
            joinRequest = JoinRequest(to: endpoint, server: server, seed: seeds.next())
        case .stopJoining: stopJoining()
        case .probe(let endpoint, let number): probes[number] = SelfCheck(endpoint, server: server)
        case .write(let note): notes.write(note)
        case .failUnacknowledged: server.failUnacknowledged()
        case .answer(let number, let answer): self.answer(number, answer)
        case .say(let level, let text): say(level, text)
        }
    }

    private func drop(_ link: FollowerLink?) {
        guard let link else { return }
        link.close()
        removed.append(link)
    }

    private func stopJoining() {
        guard let joinRequest else { return }
        joinRequest.close()
        removed.append(joinRequest)
        self.joinRequest = nil
    }

    private func answer(_ number: Int, _ answer: Roles.Answer) {
        if let probe = probes.removeValue(forKey: number) { removed.append(probe) }
        answers.removeValue(forKey: number)?.answer = answer
        // The waiting request checks in the next turn.
        server.bell.ring()
    }

    private func say(_ level: Roles.Level, _ text: String) {
        switch level {
        case .info: server.log.info("\(text)")
        case .warning: server.log.warning("\(text)")
        case .error: server.log.error("\(text)")
        }
    }

    // MARK: Each turn

    /// Does all work that is possible without waiting.
    @inline(__always)
    func advance() { if isActive { advanceLinks() } }

    private func advanceLinks() {
        removed.removeAll()
        while let (note, failure) = notes.take() {
            report(failure.map { .notWritten(note, $0) } ?? .written(note))
        }
        for follower in roles.followers { links[follower.number]?.advance() }
        leader?.advance()
        if !leaving.isEmpty {
            leaving.removeAll { $0.isClosed }
            for link in leaving { link.advance() }
        }
        joinRequest?.advance()
        advanceProbes()
        if roles.needsTicks { report(.tick) }
        let isConnecting =
            joinRequest != nil || roles.needsTicks || links.values.contains { !$0.isFeeding }
        if !isConnecting {
            timer = nil
        } else if timer == nil {
            timer = Timer(server.loop, every: Replication.connectingInterval) {}
        }
        noteActivity()
    }

    private func advanceProbes() {
        for (number, probe) in probes {
            probe.advance()
            guard probe.isDone else { continue }
            probes[number] = nil
            removed.append(probe)
            report(.probed(number, isItself: probe.isItself))
        }
    }

    /// Greets every follower again, because the data set was replaced.
    func beginAnew() {
        report(.replaced)
        for link in links.values { link.beginAnew() }
    }

    /// Upkeep, once a second.
    func tick() {
        for follower in roles.followers { links[follower.number]?.tick(acknowledged: follower.durable) }
        if let leader {
            leader.tick()
            if leader.isFollowing, server.clock.milliseconds - leader.startTime > Replication.steadyTime {
                throttle.settle()
            }
        }
        report(.tick)
    }

    /// Ends every link, and waits for a note that is being written.
    func close() {
        while let (note, failure) = notes.wait() {
            for effect in roles.on(
                failure.map { .notWritten(note, $0) } ?? .written(note), log: logView,
                at: server.clock.milliseconds)
            {
                if case .write(let next) = effect { notes.write(next) }
            }
        }
        isReporting = true
        for link in links.values { link.close() }
        leader?.close()
        for link in leaving { link.close() }
        joinRequest?.close()
        (links, removed, leader, leaving, joinRequest) = ([:], [], nil, [], nil)
        (probes, answers, timer) = ([:], [:], nil)
    }

    // MARK: Followers

    /// The followers of this server, in the order in which they were added.
    var followers: [FollowerStatus] {
        roles.followers.compactMap { follower in links[follower.number].map { FollowerStatus(follower, $0) } }
    }

    /// A connected follower that does not know one of these needs; nil if there is none. One that is not connected is
    /// asked when it connects.
    func followerLacking(_ needs: Needs) -> Endpoint? {
        roles.followers.first { follower in
            links[follower.number]?.knows.map { !$0.isSuperset(of: needs) } ?? false
        }?.endpoint
    }

    /// The number of followers that have applied a change, and of those that have it on their disks.
    func followersThatApplied(_ seq: UInt64) -> Int { roles.followers.count { $0.applied >= seq } }
    func followersThatSynced(_ seq: UInt64) -> Int { roles.followers.count { $0.durable >= seq } }

    /// The newest applied and the newest durable change of each follower, in descending order.
    var appliedChanges: [UInt64] { roles.followers.map(\.applied).sorted(by: >) }
    var syncedChanges: [UInt64] { roles.followers.map(\.durable).sorted(by: >) }

    // MARK: The leader

    /// Whether this server has every change of the leader, except those in flight.
    var isFresh: Bool { !isFollower || leader?.isFresh == true }

    /// Milliseconds since this follower last was in sync with its leader; nil if it never was.
    var staleness: Int? {
        if leader?.isFresh == true { return 0 }
        return (leader?.lastFresh ?? lastFresh).map { server.clock.milliseconds - $0 }
    }

    /// Why a greeting cannot be accepted; nil if it can.
    func refusal(of hello: LeaderHello, from address: String) -> String? {
        roles.refusal(of: hello, from: address, adoptsHistory: settings.adoptsHistory, log: logView)
    }

    /// Follows the leader that sent its greeting on this connection.
    func follow(_ stream: Stream, _ hello: LeaderHello) {
        leader?.close()
        let link = LeaderLink(stream, hello: hello, server: server)
        leader = link
        report(.followed(hello, address: link.address))
        link.start()
    }

    /// A leader's connection has ended, or is about to.
    func lost(_ link: LeaderLink) {
        lastFresh = link.lastFresh ?? lastFresh
        // It may be in a callback, and may still send the leader the reason.
        leaving.append(link)
        if leaving.count > Replication.leavingLimit { leaving.first { !$0.isClosed }?.close() }
        if leader === link {
            leader = nil
            report(.leaderLost)
        }
        noteActivity()
    }

    /// Logs a problem with a leader, or with a server whose greeting is refused.
    func complain(_ complaint: String, about address: String) {
        if let text = throttle.raise(complaint, about: address, at: server.clock.milliseconds) {
            server.log.warning("Leader \(address): \(text)")
        }
    }

    /// Whether to log that there is a leader now.
    func takeSpoken() -> Bool { throttle.takeSpoken() }
}

/// The outcome of a request to change roles, for the waiting client.
final class RoleAnswer {
    fileprivate(set) var answer: Roles.Answer?
}

/// The state of one follower, for INFO, STATS and metrics.
struct FollowerStatus {
    let endpoint: Endpoint
    let id: ServerID?
    /// `connecting`, `feeding` or `waiting`.
    let stateName: String
    let isFeeding: Bool
    /// The newest change known to be on its disk.
    let acknowledged: UInt64
    /// The unsent bytes of the log, if known; and the sent bytes.
    let remainingSize: Int
    let sentSize: Int
    /// The time a change takes to reach its disk, and the time since its last message, in milliseconds.
    let lag: Int
    let silence: Int

    fileprivate init(_ follower: Roles.Follower, _ link: FollowerLink) {
        endpoint = follower.endpoint
        id = follower.id
        stateName = link.stateName
        isFeeding = link.isFeeding
        acknowledged = follower.durable
        remainingSize = link.remainingSize
        sentSize = link.sentSize
        lag = link.lag(acknowledged: follower.durable)
        silence = link.silence
    }
}
