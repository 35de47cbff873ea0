// The leader's side of one follower: dials it, greets it, sends it the bytes of the log as they become shippable, and hears
// what it has on its disk. A follower that is slow, stopped or gone costs reads of the log's files, one buffer's memory
// and an attempt now and then.
//
//     waiting ──> connecting ──> greeting ──> feeding ─┐
//        ^                                             │
//        └──────────── anything that goes wrong ───────┘

import Bytes
import LogFormat
import Logging
import Reactor
import Store

/// One follower of this server's. Used on the loop's thread.
final class FollowerLink: StreamDelegate {
    /// Where the follower is.
    let endpoint: Endpoint
    private unowned let server: Server

    private enum State {
        /// Until a moment of the monotonic clock, in milliseconds.
        case waiting(until: Int)
        case connecting(Connector)
        case greeting(Stream)
        case feeding(Stream, LogFeed)
        case closed
    }

    private var state = State.waiting(until: 0)
    private var backoff: Backoff
    /// Streams that have ended in this turn: one may be in a callback.
    private var ended: [Stream] = []
    private var output = ByteBuffer()
    /// When the follower was last heard of, in milliseconds of the monotonic clock.
    private var lastHeard = 0
    private var heartbeatIsDue = false
    private var complaints = Complaints()
    /// When feeding began, in milliseconds of the monotonic clock, and where the follower was then.
    private var feedStart = (time: 0, seq: UInt64(0))

    /// The newest changes that the follower has on its disk, and in its table; known until it says otherwise, also while it is away.
    private(set) var acknowledged: UInt64 = 0
    private(set) var applied: UInt64 = 0
    private(set) var sentSize = 0
    /// Who the follower is, as it last said; nil if it has not, or its version has no ids.
    private(set) var followerID: ServerID?
    /// Whether the address leads back to this server.
    private(set) var isItself = false
    /// Whether an attempt to connect has come to an end, whatever end that was.
    private(set) var hasTried = false
    /// When the follower was greeted, and when feeding it last ended, in milliseconds of the monotonic clock.
    private var greetingTime = 0
    private var lossTime = -1
    private var lagProbe = LagProbe()
    /// Called once when the follower has become the leader.
    var promoted: (() -> Void)?

    /// Bytes that may be on their way to the kernel.
    private static let unsentSize = 512 << 10
    /// Bytes read of the log at a time.
    private static let chunkSize = 256 << 10
    /// The longest line that a follower sends: its greeting with 64 checkpoints.
    private static let lineSize = 16 << 10
    /// How long dialing one address may take, in milliseconds.
    private static let dialTime = 3000
    /// A follower that is there is heard of before so much time is over, in milliseconds: it says so each second.
    private static let freshTime = 2000
    /// A connection that has lasted so long works, in milliseconds; so does one that has brought the follower something.
    private static let steadyTime = 5000

    init(_ endpoint: Endpoint, server: Server, seed: UInt64) {
        self.endpoint = endpoint
        self.server = server
        backoff = Backoff(seed: seed)
    }

    /// Whether the log is being sent.
    var isFeeding: Bool { if case .feeding = state { true } else { false } }
    /// Milliseconds since it was last heard of.
    var silence: Int { MonotonicClock.milliseconds - lastHeard }
    /// Milliseconds that a change takes to get to its disk; see `LagProbe`.
    var lag: Int {
        let newest = server.store.position.seq
        return lagProbe.lag(newest: newest, acknowledged: acknowledged, at: MonotonicClock.milliseconds)
    }
    /// Bytes of the log that were not sent yet, as far as is known.
    var remainingSize: Int { if case .feeding(_, let feed) = state { feed.remainingSize } else { 0 } }
    /// `connecting`, `feeding` or `waiting`.
    var stateName: String {
        switch state {
        case .feeding: "feeding"
        case .waiting, .closed: "waiting"
        case .connecting, .greeting: "connecting"
        }
    }

    // MARK: Each turn

    /// Goes on as far as it can without waiting.
    func advance() {
        ended.removeAll()
        switch state {
        case .feeding(let stream, let feed): send(feed, to: stream)
        case .connecting(let connector):
            switch connector.advance() {
            case .success(let stream)?: greet(stream)
            case .failure(let error)?: fail("cannot \(error.operation): \(error.reason)")
            case nil: break
            }
        case .waiting(let time) where MonotonicClock.milliseconds >= time && server.isServing.load(ordering: .relaxed):
            state = .connecting(
                Connector(server.loop, to: endpoint, within: FollowerLink.dialTime, bell: server.bell))
        case .waiting, .greeting, .closed: break
        }
    }

