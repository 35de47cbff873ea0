// Sessions with a deferred request. Most wait for a change to be committed or replicated, and are woken by `WaitLists`.
// A few administrative requests wait for a condition that has to be polled each turn.

import Reactor

/// The deferred requests of a server. Used from one thread.
final class Deferrals {
    /// Set once, when the server is assembled.
    private unowned var owner: Server?
    private var server: Server {
        guard let owner else { preconditionFailure("used before it is attached to a server") }
        return owner
    }
    private var lists = WaitLists()
    /// Whether any session waits, and whether any is polled. Checked each turn, so both are cached.
    private var isWaitedOn = false
    private var isPolling = false
    /// Sessions that are polled each turn, and the timer that causes turns meanwhile.
    private var polled: [Session] = []
    private var timer: Timer?
    /// Causes a turn at the earliest deadline.
    private let alarm: Alarm
    /// The time for which the alarm is set, in milliseconds of the monotonic clock.
    private var alarmTime: Int?

    /// How often polled sessions cause a turn, in milliseconds.
    private static let interval = 10

    init(_ alarm: Alarm) { self.alarm = alarm }

    /// Attaches the deferrals to their server.
    func attach(to server: Server) { owner = server }

    /// Registers a session, to be woken when its deferred request may be answered.
    func add(_ session: Session) {
        guard let request = session.deferredRequest else { return }
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
        assert(session.hasDeferredRequest, "a session without a deferred request waits for its reply")
        session.ticket = lists.add(session.id, for: unmet, until: request.deadline)
        isWaitedOn = true
    }

    /// Unregisters a session.
    func remove(_ session: Session) { lists.remove(session.ticket) }

    private var progress: Progress {
        var progress = Progress()
        progress.committed = server.store.committed
        progress.durable = server.store.durable
        progress.applied = server.replication.appliedChanges
        progress.acknowledged = server.replication.syncedChanges
        return progress
    }

    /// Wakes the sessions whose requests may be answered now. The next turn's run phase answers them.
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

    /// Answers the requests of woken and polled sessions.
    @inline(__always)
    func advance(_ turn: Turn) {
        if isPolling || !turn.isEmpty(.deferred) { answer(turn) }
    }

    private func answer(_ turn: Turn) {
        for session in polled { turn.add(session, to: .deferred) }
        polled.removeAll(keepingCapacity: true)
        var sessions = turn.take(.deferred)
        for session in sessions {
            session.resume()
            if !session.hasDeferredRequest { remove(session) } else if !session.hasMissedWake { add(session) }
        }
        turn.giveBack(&sessions)
        isPolling = !polled.isEmpty
        if !isPolling { timer = nil }
    }

    /// Forgets all sessions.
    func close() {
        (polled, timer, isPolling) = ([], nil, false)
    }
}
