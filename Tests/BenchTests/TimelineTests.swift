import Bench
import Testing

/// Replies over time.
@Suite("Timeline")
struct TimelineTests {
    private func interval(_ index: Int, start: Int? = nil, microseconds: UInt64, count: UInt32 = 10) -> Interval {
        var latencies = Recorder.intervalHistogram()
        latencies.record(microseconds * 1000, count: count)
        return Interval(
            index: index, start: start ?? index * 100_000_000, rate: Double(count) * 10, latencies: latencies, errors: 1
        )
    }

    @Test("threads are added up, whichever comes first, and points are in the order of time")
    func threads() {
        var timeline = Timeline()
        for index in [1, 0, 1, 2, 0, 2] { timeline.add(interval(index, microseconds: UInt64(index + 1) * 100)) }
        let points = timeline.points
        #expect(points.map(\.second) == [0, 0.1, 0.2])
        #expect(points.allSatisfy { $0.rate == 200 && $0.errors == 2 })
        for (index, point) in points.enumerated() {
            #expect(abs(Double(point.p50) - Double(index + 1) * 1e5) < 1500 * Double(index + 1))
        }
        #expect(timeline.errors == 6 && timeline.replies == 60)
    }

    @Test("the warm-up is not part of it, but its errors count")
    func warmup() {
        var timeline = Timeline()
        timeline.add(interval(0, start: -100_000_000, microseconds: 1))
        timeline.add(interval(1, start: 0, microseconds: 1))
        #expect(timeline.points.count == 1)
        #expect(timeline.replies == 10 && timeline.errors == 2)
    }

    @Test("a long run keeps few histograms and every point")
    func long() {
        var timeline = Timeline()
        for index in 0..<1000 { timeline.add(interval(index, microseconds: 100)) }
        #expect(timeline.recent.count <= 32)
        #expect(timeline.points.count == 1000)
        #expect(timeline.points.map(\.second) == timeline.points.map(\.second).sorted())
        // An interval long past: too late for its point.
        timeline.add(interval(3, microseconds: 100))
        #expect(timeline.points.count == 1000)
        #expect(timeline.replies == 10_010)
    }
}
