// The leader's link to one follower: sends the bytes of the log as they become shippable, and receives acknowledgements.
// `Roles` decides what they mean. A follower that is slow, stopped or gone costs reads of the log's files, the memory of one buffer
// and occasional attempts to connect.

import Bytes
import LogFormat
import Logging
import Reactor
import Store

/// The link to one follower. Used on the loop's thread.
final class FollowerLink: OutboundDelegate {
    /// The follower's number in `Roles`.
    let number: Int
    private unowned let server: Server
    private let outbound: Outbound

    private enum State {
        case down
        /// Waiting for the follower's answer to the greeting.
        case greeting
        case feeding(LogFeed)
    }

    private var state = State.down
    private var output = ByteBuffer()
    private var heartbeatIsDue = false
    /// The line that promotes the follower, sent between lines of the log.
    private var promotion: FeedLine?
    /// The start of feeding, in milliseconds of the monotonic clock, and the follower's position then.
    private var feedStart = (time: 0, seq: UInt64(0))
    private var lagProbe = LagProbe()
    /// The needs of files that the follower knows; nil until it has answered the greeting.
    private(set) var knows: Needs?
    private(set) var sentSize = 0

    /// The largest send buffer, in bytes.
    private static let unsentSize = 512 << 10
    /// The size of a read from the log, in bytes.
    private static let chunkSize = 256 << 10
    /// The longest line of a follower, in bytes: its greeting with 64 checkpoints.
    private static let lineSize = 16 << 10
    /// A connection counts as working after this time in milliseconds, or once the follower has made progress.
    private static let steadyTime = 5000

    init(_ number: Int, to endpoint: Endpoint, server: Server, seed: UInt64) {
        self.number = number
        self.server = server
        outbound = Outbound(
            to: endpoint, loop: server.loop, bell: server.bell, clock: server.clock, seed: seed,
            lineSize: FollowerLink.lineSize, secret: { [unowned server] in server.replication.settings.secrets.first },
            security: { [unowned server] in server.security(towards: endpoint) }
        ) { [log = server.log] in log.warning("Follower \(endpoint): \($0)") }
        outbound.delegate = self
    }

    /// Whether the log is being sent.
    var isFeeding: Bool { if case .feeding = state { true } else { false } }
    /// Milliseconds since the last message from the follower.
    var silence: Int { outbound.silence }
    /// The time a change takes to reach the follower's disk, in milliseconds; see `LagProbe`.
    /// - Parameter acknowledged: the newest change on its disk.
    func lag(acknowledged: UInt64) -> Int {
        let newest = server.store.position.seq
        return lagProbe.lag(newest: newest, acknowledged: acknowledged, at: server.clock.milliseconds)
    }
    /// The unsent bytes of the log, if known.
    var remainingSize: Int { if case .feeding(let feed) = state { feed.remainingSize } else { 0 } }
    /// `connecting`, `feeding` or `waiting`.
    var stateName: String { isFeeding ? "feeding" : outbound.isWaiting ? "waiting" : "connecting" }

    // MARK: Each turn

    /// Does all work that is possible without waiting.
    func advance() {
        outbound.advance(mayDial: server.gate.isServing)
        if case .feeding(let feed) = state { send(feed) }
    }

    /// Upkeep, once a second: sends a heartbeat, and checks for the follower's.
    func tick(acknowledged: UInt64) {
        lagProbe.look(
            newest: server.store.position.seq, acknowledged: acknowledged, at: server.clock.milliseconds)
        switch state {
        case .feeding:
            heartbeatIsDue = true
            if server.clock.milliseconds - feedStart.time > FollowerLink.steadyTime { outbound.settle() }
        case .greeting: break
        case .down: return
        }
        if silence > server.replication.settings.timeout {
            outbound.fail("no heartbeat for \(silence / 1000) s")
        }
    }

    /// Sends a heartbeat now, because its content has changed.
    func sendHeartbeat() { heartbeatIsDue = true }

    /// Greets the follower again, because the data set was replaced.
    func beginAnew() {
        if !outbound.isWaiting { outbound.fail("the data set was replaced by the leader's") }
    }

    /// Connects now instead of after the pause.
    func hurry() { outbound.hurry() }

    /// Ends the connection, and reconnects later.
    func retry(_ reason: String) { outbound.fail(reason) }

