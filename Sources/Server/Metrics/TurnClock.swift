// How long the parts of a turn take. The clock is read when a turn first does something for a client, behind each connection's
// requests, and behind each sending: never for a single request.

import Reactor

/// The times of the turn under way, in nanoseconds of the monotonic clock. Used from one thread.
final class TurnClock {
    /// When the turn began to work for clients, and when the clock was last read.
    private(set) var start = 0
    private(set) var last = 0
    /// How long the reactor itself has written to the log in this turn: in the relaxed modes.
    private(set) var writing = 0
    /// Connections that have something to do in this turn, and changes that their requests have made.
    private var sessions = 0
    private var writes = 0
    /// What has to be added to get Unix time. So one reading tells both; it is looked at again each second.
    private var offset = TurnClock.unixOffset

    private static var unixOffset: Int { Int(WallClock.microseconds) * 1000 - MonotonicClock.nanoseconds }

    /// Begins a turn.
    /// - Returns: Unix milliseconds.
    @inline(__always)
    func begin() -> UInt64 {
        start = MonotonicClock.nanoseconds
        last = start
        (writing, sessions, writes) = (0, 0, 0)
        return UInt64(truncatingIfNeeded: (start &+ offset) / 1_000_000)
    }

    /// Looks whether somebody has set the time of day.
    func tick() { offset = TurnClock.unixOffset }

    /// Reads the clock.
    /// - Returns: the time since it was last read.
    @discardableResult
    func lap() -> Int {
        let before = last
        last = MonotonicClock.nanoseconds
        return last &- before
    }

    /// Reads the clock for something else.
    func read() -> Int { MonotonicClock.nanoseconds }

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
