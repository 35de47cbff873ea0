// The follower's end of the link: receives the lines of the leader's log, makes the store apply
// and log them, and acknowledges what is on this disk. A change of the data set as a whole (a snapshot, a truncation, another
// history) waits until the log writer is idle, and ends with a reload of the store. `Roles` decides which server leads.
//
//     greeted ──> starting ──┬─────────────────────────────────────────────> following
//                            ├──> changing (truncation, other history) ─> loading ─┘
//                            └──> receiving a snapshot ──> changing ──> loading ───┘

import Bytes
import LogFormat
import Logging
import Reactor
import Store

/// The connection from this follower's leader. Used on the loop's thread; its owner releases it between turns.
final class LeaderLink: StreamDelegate {
    private unowned let server: Server
    private let stream: Stream
    private let hello: LeaderHello
    /// The leader's address for clients.
    let address: String
    /// The leader's id; nil if its version has none.
    var id: ServerID? { hello.id }

    private enum State {
        /// The greeting is answered once the data set is quarantined.
        case preparing
        /// The greeting is answered. The leader's next line says where it starts.
        case starting
        case receiving(IncomingSnapshot)
        /// Waiting until the log writer is idle, to change the data set.
        case changing(to: ChainPosition, (Store) throws -> Void)
        /// Reloading the data set, which must end where the leader continues.
        case loading(ChainPosition?)
        case following
        /// The leader was sent the reason. Further input is discarded until it hangs up, or until a deadline on the monotonic clock, in
        /// milliseconds.
        case leaving(until: Int)
        case closed
    }

    private var state = State.starting
    /// The bytes of an incomplete line that were already searched for its end.
    private var searched = 0
    /// Whether received bytes are unread because reading was paused.
    private var hasPaused = false
    private var lastHeard: Int
    /// The time at which this server last was in sync with its leader, in milliseconds of the monotonic clock.
    private(set) var lastFresh: Int?
    /// The leader's newest known change.
    var leaderSeq: UInt64 { isFollowing ? max(toldSeq, server.store.position.seq) : toldSeq }
    /// The leader's newest change by its last heartbeat.
    private var toldSeq: UInt64
    private var hasToldTime = false
    /// Whether it leads, or is in sync with its own leader, by its last heartbeat.
    private(set) var leaderIsFresh = true
    private var acknowledged: (durable: UInt64, applied: UInt64)?
    private var owesAcknowledgement = false
    private(set) var receivedSize = 0
    /// The time of the connection, in milliseconds of the monotonic clock.
    let startTime: Int

    /// The size of the log writer's queue at which reading pauses, in bytes.
    private static let pendingSize = 4 << 20
    /// A leader without a message for this time counts as lost, in milliseconds; it sends a heartbeat each second.
    private static let heartbeatTime = 2000
    /// The longest first line of a leader, in bytes.
    private static let startSize = 4096
    /// The time a leader has to hang up after the reason was sent, in milliseconds.
    private static let leavingTime = 2000

    /// Takes over the connection on which the leader sent its greeting, and answers it.
    init(_ stream: Stream, hello: LeaderHello, server: Server) {
        self.server = server
        self.stream = stream
        self.hello = hello
        address = "\(Endpoint(host: stream.peer.host, port: UInt16(hello.port)))"
        toldSeq = hello.last
        startTime = server.clock.milliseconds
        lastHeard = startTime
    }

    /// Answers the greeting.
    func start() {
        stream.start(self)
        if hello.history != server.store.history && !server.store.isBlank {
            // Allowed by --adopt-history; otherwise already refused.
            server.log.warning(
                "Leader \(address): its history is \(hello.history), this server's is \(server.store.history); all that is here is set aside, as *.superseded-<time>, because of --adopt-history"
            )
            state = .preparing
        } else {
            answer()
        }
    }

