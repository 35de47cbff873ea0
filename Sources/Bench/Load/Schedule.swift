// The open loop's schedule. Requests begin at predetermined times, whatever the server does, so waiting for the server
// counts. (Gil Tene, "How not to measure latency", and his wrk2: a closed loop asks less while the server is slow, and
// so omits just the latencies that matter.)

/// The intended start of each request of one thread.
package struct Schedule: Sendable {
    private let start: Int
    private let interval: Double
    /// Requests taken so far.
    package private(set) var count = 0

    /// - Parameters:
    ///   - start: the start of the run, in nanoseconds of `MonotonicClock`.
    ///   - rate: requests a second of all threads together; they alternate.
    package init(start: Int, rate: Double, thread: Int, of threads: Int) {
        interval = Double(threads) * 1e9 / rate
        self.start = start + Int(1e9 / rate * Double(thread))
    }

    /// The start of the next request.
    package var next: Int { start + Int(Double(count) * interval) }

    /// How many requests are due at `now`.
    package func due(at now: Int) -> Int {
        guard now >= next else { return 0 }
        return max(Int(Double(now - start) / interval) + 1 - count, 1)
    }

    /// Skips requests intended before `time`.
    package mutating func skip(before time: Int) { count += due(at: time - 1) }

    package mutating func take() -> Int {
        defer { count += 1 }
        return next
    }
}
