import Bytes
import Store
import TestSupport
import Testing

@Suite("Removing what has expired")
struct TableExpiryTests {
    private static let start: UInt64 = 1_795_533_252_153
    private static let (second, hour, day): (UInt64, UInt64, UInt64) = (1_000, 3_600_000, 86_400_000)

    private func key(_ number: Int) -> [UInt8] { Array("key:\(number)".utf8) }

    /// Removes all that comes up at a time. Returns the keys in the order in which they came.
    private func removeDue(_ table: Table, at time: UInt64, where isRemoved: (Pair) -> Bool = { _ in true })
        -> [[UInt8]]
    {
        var keys: [[UInt8]] = []
        while table.removeDue(
            at: time,
            where: { pair in
                keys.append(Array(pair.key))
                return isRemoved(pair)
            })
        {}
        return keys
    }

    /// The bound on entries, in bytes: full chunks, one more for each list, and slabs that are not full.
    private func mostBytes(pairs: Int) -> Int { (2 * pairs + 65_536) * 9 + 1_200 * 512 + 100_000 }

    @Test(
        "nothing goes early, all that is due goes, and the rest is as in a Dictionary", arguments: SeededRandom.seeds(4)
    )
    func model(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let table = Table(seed: seed)
        var model: [[UInt8]: (value: [UInt8], expires: UInt64)] = [:]
        var now = TableExpiryTests.start
        if seed % 2 == 0 { #expect(!table.removeDue(at: now) { _ in true }) }
        // Few keys that are changed often, or many, in buckets that split.
        let keys = [300, 20_000][Int(seed / 2 % 2)]
        let spans: [UInt64] = [1, 64, 1_000, 60_000, 4_000_000, 12 * TableExpiryTests.day, 40 * TableExpiryTests.day]
        var gone = 0
        for step in 1...60_000 {
            let key = key(random.below(keys))
            let expires = now + 1 + UInt64(random.below(Int(spans[random.below(spans.count)])))
            switch random.below(40) {
            case 0...19:
                let isExpiring = random.below(4) > 0
                let value = random.bytes(random.below(60))
                table.set(key, value, expires: isExpiring ? expires : 0)
                model[key] = (value, isExpiring ? expires : 0)
            case 20...29:
                let new = random.below(5) == 0 ? 0 : random.below(50) == 0 ? Pair.latestExpiry : expires
                #expect(table.setExpiry(of: key, to: new) == (model[key] != nil))
                model[key]?.expires = new
            case 30...36: #expect(table.remove(key) == (model.removeValue(forKey: key) != nil))
            default:
                // The more often, the fewer.
                guard keys < 1_000 || random.below(30) == 0 else { continue }
                now += 1 + UInt64(random.below(Int(spans[random.below(spans.count)])))
                let keys = removeDue(table, at: now)
                gone += keys.count
                for key in keys {
                    #expect(
                        model.removeValue(forKey: key).map { $0.expires != 0 && $0.expires <= now } == true,
                        "step \(step)")
                }
                let isLeft = model.values.contains { $0.expires != 0 && $0.expires < (now + 1) & ~63 }
                #expect(!isLeft, "step \(step)")
                #expect(table.count == model.count, "step \(step)")
                if isLeft { return }
            }
            guard step % 5_000 == 0 else { continue }
            #expect(table.check().isEmpty, "step \(step)")
            #expect(table.expiringCount == model.values.count { $0.expires != 0 }, "step \(step)")
            let isSame = model.allSatisfy {
                table.get($0.key) == $0.value.value && table.expires($0.key) == $0.value.expires
            }
            #expect(isSame, "step \(step)")
        }
        #expect(gone > 1_000)
        _ = removeDue(table, at: .max)
        #expect(table.expiringCount == 0 && table.count == model.values.count { $0.expires == 0 })
        #expect(table.check().isEmpty)
    }

