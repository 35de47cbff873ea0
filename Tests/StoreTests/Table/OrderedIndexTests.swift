import Bytes
import Store
import TestSupport
import Testing

@Suite("The ordered index")
struct OrderedIndexTests {
    private typealias Keys = [[UInt8]]

    private func keys(
        _ table: Table, _ range: KeyRange, isReversed: Bool = false, atMost limit: Int = .max
    ) -> Keys {
        var found: Keys = []
        guard limit > 0 else { return found }
        table.visit(range, isReversed: isReversed) { pair in
            found.append(Array(pair.key))
            return found.count < limit
        }
        return found
    }

    private func allKeys(_ table: Table) -> Keys { keys(table, KeyRange(from: [], to: nil)) }

    private func sorted(_ keys: some Sequence<[UInt8]>) -> Keys { keys.sorted { $0.lexicographicallyPrecedes($1) } }

    /// Keys of one kind: numbers, few letters in all lengths, long common prefixes, bytes at both ends of their range.
    private func key(_ kind: Int, _ random: inout SeededRandom) -> [UInt8] {
        switch kind {
        case 0: return Array("key:\(random.below(4_000))".utf8)
        case 1: return (0..<random.below(9)).map { _ in UInt8(ascii: "a") + UInt8(random.below(3)) }
        case 2:
            let prefix = [UInt8](repeating: 7, count: [300, 301, 2_000][random.below(3)])
            return prefix + Array("\(random.below(300))".utf8)
        default: return (0..<random.below(7)).map { _ in [0, 1, 0xfe, 0xff][random.below(4)] }
        }
    }

    @Test("is a sorted array, through inserts, moves, removals and clearing", arguments: SeededRandom.seeds(4))
    func model(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let table = Table(seed: seed)
        table.keepOrder(true)
        let empty = table.size
        var model: Set<[UInt8]> = []
        let steps = Torture.isOn ? 400_000 : 8_000
        var isSame = true
        for step in 1...steps {
            // Mostly written, or mostly removed, so that nodes split and are joined.
            let isShrinking = step / (steps / 10) % 3 == 2
            let key = key(random.below(8) == 0 ? random.below(4) : Int(seed % 4), &random)
            if random.below(10) < (isShrinking ? 8 : 3) {
                isSame = table.remove(key) == (model.remove(key) != nil) && isSame
            } else {
                // Of many sizes: the block moves.
                table.set(key, random.bytes(random.below(60)))
                model.insert(key)
            }
            if step == steps / 2 {
                table.removeAll()
                model.removeAll()
                #expect(table.size == empty && table.order == .known)
            }
            if step % 16 == 0 { _ = table.giveBackMemory(buckets: 1) }
            if step % (steps / 5) == 0 { compare(table, model, Int(seed % 4), &random, "step \(step)") }
        }
        for key in model { isSame = table.remove(key) && isSame }
        #expect(isSame && allKeys(table).isEmpty && table.check().isEmpty)
        #expect(indexSize(table) == IndexSize.empty)
        while table.giveBackMemory(buckets: 64) {}
        #expect(table.clearedSize == 0)
    }

    private enum IndexSize { static let empty = 1024 }

    /// Bytes of the index, which is dropped for it.
    private func indexSize(_ table: Table) -> Int {
        let size = table.size
        table.keepOrder(false)
        return size - table.size
    }

