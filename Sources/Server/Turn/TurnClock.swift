// The time within a turn, and the durations of its phases. The clock is read when a turn begins to run requests, after
// each connection's requests, and after each send: never for a single request.

import Reactor
import Store

/// The times of the current turn, in nanoseconds of the boot clock. Used from one thread.
package final class TurnClock {
    /// When the turn began to run requests, and when the clock was last read.
    private(set) var start = 0
    private(set) var last = 0
    /// How long the reactor thread itself wrote to the log in this turn; only in the relaxed modes.
    private(set) var writing = 0
    /// The number of changes in this turn.
    private var writes = 0
    /// The monotonic clock in this turn, in milliseconds; 0 before its first use.
    private var monotonic = 0
    /// The offset from boot time to Unix time, so that one reading gives both.
    private var storeClock: StoreClock
    private let wallClock: () -> UInt64

    /// - Parameter wallClock: microseconds since 1970-01-01 UTC.
    package init(wallClock: @escaping () -> UInt64) {
        self.wallClock = wallClock
        storeClock = StoreClock(TurnClock.reading(wallClock))
    }

    private static func reading(_ wallClock: () -> UInt64) -> ClockReading {
        let before = BootClock.nanoseconds
        let wall = Int(clamping: wallClock())
        // The thread may have been preempted between the two readings.
        return ClockReading(boot: before + (BootClock.nanoseconds - before) / 2, wall: wall)
    }

    /// Begins a turn.
    /// - Returns: the store's clock, in Unix milliseconds.
    @inline(__always)
    @discardableResult
    package func begin() -> UInt64 {
        start = BootClock.nanoseconds
        last = start
        (writing, writes, monotonic) = (0, 0, 0)
        return storeClock.milliseconds(at: start)
    }

    /// The monotonic clock for time-outs, in milliseconds. Read at most once a turn.
    package var milliseconds: Int {
        if monotonic == 0 { monotonic = MonotonicClock.milliseconds }
        return monotonic
    }

    // MARK: The store's clock

    /// The store's clock, in Unix milliseconds.
    var now: UInt64 { storeClock.milliseconds(at: BootClock.nanoseconds) }
    /// How long a jump of the wall clock must persist before the store's clock follows it, in nanoseconds.
    var patience: Int { storeClock.patience }
    /// See `StoreClock`.
    var ageTime: UInt64? { storeClock.ageTime }
    /// The lead of the store's clock over the wall clock at the last check, in microseconds.
    var lead: Int { storeClock.lead }

    /// Compares with the wall clock. Called each second.
    /// - Returns: the event to log, if any.
    func tick() -> ClockEvent? { storeClock.look(at: TurnClock.reading(wallClock)) }

    /// Advances the store's clock to a change's time, in Unix milliseconds, if that is later.
    func resume(from newest: UInt64, isSaid: Bool = false) {
        storeClock.resume(from: newest, at: BootClock.nanoseconds, isSaid: isSaid)
    }

    /// Goes by a leader's time from `time` on, in Unix milliseconds.
    func follow(from time: UInt64) { storeClock.follow(from: time, at: BootClock.nanoseconds) }

    /// Takes over the leader's time, in Unix milliseconds; see `StoreClock`.
    func hear(_ time: UInt64, isFirst: Bool) { storeClock.hear(time, at: BootClock.nanoseconds, isFirst: isFirst) }

    /// Goes by the wall clock from now on.
    func beginLeading() { storeClock.beginLeading(at: TurnClock.reading(wallClock)) }

    /// Whether the store's clock goes by a leader's.
    var isFollowing: Bool { storeClock.isFollowing }

    /// The wall clock now, in microseconds since 1970-01-01 UTC. It may jump.
    var wallTime: UInt64 { wallClock() }

    // MARK: Durations

    /// Reads the clock.
    /// - Returns: the time since it was last read.
    @discardableResult
    func lap() -> Int {
        let before = last
        last = BootClock.nanoseconds
        assert(last >= before, "the boot clock went back")
        return last &- before
    }

    /// Reads the clock outside the measured phases.
    func read() -> Int { BootClock.nanoseconds }

    /// Counts the time since the last reading as writing to the log.
    func lapOfWriting() { writing &+= lap() }

    @inline(__always)
    func count(writes count: Int) { writes &+= count }

    /// Ends the phase before sending, so that it is not charged to the first of several connections. A lone connection
    /// is charged with it, which saves most turns a reading.
    /// - Parameter sessions: the number of connections to flush.
    @inline(__always)
    func beginSending(to sessions: Int) {
        if sessions > 1 { lap() }
    }

    /// Records how long the turn's changes waited, and ends the turn.
    @inline(__always)
    func endTurn(_ latencies: Latencies) {
        if writing > 0 { latencies.record(.disk, writing, count: writes) }
        writing = 0
    }

    /// The time from the turn's beginning to the last reading.
    var elapsed: Int { last &- start }
}
