import Bytes
import Store
import TestSupport
import Testing

@Suite("The due wheel")
struct DueWheelTests {
    /// What a table does with a wheel, with pairs that are nothing but a hash and a time.
    private struct Owner {
        static let hashBits: UInt64 = 0xffff_ffff_0000_ffff
        var wheel = DueWheel()
        /// When the pair of a hash expires, and its mark.
        var pairs: [UInt64: (expires: UInt64, mark: UInt64)] = [:]
        var now: UInt64 = 0
        /// Entries that came out, and of those the ones whose pair lived on.
        var (looked, early) = (0, 0)

        static func hash(_ key: Int) -> UInt64 { SplitMix64.mix(UInt64(key) + 1) & hashBits }

        mutating func set(_ key: Int, expires: UInt64) {
            let hash = Owner.hash(key)
            let old = pairs[hash]
            pairs[hash] = (expires, old?.mark ?? 0)
            if old.map({ expires < $0.expires }) ?? true {
                wheel.register(hash, at: expires)
                pairs[hash]?.mark = wheel.mark
            }
        }

        mutating func remove(_ key: Int) { pairs[Owner.hash(key)] = nil }

        /// Moves the clock, and works off all there is to do. The dead pairs are removed.
        mutating func advance(to time: UInt64) -> [UInt64: UInt64] {
            now = max(now, time)
            var found: [UInt64: UInt64] = [:]
            repeat {
                var entries = DueEntries()
                wheel.take(upTo: time, into: &entries)
                for index in 0..<entries.count {
                    let hash = entries[index] & Owner.hashBits
                    looked += 1
                    guard let pair = pairs[hash] else { continue }
                    if pair.expires <= time {
                        found[hash] = pair.expires
                        pairs[hash] = nil
                    } else {
                        early += 1
                        wheel.register(hash, at: pair.expires)
                        pairs[hash]?.mark = wheel.mark
                    }
                }
                sweep()
            } while wheel.hasWork(at: time)
            return found
        }

        mutating func sweep() {
            if wheel.needsSweep(pairs: pairs.count) { wheel.beginSweep() }
            guard wheel.isSweeping else { return }
            var entries = DueEntries()
            wheel.takeUnswept(into: &entries)
            for index in 0..<entries.count {
                let hash = entries[index] & Owner.hashBits
                looked += 1
                guard let pair = pairs[hash], pair.mark != wheel.mark else { continue }
                wheel.register(hash, at: pair.expires)
                pairs[hash]?.mark = wheel.mark
            }
        }

        /// What is wrong; empty if all is well.
        func check() -> [String] {
            var (content, problems) = wheel.content()
            for (hash, pair) in pairs where !content.covers(hash, pair.expires | pair.mark) {
                problems.append("nothing finds \(hash) by \(pair.expires)")
            }
            return problems
        }
    }

    private static let start: UInt64 = 1_795_533_252_153
    private static let (second, hour, day): (UInt64, UInt64, UInt64) = (1_000, 3_600_000, 86_400_000)

    /// A span of time of any order of magnitude up to 40 days, in milliseconds.
    private func span(_ random: inout SeededRandom) -> UInt64 {
        let largest: [UInt64] = [1, 64, 200, 16_384, 60_000, 4_200_000, 12 * DueWheelTests.day, 40 * DueWheelTests.day]
        return 1 + UInt64(random.below(Int(largest[random.below(largest.count)])))
    }

    /// A time to expire at: mostly as `span`, sometimes years away, at the very end, or over already.
    private func expiry(after now: UInt64, _ random: inout SeededRandom) -> UInt64 {
        switch random.below(12) {
        case 0: UInt64(Int64.max) - UInt64(random.below(3))
        case 1: now + 365 * DueWheelTests.day * UInt64(1 + random.below(40))
        case 2: now - UInt64(random.below(100_000))
        default: now + span(&random)
        }
    }

