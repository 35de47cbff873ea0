import Bytes
import Store
import TestSupport
import Testing

/// Watched keys, without a store.
@Suite("Watched keys")
struct WatchesTests {
    @Test("a watcher is told of the first change of one of its keys, and of no other key's")
    func told() {
        let (watches, first, second) = (Watches(), Watcher(), Watcher())
        watches.add(1, isThere: true, for: first)
        watches.add(1, isThere: true, for: first)
        watches.add(2, isThere: false, for: first)
        watches.add(2, isThere: false, for: second)
        #expect(first.count == 2 && second.count == 1)
        #expect(first.heldSize == 2 * Watcher.watchSize)
        watches.touch(3, seq: 7)
        #expect(first.change(at: 0) == nil && second.change(at: 0) == nil)
        watches.touch(1, seq: 8)
        #expect(first.change(at: 0) == 8 && first.count == 0 && first.heldSize == 0 && second.change(at: 0) == nil)
        watches.touch(2, seq: 9)
        #expect(first.change(at: 0) == 8 && second.change(at: 0) == 9 && watches.isEmpty)
        // One that has been told needs no further watch until it is used again.
        watches.add(4, isThere: true, for: first)
        #expect(watches.isEmpty)
        watches.remove(first)
        watches.add(4, isThere: true, for: first)
        #expect(first.change(at: 0) == nil && !watches.isEmpty)
        watches.touchAll()
        #expect(first.change(at: 0) == 0 && watches.isEmpty)
    }

    @Test("the removal of an expired pair is a change for those that watched it alive, and for nobody else")
    func expired() {
        let (watches, alive, dead, other) = (Watches(), Watcher(), Watcher(), Watcher())
        watches.add(1, isThere: false, for: dead)
        watches.add(1, isThere: true, expires: 100, for: alive)
        watches.add(2, isThere: true, expires: 50, for: other)
        watches.expire(1, seq: 7)
        #expect(alive.change(at: 0) == 7 && alive.count == 0)
        #expect(dead.change(at: 1000) == nil && dead.count == 1 && other.change(at: 49) == nil)
        // A change of its key does touch it.
        watches.touch(1, seq: 8)
        #expect(dead.change(at: 0) == 8)
        watches.expire(2, seq: 9)
        #expect(other.change(at: 0) == 9 && watches.isEmpty)
        watches.expire(2, seq: 10)
    }

    @Test("a pair that was watched alive and has expired since is a change, though nobody has removed it yet")
    func expiredSince() {
        let (watches, watcher) = (Watches(), Watcher())
        watches.add(1, isThere: true, expires: 0, for: watcher)
        #expect(watcher.change(at: .max) == nil)
        watches.add(2, isThere: true, expires: 200, for: watcher)
        watches.add(3, isThere: true, expires: 100, for: watcher)
        watches.add(4, isThere: true, expires: 300, for: watcher)
        #expect(watcher.change(at: 99) == nil && watcher.change(at: 100) == 0)
        watches.remove(watcher)
        #expect(watcher.change(at: 1000) == nil && watches.isEmpty)
    }

    @Test("ten thousand watchers of one key, and one watcher of ten thousand keys, end in no time that grows with both")
    func many() {
        let watches = Watches()
        let watchers = (0..<10_000).map { _ in Watcher() }
        for watcher in watchers { watches.add(1, isThere: true, for: watcher) }
        for watcher in watchers.reversed() { watches.remove(watcher) }
        #expect(watches.isEmpty)
        for watcher in watchers { watches.add(1, isThere: true, for: watcher) }
        for hash in 0..<10_000 { watches.add(UInt64(hash), isThere: true, for: watchers[0]) }
        #expect(watchers[0].count == 10_000)
        watches.touch(1, seq: 5)
        #expect(watchers.allSatisfy { $0.change(at: 0) == 5 } && watches.isEmpty)
    }

    @Test(
        "whatever is watched, changed, cleared and given up, watchers hear what a model says",
        arguments: SeededRandom.seeds(3))
    func seeded(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let watches = Watches()
        let watchers = (0..<20).map { _ in Watcher() }
        var keys = [Set<UInt64>](repeating: [], count: watchers.count)
        var changes = [UInt64?](repeating: nil, count: watchers.count)
        var present: Set<UInt64> = []
        func change(_ seq: UInt64, of isHit: (UInt64) -> Bool) {
            for index in keys.indices where keys[index].contains(where: isHit) {
                (changes[index], keys[index]) = (seq, [])
            }
        }
        for step in 1...20_000 as ClosedRange<UInt64> {
            let (index, hash) = (random.below(watchers.count), UInt64(random.below(30)))
            switch random.below(100) {
            case 0..<60:
                watches.add(hash, isThere: present.contains(hash), for: watchers[index])
                if changes[index] == nil { keys[index].insert(hash) }
            case 60..<75:
                watches.touch(hash, seq: step)
                change(step) { $0 == hash }
                if present.remove(hash) == nil { present.insert(hash) }
            case 75:
                watches.touchExisting(seq: step)
                change(step) { present.contains($0) }
                present = []
            case 76:
                watches.touchAll()
                change(0) { _ in true }
            default:
                watches.remove(watchers[index])
                (changes[index], keys[index]) = (nil, [])
            }
            for index in watchers.indices {
                #expect(watchers[index].change(at: 0) == changes[index] && watchers[index].count == keys[index].count)
            }
            #expect(watches.isEmpty == keys.allSatisfy { $0.isEmpty })
        }
    }
}
