import Bytes
import Testing

@Suite("Back-off")
struct BackoffTests {
    @Test("each pause is between half of its limit and all of it; the limit doubles up to the longest")
    func limits() {
        for seed in 0..<200 as Range<UInt64> {
            var backoff = Backoff(seed: seed)
            for attempt in 0..<100 {
                let limit = attempt < 6 ? Backoff.first << UInt64(attempt) : Backoff.longest
                let pause = backoff.next()
                #expect((limit / 2...limit).contains(pause), "seed \(seed), attempt \(attempt)")
            }
            backoff.reset()
            #expect(backoff.next() <= Backoff.first, "seed \(seed)")
        }
    }

    @Test("clients that failed together do not return together")
    func jitter() {
        let pauses = Set(
            (0..<100 as Range<UInt64>).map { seed in
                var backoff = Backoff(seed: seed)
                for _ in 0..<10 { _ = backoff.next() }
                return backoff.next()
            })
        #expect(pauses.count > 80)
    }
}