    /// Whether the leader is expected to send anything.
    var isOpen: Bool {
        switch state {
        case .leaving, .closed: false
        default: true
        }
    }
    /// Whether the connection has ended.
    var isClosed: Bool { if case .closed = state { true } else { false } }
    /// Whether changes are applied as they arrive.
    var isFollowing: Bool { if case .following = state { true } else { false } }
    /// Whether this server has every change that the leader is known to have.
    var isCaughtUp: Bool { isFollowing && server.store.position.seq >= toldSeq }
    /// Whether this server has every change of the leader, except those in flight.
    var isFresh: Bool {
        isCaughtUp && leaderIsFresh && server.clock.milliseconds - lastHeard < LeaderLink.heartbeatTime
    }

    var stateName: String {
        switch state {
        case .following: !leaderIsFresh ? "stale_leader" : isCaughtUp ? "up" : "catching_up"
        case .receiving: "receiving_snapshot"
        case .preparing, .starting, .changing, .loading: "starting"
        case .leaving, .closed: "down"
        }
    }

    private func answer() {
        var line = ByteBuffer()
        do throws(StoreError) {
            line.append(followerHello: try server.store.followerHello(id: server.id))
        } catch {
            return end("\(error)")
        }
        state = .starting
        if !stream.send(line.bytes) { lose("the connection was lost") }
    }

    // MARK: Each turn

    /// Continues work that waited for the log writer or for loading, and acknowledges what is on the disk.
    func advance() {
        switch state {
        case .preparing: change(to: nil) { try $0.setEverythingAside() }
        case .receiving(let snapshot): install(snapshot)
        case .changing(let position, let step): change(to: position, step)
        case .loading(let position) where server.store.isLoaded: loaded(position)
        case .leaving(let time) where server.clock.milliseconds >= time: close()
        case .starting, .loading, .following, .leaving, .closed: break
        }
        acknowledge()
        if isOpen { read(isReading) }
    }

    private func read(_ reads: Bool) {
        let hasChanged = reads != stream.isReading
        stream.isReading = reads
        guard reads && (hasChanged || hasPaused) else { return }
        hasPaused = false
        stream.showHeld()
        // These changes arrived without an event, so request the turn that commits them.
        if server.store.hasPending { server.bell.ring() }
    }

    private var isReading: Bool {
        switch state {
        case .starting: true
        case .receiving(let snapshot):
            snapshot.state == .receiving && snapshot.pendingSize < LeaderLink.pendingSize
        case .following: server.store.pendingSize < LeaderLink.pendingSize
        case .preparing, .changing, .loading, .leaving, .closed: false
        }
    }

    /// - Parameter position: where the data set must end afterwards; nil if it is empty and the leader waits for an answer.
    private func change(to position: ChainPosition?, _ step: (Store) throws -> Void) {
        let store = server.store
        guard store.isLoaded, !store.isWriting else { return }
        guard !store.hasPending else { return store.flush() }
        state = .loading(position)
        do { try step(store) } catch { end("\(error)") }
        if !store.isLoaded { server.loadAgain() }
    }

    /// Continues with a complete snapshot.
    private func install(_ snapshot: IncomingSnapshot) {
        switch snapshot.state {
        case .receiving, .finishing: break
        case .whole: snapshot.finish()
        case .failed(let error): end("\(error)")
        case .finished:
            // It is unknown whether the snapshot contains the data that is here, so keep that data.
            change(at: snapshot.position) { try $0.install(snapshot, hasDiverged: true) }
        }
    }

    private func loaded(_ position: ChainPosition?) {
        guard let position else { return answer() }
        let store = server.store
        guard store.position == position else {
            return end(
                "the data set ends at change \(store.position.seq), not at \(position.seq), where the leader continues")
        }
        if store.isBlank && store.history != hello.history {
            // Everything was quarantined: the leader has none of these changes.
            let history = hello.history
            return change(at: position) { try $0.adoptHistory(history) }
        }
        follow()
    }

