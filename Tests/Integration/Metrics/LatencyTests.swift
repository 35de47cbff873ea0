import Server
import Testing

/// The pure parts: buckets of histograms, and how a follower's lag is found.
@Suite("Latencies and lags")
struct LatencyTests {
    @Test("a time counts in every bucket whose bound it does not exceed")
    func buckets() {
        let bounds = Latencies().snapshot(.read).buckets.map(\.bound)
        #expect(bounds.count == 24 && bounds.first == 1000 && bounds.last == 50_000_000_000)
        #expect(bounds.prefix(4) == [1000, 2000, 5000, 10_000])
        for (index, bound) in bounds.enumerated() {
            for (time, first) in [(bound - 1, index), (bound, index), (bound + 1, index + 1)] {
                let latencies = Latencies()
                latencies.record(.write, time, count: 3)
                let snapshot = latencies.snapshot(.write)
                #expect(snapshot.count == 3 && snapshot.sum == 3 * time)
                for place in bounds.indices {
                    #expect(snapshot.buckets[place].count == (place >= first ? 3 : 0), "\(time) in \(place)")
                }
                #expect(latencies.snapshot(.read).count == 0 && latencies.snapshot(.disk).count == 0)
            }
        }
    }

    @Test("times from nothing to beyond the last bound are kept")
    func extremes() {
        let latencies = Latencies()
        for time in [0, 1, Int(Int32.max) * 1000] { latencies.record(.replica, time, count: 1) }
        let snapshot = latencies.snapshot(.replica)
        #expect(snapshot.count == 3 && snapshot.buckets[0].count == 2 && snapshot.buckets[23].count == 2)
    }

    @Test("a follower's lag is that of a change on its way, then of the last one, and nothing once it has all")
    func lag() {
        var probe = LagProbe()
        #expect(probe.lag(newest: 5, acknowledged: 5, at: 100) == 0)
        probe.look(newest: 7, acknowledged: 5, at: 1000)
        probe.look(newest: 9, acknowledged: 5, at: 2000)
        #expect(probe.lag(newest: 9, acknowledged: 5, at: 2500) == 1500)
        probe.note(acknowledged: 6, at: 2600)
        #expect(probe.lag(newest: 9, acknowledged: 6, at: 2700) == 1700)
        probe.note(acknowledged: 7, at: 2800)
        #expect(probe.lag(newest: 9, acknowledged: 7, at: 2900) == 1800)
        probe.note(acknowledged: 9, at: 3000)
        #expect(probe.lag(newest: 9, acknowledged: 9, at: 3100) == 0)
    }
}
