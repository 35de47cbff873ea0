import Histogram

/// What came in during a short time, for the live line and for the curves over time.
struct Interval: Sendable {
    /// Which one since the run began, warm-up included.
    let index: Int
    /// In nanoseconds since the measurement began; below 0 in the warm-up.
    let start: Int
    /// Replies a second.
    var rate: Double
    var latencies: IntervalHistogram
    var errors: Int

    /// Takes up another thread's part of the same interval.
    mutating func add(_ other: Interval) {
        rate += other.rate
        latencies.add(other.latencies)
        errors += other.errors
    }
}
