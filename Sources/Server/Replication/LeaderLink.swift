// The follower's side of the connection that its leader has made: takes the lines of the leader's log, has the store apply
// and log them, and acknowledges what is on this disk. What changes the data set as a whole (a snapshot, a cut, another
// history) waits until the log writer is idle, and ends with the store being loaded again. Who leads, `Roles` decides.
//
//     greeted ──> starting ──┬─────────────────────────────────────────────> following
//                            ├──> changing (cut back, other history) ──> loading ──┘
//                            └──> receiving a snapshot ──> changing ──> loading ───┘

import Bytes
import LogFormat
import Logging
import Reactor
import Store

/// The connection to this follower's leader. Used on the loop's thread; its owner lets go of it between turns.
final class LeaderLink: StreamDelegate {
    private unowned let server: Server
    private let stream: Stream
    private let hello: LeaderHello
    /// Where clients reach the leader.
    let address: String
    /// Who the leader is; nil if its version has no ids.
    var id: ServerID? { hello.id }

    private enum State {
        /// The greeting's answer has to wait until the data set was set aside.
        case preparing
        /// Answered; the leader says next where it starts.
        case starting
        case receiving(IncomingSnapshot)
        /// Waits for the log writer to be idle, then changes the data set.
        case changing(to: ChainPosition, (Store) throws -> Void)
        /// The data set is being loaded again, and has to end where the leader goes on.
        case loading(ChainPosition?)
        case following
        /// The leader was told why; what it still sends is dropped until it hangs up, or until a moment of the monotonic clock, in
        /// milliseconds.
        case leaving(until: Int)
        case closed
    }

    private var state = State.starting
    /// Bytes of an unfinished line that were searched for its end.
    private var searched = 0
    /// Whether bytes were left over because nothing was read.
    private var hasPaused = false
    private var lastHeard: Int
    /// When this server last had everything that the leader had, in milliseconds of the monotonic clock.
    private(set) var lastFresh: Int?
    /// The leader's newest change, as far as is known.
    var leaderSeq: UInt64 { isFollowing ? max(toldSeq, server.store.position.seq) : toldSeq }
    /// The same, as it last said.
    private var toldSeq: UInt64
    /// Whether it leads, or has everything that its own leader has, as it last said.
    private(set) var leaderIsFresh = true
    private var acknowledged: (durable: UInt64, applied: UInt64)?
    private var owesAcknowledgement = false
    private(set) var receivedSize = 0
    /// When it was made, in milliseconds of the monotonic clock.
    let startTime: Int

    /// Changes that may wait for the log writer before no more are read, in bytes.
    private static let pendingSize = 4 << 20
    /// A leader that is there is heard of before so much time is over, in milliseconds: it says so each second.
    private static let heartbeatTime = 2000
    /// The longest line with which a leader can begin.
    private static let startSize = 4096
    /// How long a leader may take to hang up once it was told why, in milliseconds.
    private static let leavingTime = 2000

