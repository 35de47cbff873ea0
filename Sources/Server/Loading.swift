// Loading the data set, a part each turn. Meanwhile the port answers requests that need no data.

import Commands
import Store
import Wire

/// The state of the data set, as one value.
enum DataState {
    /// It is being loaded: at the start, or again after the leader's snapshot was installed.
    case loading(Loading, isFirst: Bool)
    case serving
    /// It could not be loaded.
    case failed(StoreError)

    /// The progress of loading; nil if nothing is being loaded.
    var loading: Loading? { if case .loading(let loading, _) = self { loading } else { nil } }

    /// Whether loading is complete.
    var hasStarted: Bool {
        switch self {
        case .loading(_, let isFirst): !isFirst
        case .serving: true
        case .failed: false
        }
    }
}

/// The progress of loading, for replies to early requests. Times are nanoseconds of the boot clock.
package struct Loading {
    private let start: Int
    private var now: Int
    private var done = 0
    private var total = 0
    private var nextReport = 2 * 1_000_000_000

    /// The number of lines read between checks of the clock, and the longest part of a turn, in nanoseconds.
    static let stepLines = 512
    static let stepTime = 2_000_000

    package init(at now: Int) {
        start = now
        self.now = now
    }

    package func elapsed(at now: Int) -> Int { now - start }

    /// Notes the progress, in bytes.
    package mutating func note(done: Int, total: Int, at now: Int) {
        self.done = done
        self.total = total
        self.now = now
    }

    package var percent: Int { total == 0 ? 100 : done * 100 / total }

    /// `63 %, about 4 s`
    package var description: String {
        guard done > 0 else { return "\(percent) %" }
        let left = Double(now - start) / 1e9 * Double(total - done) / Double(done)
        return "\(percent) %, about \(Int(left.rounded(.up))) s"
    }

    /// Whether to log the progress now: after two seconds, then every five.
    package mutating func isReportDue(at now: Int) -> Bool {
        guard now - start >= nextReport else { return false }
        nextReport = now - start + 5 * 1_000_000_000
        return true
    }
}

extension Server {
    /// Loads for about two milliseconds.
    func load() {
        guard case .loading(var loading, let isFirst) = state else { return }
        let end = clock.read() + Loading.stepTime
        do throws(StoreError) {
            while try store.load(lines: Loading.stepLines) {
                let now = clock.read()
                guard now >= end else { continue }
                let (done, total) = store.loadedSize
                loading.note(done: done, total: total, at: now)
                state = .loading(loading, isFirst: isFirst)
                return
            }
            announcements.loaded(store, time: .nanoseconds(loading.elapsed(at: clock.read())))
            state = .serving
            precondition(store.isLoaded, "data is served that is not loaded")
            gate.isServing = true
            reportMemory()
            followUsers()
            if let exposed = authentication.exposed, authentication.settings.mode == .auto,
                !authentication.hasUsers, isFirst
            {
                startFailure = .openToAll(exposed)
                return shutdownRequest.make()
            }
            let links = replicationSettings
            if isFirst, authentication.hasUsers, authentication.isRequired,
                authentication.lacksProof(links, hasFollowers: !links.followers.isEmpty)
            {
                startFailure = .noSecret
                return shutdownRequest.make()
            }
            if isFirst { replication.start() }
            resumeFromNewestChange(isFirst: isFirst)
            if isFirst {
                recordStart()
                http?.announceParts(self)
                log.info("Ready")
                supervision.serviceManager?.ready(serviceStatus)
            }
        } catch {
            state = .failed(error)
        }
    }

    /// Loads the data set again, which the store has replaced as a whole.
    func loadAgain() {
        precondition(!store.isLoaded, "a data set is loaded again that is in use")
        gate.isServing = false
        state = .loading(Loading(at: clock.read()), isFirst: false)
        // What they wait for is not what the numbers mean from now on.
        for session in turn.take(.waiting) {
            turn.touch(session)
            session.failHeld { _ in .replaced }
        }
        durableTimes?.forget()
        replication.beginAnew()
        changes.beginAnew()
    }

    /// Starts the clock no earlier than the newest change's time, and warns if the wall clock is behind it. A follower's begins
    /// with that time, whatever its machine's clock says.
    private func resumeFromNewestChange(isFirst: Bool) {
        if clock.isFollowing {
            if isFirst, store.newestTimestamp > 0 { clock.follow(from: store.newestTimestamp) }
            return store.now = clock.now
        }
        clock.resume(from: store.newestTimestamp, isSaid: true)
        let ahead = clock.lead / 1_000_000
        if ahead >= 1 {
            announcements.tell(newestChange: store.position.seq, at: store.newestTimestamp, ahead: ahead)
        }
    }

    /// Adjusts the store's clock to the wall clock, and to the times of a leader's changes.
    func lookAtWallClock() {
        clock.resume(from: store.now)
        if let event = clock.tick() { announcements.tell(event, patience: clock.patience / 1_000_000_000) }
        store.now = clock.now
        store.ageTime = clock.ageTime
    }
}

extension Server: GateKeeper {
    package var notServing: ReplyError {
        switch state {
        case .loading(let loading, _): .loading(loading)
        case .failed(let error): ReplyError("Not loaded: \(error)", code: .loading)
        case .serving: preconditionFailure("the gate is closed while the data set can be used")
        }
    }

    package var readOnly: ReplyError? { replication.readOnly }

    /// Logs why changes are refused, once for each obstacle.
    package func tell(_ obstacle: WriteObstacle) {
        announcements.tell(obstacle: obstacle)
    }
}
