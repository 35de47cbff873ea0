// Where the rooms meet. One thread turns the loop; callbacks only parse, run commands on the table and append to buffers;
// `endTurn` is the one place where work becomes visible. Read it first: it is the server.

import Bytes
import Logging
import Reactor
import Store
import Synchronization

/// A Puffin server: listeners, sessions and the store. Made, run and used on one thread; `stopRequest` works from any.
package final class Server {
    let log: Logger
    /// Who this server is to others.
    let id = ServerID.random()
    let limits: Limits
    let commands = CommandTable.standard
    let store: Store
    var statistics = Statistics()
    let requestCounts = RequestCounts()
    let clock: TurnClock
    let latencies = Latencies()
    let slowLog: SlowLog
    var durableTimes = DurableTimes()
    /// Whether replies to changes wait for more than this server's log.
    let waitsForFollowers: Bool
    let memory: MemoryBudget
    let allowance = TurnAllowance()
    /// Asks this server to stop.
    package let stopRequest: StopRequest
    /// Called in a turn of the loop when a signal asks for the configuration to be read again (SIGHUP). Without it the signal
    /// does what it does to any process.
    package var reload: (() -> Void)?
    /// Looks whether what is read on another thread is there (`read(_:then:)`).
    var readingTimer: Timer?
    /// Called each second.
    package var everySecond: (() -> Void)?
    /// The port that was bound.
    package var port: UInt16 { listeners.port }

    let loop: EventLoop
    private let wakeup: Wakeup
    /// Makes this server's loop turn, from any thread.
    let bell: Wakeup.Bell
    private let replicationSettings: ReplicationSettings
    private(set) lazy var replication = Replication(replicationSettings, server: self)
    let listeners: Listeners
    /// Where it answers those who watch it; nil where nobody may.
    var metrics: MetricsService?
    /// The port that was bound for that.
    package var metricsPort: UInt16? { metrics?.port }
    private var signals: [Signal] = []
    var timers: [Timer] = []

    var sessions: [Int: Session] = [:]
    var lastID = 0
    /// Connections for which no client's place was left.
    private(set) lazy var newcomers = Newcomers(self)

    /// Sessions that this turn has to flush; that wait for a commit; that go on next turn; that are to be let go.
    var touched: [Session] = []
    var waiting: [Session] = []
    var unfinished: [Session] = []
    /// Sessions whose next reply waits for memory, first come first served.
    var starved: [Session] = []
    var starvedTimer: Timer?
    /// Sessions with a request that waits for something but a commit, and what looks after them.
    var parked: [Session] = []
    var parkedTimer: Timer?
    var retired: [Session] = []

    private var groupCommit = GroupCommit()
    private var isGathering = false
    /// Whether this turn's end has committed changes already.
    private var hasCommitted = false
    /// Whether those who waited have been told that the log has failed. It fails on another thread, at any time in a
    /// turn; the server ends only after this.
    var hasFailed = false
    var hasClock = false
    /// Until everything is loaded.
    var loading: Loading? = Loading()
    /// Whether everything is loaded. Atomic, because that is read without a check for exclusive access.
    let isServing = Atomic(false)
    var loadFailure: StoreError?
    var announcements: Announcements
    private var hasMemoryToGiveBack = false
    /// Whether it is looked at each second which clients move bytes.
    var isLookingAtPace = false
    var hasStarted = false
    var stopping = Stopping()

    /// How long a client may take to hang up after its last reply, in milliseconds.
    static let lingerTime = 2000
    /// How often it is looked whether a parked request's time is over, or a reply has waited for followers for too long, in
    /// milliseconds.
    static let parkedInterval = 10
    private static let expiryInterval = 20

    /// Listens, then opens the data set. Clients are answered from `run` on, which loads it.
    /// - Parameter wallClock: microseconds since 1970-01-01 UTC, as a clock has them that may jump.
    /// - Throws: `StartError`, which says what is in the way and what to do.
    package init(
        _ configuration: Configuration, disk: any Disk = LocalDisk(),
        wallClock: @escaping () -> UInt64 = { WallClock.microseconds }, log: Logger
    ) throws(StartError) {
        self.log = log
        clock = TurnClock(wallClock: wallClock)
        do throws(ReactorError) {
            loop = try EventLoop()
            wakeup = try Wakeup(loop)
            listeners = try Listeners(loop, configuration, log: log)
        } catch {
            throw .network(error)
        }
        do throws(ReactorError) {
            if configuration.metrics.isEnabled { metrics = try MetricsService(loop, configuration.metrics) }
        } catch {
            throw .metrics(error)
        }
        slowLog = SlowLog(configuration.slowLog, log: log)
        stopRequest = StopRequest(bell: wakeup.bell)
        limits = Server.limits(configuration.limits, others: metrics?.descriptorCount ?? 0, log: log)
        replicationSettings = configuration.replication
        waitsForFollowers = configuration.replication.acks != .local
        memory = MemoryBudget(wanted: configuration.maxMemory)
        announcements = Announcements(log: log, data: configuration.data)
        bell = wakeup.bell
        do throws(StoreError) {
            store = try Store(
                data: configuration.data, options: configuration.store, disk: disk, now: clock.now,
                progress: { [bell] in bell.ring() })
        } catch {
            throw .store(error)
        }
    }

    /// - Parameter others: descriptors that are needed for more than clients and their data.
    private static func limits(_ wanted: Limits, others: Int, log: Logger) -> Limits {
        // Log, lock, listeners, epoll, signals, and room for the next segment; newcomers take of it where there is no more.
        let others = 64 + others
        let descriptors = Descriptors.raiseLimit(to: wanted.clientCount + others + Newcomers.descriptorCount)
        var limits = wanted
        if descriptors < wanted.clientCount + others {
            limits.clientCount = max(descriptors - others, 1)
            log.warning(
                "At most \(limits.clientCount) clients: the system allows \(descriptors) open files (ulimit -n)")
        }
        return limits
    }

    // MARK: Running

    /// Loads the data set and serves clients until a stop is asked for, by a signal or by `stopRequest`, or until the disk
    /// fails.
    /// - Returns: why the data could not be loaded, or the log not be ended cleanly; nil where all went well.
    package func run() -> StoreError? {
        for number in Signal.stopping {
            signals.append(Signal(loop, number: number) { [stopRequest] in stopRequest.make() })
        }
        if let reload { signals.append(Signal(loop, number: Signal.reloading, action: reload)) }
        timers.append(Timer(loop, every: 1000) { [unowned self] in eachSecond() })
        if replicationSettings.acks != .local {
            timers.append(Timer(loop, every: Server.expiryInterval) { [unowned self] in expire() })
        }
        listeners.start(log: log) { [unowned self] in accept($0) }
        metrics?.start(self)
        loading = Loading()
        while !isFinished {
            loop.turn(waiting: !hasMoreToDo)
            endTurn()
        }
        return close()
    }

    private var hasMoreToDo: Bool {
        !unfinished.isEmpty || hasMemoryToGiveBack || isGathering || isLoading
    }

    private var isLoading: Bool { loading != nil && !stopRequest.wasMade }

    /// The end of a turn: what the turn's requests have done becomes visible, in this order.
    private func endTurn() {
        if isLoading { load() }  // a part of the files
        watchMemory()  // connections that take too much of it
        goOn()  // long replies, a step further
        commit()  // the turn's changes, to the log writer
        release()  // replies whose changes are committed
        replication.advance()  // the log to followers, acknowledgements to the leader
        flush()  // what is released, to the sockets
        retire()  // streams that have ended
        giveBack()  // memory of cleared tables, a little at a time
        compact()  // what is to be said of snapshots
        if stopRequest.wasMade { stop() }
        allowance.renew()
        hasClock = false
    }

    /// Loads for about two milliseconds.
    private func load() {
        let end = ContinuousClock.now + Loading.stepTime
        do throws(StoreError) {
            while try store.load(lines: Loading.stepLines) {
                if ContinuousClock.now >= end {
                    let (done, total) = store.loadedSize
                    loading?.note(done: done, total: total)
                    return
                }
            }
            announcements.loaded(store, time: loading?.elapsed ?? .zero)
            goOnFromNewestChange()
            loading = nil
            isServing.store(true, ordering: .relaxed)
            reportMemory()
            if !hasStarted {
                hasStarted = true
                replication.start()
                log.info("Ready")
            }
        } catch {
            loadFailure = error
            loading = nil
        }
    }

    /// Loads the data set again, which the store has replaced as a whole.
    func loadAgain() {
        isServing.store(false, ordering: .relaxed)
        loading = Loading()
        // What they wait for is not what the numbers mean from now on.
        for session in waiting {
            touch(session)
            session.failHeld { _ in .replaced }
        }
        waiting.removeAll()
        durableTimes = DurableTimes()
        replication.beginAnew()
    }

    private func goOn() {
        allowance.renew()
        if !parked.isEmpty { answerParked() }
        if !starved.isEmpty { feedStarved() }
        guard !unfinished.isEmpty else { return }
        let sessions = unfinished
        unfinished.removeAll(keepingCapacity: true)
        for session in sessions {
            session.isUnfinished = false
            // Those for whom this turn has nothing left come first in the next one.
            if session.hasAllowance { session.goOn() } else { goOnLater(session) }
        }
    }

    private func answerParked() {
        for session in parked { session.goOn() }
        parked.removeAll { !$0.isParked }
        if parked.isEmpty { parkedTimer = nil }
    }

    /// Gives up replies that have waited for followers for too long.
    private func expire() {
        let limit = replication.settings.ackTimeout
        let time = MonotonicClock.milliseconds - limit
        for session in waiting {
            session.expire(upTo: store.locallyCommitted, before: time) { seq in
                .unacknowledged(by: replication.missingAcknowledgements(of: seq), within: limit)
            }
        }
    }

    /// Gives up every reply that waits for followers, because this server has stopped leading.
    func giveUpUnacknowledged() {
        for session in sessions.values {
            session.expire(upTo: .max, before: .max) { seq in
                .leftBehind(by: replication.missingAcknowledgements(of: seq))
            }
        }
    }

    private func commit() {
        // In the relaxed modes this commits the changes, so that nobody has to wait for them.
        if store.durability != .always {
            writeAtOnce()
            hasCommitted = store.commit(through: replication.committed(local: store.poll()))
        }
        let committed = store.committed
        for session in touched where session.endTurn(committed: committed) {
            if !session.isWaiting {
                session.isWaiting = true
                waiting.append(session)
            }
            if session.joins(batch: groupCommit.batch) { groupCommit.add() }
        }
        if store.durability == .always { handOver() }
    }

    /// In the relaxed modes: hands over, which as a rule writes.
    @inline(__always)
    private func writeAtOnce() {
        guard clock.isRunning, store.hasPending else { return handOver() }
        clock.lap()
        handOver()
        clock.lapOfWriting()
    }

    private func handOver() {
        isGathering = false
        guard store.hasPending else { return }
        if store.durability == .always && !isStopping {
            guard !store.isWriting else { return }
            isGathering = !groupCommit.isDue(lastSync: .nanoseconds(store.lastSyncNanoseconds))
            if isGathering { return }
        }
        store.flush()
        groupCommit.handedOver()
    }

    private func release() {
        // Looked at first: what was on the disk when the log failed is answered for below.
        let failure = store.failure
        noteDurable()
        if store.commit(through: replication.committed(local: store.poll())) || hasCommitted {
            hasCommitted = false
            let before = waiting.count
            if before > 0 { lookAtClock() }
            waiting.removeAll { session in
                touch(session)
                session.isWaiting = session.release(committed: store.committed)
                return !session.isWaiting
            }
            groupCommit.committed(answered: before - waiting.count)
            // What gathered while the writer was busy.
            handOver()
        }
        if let failure { fail(failure) }
    }

    private func flush() {
        clock.beginSending()
        for session in touched {
            session.isTouched = false
            session.flush()
        }
        touched.removeAll(keepingCapacity: true)
        clock.endTurn(latencies)
    }

    private func retire() {
        guard !retired.isEmpty else { return }
        for session in retired { sessions[session.id] = nil }
        retired.removeAll(keepingCapacity: true)
        resumeAccepting()
    }

    private func giveBack() {
        hasMemoryToGiveBack = store.giveBackMemory()
    }

    @inline(__always)
    private func compact() {
        guard store.takeNews() else { return }
        while let event = store.advanceCompaction() { announcements.tell(event) }
    }
}