    /// Acknowledges what is on this disk, when there is more and each second: an acknowledgement is also the heartbeat of this
    /// server, however long something else takes.
    private func acknowledge() {
        let now: (durable: UInt64, applied: UInt64)
        switch state {
        case .following: now = (server.store.durable, server.store.position.seq)
        // Until this log is a prefix of the leader's, acknowledge nothing.
        case .starting, .receiving, .changing, .loading(.some): now = (0, 0)
        case .preparing, .loading(nil), .leaving, .closed: return
        }
        if isFresh { noteFresh() }
        if let acknowledged, acknowledged == now, !owesAcknowledgement { return }
        assert(now.durable <= now.applied, "more is on the disk than was applied")
        acknowledged = now
        owesAcknowledgement = false
        var line = ByteBuffer()
        line.append(acknowledgement: now.durable, applied: now.applied)
        if !stream.send(line.bytes) { lose("the connection was lost") }
    }

    private func noteFresh() {
        if lastFresh == nil { server.replication.report(.wasFresh) }
        lastFresh = lastHeard
    }

    /// Upkeep, once a second: sends a heartbeat, and checks for the leader's.
    func tick() {
        owesAcknowledgement = true
        let silence = server.clock.milliseconds - lastHeard
        if isOpen && isReading && silence > server.replication.settings.timeout {
            end("no heartbeat for \(silence / 1000) s")
        }
    }

    /// Ends the connection with a reason, for both logs; the leader reconnects. Keep reading until the leader hangs up:
    /// closing with unread data sends RST and would lose this line.
    func end(_ reason: String) {
        guard isOpen else { return }
        complain(reason)
        var line = ByteBuffer()
        line.append(linkError: reason)
        guard stream.send(line.bytes) else { return close() }
        stream.endOutput()
        stream.isReading = true
        leave(.leaving(until: server.clock.milliseconds + LeaderLink.leavingTime))
    }

    /// The connection has ended.
    private func lose(_ reason: String) {
        if isOpen { complain(reason) }
        close()
    }

    private func complain(_ reason: String) {
        server.replication.complain("\(reason); waiting for it to connect again", about: address)
    }

    /// Ends the connection at once.
    func close() {
        stream.close()
        leave(.closed)
    }

    private func leave(_ next: State) {
        let wasOpen = isOpen
        state = next
        if wasOpen { server.replication.lost(self) }
    }

    /// Completes a handover: tells the former leader that this server leads, and ends the connection.
    func confirmLeading() {
        var line = ByteBuffer()
        line.append("PROMOTED\n")
        if isOpen { _ = stream.send(line.bytes) }
        close()
    }

    // MARK: Receiving

    func received(_ bytes: Span<UInt8>) -> Consumption {
        lastHeard = server.clock.milliseconds
        var used = 0
        while isReading, let feed = bytes.newline(from: max(used, searched)) {
            take(bytes.extracting(used..<feed))
            used = feed + 1
            searched = 0
        }
        receivedSize += used
        guard isOpen else { return Consumption(used: bytes.count, missing: 1) }
        hasPaused = !isReading
        searched = isReading ? bytes.count - used : 0
        if searched > lineLimit { end("it sends a line of more than \(lineLimit) bytes") }
        return Consumption(used: used, missing: 1)
    }

    private var lineLimit: Int { if case .starting = state { LeaderLink.startSize } else { server.limits.recordSize } }

    private func take(_ line: Span<UInt8>) {
        switch state {
        case .following: follow(line)
        case .receiving(let snapshot): if !isHeartbeat(line) { receive(line, snapshot) }
        case .starting: if !isHeartbeat(line) { start(line) }
        case .preparing, .changing, .loading, .leaving, .closed: break
        }
    }

    @inline(__always)
    private func follow(_ line: Span<UInt8>) {
        guard line.starts(with: "{\"seq\":") else { return takeOther(line) }
        assert(server.store.isReadOnly, "changes of a leader and of clients at the same time")
        do throws(ReplicationError) {
            try server.store.applyRecord(line)
        } catch {
            end("\(error)")
        }
    }

