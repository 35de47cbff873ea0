// Removing expired pairs from a store: records of the leader alone, at most one a step. Time is an argument.

import Bytes
import Foundation
import LogFormat
import Store
import TestSupport
import Testing

@Suite("A store's expired pairs")
struct StoreExpiryTests {
    private static let start = OpenedStore.now

    private func set(_ key: String, expires: UInt64, in opened: OpenedStore) {
        let (key, value) = (key.bytes, "value".bytes)
        opened.store.set(key.span, to: value.span, expires: expires)
    }

    private func setExpiry(_ key: String, to expires: UInt64, in opened: OpenedStore) {
        let key = key.bytes
        opened.store.setExpiry(of: key.span, to: expires)
    }

    private func isThere(_ key: String, in opened: OpenedStore) -> Bool { opened.get(key) != nil }

    /// Takes all steps that are due. Returns their number.
    @discardableResult
    private func removeExpired(_ store: Store, at time: UInt64) -> Int {
        store.now = time
        var steps = 1
        while store.removeExpired() { steps += 1 }
        return steps
    }

    /// The records of a data set's log, by operation.
    private func operations(_ folder: String) throws -> [String] {
        let files = LogFiles(folder)
        return try files.segments.flatMap { name in
            String(decoding: try files.read(name), as: UTF8.self).split(separator: "\n").compactMap { line in
                line.range(of: #""op":""#).map { String(line[$0.upperBound...].prefix { $0 != "\"" }) }
            }
        }
    }

    @Test(
        "a pair is there until its time, then not; a step removes it, and a restart finds neither",
        arguments: Durability.allCases)
    func removed(durability: Durability) throws {
        try withTemporaryFolder { folder in
            var opened = try OpenedStore(folder, durability)
            let time = StoreExpiryTests.start + 1000
            set("a", expires: time, in: opened)
            set("b", expires: time + 5000, in: opened)
            opened.set("c", "1")
            removeExpired(opened.store, at: time - 1)
            #expect(isThere("a", in: opened) && opened.store.position.seq == 3)
            opened.store.now = time
            #expect(!isThere("a", in: opened) && opened.store.count == 3 && opened.store.expiringCount == 2)
            #expect(opened.store.nextExpiryTime > time && opened.store.nextExpiryTime <= time + 64)
            removeExpired(opened.store, at: time + 64)
            #expect(opened.store.count == 2 && opened.store.position.seq == 4 && opened.store.expiredCount == 1)
            #expect(opened.store.expiringCount == 1 && opened.store.expiryLag == 0)
            try opened.close()
            #expect(try operations(folder) == ["set", "set", "set", "expired"])
            opened = try OpenedStore(folder, durability, now: time + 64)
            #expect(!isThere("a", in: opened) && isThere("b", in: opened) && isThere("c", in: opened))
            // What has expired meanwhile is removed after a start.
            removeExpired(opened.store, at: time + 5064)
            #expect(opened.store.count == 1 && opened.store.nextExpiryTime == .max)
            try opened.close()
        }
    }

    @Test("a dead pair is missing for every change: it is set anew, not deleted, and its expiry does not come back")
    func dead() throws {
        try withTemporaryFolder { folder in
            let opened = try OpenedStore(folder)
            let time = StoreExpiryTests.start + 10
            set("a", expires: time, in: opened)
            opened.store.now = time
            #expect(opened.delete("a") == (false, 1))
            opened.set("a", "new")
            removeExpired(opened.store, at: time + 100_000)
            #expect(isThere("a", in: opened) && opened.store.expiringCount == 0)
            try opened.close()
        }
    }

    @Test("the time of a pair is changed by itself: later, earlier, never")
    func changed() throws {
        try withTemporaryFolder { folder in
            var opened = try OpenedStore(folder)
            let time = StoreExpiryTests.start + 1000
            for key in ["later", "earlier", "never"] { set(key, expires: time, in: opened) }
            for (key, expires) in [("later", time + 9000), ("earlier", time - 500), ("never", 0)] {
                setExpiry(key, to: expires, in: opened)
            }
            try opened.close()
            opened = try OpenedStore(folder)
            removeExpired(opened.store, at: time - 400)
            #expect(opened.store.count == 2)
            removeExpired(opened.store, at: time + 64)
            #expect(opened.store.count == 2)
            removeExpired(opened.store, at: time + 9064)
            #expect(isThere("never", in: opened) && opened.store.count == 1)
            try opened.close()
        }
    }

    @Test("a step is one record of at most some 64 keys, and many due pairs take many steps")
    func steps() throws {
        try withTemporaryFolder { folder in
            let opened = try OpenedStore(folder, .never)
            let time = StoreExpiryTests.start + 1000
            for number in 0..<5000 { set("key:\(number)", expires: time, in: opened) }
            let before = opened.store.position.seq
            let steps = removeExpired(opened.store, at: time + 64)
            #expect(opened.store.count == 0 && opened.store.expiredCount == 5000)
            #expect(steps >= 5000 / 64 && opened.store.position.seq - before <= UInt64(steps))
            try opened.close()
        }
    }

    @Test("the removal is no change for those that read the key: it was gone for them before")
    func dependency() throws {
        try withTemporaryFolder { folder in
            let opened = try OpenedStore(folder)
            let time = StoreExpiryTests.start + 10
            set("a", expires: time, in: opened)
            try opened.commit()
            opened.set("b", "1")
            removeExpired(opened.store, at: time + 64)
            #expect(opened.store.position.seq == 3 && opened.dependency(of: "a") == 1)
            try opened.close()
        }
    }

    @Test("a follower removes nothing; once it leads, it removes what its leader has left")
    func follower() throws {
        try withTemporaryFolder { folder in
            let opened = try OpenedStore(folder)
            let time = StoreExpiryTests.start + 10
            for number in 0..<200 { set("key:\(number)", expires: time, in: opened) }
            try opened.commit()
            opened.store.isReadOnly = true
            removeExpired(opened.store, at: time + 100_000)
            #expect(opened.store.count == 200 && opened.store.position.seq == 200 && !isThere("key:1", in: opened))
            // The leader's time may be behind what this server thought.
            opened.store.now = time - 5
            #expect(isThere("key:1", in: opened))
            removeExpired(opened.store, at: time + 100_000)
            opened.store.isReadOnly = false
            removeExpired(opened.store, at: time + 100_064)
            #expect(opened.store.count == 0)
            try opened.close()
        }
    }

    @Test(
        "pairs that expire, change and go at random are those of a model, on a restart too",
        arguments: SeededRandom.seeds(3))
    func model(seed: UInt64) throws {
        try withTemporaryFolder { folder in
            var random = SeededRandom(seed: seed)
            var opened = try OpenedStore(folder, .never, segmentSize: 64 << 10)
            var model: [String: UInt64] = [:]
            var time = StoreExpiryTests.start
            for step in 1...20_000 {
                let key = "key:\(random.below(300))"
                let isAlive = model[key].map { $0 == 0 || $0 > time } ?? false
                let expires = time + UInt64([1, 100, 5000, 100_000][random.below(4)])
                switch random.below(20) {
                case 0...5:
                    set(key, expires: expires, in: opened)
                    model[key] = expires
                case 6...8:
                    opened.set(key, "value")
                    model[key] = 0
                case 9...12 where isAlive:
                    let new = random.below(4) == 0 ? 0 : expires
                    setExpiry(key, to: new, in: opened)
                    model[key] = new
                case 13, 14:
                    #expect(opened.delete(key).isDeleted == isAlive, "step \(step)")
                    if isAlive { model[key] = nil }
                case 15:
                    time += UInt64(random.below(3000))
                    opened.store.now = time
                case 16: while opened.store.removeExpired() {}
                default: #expect(isThere(key, in: opened) == isAlive, "step \(step)")
                }
                if step % 2000 == 0 {
                    try opened.close()
                    opened = try OpenedStore(folder, .never, segmentSize: 64 << 10, now: time)
                    opened.store.now = time
                }
            }
            removeExpired(opened.store, at: time + 64)
            let alive = model.filter { $0.value == 0 || $0.value > time + 64 }
            #expect(Set(opened.pairs.keys.map { String(decoding: $0, as: UTF8.self) }) == Set(alive.keys))
            try opened.close()
        }
    }
}
