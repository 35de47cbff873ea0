// A second or less of a run, as the live line and the curves show it.

import Histogram

/// What came in during a short time, for the live line and for the curves over time.
package struct Interval: Sendable {
    /// Which one since the run began, warm-up included.
    package let index: Int
    /// In nanoseconds since the measurement began; below 0 in the warm-up.
    package let start: Int
    /// Replies a second.
    package var rate: Double
    package var latencies: IntervalHistogram
    package var errors: Int

    package init(index: Int, start: Int, rate: Double, latencies: IntervalHistogram, errors: Int) {
        self.index = index
        self.start = start
        self.rate = rate
        self.latencies = latencies
        self.errors = errors
    }

    /// Takes up another thread's part of the same interval.
    mutating func add(_ other: Interval) {
        rate += other.rate
        latencies.add(other.latencies)
        errors += other.errors
    }
}
