import Server
import TestSupport
import Testing

@Suite("Prefixes")
struct PrefixIndexTests {
    private func matches(_ index: PrefixIndex, _ key: [UInt8]) -> [[UInt8]] {
        var found: [[UInt8]] = []
        index.visitMatches(of: key.span) { found.append(index.prefixes[$0]) }
        return found
    }

    @Test(
        "a key begins with exactly the prefixes that a comparison with each finds",
        arguments: Torture.seeds(20, orTorture: 2_000))
    func model(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var index = PrefixIndex()
        var model: [[UInt8]] = []
        func text() -> [UInt8] { (0..<random.below(6)).map { _ in [0, 97, 98, 255][random.below(4)] } }
        for _ in 0..<300 {
            if random.below(3) == 0, let last = model.randomElement(using: &random), let place = index.index(of: last) {
                index.remove(at: place)
                model.removeAll { $0 == last }
            } else {
                let prefix = text()
                #expect((index.index(of: prefix) != nil) == model.contains(prefix))
                if !model.contains(prefix) {
                    let place = index.insert(prefix)
                    #expect(index.prefixes[place] == prefix)
                    model.append(prefix)
                }
            }
            #expect(index.prefixes.sorted { $0.lexicographicallyPrecedes($1) } == index.prefixes)
            let key = text()
            // The longest first.
            #expect(matches(index, key) == model.filter { key.starts(with: $0) }.sorted { $0.count > $1.count })
        }
    }
}