    /// What is to be done each second: says that the leader is there, and looks whether the follower is.
    func tick() {
        lagProbe.look(
            newest: server.store.position.seq, acknowledged: acknowledged, at: MonotonicClock.milliseconds)
        switch state {
        case .feeding:
            heartbeatIsDue = true
            if MonotonicClock.milliseconds - feedStart.time > FollowerLink.steadyTime { settle() }
        case .greeting: break
        default: return
        }
        if silence > server.replication.settings.timeout { fail("nothing was heard of it for \(silence / 1000) s") }
    }

    /// Says now what a heartbeat says: it has changed.
    func sendHeartbeat() { heartbeatIsDue = true }

    /// Greets the follower again, because what it was being sent is no longer the data set.
    func beginAnew() {
        switch state {
        case .waiting, .closed: break
        case .connecting, .greeting, .feeding: fail("the data set was replaced by the leader's")
        }
    }

    /// Ends the connection; there will be no other.
    func close() {
        end()
        state = .closed
    }

    private func end() {
        hasTried = true
        if isFeeding { lossTime = MonotonicClock.milliseconds }
        switch state {
        case .greeting(let stream), .feeding(let stream, _):
            stream.close()
            ended.append(stream)
        default: break
        }
    }

    /// Tells why there is no connection, and waits for the next attempt.
    private func fail(_ reason: String) {
        end()
        let pause = backoff.next()
        if let text = complaints.raise(reason, about: "\(endpoint)", at: MonotonicClock.milliseconds) {
            server.log.warning("Follower \(endpoint): \(text); trying again")
        }
        state = .waiting(until: MonotonicClock.milliseconds + Int(pause))
    }

    /// The same, and tells the follower, as far as it is listening.
    private func refuse(_ reason: String, _ stream: Stream) {
        var line = ByteBuffer()
        line.append("ERROR: ")
        line.append(text: reason)
        line.append("\n")
        _ = stream.send(line.bytes)
        fail(reason)
    }

    /// The link works: the next attempt comes soon, and what goes wrong then is news.
    private func settle() {
        backoff.reset()
        complaints.settle()
    }

    // MARK: Connecting

    /// Makes the next attempt now: the follower is known to be there.
    func hurry() {
        guard case .waiting = state else { return }
        backoff.reset()
        state = .waiting(until: 0)
    }

    /// Whether it is connected to a server at this address, whatever name it has for it.
    func isConnected(to address: String) -> Bool {
        switch state {
        case .greeting(let stream), .feeding(let stream, _): "\(stream.peer)" == address
        default: false
        }
    }

    private func greet(_ stream: Stream) {
        if let other = server.replication.follower(at: "\(stream.peer)") {
            stream.close()
            return server.replication.drop(self, sameAs: other)
        }
        state = .greeting(stream)
        lastHeard = MonotonicClock.milliseconds
        greetingTime = lastHeard
        stream.start(self)
        var line = ByteBuffer()
        line.append(leaderHello: server.store.replicationHello(port: Int(server.port), id: server.id))
        if !stream.send(line.bytes) { fail("the connection was lost") }
    }

    // MARK: What the follower says

    func received(_ bytes: Span<UInt8>) -> Consumption {
        lastHeard = MonotonicClock.milliseconds
        var used = 0
        while let feed = bytes.newline(from: used) {
            hear(bytes.extracting(used..<feed))
            used = feed + 1
        }
        if bytes.count - used > FollowerLink.lineSize { fail("it sends lines without an end") }
        return Consumption(used: isConnected ? used : bytes.count, missing: 1)
    }

    private var isConnected: Bool {
        switch state {
        case .greeting, .feeding: true
        default: false
        }
    }

    private func hear(_ line: Span<UInt8>) {
        switch state {
        case .greeting(let stream): begin(line, stream)
        case .feeding:
            if let (durable, applied) = acknowledgement(line) {
                note(durable: durable, applied: applied)
            } else if line.equals("PROMOTED") {
                promoted?()
            } else {
                fail(refusal(line).map { "it says: \($0)" } ?? "it does not answer as a follower does")
            }
        default: break
        }
    }

    private func begin(_ line: Span<UInt8>, _ stream: Stream) {
        if Newcomers.isRefusal(line) { return fail(Newcomers.noPlace) }
        if let refusal = refusal(line) { return fail("it refuses: \(refusal)") }
        let hello: FollowerHello
        do throws(ReplicationError) {
            hello = try FollowerHello(line)
        } catch {
            return refuse("\(error)", stream)
        }
        if let id = hello.id, !identify(id) { return }
        (acknowledged, applied) = (0, 0)
        hasTried = true
        heartbeatIsDue = true
        feedStart = (MonotonicClock.milliseconds, hello.position.seq)
        let feed = server.store.feed(for: hello)
        state = .feeding(stream, feed)
        send(feed, to: stream)
    }

