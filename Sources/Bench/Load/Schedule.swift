// The open loop's timetable. Requests begin at moments that are fixed beforehand, whatever the server does; what it makes
// wait counts as waiting. (Gil Tene, "How not to measure latency", and his wrk2: a closed loop asks less while the server
// is slow, and so leaves out just the latencies that matter.)

/// When each request of one thread is to begin.
package struct Schedule: Sendable {
    private let start: Int
    private let interval: Double
    /// Requests taken off so far.
    package private(set) var count = 0

    /// - Parameters:
    ///   - start: when the run begins, in nanoseconds of `MonotonicClock`.
    ///   - rate: requests a second of all threads together; they take turns.
    package init(start: Int, rate: Double, thread: Int, of threads: Int) {
        interval = Double(threads) * 1e9 / rate
        self.start = start + Int(1e9 / rate * Double(thread))
    }

    /// When the next request is to begin.
    package var next: Int { start + Int(Double(count) * interval) }

    /// How many requests are due at `now`.
    package func due(at now: Int) -> Int {
        guard now >= next else { return 0 }
        return max(Int(Double(now - start) / interval) + 1 - count, 1)
    }

    /// Leaves out what was to begin before `time`.
    package mutating func skip(before time: Int) { count += due(at: time - 1) }

    package mutating func take() -> Int {
        defer { count += 1 }
        return next
    }
}
