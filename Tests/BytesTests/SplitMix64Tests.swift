import Bytes
import Testing

/// A seed means the same numbers, on every machine.
@Suite("Seeded randomness")
struct SplitMix64Tests {
    @Test("the numbers are those of the published algorithm")
    func published() {
        var random = SplitMix64(seed: 1_234_567)
        let expected: [UInt64] = [
            6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423, 4_593_380_528_125_082_431,
            16_408_922_859_458_223_821,
        ]
        for number in expected { #expect(random.next() == number) }
    }

    @Test("every number below a limit occurs, and no other", arguments: [1, 2, 7, 100])
    func below(limit: Int) {
        var random = SplitMix64(seed: 1)
        var seen: Set<Int> = []
        for _ in 0..<(limit * 100) { seen.insert(random.below(limit)) }
        #expect(seen == Set(0..<limit))
    }

    @Test("the same seed draws the same, another seed or stream something else")
    func seeds() {
        func draw(_ seed: UInt64, _ stream: Int) -> [UInt64] {
            var random = SplitMix64(seed: seed, stream: stream)
            return (0..<8).map { _ in random.next() }
        }
        #expect(draw(1, 0) == draw(1, 0))
        #expect(draw(1, 0) != draw(2, 0))
        #expect(draw(1, 0) != draw(1, 1))
    }
}
