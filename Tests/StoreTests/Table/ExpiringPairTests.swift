import Bytes
import Store
import TestSupport
import Testing

@Suite("Pairs that expire")
struct ExpiringPairTests {
    private func key(_ number: Int) -> [UInt8] { Array("key:\(number)".utf8) }

    @Test(
        "a pair is there until its time, and without one for ever",
        arguments: [1, 1_795_533_252_153, Pair.latestExpiry])
    func time(expires: UInt64) {
        let table = Table(seed: 1)
        table.set([1], [2, 3], expires: expires)
        table.set([4], [5])
        #expect(table.get([1], at: expires - 1) == [2, 3])
        #expect(table.get([1], at: expires) == nil)
        #expect(table.get([1], at: .max) == nil)
        #expect(table.get([1], at: 0) == [2, 3])
        #expect(table.get([4], at: .max) == [5])
        #expect(table.expires([1]) == expires && table.expires([4]) == 0)
        #expect(table.count == 2 && table.expiringCount == 1)
        #expect(table.check().isEmpty)
    }

    @Test(
        "an expiry is set, moved and removed, and the value stays",
        arguments: [0, 1, 8, 9, 100, 131_040, 131_072, 200_000])
    func setExpiry(valueSize: Int) {
        var random = SeededRandom(seed: UInt64(valueSize))
        let value = random.bytes(valueSize)
        // Of all sizes of a pair modulo that of the allocator's steps, so that the time fits into some blocks.
        for keySize in 1...16 {
            let table = Table(seed: 1)
            let key = random.bytes(keySize)
            #expect(!table.setExpiry(of: key, to: 5))
            table.set(key, value)
            let size = size(of: key, in: table)
            for expires in [100, 7, 0, 0, Pair.latestExpiry, 3, 3, 0] as [UInt64] {
                #expect(table.setExpiry(of: key, to: expires))
                #expect(table.expires(key) == expires)
                #expect(table.get(key) == value)
                #expect(table.get(key, at: 50) == ([0, 100, Pair.latestExpiry].contains(expires) ? value : nil))
                #expect(table.expiringCount == (expires == 0 ? 0 : 1) && table.count == 1)
                #expect(table.check().isEmpty)
            }
            #expect(self.size(of: key, in: table) == size)
        }
    }

    private func size(of key: [UInt8], in table: Table) -> Int? {
        table.size(of: key.span, hash: table.hash(key.span), at: 0)
    }