    private func compare(
        _ table: Table, _ model: Set<[UInt8]>, _ kind: Int, _ random: inout SeededRandom, _ place: String
    ) {
        #expect(table.check().isEmpty, "\(place)")
        let order = sorted(model)
        #expect(allKeys(table) == order, "\(place)")
        for _ in 0..<15 {
            var range = KeyRange(from: [], to: nil)
            switch random.below(3) {
            case 0: range = KeyRange(prefix: Array(key(kind, &random).prefix(random.below(8))))
            case 1: range = KeyRange(from: key(kind, &random), to: nil)
            default: range = KeyRange(from: key(kind, &random), to: key(kind, &random))
            }
            if random.below(3) == 0 { range.begin(behind: key(kind, &random)) }
            if random.below(3) == 0 { range.end(before: key(kind, &random)) }
            let inside = order.filter { key in
                !key.lexicographicallyPrecedes(range.lower) && range.upper.map(key.lexicographicallyPrecedes) ?? true
            }
            let limit = random.below(2) == 0 ? Int.max : random.below(300)
            #expect(keys(table, range, atMost: limit) == Array(inside.prefix(limit)), "\(place)")
            #expect(
                keys(table, range, isReversed: true, atMost: limit) == Array(inside.reversed().prefix(limit)),
                "\(place)")
        }
    }

    @Test("a range of a prefix is the keys that begin with it", arguments: SeededRandom.seeds(2))
    func prefixes(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<2_000 {
            let kind = 1 + 2 * random.below(2)
            let (prefix, key) = (key(kind, &random), key(kind, &random))
            let range = KeyRange(prefix: prefix)
            let isInside =
                !key.lexicographicallyPrecedes(range.lower) && range.upper.map(key.lexicographicallyPrecedes) ?? true
            #expect(isInside == key.starts(with: prefix), "\(prefix), \(key)")
        }
    }

    @Test("built by a walk under changes, it is complete when the walk ends", arguments: SeededRandom.seeds(2))
    func building(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let table = Table(seed: seed)
        var model: Set<[UInt8]> = []
        var isSame = true
        for round in 0..<3 {
            #expect(table.order == .unknown)
            for _ in 0..<8_000 {
                let key = Array("key:\(random.below(20_000))".utf8)
                table.set(key, key)
                model.insert(key)
            }
            let size = table.size
            table.keepOrder(true)
            #expect(table.order == .building(done: 0, total: model.count))
            var steps = 0
            while table.buildIndex(pairs: 1 + random.below(64)) {
                steps += 1
                for _ in 0..<random.below(20) {
                    let key = Array("key:\(random.below(20_000))".utf8)
                    if random.below(3) == 0 {
                        isSame = table.remove(key) == (model.remove(key) != nil) && isSame
                    } else {
                        table.set(key, random.bytes(random.below(40)))
                        model.insert(key)
                    }
                }
                if steps % 100 == 50 { #expect(table.check().isEmpty, "round \(round), step \(steps)") }
                if round == 1, steps == 100 {
                    table.removeAll()
                    model.removeAll()
                    #expect(table.order == .known)
                }
            }
            #expect(table.order == .known && table.check().isEmpty)
            #expect(isSame && steps >= 100 && (round == 1 || table.size > size))
            #expect(allKeys(table) == sorted(model))
            #expect(indexSize(table) >= 8 * model.count && table.order == .unknown && table.clearedSize > 0)
            while table.giveBackMemory(buckets: 1) {}
            #expect(table.clearedSize == 0 && table.check().isEmpty)
        }
    }

    @Test("dropped while it is being built, it leaves nothing behind, and can be begun again")
    func droppedWhileBuilding() {
        let table = Table(seed: 1)
        for number in 0..<4_000 { table.set(Array("\(number)".utf8), []) }
        let size = table.size
        for _ in 0..<3 {
            table.keepOrder(true)
            for _ in 0..<20 { #expect(table.buildIndex(pairs: 100)) }
            table.keepOrder(false)
            #expect(!table.buildIndex(pairs: 100) && table.size == size)
        }
        while table.giveBackMemory(buckets: 1) {}
        #expect(table.clearedSize == 0 && table.check().isEmpty)
    }

    @Test("inner nodes split and are joined too", arguments: [false, true])
    func growth(isInOrder: Bool) {
        var random = SeededRandom(seed: 1)
        let table = Table(seed: 1)
        table.keepOrder(true)
        // Half full leaves make an inner node split with 8,000.
        var numbers = Array(0..<(Torture.isOn ? 400_000 : 16_000))
        var isSame = true
        for shuffles in [!isInOrder, isInOrder] {
            if shuffles { numbers.shuffle(using: &random) }
            for number in numbers { table.set(Array("key:\(1_000_000 + number)".utf8), []) }
            #expect(table.check().isEmpty && table.count == numbers.count)
            if !shuffles { numbers.shuffle(using: &random) }
            for (index, number) in numbers.enumerated() {
                isSame = table.remove(Array("key:\(1_000_000 + number)".utf8)) && isSame
                if index % (numbers.count / 2) == 0 || index == numbers.count - 200 {
                    #expect(table.check().isEmpty, "\(index) removed")
                }
            }
            #expect(isSame && indexSize(table) == IndexSize.empty)
            while table.giveBackMemory(buckets: 64) {}
            table.keepOrder(true)
            numbers.sort()
        }
    }

    @Test("dead pairs that are removed leave it too")
    func expiry() {
        let table = Table(seed: 1)
        let time: UInt64 = 1_795_533_252_153
        _ = table.removeDue(at: time) { _ in true }
        table.keepOrder(true)
        for number in 0..<3_000 {
            table.set(Array("key:\(number)".utf8), [1], expires: number % 3 == 0 ? 0 : time + UInt64(number))
        }
        while table.removeDue(at: time + 10_000, where: { _ in true }) {}
        #expect(table.count == 1_000 && table.check().isEmpty)
        #expect(allKeys(table) == sorted((0..<1_000).map { Array("key:\($0 * 3)".utf8) }))
    }

    @Test("a pair costs 8 to 9 bytes where keys come in order, from either end, and 11 to 14 where they do not")
    func sizes() {
        let count = 12_000
        func bytes(_ numbers: [Int], prefixes: Int = 1) -> Double {
            let table = Table(seed: 1)
            table.keepOrder(true)
            for number in numbers {
                table.set(Array("user:\(number % prefixes + 10):\(1_000_000 + number)".utf8), [])
            }
            #expect(table.check().isEmpty)
            return Double(indexSize(table)) / Double(numbers.count)
        }
        var random = SeededRandom(seed: 1)
        let ascending = bytes(Array(0..<count))
        let descending = bytes((0..<count).reversed())
        let several = bytes(Array(0..<count), prefixes: 5)
        let shuffled = bytes(Array(0..<count).shuffled(using: &random))
        #expect(ascending > 8 && ascending < 9, "\(ascending)")
        #expect(descending > 8 && descending < 9, "\(descending)")
        #expect(several > 8 && several < 10, "\(several)")
        #expect(shuffled > 11 && shuffled < 14, "\(shuffled)")
    }

    @Test("keys that come in against each other's order do not make leaves of a single one")
    func order() {
        let table = Table(seed: 1)
        table.keepOrder(true)
        var isSame = true
        // Each goes behind the same full leaf, and before the last one.
        for number in 0..<200 { table.set(Array("a\(1_000 + number)".utf8), []) }
        for number in (0..<8_000).reversed() { table.set(Array("b\(100_000 + number)".utf8), []) }
        // An end that is taken away and set again.
        for _ in 0..<2_000 {
            for last in ["c1", "c2"] { table.set(Array(last.utf8), []) }
            for last in ["c1", "c2"] { isSame = table.remove(Array(last.utf8)) && isSame }
        }
        #expect(isSame && table.check().isEmpty)
        #expect(Double(indexSize(table)) / 8_200 < 12)
    }
}
