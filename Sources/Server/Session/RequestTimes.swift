// The latencies of a session's requests, by phase. The clock is the turn's: it is read after a session's requests and
// after each send, so the times are those of a pipelined group, not of a single request.
//
//     turn begins     its requests run        turn's end       commit, followers          sent
//         | ── queue ── | ── run ── | ── queue ── | ── disk ── | ── replica ── | ── send ── |

import Bytes
import Store
import Wire

/// A session's times, in nanoseconds. A class of its own with private state only, so that the compiler omits run-time
/// exclusivity checks.
final class RequestTimes {
    private let clock: TurnClock
    private let latencies: Latencies
    private let slowLog: SlowLog
    private let durableTimes: DurableTimes?

    /// The first change among this turn's requests, or the largest if they were slow; and their run time.
    private var excerpt = RequestExcerpt()
    private var hasExcerpt = false
    private var runTime = 0
    /// The slow request, until its reply is sent.
    private var slow: SlowRequest?
    private var held = Held()
    private var longReply: LongReplyTimes?

    /// The requests whose replies wait for a commit: the first of them, the beginning of the turn that received them,
    /// their run time, and the beginning of the wait.
    private struct Held {
        var excerpt = RequestExcerpt()
        var start = 0
        var runTime = 0
        var since = 0
    }

    /// A long reply.
    private struct LongReplyTimes {
        let excerpt: RequestExcerpt
        let start: Int
        var runTime = 0
        /// Whether the turn in which it began has not ended yet.
        var isNew = true
    }

    init(_ server: Server) {
        clock = server.clock
        latencies = server.latencies
        slowLog = server.slowLog
        durableTimes = server.durableTimes
        start = clock.last
        lastRun = clock.last
    }

    /// The last reading of the clock.
    var now: Int { clock.last }

    /// When the connection began, and when its last request ended.
    private let start: Int
    private var lastRun: Int

    /// The requests that were answered.
    private(set) var requestCount = 0

    /// The last command: an index of the catalog; nil before the first one.
    private(set) var lastCommand: Int?

    /// Notes a request's command.
    @inline(__always)
    func note(command index: Int) { lastCommand = index }

    /// The age of the connection, and its idle time.
    var age: Int { max(clock.last - start, 0) }
    var idleTime: Int { max(clock.last - lastRun, 0) }

    // MARK: Running

    /// Keeps the slow log's entry of a change, in case the change has to wait.
    @inline(never)
    func notice(_ arguments: Arguments) {
        if slowLog.isOn { keep(arguments) }
    }

    private func keep(_ arguments: Arguments) {
        excerpt = RequestExcerpt(arguments)
        hasExcerpt = true
    }

    /// Ends the run phase of a group of requests.
    /// - Returns: whether they are slow already.
    @inline(__always)
    func endRunning() -> Bool {
        runTime &+= clock.lap()
        lastRun = clock.last
        return clock.elapsed > slowLog.threshold
    }

    /// Whether it is not known which of the requests was slow. If another one took the time, a change is what the reply may still
    /// wait for.
    private var needsExcerpt: Bool { !hasExcerpt || runTime > slowLog.threshold }

    /// Picks a request.
    func noteSlow(_ arguments: Arguments) {
        if needsExcerpt { keep(arguments) }
    }

    /// Picks the request that most likely took the time: the largest.
    @inline(never)
    func noteSlow(_ bytes: Span<UInt8>, used: Int, of session: Session) {
        guard needsExcerpt else { return }
        var parser = RequestParser(limits: session.server.limits.request)
        var (offset, largest) = (0, 0)
        while offset < used, case .complete(let size) = parser.parse(bytes.extracting(offset..<used)) {
            let request = bytes.extracting(offset..<used)
            offset += size
            guard size > largest, !parser.isBlank else { continue }
            largest = size
            if parser.isLine, let index = session.commands.index(of: parser.arguments(in: request)[0]) {
                try? parser.splitLine(request, form: session.commands.rows[index].form)
            }
            keep(parser.arguments(in: request))
        }
    }

    // MARK: Waiting for a commit