    @Test("a pair without expiry takes what it took, and one with it eight bytes and what the allocator adds")
    func sizes() {
        for keySize in 1...40 {
            for valueSize in [0, 1, 7, 32, 100, 131_030, 131_072, 200_000] {
                let key = [UInt8](repeating: 7, count: keySize)
                let value = [UInt8](repeating: 9, count: valueSize)
                let (plain, expiring) = (Table(seed: 1), Table(seed: 1))
                let empty = plain.size
                #expect(
                    plain.growth(for: key.span, hash: 0, valueSize: valueSize) - 12
                        == Allocation.size(of: 8 + keySize + valueSize))
                let growth =
                    expiring.growth(for: key.span, hash: expiring.hash(key.span), valueSize: valueSize, expires: 5) - 12
                #expect(growth == Allocation.size(of: 16 + keySize + valueSize))
                plain.set(key, value)
                expiring.set(key, value, expires: 5)
                #expect(plain.size == empty + Allocation.size(of: 8 + keySize + valueSize))
                #expect(expiring.check().isEmpty)
            }
        }
    }

    @Test("a value of another size that takes as much memory is written over the old one")
    func overwriting() {
        let table = Table(seed: 1)
        var random = SeededRandom(seed: 1)
        // 8 bytes of sizes, a key of 4: up to 24, 40 and 56 bytes are one step of the allocator each.
        for (sizes, block) in [(0...12, 32), (13...28, 48), (29...44, 64), (139_237...143_332, 143_360)] {
            table.set([1, 2, 3, 4], random.bytes(sizes.lowerBound))
            var place = address(of: [1, 2, 3, 4], in: table)
            for size in [sizes.upperBound, sizes.lowerBound + 1, sizes.lowerBound, sizes.upperBound - 1] {
                let value = random.bytes(size)
                table.set([1, 2, 3, 4], value)
                #expect(table.get([1, 2, 3, 4]) == value)
                #expect(table.size(of: [1, 2, 3, 4].span, hash: table.hash([1, 2, 3, 4].span), at: 0) == block + 12)
                #expect(address(of: [1, 2, 3, 4], in: table) == place)
                #expect(table.check().isEmpty)
            }
            // An expiry takes eight of the bytes.
            let value = random.bytes(sizes.upperBound - 8)
            table.set([1, 2, 3, 4], value, expires: 9)
            #expect(address(of: [1, 2, 3, 4], in: table) == place && table.expires([1, 2, 3, 4]) == 9)
            table.set([1, 2, 3, 4], random.bytes(sizes.upperBound + 1), expires: 9)
            let moved = address(of: [1, 2, 3, 4], in: table)
            #expect(moved != place)
            place = moved
        }
    }

    private func address(of key: [UInt8], in table: Table) -> Int {
        guard let pair = table.pair(for: key.span, hash: table.hash(key.span), at: 0) else { return 0 }
        return unsafe pair.key.withUnsafeBytes { bytes in Int(bitPattern: bytes.baseAddress) }
    }

    @Test("no reader of the table meets a pair that has expired")
    func readers() {
        let table = Table(seed: 1)
        for number in 0..<9_000 { table.set(key(number), [1], expires: UInt64(number % 3 * 100)) }
        #expect(table.expiringCount == 6_000 && table.count == 9_000)
        for (time, living) in [(99, [0, 1, 2]), (100, [0, 2]), (200, [0])] as [(UInt64, [Int])] {
            var visits: [[UInt8]: Int] = [:]
            var cursor = ScanCursor()
            while !cursor.isAtEnd {
                table.scan(from: &cursor, size: 100, buckets: 3, at: time) { pair in
                    visits[Array(pair.key), default: 0] += 1
                    return 1
                }
            }
            let keys = (0..<9_000).filter { living.contains($0 % 3) }.map(key)
            #expect(visits == Dictionary(uniqueKeysWithValues: keys.map { ($0, 1) }))
            var random = SeededRandom(seed: 1)
            for _ in 0..<1_000 {
                let place = ScanCursor(number: random.next() & ScanCursor.largestNumber)
                #expect(table.pair(from: place, at: time).map { visits[Array($0.key)] == 1 } == true)
            }
            for number in 0..<30 {
                let isThere = living.contains(number % 3)
                let size = table.size(of: key(number).span, hash: table.hash(key(number).span), at: time)
                #expect((table.get(key(number), at: time) != nil) == isThere && (size != nil) == isThere)
            }
        }
        for number in 0..<9_000 where number % 3 == 0 { #expect(table.remove(key(number))) }
        #expect(table.pair(from: ScanCursor(), at: 200) == nil)
        table.removeAll()
        #expect(table.expiringCount == 0)
    }

    @Test("100,000 changes with times leave what they leave in a Dictionary", arguments: SeededRandom.seeds(3))
    func model(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let table = Table(seed: seed)
        var model: [[UInt8]: (value: [UInt8], expires: UInt64)] = [:]
        for step in 1...100_000 {
            let key = key(random.below(3_000))
            let expires = random.below(2) == 0 ? 0 : random.next() >> UInt64(1 + random.below(63))
            switch random.below(8) {
            case 0...3:
                let value = random.bytes(random.below(100) == 0 ? random.below(5_000) : random.below(40))
                table.set(key, value, expires: expires)
                model[key] = (value, expires)
            case 4...5:
                #expect(table.setExpiry(of: key, to: expires) == (model[key] != nil))
                model[key]?.expires = expires
            default:
                #expect(table.remove(key) == (model.removeValue(forKey: key) != nil))
            }
            guard step % 20_000 == 0 else { continue }
            #expect(table.check().isEmpty && table.count == model.count, "step \(step)")
            #expect(table.expiringCount == model.values.count { $0.expires != 0 }, "step \(step)")
            let isSame = (0..<3_000).map(self.key).allSatisfy {
                table.get($0) == model[$0]?.value && table.expires($0) == model[$0]?.expires
            }
            #expect(isSame, "step \(step)")
        }
    }
}
