import Bytes
import Store
import TestSupport
import Testing

@Suite("Scanning the table")
struct ScanTests {
    private func key(_ number: Int) -> [UInt8] { Array("key:\(number)".utf8) }

    private func table(_ count: Int, seed: UInt64 = 1) -> Table {
        let table = Table(seed: seed)
        for number in 0..<count { table.set(key(number), []) }
        return table
    }

    /// Scans all of `table`; `between` runs after each call. Returns how often each key was visited.
    private func visits(
        _ table: Table, count: Int, buckets: Int, between: (Int) -> Void = { _ in }
    ) -> [[UInt8]: Int] {
        var visits: [[UInt8]: Int] = [:]
        var cursor: UInt64 = 0
        var calls = 0
        repeat {
            cursor = table.scan(from: cursor, count: count, buckets: buckets) { visits[Array($0.key), default: 0] += 1 }
            calls += 1
            between(calls)
        } while cursor != 0 && calls < 1_000_000
        #expect(cursor == 0)
        return visits
    }

    @Test("a table that does not change is visited once, whatever the steps", arguments: [0, 1, 10, 1_000, 30_000])
    func unchanged(size: Int) {
        let table = table(size)
        for (count, buckets) in [(.max, 1), (.max, 7), (.max, .max), (1, 1), (10, 4), (1_000, .max), (0, 1)] {
            let visits = visits(table, count: count, buckets: buckets)
            #expect(visits.count == size)
            #expect(visits.values.allSatisfy { $0 == 1 }, "\(count) in \(buckets) buckets")
        }
    }

    @Test("whole buckets visit each key exactly once while others are set between the calls", arguments: [1, 3])
    func wholeBuckets(buckets: Int) {
        let table = table(20_000)
        var next = 1_000_000
        let visits = visits(table, count: .max, buckets: buckets) { calls in
            guard calls <= 200 else { return }
            for _ in 0..<400 * buckets {
                table.set(key(next), [])
                next += 1
            }
        }
        #expect(next > 1_005_000)
        #expect((0..<20_000).allSatisfy { visits[key($0)] == 1 })
        #expect(table.check().isEmpty)
    }

    @Test(
        "a scan that stops anywhere visits each key exactly once while buckets split", arguments: SeededRandom.seeds(8))
    func exactlyOnce(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let table = table(3_000, seed: seed)
        var visits: [[UInt8]: Int] = [:]
        var cursor = ScanCursor()
        var (next, calls) = (1_000_000, 0)
        while !cursor.isAtEnd, calls < 100_000 {
            table.scan(from: &cursor, size: 1 + random.below(200), buckets: 1 + random.below(3)) { pair in
                visits[Array(pair.key), default: 0] += 1
                return 1 + random.below(3)
            }
            calls += 1
            // Now and then so many that buckets split in which the scan has stopped, and more than once.
            let count = random.below(8) == 0 ? 2_000 : random.below(60)
            for _ in 0..<count where next < 1_060_000 {
                table.set(key(next), [])
                next += 1
            }
            for _ in 0..<random.below(20) { _ = table.remove(key(1_000_000 + random.below(60_000))) }
        }
        #expect(cursor.isAtEnd && next > 1_010_000)
        #expect((0..<3_000).allSatisfy { visits[key($0)] == 1 })
        #expect(table.check().isEmpty)
    }

    @Test(
        "a cursor is a number below 2^53 that leads back to its place, in tables of any size",
        arguments: SeededRandom.seeds(3))
    func numbers(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for size in [1, 100, 5_000, 60_000] {
            let table = table(size, seed: seed)
            var cursor = ScanCursor()
            var visited = 0
            while !cursor.isAtEnd {
                table.scan(from: &cursor, size: 1 + random.below(500), buckets: 1 + random.below(9)) { _ in
                    visited += 1
                    return 1
                }
                #expect(cursor.number <= ScanCursor.largestNumber && (cursor.number == 0) == cursor.isAtEnd)
                guard !cursor.isAtEnd else { break }
                // What a client makes of it that keeps numbers as floating point.
                let back = ScanCursor(number: UInt64(Double(cursor.number)))
                #expect(back.number == cursor.number)
                cursor = back
            }
            #expect(visited == size)
        }
    }

    @Test("a counted scan misses no key that is there throughout, while the table grows", arguments: [1, 10, 100])
    func growing(count: Int) {
        let table = table(3_000)
        var next = 1_000_000
        let visits = visits(table, count: count, buckets: 4) { calls in
            guard next < 1_040_000 else { return }
            for _ in 0..<10 + 5 * count {
                table.set(key(next), [])
                next += 1
            }
        }
        #expect(next > 1_003_000)
        #expect((0..<3_000).allSatisfy { visits[key($0), default: 0] >= 1 })
    }

