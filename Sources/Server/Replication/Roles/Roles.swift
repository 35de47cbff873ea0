// The state machine of leadership: events in, effects out, nothing else. It uses no clock, socket, file or thread, so
// a simulation can drive three of them through any sequence. `Replication` performs the effects. In a cluster, Raft replaces it.
//
//                  ┌───────────── too late, or lost ─────────────┐
//                  v                                             │
//     unknown ─> leading ── HANDOVER ──> draining ── all there ──┴──> told ── PROMOTED, too late, or lost ──> following
//                  ^  └────────────────── DEMOTE, FOLLOW ─────────────────────────────────────────────────────────^ │
//                  └───────────────────── PROMOTE, or the leader hands over ────────────────────────────────────────┘
//
// A role takes effect, and becomes visible, only once its note (the file ROLE) is on the disk: after a crash there may be
// no leader, but never two. If a note cannot be written, the old role stays in effect.

import Bytes
import Store

/// A server's role, its followers and its leader. Times are milliseconds of the monotonic clock.
package struct Roles: Sendable {
    package internal(set) var role = Role.unknown
    package internal(set) var followers: [Follower] = []
    /// The connection from this server's leader; nil if there is none.
    package internal(set) var leader: Leader?
    /// The leader's address for clients, if known.
    package internal(set) var leaderAddress: String?
    /// The configured leader, which this server asks to connect.
    package internal(set) var chosenLeader: Endpoint?
    /// A server that was promoted and has not confirmed it.
    package internal(set) var unconfirmedLeader: Endpoint?
    /// The newest change that a leader has reported.
    package internal(set) var lastKnownSeq: UInt64 = 0
    /// Whether this server has been in sync with its leader since its start.
    package internal(set) var hasBeenFresh = false

    /// The note on the disk; nil if there is none.
    package internal(set) var note: RoleNote?
    /// The note that is being written.
    package internal(set) var pending: Pending?
    /// The change of role that is recorded next.
    var next: Change?
    /// The newest version to be recorded, and the newest whose write has ended.
    var wantedVersion = 0
    var settledVersion = 0

    /// Requests without a reply, the oldest first.
    var waiting: [WaitingRequest] = []
    var isJoining = false
    var lastNumber = 0

    let id: ServerID
    let acks: AckPolicy
    private let startsAsFollower: Bool
    /// The state of the log at the current event.
    var log = LogView()
    var now = 0
    var effects: [Effect] = []

    /// - Parameters:
    ///   - id: this server's id.
    ///   - acks: the acknowledgements that its replies wait for while it leads.
    ///   - isFollower: its role if there is no note.
    package init(id: ServerID, acks: AckPolicy, isFollower: Bool) {
        self.id = id
        self.acks = acks
        startsAsFollower = isFollower
    }

    // MARK: The role in effect

    /// Whether this server accepts changes from its leader and none from clients.
    package var isFollower: Bool {
        switch role {
        case .unknown: startsAsFollower
        case .leading, .draining: false
        case .told, .following: true
        }
    }

    /// Whether changes by clients are accepted.
    package var isWritable: Bool { role == .leading }

    /// The handover in progress.
    package var handover: Handover? {
        switch role {
        case .draining(let handover), .told(let handover): return handover
        default: break
        }
        if case .resumption(let handover, _)? = change { return handover }
        return nil
    }

    /// The rule by which changes become committed.
    package var commitRule: CommitRule { isFollower ? .local : CommitRule(acks, followers.map(\.durable)) }

    /// The number of followers that have yet to acknowledge a change under the policy.
    package func missingAcknowledgements(of seq: UInt64) -> Int { acks.missing(followers.map(\.durable), for: seq) }

    /// Whether `tick` must be passed each turn.
    package var needsTicks: Bool { handover != nil || !waiting.isEmpty }

    // MARK: Events

    /// Handles an event.
    /// - Parameters:
    ///   - log: the state of this server's log.
    ///   - now: milliseconds of the monotonic clock.
    /// - Returns: the effects to perform, in this order.
    package mutating func on(_ event: Event, log: LogView, at now: Int) -> [Effect] {
        (self.log, self.now) = (log, now)
        effects.removeAll(keepingCapacity: true)
        handle(event)
        advanceHandover()
        advanceRequests()
        writeNote()
        check()
        return effects
    }

    private mutating func handle(_ event: Event) {
        switch event {
        case .started(let followers, let note): start(followers, note)
        case .configured(let old, let new): configure(from: old, to: new)
        case .asked(let request, let number): ask(request, number)
        case .probed(let number, let isItself): probed(number, isItself: isItself)
        case .reachedItself: dropOwnLeader()
        case .connected(let number, let address): connected(number, address)
        case .answered(let number, let hello): answered(number, hello)
        case .acknowledged(let number, let durable, let applied): acknowledged(number, durable, applied)
        case .confirmed(let number): confirmed(number)
        case .lost(let number): lost(number)
        case .followed(let hello, let address): followed(hello, address)
        case .leaderSaid(let seq, let isFresh): leaderSaid(seq, isFresh: isFresh)
        case .leaderReached(let phase): leader?.phase = phase
        case .leaderLost: leaderLost()
        case .toldToLead(let position, let followers): toldToLead(position, followers)
        case .wasFresh: hasBeenFresh = true
        case .replaced: forgetAcknowledgements()
        case .written(let note): written(note)
        case .notWritten(let note, let reason): notWritten(note, reason)
        case .tick: joinIfAlone()
        }
    }

    /// The invariants whose violation would lose data or expose uncommitted data.
    private func check() {
        precondition(
            role == .unknown || note == nil || note?.isFollower == isFollower, "a role is in force that is not noted")
        if case .told = role {
            precondition(note?.isFollower == true, "a follower was told to lead beside this leader")
        }
        precondition(followers.count <= RoleNote.followerLimit, "more followers than can be noted")
        precondition(isFollower || leader == nil, "a leader has a leader")
        assert(followers.allSatisfy { $0.durable <= $0.applied }, "a follower has more on its disk than it has applied")
        assert(Set(followers.map(\.number)).count == followers.count, "a follower's number is used twice")
        assert(followers.allSatisfy { $0.number <= lastNumber }, "a follower has a number that was never given")
        assert(
            followers.allSatisfy { one in
                one.id == nil || !one.isFeeding || followers.count { $0.id == one.id && $0.isFeeding } == 1
            }, "one follower counts twice")
        assert(settledVersion <= wantedVersion, "a note is on the disk that nobody wanted")
        assert(zip(waiting, waiting.dropFirst()).allSatisfy { $0.number < $1.number }, "requests change places")
    }

    // MARK: Beginning

    private mutating func start(_ configured: [Endpoint], _ note: RoleNote?) {
        self.note = note
        role = note?.isFollower ?? startsAsFollower ? .following : .leading
        var wanted = configured
        if let note {
            leaderAddress = note.leader
            chosenLeader = note.leader.flatMap { endpoint(noted: $0) }
            wanted += note.followers.compactMap { endpoint(noted: $0) }.filter { !wanted.contains($0) }
            // The present leader was this server's follower once.
            wanted.removeAll { $0 == chosenLeader }
            if note.isFollower != startsAsFollower {
                say(
                    .warning,
                    "Starting as \(isFollower ? "follower" : "leader"), as a command or a handover has made it (the file ROLE says so), not as --mode has it; PROMOTE, FOLLOW and DEMOTE change it"
                )
            }
        }
        for endpoint in wanted { add(endpoint) }
        if isFollower { say(.info, "Following: waiting for the leader to connect; changes are refused") }
        joinIfAlone()
    }

    /// An address from the file ROLE, which an earlier version may have written under other rules.
    private mutating func endpoint(noted text: String) -> Endpoint? {
        do throws(EndpointError) {
            return try Endpoint(parsing: text)
        } catch {
            say(.warning, "Ignoring an address in the file ROLE: \(error)")
            return nil
        }
    }

    /// Applies the followers that a reloaded configuration adds and removes. Followers added by commands stay.
    private mutating func configure(from old: [Endpoint], to new: [Endpoint]) {
        for endpoint in old where !new.contains(endpoint) { _ = remove(endpoint) }
        for endpoint in new where !old.contains(endpoint) && endpoint != chosenLeader { add(endpoint) }
        // Record it: otherwise the note would restore the removed followers.
        noteAgain()
    }

    mutating func say(_ level: Level, _ text: String) { effects.append(.say(level, text)) }
}
