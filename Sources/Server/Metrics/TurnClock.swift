// What time it is in a turn, and how long its parts take. The clock is read when a turn first does something for a client, behind each
// connection's requests, and behind each sending: never for a single request.

import Reactor
import Store

/// The times of the turn under way, in nanoseconds of the boot time. Used from one thread.
final class TurnClock {
    /// When the turn began to work for clients, and when the clock was last read.
    private(set) var start = 0
    private(set) var last = 0
    /// How long the reactor itself has written to the log in this turn: in the relaxed modes.
    private(set) var writing = 0
    /// Connections that have something to do in this turn, and changes that their requests have made.
    private var sessions = 0
    private var writes = 0
    /// Makes Unix time of the boot time, so that one reading tells both.
    private var storeClock: StoreClock
    private let wallClock: () -> UInt64

    /// - Parameter wallClock: microseconds since 1970-01-01 UTC.
    init(wallClock: @escaping () -> UInt64) {
        self.wallClock = wallClock
        storeClock = StoreClock(TurnClock.reading(wallClock))
    }

    private static func reading(_ wallClock: () -> UInt64) -> ClockReading {
        let before = BootClock.nanoseconds
        let wall = Int(clamping: wallClock())
        // The thread may have been interrupted between the two.
        return ClockReading(boot: before + (BootClock.nanoseconds - before) / 2, wall: wall)
    }

    /// Begins a turn.
    /// - Returns: Unix milliseconds, by the store's clock.
    @inline(__always)
    func begin() -> UInt64 {
        start = BootClock.nanoseconds
        last = start
        (writing, sessions, writes) = (0, 0, 0)
        return storeClock.milliseconds(at: start)
    }

    // MARK: The store's clock

    /// Unix milliseconds, by the store's clock.
    var now: UInt64 { storeClock.milliseconds(at: BootClock.nanoseconds) }
    /// How long a jump of the wall clock has to stay before it is followed, in nanoseconds.
    var patience: Int { storeClock.patience }
    /// See `StoreClock`.
    var ageTime: UInt64? { storeClock.ageTime }
    /// How far the store's clock was ahead of the wall clock when that was last looked at, in microseconds.
    var lead: Int { storeClock.lead }

    /// Looks at the wall clock: to be called each second.
    /// - Returns: what there is to say of it.
    func tick() -> ClockEvent? { storeClock.look(at: TurnClock.reading(wallClock)) }

    /// Goes on from a change's time, in Unix milliseconds, where that is later.
    func goOn(from newest: UInt64, isSaid: Bool = false) {
        storeClock.goOn(from: newest, at: BootClock.nanoseconds, isSaid: isSaid)
    }

    // MARK: The turn's parts

    /// Reads the clock.
    /// - Returns: the time since it was last read.
    @discardableResult
    func lap() -> Int {
        let before = last
        last = BootClock.nanoseconds
        return last &- before
    }

    /// Reads the clock for something else.
    func read() -> Int { BootClock.nanoseconds }

    /// Notes that what was done since the clock was last read was writing to the log.
    func lapOfWriting() { writing &+= lap() }

    /// Notes one more connection that has something to do.
    @inline(__always)
    func countSession() { sessions &+= 1 }

    @inline(__always)
    func count(writes count: Int) { writes &+= count }

    /// Whether the turn has anything to do for clients.
    var isRunning: Bool { sessions > 0 }

    /// Ends what comes before the sending, so that it is not charged to the first connection of several. A lone one is charged
    /// with it: that saves most turns a reading.
    @inline(__always)
    func beginSending() {
        if sessions > 1 { lap() }
    }

    /// Records what the turn's changes have waited for, and ends the turn.
    @inline(__always)
    func endTurn(_ latencies: Latencies) {
        if writing > 0 { latencies.record(.disk, writing, count: writes) }
        (sessions, writing) = (0, 0)
    }

    /// From the turn's beginning to the last reading.
    var elapsed: Int { last &- start }
}
