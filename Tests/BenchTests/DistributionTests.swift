import Bench
import Bytes
import Testing

/// The distribution of keys. Seeds are fixed, so the draws repeat.
@Suite("Distributions")
struct DistributionTests {
    private static let draws = 200_000

    /// How often each key was drawn.
    private func counts(_ distribution: Distribution, _ space: KeySpace, seed: UInt64) -> [Int] {
        var chooser = KeyChooser(distribution, in: space)
        var random = SplitMix64(seed: seed)
        var counts = [Int](repeating: 0, count: space.count)
        for _ in 0..<Self.draws { counts[chooser.next(&random)] += 1 }
        return counts
    }

    @Test("uniform: each key as often as any other", arguments: [UInt64(1), 2, 3])
    func uniform(seed: UInt64) {
        let counts = counts(.uniform, KeySpace(count: 100), seed: seed)
        // The expected 2,000 have a standard deviation of 44.5: five of them either way.
        for count in counts { #expect((1777...2223).contains(count)) }
    }

    @Test("zipf: ranks come as often as Zipf's law says", arguments: [UInt64(1), 2, 3])
    func zipfRanks(seed: UInt64) {
        let zipf = Zipf(count: 1000)
        var random = SplitMix64(seed: seed)
        var counts = [Int](repeating: 0, count: 1000)
        for _ in 0..<Self.draws { counts[zipf.next(&random)] += 1 }
        // The first two ranks are drawn exactly; the others by an approximation that is accurate to a few percent.
        for rank in 0..<2 {
            let expected = zipf.probability(of: rank) * Double(Self.draws)
            #expect(abs(Double(counts[rank]) - expected) < 5 * expected.squareRoot())
        }
        for range in [2..<10, 10..<100, 100..<1000] {
            let expected = range.reduce(0) { $0 + zipf.probability(of: $1) } * Double(Self.draws)
            let found = Double(counts[range].reduce(0, +))
            #expect(abs(found - expected) < expected * 0.1, "\(range): \(found) for \(expected)")
        }
    }

    @Test("zipf: every key can come, the frequent ones are scattered", arguments: [1, 2, 3, 10, 97, 100, 1000])
    func zipfKeys(keys: Int) {
        let counts = counts(.zipf, KeySpace(count: keys), seed: 1)
        #expect(counts.allSatisfy { $0 > 0 })
        guard keys >= 97 else { return }
        let frequent = counts.indices.sorted { counts[$0] > counts[$1] }.prefix(4)
        for key in frequent { #expect(!frequent.contains(key + 1)) }
    }

    @Test("zipf: few keys get most of the load")
    func skew() {
        let counts = counts(.zipf, KeySpace(count: 10_000), seed: 1).sorted(by: >)
        let top = counts.prefix(100).reduce(0, +)
        #expect(top > Self.draws / 2)
    }

    @Test("latest: the newest key most often, and inserts make newer ones")
    func latest() {
        let space = KeySpace(count: 1000)
        let before = counts(.latest, space, seed: 1)
        #expect(before.indices.max { before[$0] < before[$1] } == 999)
        for expected in 1000..<1010 {
            #expect(space.claim() == expected)
            space.acknowledge()
        }
        let after = counts(.latest, space, seed: 1)
        #expect(after.indices.max { after[$0] < after[$1] } == 1009)
        #expect(after[1009] == before[999])
    }

    @Test("sequential: threads together name each key once a round", arguments: [1, 2, 3, 7])
    func sequential(threads: Int) {
        let space = KeySpace(count: 100)
        var random = SplitMix64(seed: 1)
        var keys: [Int] = []
        for thread in 0..<threads {
            var chooser = KeyChooser(.sequential, in: space, thread: thread, of: threads)
            for _ in 0..<(100 - thread + threads - 1) / threads { keys.append(chooser.next(&random)) }
        }
        #expect(keys.sorted() == Array(0..<100))
    }
}
