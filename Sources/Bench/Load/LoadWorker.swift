// One thread of the load: an event loop with its share of the connections. In the closed loop a connection is sent a
// whole batch when the previous one is answered completely, as redis-benchmark does: the fewest system calls on both
// sides. In the open loop a schedule says when a request begins; it goes to the connection that has been free longest,
// or, if none is free, to the first that becomes free.

import Reactor

/// Drives one thread's connections.
final class LoadWorker {
    private enum Phase {
        case connecting
        case ready
        case running
        case draining
        case done
    }

    var core: LoadCore
    private let plan: WorkerPlan
    private let progress: LoadProgress
    private let loop: EventLoop
    private let wakeup: Wakeup
    private var alarm: StartAlarm?
    private var ticker: Timer?
    private var phase = Phase.connecting
    private var failure: String?

    private var dialers: [Dialer?] = []
    /// Connections whose handshake or login is under way.
    private var setups: [ConnectionSetup] = []
    private var connections: [LoadConnection] = []
    /// Connections that have sent their share of requests, and those that take their place.
    private var usedUp: [LoadConnection] = []
    private var reconnections: [Reconnection] = []
    private var reconnects = ReconnectFigures()
    private var ready = ConnectionLine()
    private var schedule: Schedule?

    private var times = RunTimes(start: 0, warmup: 0, duration: nil)
    private var issued = 0
    private var lateness = Lateness()
    private var processor = ProcessorUse()
    private var quietSince = 0
    private var intervalStart = 0

    /// - Throws: `ReactorError` if the system has no descriptors left.
    init(_ plan: WorkerPlan, _ progress: LoadProgress) throws(ReactorError) {
        self.plan = plan
        self.progress = progress
        loop = try EventLoop()
        wakeup = try Wakeup(loop)
        core = LoadCore(
            plan.dialect, plan.workload, space: plan.space, verifies: plan.settings.verifies, thread: plan.thread,
            of: plan.threads)
        alarm = try StartAlarm(loop) { [unowned self] in pump() }
    }

    /// Runs from the first connection to the last reply.
    func run() -> WorkerResult {
        connect()
        ticker = Timer(loop, every: 10) { [unowned self] in tick() }
        while phase != .done {
            let isClose = alarm?.isClose ?? false
            loop.turn(waiting: !isClose)
            if phase == .connecting { advanceSetups() }
            if phase == .ready { startIfDue() }
            if phase == .running { reconnect() }
            if isClose { pump() }
            alarm?.set(at: nextStart)
        }
        processor.end(replies: core.replies)
        for connection in connections { connection.stream.close() }
        for setup in setups { setup.close() }
        for reconnection in reconnections { reconnection.close() }
        (setups, reconnections, usedUp) = ([], [], [])
        connections = []
        dialers = []
        ticker = nil
        alarm = nil
        return WorkerResult(
            recorder: core.recorder, failure: failure, end: max(core.lastReply, times.start),
            measureStart: times.measureStart,
            unanswered: core.outstanding, unsent: unsent, lateness: lateness, processor: processor,
            reconnects: reconnects)
    }

    /// Ends this thread's part at once.
    func fail(_ reason: String) {
        guard phase != .done else { return }
        failure = reason
        phase = .done
    }

    /// For a message: the dialect that the server may speak instead.
    var otherDialect: Dialect { plan.dialect == .line ? .resp : .line }

    // MARK: Connecting

    /// Connections being made at the same time.
    private static let dialLimit = 64

    private func connect() {
        for _ in 0..<min(plan.connections, LoadWorker.dialLimit) { dial() }
    }

    private func dial() {
        let index = dialers.count
        dialers.append(nil)
        do throws(ReactorError) {
            dialers[index] = try Dialer(loop, to: plan.address) { [unowned self] result in
                switch result {
                case .success(let stream): dialed(stream)
                case .failure(let error): fail(error)
                }
            }
        } catch {
            fail(error)
        }
    }

    private func fail(_ error: ReactorError) {
        fail("cannot \(error.operation): \(error.reason)")
    }

    private func dialed(_ stream: Stream) {
        guard plan.security != nil || plan.user != nil else { return connected(stream) }
        setups.append(ConnectionSetup(stream, plan.security, plan.user))
    }

    private func advanceSetups() {
        for setup in setups { setup.advance() }
        setups.removeAll { setup in
            switch setup.result {
            case nil: return false
            case .success(let stream)?: connected(stream)
            case .failure(let error)?:
                setup.close()
                fail(error.description)
            }
            return true
        }
    }

    private func connected(_ stream: Stream) {
        connections.append(
            LoadConnection(
                index: connections.count, stream: stream, pipeline: plan.settings.pipeline, worker: self))
        if dialers.count < plan.connections { dial() }
        guard connections.count == plan.connections, phase == .connecting else { return }
        phase = .ready
        progress.countReady(waking: wakeup.bell)
    }

    // MARK: Reconnecting

    /// How many requests a connection may still be sent.
    private func room(_ connection: LoadConnection) -> Int {
        guard let limit = plan.settings.reconnect else { return connection.inFlight.room }
        return min(connection.inFlight.room, limit - connection.sentCount)
    }

    private func isUsedUp(_ connection: LoadConnection) -> Bool {
        plan.settings.reconnect.map { connection.sentCount >= $0 } ?? false
    }