    @Test("each pair is found when its time has come, and none before", arguments: SeededRandom.seeds(6))
    func model(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var owner = Owner()
        owner.now = DueWheelTests.start
        // As a recovery does, or as a server that runs.
        if seed % 2 == 0 { #expect(owner.advance(to: owner.now).isEmpty) }
        var model: [Int: UInt64] = [:]
        var found = 0
        for step in 1...40_000 {
            let key = random.below(400)
            switch random.below(20) {
            case 0...11:
                model[key] = expiry(after: owner.now, &random)
                owner.set(key, expires: model[key] ?? 0)
            case 12...15:
                model[key] = nil
                owner.remove(key)
            default:
                let time = random.below(10) == 0 ? owner.now - UInt64(random.below(1_000)) : owner.now + span(&random)
                let due = owner.advance(to: time)
                found += due.count
                // Of the tick that is not over, some may be found and none has to be.
                let end = max(time, owner.now) == time ? (time + 1) & ~63 : 0
                let mustBe = model.filter { $0.value < end }
                let isRight =
                    due.values.allSatisfy { $0 <= time } && mustBe.allSatisfy { due[Owner.hash($0.key)] == $0.value }
                #expect(isRight, "step \(step), at \(time)")
                model = model.filter { due[Owner.hash($0.key)] == nil }
                guard isRight else { return }
            }
            if step % 2_000 == 0 { #expect(owner.check().isEmpty && owner.pairs.count == model.count, "step \(step)") }
        }
        #expect(found > 4_000)
        // What is left is due in years. All of time passes, first in steps of a year, then at once.
        for year in 1...50 {
            let time = owner.now + 365 * DueWheelTests.day
            let due = owner.advance(to: time)
            #expect(due.values.allSatisfy { $0 <= time }, "year \(year)")
            #expect(owner.pairs.values.allSatisfy { $0.expires >= (time + 1) & ~63 }, "year \(year)")
        }
        #expect(owner.check().isEmpty)
        _ = owner.advance(to: UInt64(Int64.max))
        #expect(owner.pairs.isEmpty && owner.wheel.count == 0)
        owner.set(1, expires: UInt64(Int64.max))
        #expect(owner.advance(to: UInt64(Int64.max)).count == 1)
        #expect(owner.advance(to: .max).isEmpty)
    }

    @Test("a pair is found in its own tick of 64 ms, however far it was away", arguments: SeededRandom.seeds(2))
    func ticks(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<300 {
            var owner = Owner()
            let expires = DueWheelTests.start + span(&random) * (random.below(3) == 0 ? 100 : 1)
            _ = owner.advance(to: DueWheelTests.start)
            owner.set(1, expires: expires)
            // The wheel says when it wants to be asked.
            while let next = owner.wheel.nextTime, next < expires { #expect(owner.advance(to: next).isEmpty) }
            #expect(owner.wheel.nextTime == expires | 63)
            #expect(owner.advance(to: expires | 63).values.first == expires)
            #expect(owner.wheel.nextTime == nil)
        }
    }

    @Test("a pair whose expiry moves on and on costs one look-up each time that an entry comes out, and one entry")
    func refreshing() {
        var owner = Owner()
        _ = owner.advance(to: DueWheelTests.start)
        let steps: UInt64 = 36_000
        for step in 0..<steps {
            let now = DueWheelTests.start + step * DueWheelTests.second
            #expect(owner.advance(to: now).isEmpty)
            for key in 0..<3 { owner.set(key, expires: now + 1_800 * DueWheelTests.second) }
        }
        // Ten hours, with a time to live of half an hour.
        #expect(owner.wheel.count == 3)
        #expect(owner.looked <= 3 * 20)
    }

    @Test("stale entries are swept, and their memory is there for others", arguments: SeededRandom.seeds(2))
    func locks(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var owner = Owner()
        var model: [Int: UInt64] = [:]
        var now = DueWheelTests.start
        var most = 0
        for key in 0..<1_000 {
            model[key] = now + 30 * DueWheelTests.day
            owner.set(key, expires: now + 30 * DueWheelTests.day)
        }
        // Locks that time out after an hour and are gone after a moment, with a few that are held and made shorter.
        for key in 1_000..<200_000 {
            owner.set(key, expires: now + DueWheelTests.hour)
            if random.below(100) > 0 {
                owner.remove(key)
            } else {
                owner.set(key, expires: now + 60 * DueWheelTests.second)
                model[key] = now + 60 * DueWheelTests.second
            }
            if key % 50 == 0 {
                now += 5
                let due = owner.advance(to: now)
                model = model.filter { due[Owner.hash($0.key)] == nil }
            } else if owner.wheel.isSweeping && key % 16 == 0 {
                owner.sweep()
            }
            most = max(most, owner.wheel.count)
            if key % 20_000 == 0 { #expect(owner.check().isEmpty) }
        }
        #expect(most <= 2 * 3_000 + 65_536 + 50)
        #expect(owner.wheel.size < most * 9 + 1_500_000)
        #expect(owner.pairs.count == model.count)
        _ = owner.advance(to: now + 61 * DueWheelTests.second)
        #expect(owner.pairs.count == 1_000 && owner.check().isEmpty)
        #expect(owner.advance(to: now + 30 * DueWheelTests.day).count == 1_000)
        #expect(owner.wheel.count == 0 && owner.wheel.size < 100_000)
    }

    @Test("an empty wheel takes no memory, and one that was filled and emptied next to none")
    func memory() {
        var owner = Owner()
        #expect(owner.wheel.size == 0 && owner.wheel.nextTime == nil && !owner.wheel.hasWork(at: .max))
        for round in 1...2 as ClosedRange<UInt64> {
            let start = DueWheelTests.start + round * DueWheelTests.day
            for key in 0..<100_000 { owner.set(key, expires: start + UInt64(key * 36)) }
            #expect(owner.wheel.count == 100_000)
            #expect(owner.wheel.size < 100_000 * 9 + 60_000)
            _ = owner.advance(to: start - 1)
            #expect(owner.check().isEmpty)
            for minute in 1...60 {
                let time = start + UInt64(minute) * 60 * DueWheelTests.second
                let due = owner.advance(to: time)
                #expect(due.values.allSatisfy { $0 <= time })
                #expect(abs(owner.pairs.count - (100_000 - minute * 60_000 / 36)) < 5)
                #expect(owner.wheel.size < owner.wheel.count * 12 + 800_000)
            }
            _ = owner.advance(to: start + 2 * DueWheelTests.hour)
            #expect(owner.pairs.isEmpty)
            #expect(owner.wheel.count == 0 && owner.wheel.size < 100_000)
        }
    }
}
