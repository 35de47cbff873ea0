// Clients come, are looked after each second, and are let go.

import Bytes
import Logging
import Reactor
import Store

extension Server {
    // MARK: Connections

    func accept(_ connection: consuming Listener.Connection) {
        guard sessions.count < limits.clientCount || newcomers.clientCount < limits.clientCount else {
            return newcomers.take(connection)
        }
        let session = begin(Stream(loop, connection))
        session.stream.start(session)
    }

    /// Begins a session, which owns the stream from now on.
    func begin(_ stream: Stream) -> Session {
        lastID += 1
        statistics.connections += 1
        let session = Session(id: lastID, server: self, stream: stream)
        sessions[lastID] = session
        return session
    }

    /// Counts a connection for which there is no place, and now and then says so.
    func noteRefusal() {
        statistics.refusedConnections += 1
        guard statistics.refusedConnections.nonzeroBitCount == 1 else { return }
        log.warning(
            "Connection refused: \(newcomers.clientCount) clients are connected, which is the limit (refused so far: \(statistics.refusedConnections))"
        )
    }

    func resumeAccepting() {
        guard !stopRequest.wasMade else { return }
        listeners.resume()
    }

    func eachSecond() {
        everySecond?()
        let now = MonotonicClock.milliseconds
        for session in sessions.values { session.closeIfLingering(before: now - Server.lingerTime) }
        dropIdleHolders()
        resumeAccepting()
        newcomers.tick()
        metrics?.tick()
        slowLog.tick()
        lookAtWallClock()
        if loading?.isReportDue() == true { log.info("Loading \(announcements.data): \(loading?.description ?? "")") }
        // Also while everything is loaded again: the leader has to hear of this server.
        if hasStarted { replication.tick() }
        guard store.isLoaded else { return }
        if store.durability == .interval { store.requestSync() }
        store.tick()
        announcements.tell(obstacle: store.obstacle)
    }

    /// Goes on from the newest change's time, and says so where the wall clock is behind that.
    func goOnFromNewestChange() {
        clock.goOn(from: store.newestTimestamp, isSaid: true)
        let ahead = clock.lead / 1_000_000
        if ahead >= 1 {
            announcements.tell(newestChange: store.position.seq, at: store.newestTimestamp, ahead: ahead)
        }
    }

    /// Follows the wall clock, and what a leader's changes say.
    private func lookAtWallClock() {
        clock.goOn(from: store.now)
        if let event = clock.tick() { announcements.tell(event, patience: clock.patience / 1_000_000_000) }
        store.now = clock.now
        store.ageTime = clock.ageTime
    }

    // MARK: For sessions

    /// Puts a session on the list of those that the end of the turn flushes.
    func touch(_ session: Session) {
        if !hasClock { startClock() }
        if !session.isTouched {
            session.isTouched = true
            clock.countSession()
            touched.append(session)
        }
    }

    private func startClock() {
        hasClock = true
        store.now = clock.begin()
    }

    /// Has the turn's clock say what time it is.
    func lookAtClock() {
        if hasClock { clock.lap() } else { startClock() }
    }

    /// Tells the log what a change was refused for, once as long as it lasts.
    func tell(_ obstacle: WriteObstacle) {
        announcements.tell(obstacle: obstacle)
    }

    /// Lets a session go on in the next turn.
    func goOnLater(_ session: Session) {
        guard !session.isUnfinished else { return }
        session.isUnfinished = true
        unfinished.append(session)
    }

    /// Whether an address is this server's own.
    func isReached(at endpoint: Endpoint) -> Bool { listeners.areReached(at: endpoint) }

    /// Has a session looked at until the request that it has parked is answered.
    func park(_ session: Session) {
        parked.append(session)
        if parkedTimer == nil { parkedTimer = Timer(loop, every: Server.parkedInterval) {} }
    }

    /// Lets go of a session whose stream is closed, at the end of the turn.
    func retire(_ session: Session) {
        retired.append(session)
    }
}