    @Test("every dead pair of a bucket and a tag goes with the first entry that comes out, and the living ones stay")
    func sharedTags() {
        let table = Table(seed: 1)
        // Keys of one tag: in a small table they share the bucket.
        let tag = table.hash(key(0).span) & 0xffff
        let group = (0..<600_000).lazy.map { self.key($0) }.filter { table.hash($0.span) & 0xffff == tag }
        let keys = Array(group.prefix(6))
        #expect(keys.count == 6)
        let time = TableExpiryTests.start
        #expect(!table.removeDue(at: time) { _ in true })
        // The tick of the last is not over when its time has come, but that of the one before is.
        let last = (time + 2_000) & ~63 | 5
        table.set(keys[0], [0], expires: time + 1_000)
        table.set(keys[1], [1], expires: last - 64)
        table.set(keys[2], [2])
        table.set(keys[3], [3], expires: time + 100_000)
        table.set(keys[4], [4], expires: last)
        // An expiry that moves leaves an entry that finds its pair alive.
        for _ in 0..<3 { #expect(table.setExpiry(of: keys[0], to: time + 500_000)) }
        #expect(removeDue(table, at: time + 1_500).isEmpty)
        #expect(removeDue(table, at: last - 1) == [keys[1]])
        table.set(keys[1], [1], expires: last - 64)
        #expect(Set(removeDue(table, at: last)) == [keys[1], keys[4]])
        #expect([0, 2, 3].allSatisfy { table.get(keys[$0]) == [UInt8($0)] } && table.count == 3)
        #expect(table.check().isEmpty)
        #expect(removeDue(table, at: time + 100_100) == [keys[3]])
        #expect(removeDue(table, at: time + 600_000) == [keys[0]])
        #expect(table.count == 1 && table.nextDueTime == nil && table.check().isEmpty)
    }

    @Test("living pairs with one tag keep one entry each, however often they are found alive")
    func sharedTagsThatLive() {
        let table = Table(seed: 1)
        let tag = table.hash(key(0).span) & 0xffff
        let keys = Array(
            (0..<600_000).lazy.map { self.key($0) }.filter { table.hash($0.span) & 0xffff == tag }.prefix(4))
        var time = TableExpiryTests.start
        #expect(!table.removeDue(at: time) { _ in true })
        for key in keys { table.set(key, key, expires: time + TableExpiryTests.hour) }
        let size = table.size
        for _ in 0..<200 {
            time += TableExpiryTests.hour - TableExpiryTests.second
            for key in keys { #expect(table.setExpiry(of: key, to: time + TableExpiryTests.hour)) }
            #expect(removeDue(table, at: time).isEmpty)
        }
        // Two hundred times twice as many entries would be more than one slab.
        #expect(table.size == size && table.check().isEmpty)
        #expect(Set(removeDue(table, at: time + 2 * TableExpiryTests.hour)) == Set(keys))
    }

    @Test(
        "a pair that is to stay comes up again once it is asked for, and not before", arguments: SeededRandom.seeds(2))
    func kept(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let table = Table(seed: seed)
        let start = TableExpiryTests.start
        for number in 0..<3_000 { table.set(key(number), [1], expires: start + UInt64(random.below(10_000))) }
        #expect(Set(removeDue(table, at: start + 20_000, where: { _ in false })).count == 3_000)
        #expect(table.count == 3_000 && table.nextDueTime == nil)
        #expect(removeDue(table, at: start + 30_000).isEmpty)
        #expect(table.get(key(1), at: start + 30_000) == nil && table.get(key(1)) == [1])
        // Meanwhile some live on, some are gone, and others come.
        for number in 0..<1_000 { table.set(key(number), [2], expires: start + TableExpiryTests.day) }
        for number in 1_000..<2_000 { #expect(table.remove(key(number))) }
        for number in 5_000..<6_000 { table.set(key(number), [3], expires: start + 40_000) }
        #expect(table.check().isEmpty)
        table.retryKept()
        #expect(Set(removeDue(table, at: start + 30_000)) == Set((2_000..<3_000).map(key)))
        #expect(Set(removeDue(table, at: start + 50_000)) == Set((5_000..<6_000).map(key)))
        #expect(table.check().isEmpty)
        #expect(removeDue(table, at: start + 2 * TableExpiryTests.day).count == 1_000)
    }

    @Test("stale entries are bounded, even where nobody removes what is due")
    func bound() {
        let table = Table(seed: 1)
        let empty = table.size
        let pairs = 2_000
        for number in 0..<pairs { table.set(key(number), [1], expires: TableExpiryTests.start + TableExpiryTests.day) }
        // Locks that are taken and given back at once, as a recovery reads them.
        for number in 0..<300_000 {
            let lock = key(1_000_000 + number % 5_000)
            table.set(lock, [], expires: TableExpiryTests.start + 30_000)
            #expect(table.remove(lock))
            if number % 50_000 == 0 { #expect(table.check().isEmpty, "\(number)") }
        }
        #expect(table.size - empty < pairs * 100 + mostBytes(pairs: pairs) * 5 / 4)
        _ = removeDue(table, at: TableExpiryTests.start)
        #expect(table.check().isEmpty && table.expiringCount == pairs)
        #expect(table.size - empty < pairs * 100 + mostBytes(pairs: pairs))
        #expect(removeDue(table, at: TableExpiryTests.start + 2 * TableExpiryTests.day).count == pairs)
        #expect(table.count == 0 && table.size - empty < 100_000)
    }

    @Test("a cleared table drops its entries, counts their memory until it is freed, and takes new ones")
    func removeAll() {
        let table = Table(seed: 1)
        let empty = table.size
        for round in 1...2 as ClosedRange<UInt64> {
            let start = TableExpiryTests.start + round * TableExpiryTests.day
            for number in 0..<40_000 { table.set(key(number), [], expires: start + UInt64(number)) }
            // A step is 64 pairs, so this is in the middle of it.
            _ = table.removeDue(at: start + 30_000) { _ in true }
            let size = table.size
            #expect(size > 40_000 * 40)
            table.removeAll()
            #expect(table.size == empty && table.clearedSize == size && table.nextDueTime == nil)
            table.set(key(1), [2], expires: start + 50_000)
            #expect(removeDue(table, at: start + 40_000).isEmpty)
            var last = table.clearedSize
            while table.giveBackMemory(buckets: 4) {
                #expect(table.clearedSize < last)
                last = table.clearedSize
            }
            #expect(table.clearedSize == 0 && table.check().isEmpty)
            #expect(removeDue(table, at: start + 50_100) == [key(1)])
            #expect(table.count == 0)
            table.removeAll()
            while table.giveBackMemory(buckets: .max) {}
        }
        #expect(table.size == empty)
    }

    @Test("a pair costs its block, its eight bytes and some eight of the wheel")
    func sizes() {
        let table = Table(seed: 1)
        let count = 100_000
        #expect(!table.removeDue(at: TableExpiryTests.start) { _ in true })
        let key = { (number: Int) in Array("key:\(100_000_000_000 + number)".utf8) }
        let value = [UInt8](repeating: 7, count: 32)
        for number in 0..<count { table.set(key(number), value, expires: TableExpiryTests.start + UInt64(number) * 36) }
        let expiring = table.size
        for number in 0..<count { #expect(table.setExpiry(of: key(number), to: 0)) }
        #expect(table.expiringCount == 0)
        _ = removeDue(table, at: TableExpiryTests.start + TableExpiryTests.hour)
        #expect(table.count == count)
        let bytes = Double(expiring - table.size) / Double(count)
        // 16 for the block's next size, and the wheel's entry; the partly filled chunks of the first hour weigh 1.5 here.
        #expect(bytes > 24 && bytes < 26.5, "\(bytes) bytes a pair")
    }
}