    /// Ends the connection for good.
    func close() {
        state = .down
        outbound.close()
    }

    // MARK: Receiving

    func opened() {
        guard let peer = outbound.peer else { return }
        server.replication.report(.connected(number, address: "\(peer)"))
    }

    func ended() {
        state = .down
        promotion = nil
        knows = nil
        server.replication.report(.lost(number))
    }

    func heard(_ line: Span<UInt8>) {
        switch state {
        case .greeting: hearAnswer(line)
        case .feeding:
            switch LinkLine(line) {
            case .acknowledgement(let durable, let applied)?: acknowledged(durable, applied)
            case .promoted?: server.replication.report(.confirmed(number))
            case .error(let reason)?: outbound.fail("it says: \(reason)")
            case .noPlace?, nil: outbound.fail("it does not answer as a follower does")
            }
        case .down: break
        }
    }

    private func hearAnswer(_ line: Span<UInt8>) {
        switch LinkLine(line) {
        case .noPlace?: return outbound.fail(LinkLine.noPlaceReason)
        case .error(let reason)?: return outbound.fail("it refuses: \(reason)")
        default: break
        }
        do throws(ReplicationError) {
            let hello = try FollowerHello(line)
            knows = hello.knows.known
            let missing = server.store.needs.subtracting(hello.knows.known)
            guard missing.isEmpty else { return outbound.refuse("the follower does not know \(missing): upgrade it") }
            server.replication.report(.answered(number, hello))
        } catch {
            outbound.refuse("\(error)")
        }
    }

    private func acknowledged(_ durable: UInt64, _ applied: UInt64) {
        if durable > feedStart.seq { outbound.settle() }
        lagProbe.note(acknowledged: durable, at: outbound.lastHeard)
        server.replication.report(.acknowledged(number, durable: durable, applied: applied))
    }

    // MARK: Sending

    /// Greets the follower.
    func greet() {
        state = .greeting
        var line = ByteBuffer()
        line.append(leaderHello: server.store.replicationHello(port: Int(server.port), id: server.id))
        outbound.send(line.bytes)
    }

    /// Begins to send the log.
    func feed(_ hello: FollowerHello) {
        assert(!isFeeding, "a follower is sent the log twice")
        heartbeatIsDue = true
        feedStart = (server.clock.milliseconds, hello.position.seq)
        let feed = server.store.feed(for: hello)
        state = .feeding(feed)
        send(feed)
    }

    /// Promotes the follower, which has every change.
    func promote(at position: ChainPosition, followers: [String]) {
        promotion = .promote(position, followers: followers)
        if case .feeding(let feed) = state { send(feed) }
    }

    private func send(_ feed: LogFeed) {
        while outbound.isOpen && outbound.unsentSize < FollowerLink.unsentSize {
            output.removeAll()
            let step = feed.next(&output, upTo: FollowerLink.chunkSize)
            if case .start(let start) = step { begin(start) }
            if feed.isAtLineEnd && feed.hasStarted { appendOwnLines(feed) }
            sentSize += output.count
            if output.count > 0 { outbound.send(output.bytes) }
            switch step {
            case .start, .bytes: break
            case .waiting, .atEnd: return
            case .failed(let failure):
                return feed.isAtLineEnd ? outbound.refuse("\(failure)") : outbound.fail("\(failure)")
            }
        }
    }

    private func appendOwnLines(_ feed: LogFeed) {
        precondition(feed.isAtLineEnd, "a line of the leader's own inside one of its log")
        if let line = promotion.take() { output.append(feedLine: line) }
        guard heartbeatIsDue else { return }
        heartbeatIsDue = false
        let time = server.replication.isFresh ? server.store.now : 0
        output.append(feedLine: .heartbeat(time: time, seq: feed.newestSeq, seal: server.audit?.seal))
    }

    private func begin(_ start: FeedStart) {
        output.append(feedLine: .start(start))
        guard outbound.takeSpoken() else { return }
        switch start {
        case .continues(let position):
            server.log.info(
                "Follower \(outbound.endpoint): connected, continues after change \(position.seq) of \(server.store.position.seq)"
            )
        case .snapshot(let position):
            server.log.info(
                "Follower \(outbound.endpoint): connected, gets the snapshot as of change \(position.seq), and what follows"
            )
        }
    }
}