    /// Takes over the connection on which the leader has greeted, and answers it.
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
            // Asked for by --adopt-history; refused before this otherwise.
            server.log.warning(
                "Leader \(address): its history is \(hello.history), this server's is \(server.store.history); all that is here is set aside, as *.superseded-<time>, because of --adopt-history"
            )
            state = .preparing
        } else {
            answer()
        }
    }

    /// Whether anything is expected of the leader.
    var isOpen: Bool {
        switch state {
        case .leaving, .closed: false
        default: true
        }
    }
    /// Whether the connection has ended.
    var isClosed: Bool { if case .closed = state { true } else { false } }
    /// Whether changes are applied as they come.
    var isFollowing: Bool { if case .following = state { true } else { false } }
    /// Whether it has everything that the leader is known to have.
    var isCaughtUp: Bool { isFollowing && server.store.position.seq >= toldSeq }
    /// Whether what is here is what the leader has, but for what is on its way.
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

    /// Goes on with what has waited for the log writer or for loading, and acknowledges what is on the disk.
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
        // They came without an event: nothing else might begin the turn that commits them.
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

    /// - Parameter position: where the data set has to end then; nil where it is empty and the leader waits for an answer.
    private func change(to position: ChainPosition?, _ step: (Store) throws -> Void) {
        let store = server.store
        guard store.isLoaded, !store.isWriting else { return }
        guard !store.hasPending else { return store.flush() }
        state = .loading(position)
        do { try step(store) } catch { end("\(error)") }
        if !store.isLoaded { server.loadAgain() }
    }

    /// Goes on with a snapshot that has come as a whole.
    private func install(_ snapshot: IncomingSnapshot) {
        switch snapshot.state {
        case .receiving, .finishing: break
        case .whole: snapshot.finish()
        case .failed(let error): end("\(error)")
        case .finished:
            // Whether what is here is a part of the snapshot nobody can tell any more: it is kept.
            change(at: snapshot.position) { try $0.install(snapshot, hasDiverged: true) }
        }
    }

    private func loaded(_ position: ChainPosition?) {
        guard let position else { return answer() }
        let store = server.store
        guard store.position == position else {
            return end(
                "the data set ends at change \(store.position.seq), not at \(position.seq), where the leader goes on")
        }
        if store.isBlank && store.history != hello.history {
            // Everything was set aside, because no change of it was the leader's.
            let history = hello.history
            return change(at: position) { try $0.adoptHistory(history) }
        }
        follow()
    }

    /// Says what is on this disk, when that is more than was said, and each second: the leader has to know that this server is
    /// there, however long something takes.
    private func acknowledge() {
        let now: (durable: UInt64, applied: UInt64)
        switch state {
        case .following: now = (server.store.durable, server.store.position.seq)
        // Until this log is a part of the leader's it counts for nothing.
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

    /// What is to be done each second: says that this follower is there, and looks whether the leader is.
    func tick() {
        owesAcknowledgement = true
        let silence = server.clock.milliseconds - lastHeard
        if isOpen && isReading && silence > server.replication.settings.timeout {
            end("nothing was heard of it for \(silence / 1000) s")
        }
    }

    /// Ends the connection and says why in both logs; the leader makes another. This end goes on reading until the leader has hung up:
    /// closing with unread data sends RST, and the leader would not read this line.
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

    /// Tells the leader, which hands over, that this server leads now, and ends the connection.
    func confirmLeading() {
        var line = ByteBuffer()
        line.append("PROMOTED\n")
        if isOpen { _ = stream.send(line.bytes) }
        close()
    }

    // MARK: What the leader says

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
        // What the leader's files say of themselves.
        if line.count == 0 || line.starts(with: "{\"durable\":") || line.starts(with: "{\"puffin\":\"log\"") { return }
        if tellsWhy(line) { return }
        switch feedLine(line) {
        case .heartbeat(let time, let seq)?:
            toldSeq = seq
            leaderIsFresh = time > 0
            server.replication.report(.leaderSaid(seq: seq, isFresh: leaderIsFresh))
            owesAcknowledgement = true
            // Where the disk is not waited for, it has to be asked now and then: the leader counts what is on it.
            server.store.requestSync()
        case .promote(let position, let followers)?:
            server.replication.report(.toldToLead(position, followers: followers))
        case .start, nil: end("it sends a line that is no part of a log")
        }
    }

    /// Whether a line only says that the leader is there. It may stand before the start, and between a snapshot's lines.
    @inline(__always)
    private func isHeartbeat(_ line: Span<UInt8>) -> Bool {
        guard line.starts(with: "{\"heartbeat\":") else { return false }
        takeOther(line)
        return true
    }

    /// A line of the leader's own; nil where it is none.
    private func feedLine(_ line: Span<UInt8>) -> FeedLine? {
        do throws(ReplicationError) {
            return try FeedLine(line)
        } catch {
            end("\(error)")
            return nil
        }
    }

    /// Whether the leader says why it ends the connection.
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
                "Leader \(address): its log and this one differ behind change \(position.seq); \(store.position.seq - position.seq) changes that it does not have are set aside, as *.diverged-<time>"
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
            "Leader \(address): following behind change \(server.store.position.seq), its newest is \(leaderSeq)")
    }

    // MARK: Stream events

    func receivedEnd(unfinished: Int) { lose("it has closed the connection") }
    func drained() {}
    func failed() { lose("the connection was lost") }
}
