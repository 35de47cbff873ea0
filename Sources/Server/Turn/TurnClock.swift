// What time it is in a turn, and how long its parts take. The clock is read when a turn begins to run requests, behind each
// connection's requests, and behind each sending: never for a single request.

import Reactor
import Store

/// The times of the turn under way, in nanoseconds of the boot time. Used from one thread.
package final class TurnClock {
    /// When the turn began to run requests, and when the clock was last read.
    private(set) var start = 0
    private(set) var last = 0
    /// How long the reactor itself has written to the log in this turn: in the relaxed modes.
    private(set) var writing = 0
    /// Changes that the turn's requests have made.
    private var writes = 0
    /// The monotonic clock in this turn, in milliseconds; 0 before it is asked for.
    private var monotonic = 0
    /// Makes Unix time of the boot time, so that one reading tells both.
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
        // The thread may have been interrupted between the two.
        return ClockReading(boot: before + (BootClock.nanoseconds - before) / 2, wall: wall)
    }

    /// Begins a turn.
    /// - Returns: Unix milliseconds, by the store's clock.
    @inline(__always)
    @discardableResult
    package func begin() -> UInt64 {
        start = BootClock.nanoseconds
        last = start
        (writing, writes, monotonic) = (0, 0, 0)
        return storeClock.milliseconds(at: start)
    }

    /// Milliseconds of the monotonic clock, by which whatever waits for a time goes. Read once a turn, when first asked for.
    package var milliseconds: Int {
        if monotonic == 0 { monotonic = MonotonicClock.milliseconds }
        return monotonic
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

    /// The wall clock now, in microseconds since 1970-01-01 UTC. It may jump.
    var wallTime: UInt64 { wallClock() }

    // MARK: The turn's parts

    /// Reads the clock.
    /// - Returns: the time since it was last read.
    @discardableResult
    func lap() -> Int {
        let before = last
        last = BootClock.nanoseconds
        assert(last >= before, "the boot time goes back")
        return last &- before
    }

    /// Reads the clock for something else.
    func read() -> Int { BootClock.nanoseconds }

    /// Notes that what was done since the clock was last read was writing to the log.
    func lapOfWriting() { writing &+= lap() }

    @inline(__always)
    func count(writes count: Int) { writes &+= count }

    /// Ends what comes before the sending, so that it is not charged to the first connection of several. A lone one is charged
    /// with it: that saves most turns a reading.
    /// - Parameter sessions: connections that are flushed.
    @inline(__always)
    func beginSending(to sessions: Int) {
        if sessions > 1 { lap() }
    }

    /// Records what the turn's changes have waited for, and ends the turn.
    @inline(__always)
    func endTurn(_ latencies: Latencies) {
        if writing > 0 { latencies.record(.disk, writing, count: writes) }
        writing = 0
    }

    /// From the turn's beginning to the last reading.
    var elapsed: Int { last &- start }
}
