import Bytes
import Foundation
import LogFormat
import Store
import TestSupport
import Testing

/// Snapshots whose pairs are taken from the table while it changes.
@Suite("Compaction from the table")
struct TableCompactionTests {
    private func snapshot(_ folder: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder + "/puffin.json")))
    }

    /// Steps of a few bytes, so that a small table takes many.
    private func small(_ options: inout StoreOptions) {
        options.compaction.source = .table
        (options.compaction.walkTime, options.compaction.stepSize, options.compaction.chunkSize) = (.zero, 60, 400)
    }

    @Test("the cheaper source is the one that has less to read and to sort")
    func cheaper() {
        func cheaper(
            _ changes: Int, _ size: Int, snapshot: Int = 0, _ pairs: Int, _ tableSize: Int
        ) -> SnapshotSource {
            .cheaper(log: (changes, size), snapshotSize: snapshot, table: (pairs, tableSize))
        }
        #expect(cheaper(1_000_000, 100_000_000, 1_000_000, 80_000_000) == .files, "a log of new keys")
        #expect(
            cheaper(100_000, 10 << 20, snapshot: 60 << 20, 1_000_000, 80 << 20) == .files, "few of many pairs changed")
        #expect(cheaper(2_400_000, 256 << 20, snapshot: 8 << 20, 100_000, 8 << 20) == .table, "a log that overwrites")
        #expect(cheaper(230_000, 256 << 20, snapshot: 110 << 20, 100_000, 110 << 20) == .table, "values of a kilobyte")
        #expect(cheaper(10_000, 11 << 20, snapshot: 110 << 20, 100_000, 110 << 20) == .files, "the same, few changed")
        #expect(cheaper(10, 4_000, 0, 200) == .table, "everything was removed")
        #expect(cheaper(0, 0, 0, 200) == .files, "nothing was ever done")
    }

    @Test(
        "from the table or from files, it is the same file, whatever is done during the walk",
        arguments: SeededRandom.seeds(20))
    func same(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let (keyCount, sortingSize) = (1 + random.below(3_000), [700, 40_000, 8 << 20][random.below(3)])
        let clears = seed % 4 == 0
        let durability = Durability.allCases[random.below(3)]
        func change(_ opened: OpenedStore) {
            let key = "key \(random.below(keyCount))"
            switch random.below(clears ? 3_000 : 1_000_000) {
            case 0: _ = opened.store.clear()
            case let dice where dice % 5 == 0: opened.delete(key)
            case let dice where dice % 17 == 0:
                let value = random.below(3) == 0 ? nil : "{\"n\":\(random.below(1_000))}"
                _ = try? opened.store.setNote(["role", "user"][random.below(2)], "n\(random.below(30))", to: value)
            case let dice where dice % 13 == 0: opened.store.setAuthor(Author("alice") ?? .nobody)
            case let dice where dice % 11 == 0:
                opened.store.beginMulti()
                opened.set(key, "\u{fc}ber")
                opened.delete("key \(random.below(keyCount))")
                opened.store.endMulti()
            default: opened.set(key, String(repeating: "v", count: random.below(90)))
            }
            opened.store.now += UInt64(random.below(3))
        }
        try withTemporaryFolder { folder in
            let opened = try OpenedStore(folder, durability, segmentSize: 100_000) { options in
                options.compaction.source = .table
                options.compaction.walkTime = .zero
                options.compaction.stepSize = 1 + random.below(5_000)
                options.compaction.chunkSize = 1 + random.below(20_000)
                options.compaction.sortingSize = sortingSize
                options.retention.size = 1 << 30
            }
            for _ in 0..<3 {
                for _ in 0..<random.below(4_000) { change(opened) }
                try opened.commit()
                guard opened.store.compact() else { return }
                // New keys split buckets; others are removed, set again, or stay.
                var signs = 0
                let event = opened.compactionResult {
                    signs += 1
                    for _ in 0..<random.below(20) where signs < 2_000 { change(opened) }
                    if random.below(3) == 0 { opened.store.flush() }
                    return false
                }
                if case .failed(let error)? = event { throw error }
            }
            try opened.close()
            // What files alone make of the same change: every segment is still there, and those after it are not
            // wanted.
            let made = try snapshot(folder)
            let seq = opened.store.compaction.snapshotSeq
            try LogFiles(folder).copy(to: folder + "/copy")
            for name in try LogFiles(folder + "/copy").segments where (UInt64(name.prefix(20)) ?? 0) > seq {
                try LogFiles(folder + "/copy").remove(name)
            }
            // Otherwise the log is known to have reached further.
            try LogFiles(folder + "/copy").remove("DURABLE")
            let other = try OpenedStore(folder + "/copy") { $0.compaction.source = .files }
            try other.compact()
            try other.close()
            #expect(try snapshot(folder + "/copy") == made)
            let again = try OpenedStore(folder)
            #expect(again.pairs == opened.pairs)
            #expect(again.store.notes == opened.store.notes)
            try again.close()
        }
    }

    @Test("nothing of what a clear during the walk has removed is in the snapshot")
    func cleared() throws {
        try withTemporaryFolder { folder in
            let opened = try OpenedStore(folder, adjust: small)
            for number in 1...500 { opened.set("key \(number)", "value") }
            try opened.commit()
            try #require(opened.store.compact())
            var isCleared = false
            let event = opened.compactionResult {
                if opened.store.compaction.percent > 10 && !isCleared {
                    isCleared = true
                    _ = opened.store.clear()
                    opened.set("key 7", "new")
                }
                return false
            }
            guard case .ended(let report, _)? = event else {
                Issue.record("the compaction failed")
                return
            }
            #expect(isCleared)
            #expect(report.pairs == 1)
            #expect(report.position.seq == 502)
            try opened.close()
        }
    }

    @Test("an empty table makes an empty snapshot, and nothing new makes none")
    func empty() throws {
        try withTemporaryFolder { folder in
            let opened = try OpenedStore(folder, adjust: small)
            try opened.compact()
            #expect(!FileManager.default.fileExists(atPath: folder + "/puffin.json"))
            opened.set("a", "1")
            opened.delete("a")
            try opened.compact()
            let first = try snapshot(folder)
            #expect(first.split(separator: 0x0a).count == 2)
            try opened.compact()
            #expect(try snapshot(folder) == first)
            try opened.close()
        }
    }

    @Test("values larger than a chunk go through one by one, and through files of sorted changes")
    func large() throws {
        try withTemporaryFolder { folder in
            let opened = try OpenedStore(folder) { options in
                small(&options)
                options.compaction.sortingSize = 100_000
            }
            for number in 1...20 { opened.set("key \(number)", String(repeating: "x", count: number * 30_000)) }
            try opened.commit()
            try #require(opened.store.compact())
            guard case .ended(let report, _)? = opened.compactionResult() else {
                Issue.record("the compaction failed")
                return
            }
            #expect(report.pairs == 20)
            #expect(report.runs > 5)
            try opened.close()
            let again = try OpenedStore(folder)
            #expect(again.pairs == opened.pairs)
            try again.close()
        }
    }

    @Test("a stop during the walk changes nothing")
    func stopped() throws {
        try withTemporaryFolder { folder in
            let opened = try OpenedStore(folder, adjust: small)
            for number in 1...500 { opened.set("key \(number)", "value") }
            try opened.commit()
            try #require(opened.store.compact())
            _ = opened.compactionResult { opened.store.compaction.percent > 10 }
            #expect(opened.store.compaction.isRunning)
            try opened.close()
            #expect(!FileManager.default.fileExists(atPath: folder + "/puffin.json"))
            #expect(!FileManager.default.fileExists(atPath: LogFiles(folder).path("compaction-000001.tmp")))
            let again = try OpenedStore(folder)
            #expect(again.pairs == opened.pairs)
            try again.close()
        }
    }

    @Test("the walk waits for the worker, so at most three chunks are held")
    func backPressure() throws {
        let disk = FaultyDisk(ModelDisk())
        let opened = try OpenedStore(on: disk) { options in
            small(&options)
            options.layout.segmentSize = 1 << 20
        }
        for number in 1...500 { opened.set("key \(number)", "value") }
        try opened.commit()
        let before = BufferMemory.size
        try #require(opened.store.compact())
        // The thread is held where it writes its first sorted changes: 700 bytes of them.
        let progress = opened.progress
        disk.hold.arm(after: 0, to: "compaction-000001.tmp") { progress.signal() }
        _ = opened.compactionResult { disk.hold.isHolding }
        #expect(disk.hold.isHolding)
        for _ in 0..<1_000 { _ = opened.store.advanceCompaction() }
        // Other tests of this process have buffers too, which come and go.
        var held = Int.max
        for _ in 0..<30_000 where held >= 100_000 {
            held = min(held, BufferMemory.size - before)
            if held >= 100_000 { Thread.sleep(forTimeInterval: 0.001) }
        }
        #expect(held < 100_000, "of some 10,000 bytes of pairs and buffers")
        #expect(opened.store.compaction.isRunning)
        disk.hold.release()
        guard case .ended(let report, _)? = opened.compactionResult() else {
            Issue.record("the compaction failed")
            return
        }
        #expect(report.pairs == 500)
        try opened.close()
    }

    @Test("a disk that fills up during the walk ends it, and the next compaction from files need not wait")
    func diskFull() throws {
        let disk = ModelDisk(capacity: 2 << 20)
        let opened = try OpenedStore(ModelFiles.parent, disk: disk, adjust: small)
        for number in 1...200 { opened.set("key \(number)", "value") }
        try opened.commit()
        try #require(opened.store.compact())
        var isFull = false
        let event = opened.compactionResult {
            if opened.store.compaction.percent > 10 && !isFull {
                isFull = true
                disk.resize(to: disk.usedSize)
                opened.set("large", String(repeating: "x", count: 300_000))
                opened.store.flush()
            }
            return false
        }
        guard case .failed(let error)? = event else {
            Issue.record("the compaction has gone on")
            return
        }
        #expect(isFull && error.isDiskFull)
        #expect(opened.store.failure == nil)
        opened.store.tick()
        #expect(opened.store.compaction.isRunning)
        disk.resize(to: 4 << 20)
        guard case .ended(let report, _)? = opened.compactionResult() else {
            Issue.record("the second compaction failed")
            return
        }
        #expect(report.position.seq >= 200)
        try opened.close()
        let again = try OpenedStore(ModelFiles.parent, disk: disk)
        #expect(again.pairs == opened.pairs)
        try again.close()
    }

    @Test("a log that fails during the walk fails the compaction, and the old snapshot stays")
    func logFailed() throws {
        let model = ModelDisk()
        let first = try OpenedStore(ModelFiles.parent, disk: model, adjust: small)
        first.set("key 0", "old")
        try first.compact()
        try first.close()
        let old = try #require(model.content(ModelFiles.snapshot))
        let disk = FaultyDisk(model)
        let opened = try OpenedStore(ModelFiles.parent, disk: disk, adjust: small)
        for number in 1...200 { opened.set("key \(number)", "value") }
        try opened.commit()
        try #require(opened.store.compact())
        _ = opened.compactionResult {
            if opened.store.compaction.percent > 10 && !disk.isDead {
                opened.set("key 1", "never durable")
                disk.kill()
            }
            return false
        }
        #expect(opened.store.failure != nil)
        opened.waitUntilIdle()
        opened.store.close()
        #expect(model.content(ModelFiles.snapshot) == old)
        let again = try OpenedStore(ModelFiles.parent, disk: model)
        #expect(again.get("key 1") == "value" && again.pairs.count == 201)
        try again.close()
    }
}
