// Clients come, are looked after each second, and are let go.

import Bytes
import Logging
import Reactor
import Store

extension Server {
    // MARK: Connections

    func accept(_ connection: Listener.Connection) {
        guard sessions.count < limits.clientCount else {
            statistics.refusedConnections += 1
            if statistics.refusedConnections.nonzeroBitCount == 1 {
                log.warning(
                    "Connection refused: \(sessions.count) clients are connected, which is the limit (refused so far: \(statistics.refusedConnections))"
                )
            }
            return connection.refuse("-ERR max number of clients reached\r\n")
        }
        lastID += 1
        statistics.connections += 1
        let session = Session(id: lastID, server: self, stream: Stream(loop, connection))
        sessions[lastID] = session
        session.stream.start(session)
    }

    func resumeAccepting() {
        guard !stopRequest.wasMade else { return }
        listeners.resume()
    }

    func eachSecond() {
        everySecond?()
        let now = WallClock.milliseconds
        for session in sessions.values { session.closeIfLingering(before: now - Server.lingerTime) }
        dropIdleHolders()
        resumeAccepting()
        metrics?.tick()
        slowLog.tick()
        clock.tick()
        if loading?.isReportDue() == true { log.info("Loading \(announcements.data): \(loading?.description ?? "")") }
        // Also while everything is loaded again: the leader has to hear of this server.
        if hasStarted { replication.tick() }
        guard store.isLoaded else { return }
        store.now = WallClock.milliseconds
        if store.durability == .interval { store.requestSync() }
        store.tick()
        announcements.tell(obstacle: store.obstacle)
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
