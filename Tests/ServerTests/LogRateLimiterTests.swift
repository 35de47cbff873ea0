import Server
import Testing

@Suite("Repeated log messages")
struct LogRateLimiterTests {
    private func admits(_ limiter: inout LogRateLimiter, _ message: String, line: UInt = 1, at now: Int) -> Bool {
        limiter.admits(message, level: "warning", file: "F", line: line, at: now)
    }

    private func texts(_ summaries: [LogRateLimiter.Summary]) -> [String] {
        summaries.map { "\($0.level) \($0.message) \($0.count) \($0.isOfPlace)" }
    }

    @Test("the same message is said five times, then counted, and summed up after ten seconds")
    func flood() {
        var limiter = LogRateLimiter()
        let said = (0..<1000).count { admits(&limiter, "full", at: $0) }
        #expect(said == LogRateLimiter.burst)
        let early = limiter.takeSummaries(at: LogRateLimiter.interval - 1)
        #expect(early.isEmpty)
        let summaries = texts(limiter.takeSummaries(at: LogRateLimiter.interval))
        #expect(summaries == ["warning full 995 false"])
        let later = limiter.takeSummaries(at: 10 * LogRateLimiter.interval)
        #expect(later.isEmpty)
        let again = admits(&limiter, "full", at: LogRateLimiter.interval + 1)
        #expect(again)
    }

    @Test("other messages, other fields and other places are not the same")
    func others() {
        var limiter = LogRateLimiter()
        for _ in 0..<9 { _ = admits(&limiter, "full", at: 0) }
        let others = [
            admits(&limiter, "empty", at: 0), admits(&limiter, "full", line: 2, at: 0),
            limiter.admits("full", fields: "client=2", level: "warning", file: "F", line: 1, at: 0),
            admits(&limiter, "full", at: 0),
        ]
        #expect(others == [true, true, true, false])
    }

    @Test("a place that finds new words each time is limited as well, and takes no memory for each")
    func place() {
        var limiter = LogRateLimiter()
        let said = (0..<10_000).count { admits(&limiter, "number \($0)", at: 0) }
        #expect(said == LogRateLimiter.placeBurst)
        let summaries = texts(limiter.takeSummaries(at: LogRateLimiter.interval))
        #expect(summaries == ["warning number 9999 9950 true"])
    }

    @Test("at the end everything is summed up, whatever the time")
    func end() {
        var limiter = LogRateLimiter()
        for _ in 0..<7 { _ = admits(&limiter, "full", at: 0) }
        let counts = (0..<2).map { _ in limiter.takeSummaries(at: 1, all: true).map(\.count) }
        #expect(counts == [[2], []])
    }
}
