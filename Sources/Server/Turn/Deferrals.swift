// Sessions with a request that is answered later. Most wait for a change to be somewhere, and are woken when it is (`WaitLists`); a few
// of an administrator's wait for what only a look each turn can tell.

import Reactor

/// The deferred requests of a server. Used from one thread.
final class Deferrals {
    /// Set once, when the server is made of its parts.
    private unowned var owner: Server?
    private var server: Server {
        guard let owner else { preconditionFailure("used before it is attached to a server") }
        return owner
    }
    private var lists = WaitLists()
    /// Whether anybody is on them, and whether anybody is looked at each turn. Asked each turn, so it is kept.
    private var isWaitedOn = false
    private var isPolling = false
    /// Sessions that are looked at each turn, and what makes turns meanwhile.
    private var polled: [Session] = []
    private var timer: Timer?
    /// Makes a turn when the first of those that wait has waited long enough.
    private let alarm: Alarm
    /// For when it is set, in milliseconds of the monotonic clock.
    private var alarmTime: Int?

    /// How often there is a turn while sessions are looked at, in milliseconds.
    private static let interval = 10

    init(_ alarm: Alarm) { self.alarm = alarm }

    /// Are a server's from now on.
    func attach(to server: Server) { owner = server }

    /// Has a session woken when its parked request may be answered.
    func add(_ session: Session) {
        guard let request = session.parked else { return }
        remove(session)
        guard !request.conditions.isEmpty else {
            polled.append(session)
            isPolling = true
            if timer == nil { timer = Timer(server.loop, every: Deferrals.interval) {} }
            return
        }
        let progress = progress
        let unmet = request.conditions.filter { !progress.meets($0) }
        guard !unmet.isEmpty else { return server.turn.add(session, to: .deferred) }
        assert(session.isParked, "a session waits that nothing was asked of")
        session.ticket = lists.add(session.id, for: unmet, until: request.deadline)
        isWaitedOn = true
    }

    /// Stops waiting for a session.
    func remove(_ session: Session) { lists.remove(session.ticket) }

    private var progress: Progress {
        var progress = Progress()
        progress.committed = server.store.committed
        progress.durable = server.store.durable
        progress.applied = server.replication.appliedChanges
        progress.acknowledged = server.replication.syncedChanges
        return progress
    }

    /// Wakes those whose requests may be answered now: they are, in the next turn's run.
    @inline(__always)
    func look() {
        if isWaitedOn { wake() }
    }

    private func wake() {
        for id in lists.wake(progress, at: server.clock.milliseconds) {
            if let session = server.connections[id] { server.turn.add(session, to: .deferred) }
        }
        let next = lists.nextDeadline()
        if let next, next != alarmTime { alarm.set(at: next * 1_000_000) }
        alarmTime = next
        isWaitedOn = !lists.isEmpty
    }

    /// Answers the requests that may be answered.
    @inline(__always)
    func advance(_ turn: Turn) {
        if isPolling || !turn.isEmpty(.deferred) { answer(turn) }
    }

    private func answer(_ turn: Turn) {
        for session in polled { turn.add(session, to: .deferred) }
        polled.removeAll(keepingCapacity: true)
        var sessions = turn.take(.deferred)
        for session in sessions {
            session.goOn()
            if !session.isParked { remove(session) } else if !session.hasMissedWake { add(session) }
        }
        turn.giveBack(&sessions)
        isPolling = !polled.isEmpty
        if !isPolling { timer = nil }
    }

    /// Lets go of all of them.
    func close() {
        (polled, timer, isPolling) = ([], nil, false)
    }
}
