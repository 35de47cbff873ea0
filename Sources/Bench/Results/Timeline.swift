/// The intervals of a run, all threads together. The last few are kept with all their latencies, for late threads and
/// the live line; older ones as a few figures, so that a run may last for days.
package struct Timeline: Sendable {
    /// In the order of time.
    package private(set) var recent: [Interval] = []
    private var past: [TimelinePoint] = []
    /// Errors so far, and measured replies.
    package private(set) var errors = 0
    package private(set) var replies = 0

    /// Intervals last at least a tenth of a second: three seconds.
    private static let recentLimit = 32

    package init() {}

    package mutating func add(_ interval: Interval) {
        errors += interval.errors
        if interval.start >= 0 { replies += Int(interval.latencies.totalCount) }
        let place = recent.lastIndex { $0.index <= interval.index }
        if let place, recent[place].index == interval.index {
            recent[place].add(interval)
        } else if place != nil || recent.count < Timeline.recentLimit {
            recent.insert(interval, at: (place ?? -1) + 1)
        }
        guard recent.count > Timeline.recentLimit else { return }
        past += Timeline.points([recent.removeFirst()])
    }

    /// All points except the warm-up.
    package var points: [TimelinePoint] { past + Timeline.points(recent) }

    private static func points(_ intervals: [Interval]) -> [TimelinePoint] {
        intervals.filter { $0.start >= 0 }.map { interval in
            let latencies = interval.latencies
            let isEmpty = latencies.totalCount == 0
            return TimelinePoint(
                second: Double(interval.start) / 1e9, rate: interval.rate,
                p50: isEmpty ? 0 : latencies.valueAtPercentile(50), p99: isEmpty ? 0 : latencies.valueAtPercentile(99),
                max: isEmpty ? 0 : latencies.maxRecorded, errors: interval.errors)
        }
    }
}