    @Test("a counted scan misses no key that is there throughout, while the table shrinks", arguments: [1, 10, 100])
    func shrinking(count: Int) {
        let table = table(40_000)
        var next = 3_000
        let visits = visits(table, count: count, buckets: 4) { _ in
            for _ in 0..<100 where next < 40_000 {
                _ = table.remove(key(next))
                next += 1
            }
        }
        #expect(table.count == 40_000 - (next - 3_000))
        #expect((0..<3_000).allSatisfy { visits[key($0), default: 0] >= 1 })
        #expect(table.check().isEmpty)
    }

    @Test("a counted scan misses no key that is there throughout seeded changes", arguments: SeededRandom.seeds(10))
    func changing(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let table = table(2_000, seed: seed)
        let count = 1 + random.below(30)
        let visits = visits(table, count: count, buckets: 1 + random.below(5)) { calls in
            for _ in 0..<random.below(200) where calls < 500 {
                let other = key(1_000_000 + random.below(20_000))
                if random.below(2) == 0 { table.set(other, other) } else { _ = table.remove(other) }
            }
        }
        #expect((0..<2_000).allSatisfy { visits[key($0), default: 0] >= 1 })
        #expect(table.check().isEmpty)
    }

    @Test("a call visits the count at least, and no more than it and those of one tag")
    func count() {
        let table = table(30_000)
        var cursor: UInt64 = 0
        repeat {
            var visited = 0
            cursor = table.scan(from: cursor, count: 10, buckets: .max) { _ in visited += 1 }
            #expect(visited >= 10 || cursor == 0)
            #expect(visited <= 20)
        } while cursor != 0
    }

    @Test("a call looks at no more buckets than it may, and comes to an end over empty ones")
    func emptyBuckets() {
        let table = table(30_000)
        for number in 1..<30_000 { _ = table.remove(key(number)) }
        var (calls, visited) = (0, 0)
        var cursor: UInt64 = 0
        repeat {
            cursor = table.scan(from: cursor, count: 10, buckets: 1) { _ in visited += 1 }
            calls += 1
        } while cursor != 0 && calls < 1_000
        #expect(calls > 10 && calls < 1_000)
        #expect(visited == 1)
    }

    @Test(
        "any number is a cursor: a scan from there visits keys that exist, and ends", arguments: SeededRandom.seeds(5))
    func arbitraryCursors(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for size in [0, 1, 50, 20_000] {
            let table = table(size, seed: seed)
            var cursors: [UInt64] = [0, 1, .max, .max - 0xffff, 0xffff, 0x1_0000]
            cursors += (0..<64).map { UInt64(1) << $0 }
            cursors += (0..<200).map { _ in random.next() >> UInt64(random.below(64)) }
            for start in cursors {
                var cursor = start
                var (calls, visited) = (0, 0)
                repeat {
                    let count = calls == 0 ? random.below(3) : 500
                    cursor = table.scan(from: cursor, count: count, buckets: 1 + random.below(3)) { pair in
                        visited += pair.value.count + 1
                    }
                    calls += 1
                } while cursor != 0 && calls < 1_000
                #expect(cursor == 0, "from \(start)")
                #expect(visited <= size, "from \(start)")
            }
        }
    }

    @Test("a scan that was under way when the table was cleared ends")
    func cleared() {
        let table = table(20_000)
        let cursor = table.scan(from: 0, count: 100, buckets: .max) { _ in }
        #expect(cursor != 0)
        table.removeAll()
        let end = table.scan(from: cursor, count: 100, buckets: .max) { _ in Issue.record("a cleared key") }
        #expect(end == 0)
    }

    @Test("a pair is found from any place of a table that has one, and each of many is found from some place")
    func anyPair() {
        let table = Table()
        #expect(table.pair(from: ScanCursor(), at: 0) == nil)
        var random = SeededRandom(seed: 5)
        func found() -> [UInt8]? {
            table.pair(from: ScanCursor(number: random.next() & ScanCursor.largestNumber), at: 0).map { Array($0.key) }
        }
        for number in 0..<5_000 {
            let key = Array("key \(number)".utf8)
            table.set(key.span, hash: table.hash(key.span), value: key.span)
        }
        var keys: Set<[UInt8]> = []
        for _ in 0..<20_000 { if let key = found() { keys.insert(key) } }
        #expect(keys.count > 3_000)
        for number in 0..<4_999 {
            let key = Array("key \(number)".utf8)
            _ = table.remove(key.span, hash: table.hash(key.span))
        }
        for _ in 0..<100 { #expect(found() == Array("key 4999".utf8)) }
        let key = Array("key 4999".utf8)
        #expect(table.size(of: key.span, hash: table.hash(key.span), at: 0) == 32 + 12)
    }
}
