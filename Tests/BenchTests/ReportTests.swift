import Bench
import Bytes
import Histogram
import Testing

/// Figures, and how they are written.
@Suite("Reports")
struct ReportTests {
    @Test("numbers read as people read them")
    func numbers() {
        #expect([0, 999, 1000, 1_234_567, -1000].map(grouped) == ["0", "999", "1,000", "1,234,567", "-1,000"])
        #expect(
            [850, 12_340, 999_999, 4_560_000, 1_200_000_000].map(duration)
                == ["850 ns", "12.3 µs", "1000 µs", "4.56 ms", "1.20 s"])
        #expect(fixed(1.005, 1) == "1.0" && fixed(0.05, 1) == "0.1" && fixed(-1.25, 2) == "-1.25")
        #expect(fixed(2.5, 3, trimmed: true) == "2.5" && fixed(2, 3, trimmed: true) == "2" && fixed(7.6, 0) == "8")
        #expect(fixed(.nan, 2) == "-" && fixed(.infinity, 2) == "inf")
    }

    @Test("the percentile log has the lines that HdrHistogram's plotters read")
    func percentileLog() throws {
        var latencies = Recorder.latencyHistogram()
        for value in 1...1000 { latencies.record(UInt64(value) * 1000) }
        let lines = PercentileLog.text(latencies).split(separator: "\n", omittingEmptySubsequences: false).map(
            String.init)
        #expect(lines[0] == "       Value     Percentile TotalCount 1/(1-Percentile)")
        #expect(lines[1].isEmpty)
        let data = lines.dropFirst(2).prefix { !$0.hasPrefix("#") }
        #expect(data.count > 20)
        var last = (value: 0.0, percentile: 0.0)
        for line in data.dropLast() {
            let fields = line.split(separator: " ").compactMap { Double($0) }
            try #require(fields.count == 4, "\(line)")
            #expect(fields[0] >= last.value && fields[1] >= last.percentile && fields[1] < 1)
            #expect(abs(fields[3] - 1 / (1 - fields[1])) < fields[3] * 0.01 + 0.01)
            last = (fields[0], fields[1])
        }
        let end = try #require(data.last).split(separator: " ")
        #expect(end.count == 3 && end[1] == "1.000000000000" && end[2] == "1000")
        let trailer = lines.filter { $0.hasPrefix("#") }
        #expect(trailer.count == 3)
        #expect(trailer[0].wholeMatch(of: /#\[Mean    = +[0-9.]+, StdDeviation   = +[0-9.]+\]/) != nil)
        #expect(trailer[1].wholeMatch(of: /#\[Max     = +[0-9.]+, Total count    = +1000\]/) != nil)
        #expect(trailer[2].wholeMatch(of: /#\[Buckets = +[0-9]+, SubBuckets     = +2048\]/) != nil)
    }

    @Test("a summary's percentiles are those of the values")
    func summary() {
        var latencies = Recorder.latencyHistogram()
        for value in 1...10_000 { latencies.record(UInt64(value) * 1000) }
        let summary = LatencyFigures(latencies)
        #expect(summary.count == 10_000)
        let expected: [(UInt64, Double)] = [
            (summary.p50, 5e6), (summary.p90, 9e6), (summary.p99, 9.9e6), (summary.p999, 9.99e6),
            (summary.p9999, 9.999e6), (summary.max, 1e7),
        ]
        for (found, value) in expected { #expect(abs(Double(found) - value) < value * 0.001 + 100) }
        #expect(LatencyFigures(Recorder.latencyHistogram()).max == 0)
    }

    @Test("a spread is median, least and most")
    func spread() {
        let odd = Spread([3, 1, 2])
        #expect(odd.median == 2 && odd.least == 1 && odd.most == 3)
        #expect(Spread([4, 1, 2, 3]).median == 2.5)
        #expect(Spread([7]) == Spread([7, 7]))
    }

    @Test("a sweep goes up until the server does not follow, and the knee is the rate before")
    func sweep() {
        func latency(_ nanoseconds: UInt64) -> LatencyFigures {
            var latencies = Recorder.latencyHistogram()
            latencies.record(nanoseconds)
            return LatencyFigures(latencies)
        }
        var slow = Sweep(capacity: 1000)
        var rates: [Double] = []
        while let rate = slow.next {
            rates.append(rate)
            let time: UInt64 = rate > 450 ? 20_000_000 : 1_000_000
            slow.add(SweepStep(rate: rate, achieved: rate, latency: latency(time), limit: 10_000_000))
        }
        #expect(rates == [100, 200, 300, 400, 500])
        #expect(slow.knee?.rate == 400)
        #expect(slow.steps.last?.excess?.contains("p99") == true)
        var short = Sweep(capacity: 1000)
        while let rate = short.next {
            short.add(
                SweepStep(rate: rate, achieved: min(rate, 700), latency: latency(1000), limit: 10_000_000))
        }
        #expect(short.knee?.rate == 700)
        #expect(short.steps.last?.excess == "only 88 % of the rate was reached")
        var endless = Sweep(capacity: 1000)
        while let rate = endless.next {
            endless.add(SweepStep(rate: rate, achieved: rate, latency: latency(1000), limit: 10_000_000))
        }
        #expect(endless.steps.count < 30 && endless.knee != nil)
    }

    @Test("the client reports when it was the bottleneck, and only then")
    func warnings() {
        func use(busy: Double, late: Double = 0, open: Bool = false) -> ClientUse {
            ClientUse(
                microseconds: 1, busiestThread: busy, lateShare: late, longestDelay: 5_000_000, isOpenLoop: open)
        }
        #expect(use(busy: 0.5).warning(serverUse: nil) == nil)
        #expect(use(busy: 0.5).warning(serverUse: 1) == nil)
        #expect(use(busy: 0.95).warning(serverUse: nil)?.hasPrefix("THE CLIENT WAS THE BOTTLENECK") == true)
        #expect(use(busy: 0.95).warning(serverUse: 0.4)?.contains("the server only 40 %") == true)
        #expect(use(busy: 0.95).warning(serverUse: 0.99)?.contains("both busy") == true)
        #expect(use(busy: 0.2, late: 0.05, open: true).warning(serverUse: nil)?.contains("5.0 %") == true)
        #expect(use(busy: 0.2, late: 0.0001, open: true).warning(serverUse: nil) == nil)
        #expect(use(busy: 0.2, late: 0.05, open: false).warning(serverUse: nil) == nil)
    }
}
