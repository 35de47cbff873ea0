import Store
import Testing

@Suite("Durations of syncs")
struct SyncDurationTests {
    @Test("each duration counts in the first bucket that it does not exceed")
    func buckets() {
        #expect(SyncDurations.bounds.count == 21)
        #expect(SyncDurations.bounds.first == 10_000 && SyncDurations.bounds.last == 50_000_000_000)
        var durations = SyncDurations()
        for time in [0, 10_000, 10_001, 1_000_000, 1_000_001, 50_000_000_000, 50_000_000_001] { durations.record(time) }
        let used = durations.counts.indices.filter { durations.counts[$0] > 0 }
        #expect(used == [0, 1, 6, 7, 20, 21])
        #expect(durations.counts[0] == 2 && durations.counts.reduce(0, +) == 7)
        #expect(durations.sum == 100_002_020_003)
    }
}
