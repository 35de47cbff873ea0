import Server
import Testing

@Suite("Recent figures")
struct RecentFiguresTests {
    /// A histogram of latencies that were recorded.
    private func histogram(_ times: [(time: Int, count: Int)]) -> Latencies.Snapshot {
        let latencies = Latencies()
        for (time, count) in times { latencies.record(.read, time, count: count) }
        return latencies.snapshot(.read)
    }

    private func counters(_ adjust: (inout RecentFigures.Counters) -> Void) -> RecentFigures.Counters {
        var counters = RecentFigures.Counters()
        counters.changes = 0
        counters.times = [Latencies.Snapshot](repeating: histogram([]), count: 4)
        adjust(&counters)
        return counters
    }

    @Test("a sample is the difference of two looks; without a second look there is none")
    func difference() {
        var figures = RecentFigures()
        figures.take(
            counters {
                $0.changes = 100
                $0.syncs = 7
                $0.syncTime = 9_000_000
            }, at: 5000)
        #expect(figures.next == 0 && figures.first == 0)
        figures.take(
            counters {
                $0.changes = 1100
                $0.syncs = 11
                $0.syncTime = 17_000_000
                $0.times = [
                    histogram([(1500, 300)]), histogram([(15_000, 10)]), histogram([(3_000_000, 10)]), histogram([]),
                ]
                $0.memory = 4096
                $0.lag = 3
            }, at: 6000)
        #expect(figures.next == 1)
        #expect(figures[0, .changes] == 1000 && figures[0, .reads] == 300)
        #expect(figures[0, .memory] == 4096 && figures[0, .lag] == 3)
        #expect(figures[0, .syncTime] == 2_000_000 && figures[0, .changesPerSync] == 25_000)
        // 1500 ns are between the bounds 1000 and 2000.
        #expect(figures[0, .readTime] == 1990)
        #expect(figures[0, .writeTime] == 19_900 && figures[0, .diskTime] == 4_970_000)
        #expect(figures[0, .replicaTime] == nil)
    }

    @Test("a second in which nothing happened has rates of 0, and no times")
    func idle() {
        var figures = RecentFigures()
        for second in 0..<3 { figures.take(counters { $0.changes = 40 }, at: second * 1000) }
        #expect(figures.next == 2)
        #expect(figures[1, .changes] == 0 && figures[1, .reads] == 0)
        for figure in [
            RecentFigures.Figure.readTime, .writeTime, .diskTime, .replicaTime, .syncTime, .changesPerSync, .lag,
        ] {
            #expect(figures[1, figure] == nil, "\(figure)")
        }
    }

    @Test("seconds in which the loop was busy get the mean of what came then")
    func busy() {
        var figures = RecentFigures()
        figures.take(counters { _ in }, at: 1000)
        figures.take(counters { $0.changes = 4000 }, at: 5000)
        #expect(figures.next == 4)
        for sample in 0..<4 { #expect(figures[sample, .changes] == 1000, "\(sample)") }
        // A timer that is a little late is one second, and its rate is exact.
        figures.take(counters { $0.changes = 5250 }, at: 6250)
        #expect(figures.next == 5 && figures[4, .changes] == 1000)
    }

    @Test("no rate counts what was loaded, or another history")
    func reload() {
        var figures = RecentFigures()
        figures.take(counters { $0.changes = nil }, at: 0)
        figures.take(counters { $0.changes = nil }, at: 1000)
        figures.take(counters { $0.changes = 1_000_000 }, at: 2000)
        figures.take(counters { $0.changes = 30 }, at: 3000)
        figures.take(counters { $0.changes = 50 }, at: 4000)
        let changes = (0..<4).map { figures[$0, .changes] }
        #expect(changes == [nil, 0, 0, 20])
    }

    @Test("15 minutes are kept, the newest, and the numbers go on")
    func ring() {
        var figures = RecentFigures()
        let count = RecentFigures.capacity + 250
        for second in 0...count { figures.take(counters { $0.memory = second }, at: second * 1000) }
        #expect(figures.next == count && figures.first == 250)
        for sample in figures.first..<figures.next { #expect(figures[sample, .memory] == sample + 1) }
        // A machine that slept for a day fills the ring once.
        figures.take(counters { $0.memory = 7 }, at: (count + 86_400) * 1000)
        #expect(figures.next == count + RecentFigures.capacity && figures[figures.first, .memory] == 7)
    }

    @Test("they take 72 KB")
    func size() {
        #expect(RecentFigures.capacity * RecentFigures.Figure.allCases.count * MemoryLayout<Int>.size == 72_000)
    }

    @Test("a percentile lies in the bucket of its value, whatever came before")
    func percentile() {
        let old = histogram([(4_000, 1_000_000), (9_000_000_000, 5)])
        #expect(old.percentile(99, since: old) == nil)
        var times: [(Int, Int)] = [(4_000, 1_000_000), (9_000_000_000, 5), (800_000, 980)]
        times.append((70_000_000, 20))
        let new = histogram(times)
        let (most, half) = (new.percentile(99, since: old) ?? 0, new.percentile(50, since: old) ?? 0)
        #expect(most > 50_000_000 && most <= 100_000_000)
        #expect(half > 500_000 && half <= 1_000_000)
        // Beyond the last bound nothing more is known.
        let long = histogram([(90_000_000_000, 1)])
        #expect(long.percentile(99, since: histogram([])) == 50_000_000_000)
    }
}
