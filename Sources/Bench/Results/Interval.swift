// Up to a second of a run, for the live line and the curves.

import Histogram

/// The replies of a short time.
package struct Interval: Sendable {
    /// Its index since the run began, warm-up included.
    package let index: Int
    /// In nanoseconds since the measurement began; negative in the warm-up.
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

    /// Adds another thread's part of the same interval.
    mutating func add(_ other: Interval) {
        rate += other.rate
        latencies.add(other.latencies)
        errors += other.errors
    }
}