    /// Takes a follower's id.
    /// - Returns: false if this link must not go on: it leads to this server, or to the follower of another link.
    private func identify(_ id: ServerID) -> Bool {
        let replication = server.replication
        if id == server.id {
            isItself = true
            replication.dropItself(self)
            return false
        }
        // A follower has one leader's connection: it has closed the other link's, if there was one, when it got this greeting.
        if let other = replication.followers.first(where: { $0 !== self && $0.had(id, since: greetingTime) }) {
            replication.drop(self, sameAs: other)
            return false
        }
        let isNew = followerID != id
        followerID = id
        for other in replication.followers where other !== self {
            if other.followerID == id && other.isFeeding {
                other.fail("its follower has another link of this server's")
            }
            // A server that was started again has a new id, and may have been the follower of any link that is down: what that
            // has acknowledged would count twice.
            if !other.isFeeding && (isNew || other.followerID == id) { other.forgetAcknowledgements() }
        }
        return true
    }

    /// Whether the link was up when another one sent its greeting at `time`, and its follower was heard of until then.
    private func had(_ id: ServerID, since time: Int) -> Bool {
        followerID == id && (isFeeding ? silence < FollowerLink.freshTime : lossTime >= time)
    }

    /// What the follower has is not known until it says so again.
    private func forgetAcknowledgements() {
        (acknowledged, applied) = (0, 0)
        server.replication.acknowledged()
    }

    /// What an error says, cut to a line that can be read; nil where the line is none.
    private func refusal(_ line: Span<UInt8>) -> String? {
        line.starts(with: "ERROR: ") ? String(line.extracting(7..<min(line.count, 1024))) : nil
    }

    /// `ACK <durable> <applied>`
    private func acknowledgement(_ line: Span<UInt8>) -> (UInt64, UInt64)? {
        guard line.starts(with: "ACK ") else { return nil }
        var space = 4
        while space < line.count, line[space] != UInt8(ascii: " ") { space += 1 }
        guard space < line.count, let durable = line.extracting(4..<space).number,
            let applied = line.extracting(space + 1..<line.count).number
        else { return nil }
        return (durable, applied)
    }

    private func note(durable: UInt64, applied: UInt64) {
        // No follower can have what this server does not have.
        let newest = server.store.position.seq
        guard durable <= applied, applied <= newest else {
            return fail("it acknowledges change \(applied), the newest is \(newest)")
        }
        if durable > feedStart.seq { settle() }
        (acknowledged, self.applied) = (durable, applied)
        lagProbe.note(acknowledged: durable, at: lastHeard)
        server.replication.acknowledged()
    }

    // MARK: Sending

    private func send(_ feed: LogFeed, to stream: Stream) {
        while stream.unsentSize < FollowerLink.unsentSize {
            output.removeAll()
            let step = feed.next(&output, upTo: FollowerLink.chunkSize)
            if case .start(let start) = step { begin(start) }
            if heartbeatIsDue && feed.isAtLineEnd && feed.hasStarted {
                heartbeatIsDue = false
                let time = server.replication.isFresh ? WallClock.milliseconds : 0
                output.append(feedLine: .heartbeat(time: time, seq: feed.newestSeq))
            }
            sentSize += output.count
            guard stream.send(output.bytes) else { return fail("the connection was lost") }
            switch step {
            case .start, .bytes: break
            case .waiting, .atEnd: return
            case .failed(let failure): return feed.isAtLineEnd ? refuse("\(failure)", stream) : fail("\(failure)")
            }
        }
    }

    private func begin(_ start: FeedStart) {
        output.append(feedLine: .start(start))
        guard complaints.takeSpoken() else { return }
        switch start {
        case .continues(let position):
            server.log.info(
                "Follower \(endpoint): connected, goes on behind change \(position.seq) of \(server.store.position.seq)"
            )
        case .snapshot(let position):
            server.log.info(
                "Follower \(endpoint): connected, gets the snapshot as of change \(position.seq), and what follows")
        }
    }

    /// Whether a line of this server's own can be sent now: it stands between those of the log.
    var takesLines: Bool { if case .feeding(_, let feed) = state { feed.isAtLineEnd } else { false } }

    /// Asks the follower, which has every change and takes lines, to become the leader.
    /// - Returns: false where the connection is lost.
    func promote(at position: LogPosition, followers: [String]) -> Bool {
        guard case .feeding(let stream, _) = state else { return false }
        var line = ByteBuffer()
        line.append(feedLine: .promote(position, followers: followers))
        return stream.send(line.bytes)
    }

    // MARK: Stream events

    func receivedEnd(unfinished: Int) { fail("it has closed the connection") }
    func drained() {}
    func failed() { fail("the connection was lost") }
}
