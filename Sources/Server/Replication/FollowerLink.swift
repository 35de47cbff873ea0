// The leader's side of one follower: carries the bytes of the log there as they become shippable, and brings back what the follower
// says. What that means, `Roles` decides. A follower that is slow, stopped or gone costs reads of the log's files, one buffer's
// memory and an attempt now and then.

import Bytes
import LogFormat
import Logging
import Reactor
import Store

/// The link to one follower. Used on the loop's thread.
final class FollowerLink: OutboundDelegate {
    /// By which `Roles` knows the follower.
    let number: Int
    private unowned let server: Server
    private let outbound: Outbound

    private enum State {
        case down
        /// The follower is expected to answer the greeting.
        case greeting
        case feeding(LogFeed)
    }

    private var state = State.down
    private var output = ByteBuffer()
    private var heartbeatIsDue = false
    /// That the follower is to lead: it stands between the log's lines.
    private var promotion: FeedLine?
    /// When feeding began, in milliseconds of the monotonic clock, and where the follower was then.
    private var feedStart = (time: 0, seq: UInt64(0))
    private var lagProbe = LagProbe()
    private(set) var sentSize = 0

    /// Bytes that may be on their way to the kernel.
    private static let unsentSize = 512 << 10
    /// Bytes read of the log at a time.
    private static let chunkSize = 256 << 10
    /// The longest line that a follower sends: its greeting with 64 checkpoints.
    private static let lineSize = 16 << 10
    /// A connection that has lasted so long works, in milliseconds; so does one that has brought the follower something.
    private static let steadyTime = 5000

    init(_ number: Int, to endpoint: Endpoint, server: Server, seed: UInt64) {
        self.number = number
        self.server = server
        outbound = Outbound(
            to: endpoint, loop: server.loop, bell: server.bell, clock: server.clock, seed: seed,
            lineSize: FollowerLink.lineSize
        ) { [log = server.log] in log.warning("Follower \(endpoint): \($0)") }
        outbound.delegate = self
    }

    /// Whether the log is being sent.
    var isFeeding: Bool { if case .feeding = state { true } else { false } }
    /// Milliseconds since the follower was last heard of.
    var silence: Int { outbound.silence }
    /// Milliseconds that a change takes to get to its disk; see `LagProbe`.
    /// - Parameter acknowledged: the newest change on its disk.
    func lag(acknowledged: UInt64) -> Int {
        let newest = server.store.position.seq
        return lagProbe.lag(newest: newest, acknowledged: acknowledged, at: server.clock.milliseconds)
    }
    /// Bytes of the log that were not sent yet, as far as is known.
    var remainingSize: Int { if case .feeding(let feed) = state { feed.remainingSize } else { 0 } }
    /// `connecting`, `feeding` or `waiting`.
    var stateName: String { isFeeding ? "feeding" : outbound.isWaiting ? "waiting" : "connecting" }

    // MARK: Each turn

    /// Goes on as far as it can without waiting.
    func advance() {
        outbound.advance(mayDial: server.gate.isServing)
        if case .feeding(let feed) = state { send(feed) }
    }

    /// What is to be done each second: says that the leader is there, and looks whether the follower is.
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
            outbound.fail("nothing was heard of it for \(silence / 1000) s")
        }
    }

    /// Says now what a heartbeat says: it has changed.
    func sendHeartbeat() { heartbeatIsDue = true }

    /// Greets the follower again, because what it was being sent is no longer the data set.
    func beginAnew() {
        if !outbound.isWaiting { outbound.fail("the data set was replaced by the leader's") }
    }

    /// Makes the next attempt now.
    func hurry() { outbound.hurry() }

    /// Ends the connection, and tries again later.
    func retry(_ reason: String) { outbound.fail(reason) }

    /// Ends the connection; there will be no other.
    func close() {
        state = .down
        outbound.close()
    }

    // MARK: What the follower says

    func opened() {
        guard let peer = outbound.peer else { return }
        server.replication.report(.connected(number, address: "\(peer)"))
    }

    func ended() {
        state = .down
        promotion = nil
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

    /// Tells the follower, which has every change, to lead.
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
        let time = server.replication.isFresh ? server.clock.wallTime / 1000 : 0
        output.append(feedLine: .heartbeat(time: time, seq: feed.newestSeq))
    }

    private func begin(_ start: FeedStart) {
        output.append(feedLine: .start(start))
        guard outbound.takeSpoken() else { return }
        switch start {
        case .continues(let position):
            server.log.info(
                "Follower \(outbound.endpoint): connected, goes on behind change \(position.seq) of \(server.store.position.seq)"
            )
        case .snapshot(let position):
            server.log.info(
                "Follower \(outbound.endpoint): connected, gets the snapshot as of change \(position.seq), and what follows"
            )
        }
    }
}
