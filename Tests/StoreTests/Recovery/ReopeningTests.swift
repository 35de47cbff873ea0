import Bytes
import Foundation
import Store
import TestSupport
import Testing

@Suite("Reopening a store")
struct ReopeningTests {
    @Test("a new data set is empty, and what was written and closed is there again")
    func closed() throws {
        try withTemporaryFolder { folder in
            let first = try OpenedStore(folder, disk: LocalDisk())
            #expect(first.store.count == 0)
            #expect(first.store.position == .start)
            #expect(first.set("greeting", "Hello, world!") == 1)
            #expect(first.set("k", "1") == 2)
            #expect(first.set("k", "2") == 3)
            #expect(first.delete("greeting") == (true, 4))
            #expect(first.delete("greeting") == (false, 4))
            try first.close()
            #expect(first.store.committed == 4)
            #expect(first.store.durable == 4)

            let second = try OpenedStore(folder, disk: LocalDisk())
            #expect(second.pairs == ["k".bytes: "2".bytes])
            #expect(second.store.position == first.store.position)
            #expect(second.store.committed == 4)
            #expect(second.store.durable == 4)
            #expect(second.store.history == first.store.history)
            #expect(second.store.recovery.records == 4)
            #expect(second.store.recovery.torn == nil)
            #expect(second.store.recovery.unknownFiles.isEmpty)
            #expect(second.set("k", "3") == 5)
            try second.close()

            let third = try OpenedStore(folder, disk: LocalDisk())
            #expect(third.get("k") == "3")
            try third.close()
            #expect(try LogFiles(folder).segments == ["00000000000000000001.jsonl"])
        }
    }

    @Test(
        "what was committed is there after a crash: space reserved ahead, no closing line",
        arguments: Durability.allCases)
    func crashed(durability: Durability) throws {
        try withTemporaryFolder { folder in
            let first = try OpenedStore(folder, durability, disk: LocalDisk())
            for number in 1...20 {
                first.set("key \(number)", "value \(number)")
                if number % 3 == 0 { try first.commit() }
            }
            try first.commit()
            first.set("never flushed", "")
            let (crashed, before) = (folder + "/crashed", try LogFiles(folder).segments)
            try LogFiles(folder).copy(to: crashed)
            let size = try LogFiles(crashed).read(before[0]).count

            let second = try OpenedStore(crashed, disk: LocalDisk())
            #expect(second.store.position.seq == 20)
            #expect(second.pairs.count == 20)
            #expect(second.get("key 7") == "value 7")
            #expect(second.store.recovery.torn == nil)
            #expect((second.store.recovery.size < size) == (durability == .always))
            second.set("after", "the crash")
            try second.close()
            let third = try OpenedStore(crashed, durability, disk: LocalDisk())
            #expect(third.get("after") == "the crash")
            #expect(third.store.position.seq == 21)
            try third.close()
            try first.close()
        }
    }

    @Test("clear, delete and multi records survive, in their order")
    func operations() throws {
        try withTemporaryFolder { folder in
            let first = try OpenedStore(folder)
            first.set("gone", "1")
            #expect(first.store.clear() == 2)
            #expect(first.store.count == 0)
            first.set("a", "1")
            first.store.beginMulti()
            #expect(first.set("a", "2") == 4)
            #expect(first.delete("a") == (true, 4))
            #expect(first.set("b", "3") == 4)
            first.store.endMulti()
            first.store.beginMulti()
            first.store.endMulti()
            #expect(first.store.position.seq == 4)
            first.store.beginMulti()
            first.set("c", "4")
            _ = first.store.clear()
            first.set("d", "5")
            first.store.endMulti()
            #expect(first.set("e", "6") == 6)
            let expected = first.pairs
            #expect(expected == ["d".bytes: "5".bytes, "e".bytes: "6".bytes])
            try first.close()
            while first.store.giveBackMemory() {}

            let second = try OpenedStore(folder)
            #expect(second.pairs == expected)
            #expect(second.store.position == first.store.position)
            try second.close()
        }
    }

