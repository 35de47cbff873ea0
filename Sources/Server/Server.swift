// The parts of a server, and its turn. One thread runs the loop. libevent only reports which connections
// are ready; requests run, and their effects become visible, in the parts of `takeTurn`. Read that first.

import Bytes
import Logging
import OpenSSL
import Reactor
import Store
import SystemPackage
import Wire

/// A Puffin server: listeners, sessions and the store. Made, run and used on one thread; `shutdownRequest` works from any.
package final class Server {
    let log: Logger
    /// The identity of this server towards other servers.
    let id = ServerID.random()
    let limits: Limits
    let commands = CommandTable.shared
    let store: Store
    let gate: Gate
    let statistics: Statistics
    let requestCounts = RequestCounts()
    var recentFigures = RecentFigures()
    /// What the console's banner says; nil for none.
    let consoleLabel: String?
    let clock: TurnClock
    let latencies = Latencies()
    let slowLog: SlowLog
    let scripts = LoadedScripts()
    /// Whether DEBUG is allowed.
    let allowsDebug: Bool
    let hotKeys: HotKeys
    let durableTimes: DurableTimes?
    let memory: MemoryBudget
    let allowance = TurnAllowance()
    let turn = Turn()
    /// Asks this server to stop.
    package let shutdownRequest: ShutdownRequest
    /// Called in a turn of the loop when SIGHUP requests a reload of the configuration. Without it, the signal
    /// has its default effect.
    package var reload: (() -> Void)?
    /// The source of CONFIG GET and SET. Without one, only Redis' names exist and nothing can be set. It outlives the server.
    package weak var settingsKeeper: (any SettingsKeeper)?
    /// Why the server ends once its data is loaded: only then it is known whether there are users.
    package internal(set) var startFailure: StartError?
    package let supervision = Supervision()
    /// Called each second.
    package var everySecond: (() -> Void)?
    /// The port that was bound.
    package var port: UInt16 { listeners.port }
    /// The port of the HTTP service; nil if it is disabled.
    package var httpPort: UInt16? { http?.port }

    let loop: EventLoop
    private let wakeup: Wakeup
    /// Wakes this server's loop, from any thread.
    let bell: Wakeup.Bell
    let listeners: Listeners
    private(set) var http: HTTPService?
    let replicationSettings: ReplicationSettings
    private(set) lazy var replication = Replication(replicationSettings, server: self)
    private(set) lazy var connections = Connections(self)
    let authentication: Authentication
    let audit: AuditTrail?
    let tls: TLSService?
    /// A plain flag, because it is read each turn.
    private let hasTLS: Bool
    /// The change of the notes up to which sessions follow the users.
    var usersRevision = UInt64.max
    private lazy var pending = tls.map { PendingConnections(self, $0) }
    private(set) lazy var unauthenticated = UnauthenticatedClients(self)
    private(set) lazy var shutdown = Shutdown(self)
    let deferrals: Deferrals
    let expiry: Expiry
    let changes = ChangeHub()
    let pool: Pool
    private(set) lazy var reading = BackgroundRead(loop)
    private var signals: [Signal] = []
    private var timers: [Timer] = []

    private var groupCommit = GroupCommit()
    var state: DataState
    var announcements: Announcements
    private var hasTableWork = false

    /// The interval of checks for replies that have waited too long for followers, in milliseconds.
    private static let expiryInterval = 20

    /// Listens, then opens the data set. `run` loads it and answers clients.
    /// - Parameters:
    ///   - background: runs the store's blocking work.
    ///   - wallClock: microseconds since 1970-01-01 UTC, by a clock that may jump.
    /// - Throws: `StartError`, which names the obstacle and what to do.
    package init(
        _ configuration: Configuration, disk: any Disk = LocalDisk(), background: any Background = Threads(),
        wallClock: @escaping () -> UInt64 = { WallClock.microseconds }, log: Logger
    ) throws(StartError) {
        self.log = log
        clock = TurnClock(wallClock: wallClock)
        statistics = Statistics(clock)
        do throws(ReactorError) {
            loop = try EventLoop()
            wakeup = try Wakeup(loop)
            deferrals = Deferrals(try Alarm(loop) {})
            expiry = try Expiry(loop)
            listeners = try Listeners(loop, hosts: configuration.hosts, port: configuration.port)
        } catch {
            throw .network(error)
        }
        for address in listeners.addresses { log.info("Server starting on \(address)") }
        do throws(ReactorError) {
            if configuration.http.isEnabled { http = try HTTPService(loop, configuration.http) }
        } catch {
            throw .http(error)
        }
        tls = try Server.makeTLS(of: configuration, bell: wakeup.bell, time: Int(wallClock() / 1_000_000), log: log)
        hasTLS = tls != nil
        authentication = try Server.makeAuthentication(
            of: configuration, addresses: listeners.addresses + (http?.addresses ?? []), bell: wakeup.bell, log: log)
        slowLog = SlowLog(configuration.slowLog, log: log)
        allowsDebug = configuration.allowsDebug
        consoleLabel = configuration.console.label
        hotKeys = HotKeys(seed: configuration.store.seed ?? .random(in: 0 ... .max))
        shutdownRequest = ShutdownRequest(bell: wakeup.bell)
        limits = Server.attainable(configuration.limits, others: http?.descriptorCount ?? 0, log: log)
        replicationSettings = configuration.replication
        durableTimes = configuration.replication.acks == .local ? nil : DurableTimes()
        memory = MemoryBudget(wanted: configuration.maxMemory)
        pool = Pool(size: memory.shares.pool)
        announcements = Announcements(log: log, data: configuration.data)
        bell = wakeup.bell
        state = .loading(Loading(at: clock.read()), isFirst: true)
        do throws(StoreError) {
            store = try Store(
                data: configuration.data, options: configuration.store, disk: disk, background: background,
                now: clock.now, progress: { [bell] in bell.ring() })
        } catch {
            throw .store(error)
        }
        audit = try Server.makeAudit(
            of: configuration, node: "\(listeners.addresses[0])", on: disk, bell: wakeup.bell, at: clock.now, log: log)
        authentication.expectUsers(store)
        gate = Gate(store, memory: memory, keySize: limits.keySize)
        gate.attach(to: self)
        store.pendingLimit = memory.shares.log
        pool.attach(to: self)
        deferrals.attach(to: self)
        expiry.attach(to: self)
        changes.attach(to: self)
    }

    // MARK: Running

    /// Loads the data set and serves clients until a stop is requested, by a signal or by `shutdownRequest`, or until the disk
    /// fails.
    /// - Returns: why loading or closing the log failed; nil after a clean end.
    package func run() -> StoreError? {
        for number in Signal.stopping {
            signals.append(Signal(loop, number: number) { [shutdownRequest] in shutdownRequest.make() })
        }
        if let reload { signals.append(Signal(loop, number: Signal.reloading, action: reload)) }
        begin()
        while !isFinished { takeTurn() }
        return end()
    }

    /// Begins to accept connections. The first turns load the data set.
    package func begin() {
        timers.append(Timer(loop, every: 1000) { [unowned self] in eachSecond() })
        if replicationSettings.acks != .local {
            timers.append(Timer(loop, every: Server.expiryInterval) { [unowned self] in expire() })
        }
        listeners.start(log: log) { [unowned self] in accept(Stream(loop, $0), isHTTP: false) }
        http?.start(self)
        state = .loading(Loading(at: clock.read()), isFirst: true)
    }

    /// Takes an accepted connection.
    func accept(_ stream: Stream, isHTTP: Bool) {
        if let pending { return pending.accept(stream, isHTTP: isHTTP) }
        _ = isHTTP ? http?.admit(stream) : connections.admit(stream)
    }

    /// The number of connections whose handshake is not done.
    var pendingCount: Int { pending?.count ?? 0 }

    /// Closes everything, after the last turn.
    /// - Returns: see `run`.
    package func end() -> StoreError? {
        pending?.close()
        tls?.close()
        authentication.thread.close()
        http = nil
        deferrals.close()
        defer { audit?.close(at: store.now) }
        return shutdown.close()
    }

    private var hasMoreToDo: Bool {
        !turn.isEmpty(.unfinished) || !turn.isEmpty(.deferred) || !turn.isEmpty(.touched) || hasTableWork
            || groupCommit.isGathering || expiry.hasMore || changes.hasMoreToDo
            || isLoading || allowance.isThrottling && !store.isBacklogged
    }

    private var isLoading: Bool {
        guard !gate.isServing, case .loading = state else { return false }
        return !shutdownRequest.wasMade
    }

    /// A serving server ends only by a stop or by a failed log.
    package var isFinished: Bool {
        if gate.isServing, !shutdownRequest.wasMade, !store.hasFailed { return false }
        return shutdown.isFinished
    }

    /// One turn: collects what is ready, runs requests, and makes their effects visible.
    /// - Parameter waits: whether to wait until something happens, where nothing is left to be done.
    package func takeTurn(waits: Bool = true) {
        turn.enter(.collect)
        loop.collect(waiting: waits && !hasMoreToDo)

        turn.enter(.run)
        store.now = clock.begin()
        loop.deliver()  // received requests, timers, signals
        if hasTLS { pending?.advance() }  // handshakes of which a step is done
        if store.notesRevision != usersRevision { followUsers() }  // changes of users that came from the leader
        if isLoading { load() }  // a part of the files
        watchMemory()  // whether memory is below its limit again
        resume()  // the next step of long replies, and suspended requests
        expiry.advance(store)  // a step of the pairs that have expired

        let replication = replication  // a lazy property, read once
        turn.enter(.commit)
        let hasCommitted = commit(replication)  // passes the turn's changes to the log writer

        turn.enter(.release)
        release(hasCommitted, replication)  // replies whose changes are committed

        turn.enter(.send)
        replication.advance()  // sends the log to followers, acknowledgements to the leader
        changes.advance()  // sends committed changes to feeds

        turn.enter(.flush)
        flush()  // writes released replies to the sockets

        turn.enter(.bury)
        if !turn.isEmpty(.retired) { bury() }
        deferrals.look()
        hasTableWork = store.advanceTable()  // frees cleared tables, builds the ordered index, a little at a time
        tellCompaction()
        if shutdownRequest.wasMade {
            expiry.isOn = false
            shutdown.stop(at: clock.milliseconds)
        }
        allowance.renew(pool)
        audit?.flush(at: store.now)
        assert(isConsistent(), "lists, sums and sessions differ: \(check())")
    }

    /// Whether lists and the ledger say what the sessions say. Debug builds look at the end of each turn; with many sessions only at
    /// some, because it looks at all of them.
    private func isConsistent() -> Bool {
        guard connections.count < 100 || clock.last % 64 == 0 else { return true }
        return check().isEmpty
    }

    private func bury() {
        connections.bury(turn)
        resumeAccepting()
    }

    // MARK: Committing

    /// - Returns: whether changes were committed at once, as in the modes that do not sync each change.
    private func commit(_ replication: Replication) -> Bool {
        let isRelaxed = store.durability != .always
        // In the modes that do not sync each change, this commits the changes, so no reply waits.
        if isRelaxed { writeAtOnce() }
        let hasCommitted = isRelaxed && store.commit(through: replication.committed(local: store.poll()))
        let committed = store.committed
        for session in turn.members(of: .touched) where session.endTurn(committed: committed) {
            turn.add(session, to: .waiting)
            if session.joins(batch: groupCommit.batch) { groupCommit.add() }
        }
        if !isRelaxed { handOver() }
        return hasCommitted
    }

    /// In the modes that do not sync each change: hands the batch to the log writer, which usually writes it at once.
    @inline(__always)
    private func writeAtOnce() {
        guard !turn.isEmpty(.touched), store.hasPending else { return handOver() }
        clock.lap()
        handOver()
        clock.lapOfWriting()
    }

    private func handOver() {
        guard store.hasPending else { return }
        if store.durability == .always && !shutdown.isStopping {
            guard !store.isWriting else { return }
            guard groupCommit.isDue(lastSync: store.lastSyncNanoseconds, at: clock.last) else { return }
        }
        store.flush()
        groupCommit.handedOver()
    }

    private func release(_ hasCommitted: Bool, _ replication: Replication) {
        // Read this first: changes that were on the disk when the log failed are answered below.
        let hasFailed = store.hasFailed
        noteDurable()
        if store.commit(through: replication.committed(local: store.poll())) || hasCommitted {
            var waiting = turn.take(.waiting)
            if !waiting.isEmpty { clock.lap() }
            var answered = 0
            for session in waiting {
                turn.touch(session)
                if session.release(committed: store.committed) {
                    turn.add(session, to: .waiting)
                } else {
                    answered += 1
                }
            }
            turn.giveBack(&waiting)
            groupCommit.committed(answered: answered)
            // Changes that arrived while the writer was busy.
            handOver()
        }
        if hasFailed, let failure = store.failure { shutdown.fail(failure) }
    }

    /// Notes when changes are on this server's disk, if replies wait for more than that.
    @inline(__always)
    private func noteDurable() {
        guard let durableTimes, store.locallyCommitted != durableTimes.newest else { return }
        durableTimes.note(store.locallyCommitted, at: clock.read())
    }

    private func flush() {
        var sessions = turn.take(.touched)
        clock.beginSending(to: sessions.count)
        for session in sessions { session.flush() }
        turn.giveBack(&sessions)
        clock.endTurn(latencies)
    }

    @inline(__always)
    private func tellCompaction() {
        guard store.takeNews() else { return }
        while let event = store.advanceCompaction() { announcements.tell(event) }
    }

    // MARK: Each second

    private func eachSecond() {
        everySecond?()
        supervise()
        noteFigures()
        let now = clock.milliseconds
        connections.tick(at: now)
        changes.tick(at: now)
        resumeAccepting()
        http?.tick(at: now)
        pending?.tick()
        tls?.tick(time: Int(clock.now / 1000))
        audit?.tick(history: store.history, at: store.now)
        if authentication.hasEnded(at: store.now) { refreshRights() }
        slowLog.tick()
        hotKeys.tick(at: clock.milliseconds)
        lookAtWallClock()
        if case .loading(var loading, let isFirst) = state, loading.isReportDue(at: clock.last) {
            log.info("Loading \(announcements.data): \(loading.description)")
            state = .loading(loading, isFirst: isFirst)
        }
        // Also during a reload of the data set: the leader needs this server's heartbeat.
        if state.hasStarted { replication.tick() }
        guard store.isLoaded else { return }
        if store.durability == .interval { store.requestSync() }
        store.tick()
        announcements.tell(obstacle: store.obstacle)
    }

    private func resumeAccepting() {
        guard !shutdownRequest.wasMade else { return }
        listeners.resume()
    }

    // MARK: Queries

    /// The progress of loading; nil if loading is complete.
    var loading: Loading? { state.loading }
    var hasStarted: Bool { state.hasStarted }
    var isStopping: Bool { shutdown.isStopping }

    /// Whether an address is this server's own.
    func isReached(at endpoint: Endpoint) -> Bool { listeners.areReached(at: endpoint) }
}