    /// Replaces connections that have sent their share.
    private func reconnect() {
        do throws(ReactorError) {
            for connection in usedUp { reconnections.append(try Reconnection(connection, plan, loop)) }
        } catch {
            return fail(error)
        }
        usedUp.removeAll(keepingCapacity: true)
        guard !reconnections.isEmpty else { return }
        var opened: [LoadConnection] = []
        reconnections.removeAll { reconnection in
            switch reconnection.advance() {
            case nil: return false
            case .success(let stream)?:
                let now = MonotonicClock.nanoseconds
                if reconnection.start >= times.measureStart {
                    reconnects.note(nanoseconds: now - reconnection.start)
                }
                quietSince = now
                reconnection.connection.take(stream)
                opened.append(reconnection.connection)
            case .failure(let error)?: fail(error.description)
            }
            return true
        }
        for connection in opened { if schedule == nil { refill(connection) } else { ready.append(connection) } }
        if schedule != nil { pump() }
    }

    private func startIfDue() {
        guard let start = progress.startTime else { return }
        phase = .running
        times = RunTimes(start: start, plan.settings)
        core.measureStart = times.measureStart
        intervalStart = start
        quietSince = start
        processor.begin(at: start, measureStart: times.measureStart, replies: 0)
        if let rate = plan.settings.rate {
            schedule = Schedule(start: start, rate: rate, thread: plan.thread, of: plan.threads)
            for connection in connections { ready.append(connection) }
            pump()
        } else {
            for connection in connections { refill(connection) }
        }
        if core.outstanding == 0 && schedule == nil { phase = .draining }
    }

    // MARK: Requests

    /// Called when a connection has had replies.
    func answered(_ connection: LoadConnection) {
        guard phase == .running else { return }
        if isUsedUp(connection) {
            if connection.inFlight.count == 0 { usedUp.append(connection) }
            if schedule != nil { pump() }
        } else if schedule == nil {
            if connection.inFlight.count == 0 { refill(connection) }
        } else {
            if !connection.isReady && connection.inFlight.room > 0 { ready.append(connection) }
            pump()
        }
    }

    /// Sends a batch of the closed loop.
    private func refill(_ connection: LoadConnection) {
        let now = MonotonicClock.nanoseconds
        let count = allowance(room(connection), at: now)
        connection.sentCount += count
        for _ in 0..<count { core.issue(start: now, &connection.inFlight, &connection.followUps) }
        send(on: connection)
    }

    /// How many of `count` requests may still begin.
    private func allowance(_ count: Int, at now: Int) -> Int {
        if now < times.measureStart { return count }
        guard now < times.measureEnd else { return 0 }
        let allowed = min(count, plan.quota - issued)
        issued += allowed
        return allowed
    }

    /// Sends what is due in the open loop, while connections are free.
    private func pump() {
        guard phase == .running, var schedule else { return }
        let now = MonotonicClock.nanoseconds
        // A warm-up that the server could not follow is over too: its backlog is not measured.
        if now >= times.measureStart { schedule.skip(before: times.measureStart) }
        var due = schedule.due(at: min(now, times.measureEnd - 1))
        if due > 0 { lateness.note(now - schedule.next, requests: due) }
        while due > 0, let connection = ready.popFirst() {
            // Behind schedule each connection gets its share at once: single requests would cost a system call each.
            let wanted = min(max(due / (ready.count + 1), 1), room(connection))
            // Requests of the warm-up are not counted, so they are not mixed with those that are.
            let warmup = schedule.due(at: times.measureStart - 1)
            let share = allowance(warmup > 0 ? min(wanted, warmup) : wanted, at: schedule.next)
            guard share > 0 else { break }
            for _ in 0..<share {
                core.issue(start: schedule.take(), &connection.inFlight, &connection.followUps)
            }
            due -= share
            connection.sentCount += share
            send(on: connection)
            if room(connection) > 0 { ready.append(connection) }
        }
        lateness.isServerAwaited = ready.isEmpty
        self.schedule = schedule
    }

    /// When the next request begins, if a connection is free for it. The ticker notices the end of a run.
    private var nextStart: Int? {
        guard phase == .running, let next = schedule?.next, !ready.isEmpty else { return nil }
        return next < times.measureEnd && issued < plan.quota ? next : nil
    }

    private func send(on connection: LoadConnection) {
        let isSent = connection.stream.send(core.output.bytes)
        core.output.removeAll()
        if !isSent { fail("the connection is lost: the server has gone away") }
    }

    // MARK: Time

    /// Called every 10 ms.
    private func tick() {
        let now = MonotonicClock.nanoseconds
        guard phase == .running || phase == .draining else {
            // Another thread failed before the run began.
            if progress.isStopping { phase = .done }
            return
        }
        processor.noteMeasureStart(at: now, replies: core.replies)
        endIntervalIfDue(at: now)
        let isQuiet = core.outstanding == 0 && reconnections.isEmpty
        quietSince = isQuiet ? now : max(quietSince, core.lastReply)
        if now - quietSince > plan.settings.patience.nanoseconds {
            return fail("the server was silent for \(plan.settings.patience)")
        }
        // Requests due before the end still begin, if a connection is free.
        if now >= times.measureEnd { pump() }
        let isOver = now >= times.measureEnd || issued >= plan.quota || progress.isStopping
        if phase == .running && isOver { phase = .draining }
        if phase == .draining && core.outstanding == 0 { phase = .done }
    }

    private func endIntervalIfDue(at now: Int) {
        guard phase == .running, times.index(of: now) != times.index(of: intervalStart) else { return }
        let (latencies, errors) = core.takeInterval()
        progress.add(
            Interval(
                index: times.index(of: intervalStart), start: intervalStart - times.measureStart,
                rate: Double(latencies.totalCount) * 1e9 / Double(now - intervalStart), latencies: latencies,
                errors: errors))
        intervalStart = now
    }

    /// Requests that were due and could not begin before the run ended.
    private var unsent: Int {
        guard let schedule, issued < plan.quota, times.measureEnd != .max else { return 0 }
        return schedule.due(at: min(times.measureEnd - 1, MonotonicClock.nanoseconds))
    }
}
