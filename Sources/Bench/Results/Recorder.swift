// The measurements of one thread. Latencies go into histograms of constant size (HdrHistogram), so recording always
// costs the same, and threads are merged without loss.

import Histogram

/// All latencies of a run.
package typealias LatencyHistogram = Histogram<UInt64>
/// The latencies of a short time.
package typealias IntervalHistogram = Histogram<UInt32>

/// The measurements of one thread.
package struct Recorder: Sendable {
    /// Latencies in nanoseconds, by the operation's raw value.
    package private(set) var latencies: [LatencyHistogram]
    package private(set) var misses = PerOperation(repeating: 0)
    package private(set) var errors = PerOperation(repeating: 0)
    /// Values that differ from what was written.
    package private(set) var mismatches = 0
    /// The first few errors and mismatches, as texts.
    package private(set) var complaints: [String] = []

    /// Replies since the interval began, measured or not.
    private(set) var interval = Recorder.intervalHistogram()
    private(set) var intervalErrors = 0

    /// An hour, in nanoseconds; longer times count as that.
    private static let longest: UInt64 = 3_600_000_000_000
    private static let complaintLimit = 3

    init() {
        latencies = LoadOperation.allCases.map { _ in Recorder.latencyHistogram() }
    }

    /// Three digits, down to a tenth of a microsecond.
    package static func latencyHistogram() -> LatencyHistogram {
        Histogram(
            lowestDiscernibleValue: 100, highestTrackableValue: longest, numberOfSignificantValueDigits: .three)
    }

    /// Two digits, down to a microsecond: small, because there is one per interval.
    package static func intervalHistogram() -> IntervalHistogram {
        Histogram(
            lowestDiscernibleValue: 1000, highestTrackableValue: longest, numberOfSignificantValueDigits: .two)
    }

    /// Counts `count` replies with the same latency.
    mutating func record(_ operation: LoadOperation, nanoseconds: Int, count: Int, isMeasured: Bool) {
        let value = min(UInt64(max(nanoseconds, 0)), Recorder.longest)
        interval.record(value, count: UInt32(truncatingIfNeeded: count))
        if isMeasured {
            latencies[Int(operation.measuredAs.rawValue)].record(value, count: UInt64(count))
        }
    }

    mutating func countMiss(_ operation: LoadOperation) {
        misses[Int(operation.measuredAs.rawValue)] += 1
    }

    mutating func countError(_ operation: LoadOperation, isMeasured: Bool, _ text: @autoclosure () -> String) {
        intervalErrors += 1
        if isMeasured { errors[Int(operation.measuredAs.rawValue)] += 1 }
        complain("\(operation.name) was answered with an error: \(text())")
    }

    mutating func countMismatch(_ text: @autoclosure () -> String) {
        mismatches += 1
        intervalErrors += 1
        complain(text())
    }

    private mutating func complain(_ text: @autoclosure () -> String) {
        if complaints.count < Recorder.complaintLimit { complaints.append(text()) }
    }

    /// Ends the interval and begins another.
    mutating func takeInterval() -> (histogram: IntervalHistogram, errors: Int) {
        defer {
            interval.reset()
            intervalErrors = 0
        }
        return (interval, intervalErrors)
    }

    /// Merges another thread's measurements.
    mutating func add(_ other: Recorder) {
        for index in latencies.indices {
            latencies[index].add(other.latencies[index])
            misses[index] += other.misses[index]
            errors[index] += other.errors[index]
        }
        mismatches += other.mismatches
        complaints += other.complaints.prefix(max(0, Recorder.complaintLimit - complaints.count))
    }
}
