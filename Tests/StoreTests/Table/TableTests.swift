import Bytes
import Store
import TestSupport
import Testing

@Suite("The table")
struct TableTests {
    private func key(_ number: Int) -> [UInt8] { Array("key:\(number)".utf8) }

    @Test("200,000 changes leave what they leave in a Dictionary", arguments: SeededRandom.seeds(3))
    func model(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let table = Table(seed: seed)
        var model: [[UInt8]: [UInt8]] = [:]
        // Many keys, or few that change often; mostly written, or mostly removed.
        let keys = [200, 5_000, 60_000][Int(seed % 3)]
        for step in 1...200_000 {
            let isShrinking = step / 25_000 % 3 == 2
            let key = sizedKey(random.below(keys))
            if random.below(10) < (isShrinking ? 8 : 3) {
                #expect(table.remove(key) == (model.removeValue(forKey: key) != nil))
            } else {
                let value = random.bytes(random.below(100) == 0 ? random.below(5_000) : random.below(40))
                table.set(key, value)
                model[key] = value
            }
            if step % 20_000 == 0 { compare(table, model, keys: keys, step: step) }
        }
    }

    @Test("prefetching a key, requested later or not, changes no answer", arguments: SeededRandom.seeds(2))
    func prefetch(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let (table, plain) = (Table(seed: seed), Table(seed: seed))
        for number in 0..<5_000 where number % 3 != 0 {
            table.set(sizedKey(number), key(number))
            plain.set(sizedKey(number), key(number))
        }
        for _ in 0..<50_000 {
            let prefetched = (0..<random.below(5)).map { _ in sizedKey(random.below(6_000)) }
            for key in prefetched { table.prefetch(key.span) }
            if random.below(2) == 0 { table.prefetchPair() }
            // Occasionally one is not requested, or another one is.
            for wanted in prefetched where random.below(10) > 0 {
                let key = random.below(10) == 0 ? sizedKey(random.below(6_000)) : wanted
                #expect(table.hash(key.span) == plain.hash(key.span))
                #expect(table.get(key) == plain.get(key))
                if random.below(20) == 0 { #expect(table.remove(key) == plain.remove(key)) }
            }
        }
        #expect(table.check().isEmpty)
    }

    /// One key for each number, of very different sizes, the empty one among them.
    private func sizedKey(_ number: Int) -> [UInt8] {
        number == 0 ? [] : Array("\(number)".utf8) + [UInt8](repeating: UInt8(number & 0xff), count: number % 97)
    }

    private func compare(_ table: Table, _ model: [[UInt8]: [UInt8]], keys: Int, step: Int) {
        #expect(table.check().isEmpty, "step \(step)")
        #expect(table.count == model.count, "step \(step)")
        var wrong = 0
        for number in 0..<keys where table.get(sizedKey(number)) != model[sizedKey(number)] { wrong += 1 }
        #expect(wrong == 0, "step \(step)")
    }

    @Test("a table grows to 300,000 keys and shrinks to a few, sound all the way")
    func growth() {
        let table = Table(seed: 1)
        let total = 300_000
        for number in 0..<total {
            table.set(key(number), key(number))
            if number % 50_000 == 0 { #expect(table.check().isEmpty, "\(number) set") }
        }
        let largest = table.size
        #expect(table.check().isEmpty)
        #expect(table.count == total)
        #expect((0..<total).allSatisfy { table.get(key($0)) == key($0) })
        for number in 10..<total {
            #expect(table.remove(key(number)))
            if number % 50_000 == 0 { #expect(table.check().isEmpty, "\(number) removed") }
        }
        #expect(table.check().isEmpty)
        #expect(table.count == 10)
        #expect(table.size < largest / 20)
        #expect((0..<10).allSatisfy { table.get(key($0)) == key($0) })
        #expect((10..<total).allSatisfy { table.get(key($0)) == nil })
        for number in 0..<10_000 { table.set(key(number), []) }
        #expect(table.check().isEmpty)
        #expect(table.count == 10_000)
    }

    @Test("a value may be replaced by one of the same size, of another, and by none")
    func replace() {
        let table = Table(seed: 1)
        for value in [[1, 2, 3], [4, 5, 6], [], [7], [UInt8](repeating: 8, count: 100_000), []] as [[UInt8]] {
            table.set([0xff], value)
            #expect(table.get([0xff]) == value)
            #expect(table.count == 1)
            #expect(table.check().isEmpty)
        }
    }

    @Test("an empty table has no key, and removing one changes nothing")
    func empty() {
        let table = Table(seed: 1)
        #expect(table.get([]) == nil)
        #expect(!table.remove([1]))
        #expect(table.count == 0)
        #expect(table.check().isEmpty)
    }

    @Test("a cleared table is empty and usable at once, and its memory is given back in steps")
    func removeAll() {
        let table = Table(seed: 1)
        let sizeOfEmpty = table.size
        #expect(!table.giveBackMemory(buckets: 4))
        for round in 1...3 {
            for number in 0..<20_000 { table.set(key(number), key(round)) }
            table.removeAll()
            #expect(table.count == 0)
            #expect(table.size == sizeOfEmpty)
            #expect(table.get(key(1)) == nil)
            _ = table.giveBackMemory(buckets: 1)
        }
        table.set(key(1), key(2))
        var steps = 0
        while table.giveBackMemory(buckets: 4) {
            steps += 1
            if steps % 5 == 0 { table.set(key(steps), key(steps)) }
        }
        #expect(steps >= 3)
        #expect(table.get(key(1)) == key(2))
        #expect(table.count == 1 + steps / 5)
        #expect(table.check().isEmpty)
        #expect(!table.giveBackMemory(buckets: 4))
    }

    @Test("what is cleared counts until it is given back, to the last byte")
    func clearedSize() {
        let table = Table(seed: 1)
        let sizeOfEmpty = table.size
        for number in 0..<20_000 { table.set(key(number), key(number)) }
        let size = table.size
        table.removeAll()
        #expect(table.clearedSize == size)
        for number in 0..<1_000 { table.set(key(number), key(number)) }
        table.removeAll()
        var last = table.clearedSize
        #expect(last > size)
        while table.giveBackMemory(buckets: 4) {
            #expect(table.clearedSize < last)
            last = table.clearedSize
        }
        #expect(table.clearedSize == 0)
        #expect(table.size == sizeOfEmpty)
    }

    @Test("a pair's growth is what the table takes for it, but for the buckets")
    func pairGrowth() {
        let table = Table(seed: 1)
        // Sizes around those that malloc hands out: 8 bytes of header, then the key and the value.
        for (keySize, valueSize, blockSize) in [
            (0, 0, 32), (8, 8, 32), (8, 9, 48), (16, 32, 64), (16, 41, 80), (1, 100_000, 100_032),
            (0, 131_072, 135_168),
        ] {
            let key = [UInt8](repeating: 7, count: keySize)
            let value = [UInt8](repeating: 9, count: valueSize)
            #expect(table.growth(for: key.span, hash: table.hash(key.span), valueSize: valueSize) == blockSize + 12)
            let before = table.size
            table.set(key, value)
            #expect(table.size == before + blockSize)
            #expect(table.growth(for: key.span, hash: table.hash(key.span), valueSize: valueSize) == 0)
            #expect(table.growth(for: key.span, hash: table.hash(key.span), valueSize: 0) <= 0)
            #expect(table.growth(for: key.span, hash: table.hash(key.span), valueSize: valueSize + 4096) > 0)
            #expect(table.remove(key))
        }
    }

    @Test("keys that all belong at the end of their buckets are kept too")
    func crowdedEnds() {
        let table = Table(seed: 1)
        // One key in 512: as many as it takes to run into the last slots of a bucket again and again.
        let crowd = (0..<1 << 20).map { key($0) }.filter { table.hash($0.span) & 0xffff >= 0xff80 }
        #expect(crowd.count > 1_500)
        for (index, key) in crowd.enumerated() {
            table.set(key, key)
            if index % 100 == 0 { #expect(table.check().isEmpty, "\(index) set") }
        }
        #expect(crowd.allSatisfy { table.get($0) == $0 })
        #expect(table.count == crowd.count)
        for (index, key) in crowd.enumerated() where index % 3 != 0 { #expect(table.remove(key)) }
        #expect(table.check().isEmpty)
        for (index, key) in crowd.enumerated() { #expect(table.get(key) == (index % 3 == 0 ? key : nil)) }
    }
}