    private func takeOther(_ line: Span<UInt8>) {
        // Lines about the leader's files.
        if line.count == 0 || line.starts(with: "{\"durable\":") { return }
        if line.starts(with: "{\"puffin\":\"log\"") { return checkHeader(line) }
        if tellsWhy(line) { return }
        switch feedLine(line) {
        case .heartbeat(let time, let seq, let seal)?:
            toldSeq = seq
            if let seal { server.audit?.witness(seal, of: address, at: server.store.now) }
            leaderIsFresh = time > 0
            if time > 0 {
                server.clock.hear(time, isFirst: !hasToldTime)
                hasToldTime = true
            }
            server.replication.report(.leaderSaid(seq: seq, isFresh: leaderIsFresh))
            owesAcknowledgement = true
            // In the modes that do not sync each change, request a sync from time to time: the leader counts durable changes.
            server.store.requestSync()
        case .promote(let position, let followers)?:
            server.replication.report(.toldToLead(position, followers: followers))
        case .start, nil: end("it sends a line that is not part of a log")
        }
    }

    /// Ends the link before a record that this version does not understand, and says so on both sides.
    private func checkHeader(_ line: Span<UInt8>) {
        do throws(ReplicationError) {
            try Store.check(segmentHeader: line)
        } catch {
            end("\(error)")
        }
    }

    /// Whether a line is a heartbeat. One may come before the start, and between a snapshot's lines.
    @inline(__always)
    private func isHeartbeat(_ line: Span<UInt8>) -> Bool {
        guard line.starts(with: "{\"heartbeat\":") else { return false }
        takeOther(line)
        return true
    }

    /// A line of the link that is not part of the log; nil if it is a line of the log.
    private func feedLine(_ line: Span<UInt8>) -> FeedLine? {
        do throws(ReplicationError) {
            return try FeedLine(line)
        } catch {
            end("\(error)")
            return nil
        }
    }

    /// Whether the leader sends the reason why it ends the connection.
    private func tellsWhy(_ line: Span<UInt8>) -> Bool {
        guard case .error(let reason)? = LinkLine(line) else { return false }
        lose("it says: \(reason)")
        return true
    }

    private func start(_ line: Span<UInt8>) {
        if tellsWhy(line) { return }
        guard case .start(let start)? = feedLine(line) else { return end("it does not say where it starts") }
        let store = server.store
        let isSameHistory = hello.history == store.history
        switch CatchUp(to: start, from: store.position, isSameHistory: isSameHistory) {
        case .none: follow()
        case .adoptHistory(let position):
            let history = hello.history
            change(at: position) { try $0.adoptHistory(history) }
        case .cutBack(let position):
            server.log.warning(
                "Leader \(address): its log and this one differ after change \(position.seq); \(store.position.seq - position.seq) changes that it does not have are set aside, as *.diverged-<time>"
            )
            change(at: position) { try $0.cutBack(to: position) }
        case .install(let position):
            let kept = store.isBlank ? "" : "; what is here is set aside after that, as *.superseded-<time>"
            server.log.info("Leader \(address): receiving its snapshot as of change \(position.seq)\(kept)")
            state = .receiving(store.beginSnapshot(at: position, of: hello.history))
            server.replication.report(.leaderReached(.receiving))
        case .refuse(let reason): end(reason)
        }
    }

    private func change(at position: ChainPosition, _ step: @escaping (Store) throws -> Void) {
        state = .changing(to: position, step)
        server.replication.report(.leaderReached(.starting))
    }

    private func receive(_ line: Span<UInt8>, _ snapshot: IncomingSnapshot) {
        do throws(ReplicationError) {
            try snapshot.append(line)
        } catch {
            end("\(error)")
        }
    }

    private func follow() {
        precondition(server.store.isReadOnly, "a leader is followed while clients make changes")
        state = .following
        server.replication.report(.leaderReached(.following))
        guard server.replication.takeSpoken() else { return }
        server.log.info(
            "Leader \(address): following after change \(server.store.position.seq), its newest is \(leaderSeq)")
    }

    // MARK: Stream events

    func receivedEnd(unfinished: Int) { lose("it has closed the connection") }
    func drained() {}
    func failed() { lose(stream.securityFailure?.text ?? "the connection was lost") }
}