    /// Keeps this turn's requests, whose replies are the first to wait.
    func keepHeld(since: Int) {
        guard slowLog.isOn else { return }
        held = Held(
            excerpt: hasExcerpt ? excerpt : RequestExcerpt(), start: clock.start, runTime: runTime, since: since)
    }

    /// Records how long the replies that are released now have waited as a group.
    /// - Parameter isFirst: whether they are the first group that this turn releases.
    func noteWait(for seq: UInt64, since: Int, replies: Int, isFirst: Bool, of session: Session) {
        let (disk, replica) = waits(for: seq, since: since)
        latencies.record(.disk, disk, count: replies)
        if let replica { latencies.record(.replica, replica, count: replies) }
        guard isFirst else { return }
        // For later groups only the waiting time is known.
        let known = held.since == since ? held : Held(start: since, since: since)
        guard clock.last &- known.start > slowLog.threshold else { return }
        let phases = SlowRequest.Phases(
            queue: since - known.start - known.runTime, run: known.runTime, disk: disk, replica: replica ?? 0)
        slow = SlowRequest(known.excerpt, of: session, count: replies, phases: phases)
    }

    // MARK: Sending

    /// Records the times of this turn's requests, and logs the slow ones.
    /// - Parameter isSent: whether replies were just handed to the system.
    @inline(__always)
    func endTurn(_ counts: ReplyQueue.Counts, isSent: Bool, of session: Session) {
        requestCount &+= counts.replies
        let sending = isSent ? clock.lap() : 0
        clock.count(writes: counts.writes)
        let elapsed = clock.elapsed
        if counts.reads > 0 {
            let reads = longReply == nil ? counts.reads : counts.reads - newLongReplies()
            if reads > 0 { latencies.record(.read, elapsed, count: reads) }
        }
        if counts.writes > 0 { latencies.record(.write, elapsed &- clock.writing, count: counts.writes) }
        if elapsed > slowLog.threshold || slow != nil { tell(counts, sending: sending, of: session) }
        (runTime, hasExcerpt) = (0, false)
    }

    @inline(never)
    private func tell(_ counts: ReplyQueue.Counts, sending: Int, of session: Session) {
        if let slow = slow.take() {
            slow.phases.send = sending
            slowLog.note(slow)
        } else if counts.replies > 0, !session.membership.contains(.waiting) {
            var phases = SlowRequest.Phases(run: runTime, disk: clock.writing, send: sending)
            phases.queue = clock.elapsed - phases.total
            slowLog.note(
                SlowRequest(hasExcerpt ? excerpt : RequestExcerpt(), of: session, count: counts.replies, phases: phases)
            )
        }
    }

    // MARK: Long replies

    /// Begins to measure a long reply, made by the current request.
    func beginLongReply(_ arguments: Arguments) {
        longReply = LongReplyTimes(excerpt: RequestExcerpt(arguments), start: clock.start)
    }

    /// A reply that has only begun is counted when it ends.
    private func newLongReplies() -> Int {
        guard longReply?.isNew == true else { return 0 }
        longReply?.isNew = false
        return 1
    }

    /// Records a step of it.
    func noteLongReply(isComplete: Bool, of session: Session) {
        guard var current = longReply.take() else { return }
        current.runTime += clock.lap()
        guard isComplete else { return longReply = current }
        let total = clock.last - current.start
        latencies.record(.read, total, count: 1)
        guard total > slowLog.threshold else { return }
        let phases = SlowRequest.Phases(queue: total - current.runTime, run: current.runTime)
        slow = SlowRequest(current.excerpt, of: session, count: 1, phases: phases)
    }
}

extension RequestTimes {
    /// How long a reply that is released now has waited: for this server's disk, and then for followers if it needs
    /// any.
    private func waits(for seq: UInt64, since: Int) -> (disk: Int, replica: Int?) {
        let total = clock.last - since
        guard let durableTimes else { return (total, nil) }
        let disk = min(max(durableTimes.time(of: seq, orElse: clock.last) - since, 0), total)
        return (disk, total - disk)
    }
}