    @Test("a multi record without changes leaves nothing to write")
    func emptyMulti() throws {
        try withTemporaryFolder { folder in
            let store = try OpenedStore(folder)
            store.store.beginMulti()
            store.store.endMulti()
            #expect(!store.store.hasPending)
            #expect(store.store.position == .start)
            try store.close()
        }
    }

    @Test("keys and values are any bytes: not UTF-8, empty, control bytes, and 5 MB")
    func anyBytes() throws {
        try withTemporaryFolder { folder in
            var random = SeededRandom(seed: 1)
            var pairs: [[UInt8]: [UInt8]] = [
                []: [], [0xff]: [0xfe, 0x00], "grüße 🐧".bytes: [0xc3], [0x00, 0x0a, 0x0d]: Array(0...255),
                "\"\\\u{1}".bytes: "\",\"crc\":\"00000000\"}\n".bytes, "large".bytes: random.bytes(5_000_000),
                "large text".bytes: [UInt8](repeating: 0x22, count: 3_000_000),
            ]
            for _ in 0..<100 { pairs[random.bytes(random.below(20))] = random.bytes(random.below(100)) }
            let first = try OpenedStore(folder)
            for (key, value) in pairs { first.set(key, value) }
            #expect(first.pairs == pairs)
            try first.close()
            let second = try OpenedStore(folder)
            #expect(second.pairs == pairs)
            try second.close()
        }
    }

    @Test(
        "seeded changes, crashes and reopenings leave what they leave in a Dictionary", arguments: SeededRandom.seeds(3)
    )
    func model(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        try withTemporaryFolder { folder in
            var model: [[UInt8]: [UInt8]] = [:]
            var current = folder + "/0"
            try FileManager.default.createDirectory(atPath: current, withIntermediateDirectories: false)
            for round in 1...12 {
                let durability = Durability.allCases[random.below(3)]
                let opened = try OpenedStore(current, durability, segmentSize: 2_000 + random.below(20_000))
                #expect(opened.pairs == model, "round \(round)")
                for _ in 0..<random.below(300) { change(opened, &model, &random) }
                try opened.commit()
                if random.below(2) == 0 {
                    let next = folder + "/\(round)"
                    try LogFiles(current).copy(to: next)
                    current = next
                }
                try opened.close()
            }
        }
    }

    private func change(_ opened: OpenedStore, _ model: inout [[UInt8]: [UInt8]], _ random: inout SeededRandom) {
        let key = random.bytes(1 + random.below(2), from: [0x61, 0x62, 0x63, 0x22, 0xff])
        switch random.below(20) {
        case 0:
            _ = opened.store.clear()
            model = [:]
        case 1...5:
            #expect(opened.store.delete(key.span).isDeleted == (model.removeValue(forKey: key) != nil))
        case 6...7:
            opened.store.flush()
        default:
            let value = random.bytes(random.below(200))
            opened.set(key, value)
            model[key] = value
        }
    }

    @Test("time never goes back, whatever the clock says after a restart")
    func time() throws {
        try withTemporaryFolder { folder in
            let first = try OpenedStore(folder, now: 5_000)
            first.store.now = 7_000
            first.store.now = 6_000
            #expect(first.store.now == 7_000)
            first.set("k", "v")
            try first.close()
            let second = try OpenedStore(folder, now: 1_000)
            #expect(second.store.now == 7_000)
            second.store.now = 8_000
            #expect(second.store.now == 8_000)
            try second.close()
        }
    }

    @Test("unknown files are left alone and named")
    func unknownFiles() throws {
        try withTemporaryFolder { folder in
            try OpenedStore(folder).close()
            let files = LogFiles(folder)
            let names = ["1.jsonl", "00000000000000000002.jsonl.bak", "notes.txt", "+0000000000000000002.jsonl"]
            for name in names { try files.write("mine".bytes, to: name) }
            let second = try OpenedStore(folder)
            #expect(second.store.recovery.unknownFiles == names.sorted())
            try second.close()
            for name in names { #expect(try files.read(name) == "mine".bytes) }
        }
    }
}
