/// The current state of a run, for the live line.
package struct LiveState: Sendable {
    /// Replies a second, and the 99th percentile of latency in nanoseconds: of the last second.
    package let rate: Double
    package let p99: UInt64
    /// Errors since the run began.
    package let errors: Int
    package let isWarmup: Bool
    /// Seconds until the end, if known.
    package let secondsLeft: Double?

    init(now: Int, times: RunTimes, settings: LoadSettings, _ timeline: borrowing Timeline) {
        let recent = timeline.recent.filter { $0.start + times.measureStart >= now - 1_100_000_000 }
        var latencies = Recorder.intervalHistogram()
        for interval in recent { latencies.add(interval.latencies) }
        rate = recent.isEmpty ? 0 : recent.reduce(0) { $0 + $1.rate } / Double(recent.count)
        p99 = latencies.totalCount == 0 ? 0 : latencies.valueAtPercentile(99)
        errors = timeline.errors
        isWarmup = now < times.measureStart
        if times.measureEnd != .max {
            secondsLeft = max(0, Double(times.measureEnd - now) / 1e9)
        } else if case .requests(let count) = settings.limit, rate > 0, !isWarmup {
            secondsLeft = Double(max(0, count - timeline.replies)) / rate
        } else {
            secondsLeft = nil
        }
    }
}
