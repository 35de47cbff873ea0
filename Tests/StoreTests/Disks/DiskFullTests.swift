// A full disk, from the store's side: what is refused and what continues, what frees space, and that nothing
// acknowledged is lost on the way.

import Store
import SystemPackage
import TestSupport
import Testing

@Suite("A full disk")
struct DiskFullTests {
    /// A store on a disk of two megabytes, of which the store itself may take no part larger than 128 KiB.
    private struct SmallDisk {
        let model = ModelDisk(capacity: 2 << 20)
        var ledger: [[UInt8]: [UInt8]] = [:]
        var now = OpenedStore.now

        func open(reserve: Int = 128 << 10, ratio: Double = 0) throws(StoreError) -> OpenedStore {
            try OpenedStore(ModelFiles.parent, segmentSize: 64 << 10, disk: model, now: now) { options in
                options.layout.reserve = reserve
                options.compactionRule.ratio = ratio
            }
        }

        /// As a server does: refused if there is an obstacle, otherwise made, committed and acknowledged.
        mutating func set(_ number: Int, _ size: Int, in opened: OpenedStore) throws(StoreError) -> WriteObstacle? {
            let (key, value) = ("key \(number)".bytes, [UInt8](repeating: UInt8(ascii: "v"), count: size))
            let obstacle = opened.store.obstacle(toChangeOf: key.count + size, shrinks: false)
            if let obstacle { return obstacle }
            opened.set(key, value)
            try opened.commit()
            ledger[key] = value
            return nil
        }

        /// Sets keys until one is refused.
        /// - Returns: how many were set, and why the next one was not.
        mutating func fill(_ opened: OpenedStore) throws -> (count: Int, obstacle: WriteObstacle) {
            for number in 0..<2_000 {
                if let obstacle = try set(number, 3_000, in: opened) { return (number, obstacle) }
            }
            throw StoreError.disk(operation: .write, path: ModelFiles.parent, errno: .fileTooLarge)
        }

        mutating func delete(_ numbers: Range<Int>, in opened: OpenedStore) throws -> Int {
            var refused = 0
            for number in numbers {
                let key = "key \(number)".bytes
                if opened.store.obstacle(toChangeOf: key.count, shrinks: true) != nil {
                    refused += 1
                    continue
                }
                _ = opened.store.delete(key.span)
                try opened.commit()
                ledger[key] = nil
            }
            return refused
        }

        /// What the server does in three seconds.
        /// - Returns: the result of the compaction that it started.
        mutating func tick(_ opened: OpenedStore) -> CompactionEvent? {
            var event: CompactionEvent?
            for _ in 0..<3 {
                now += 1_000
                opened.store.now = now
                opened.store.tick()
                opened.waitUntilIdle()
                event = opened.compactionResult() ?? event
            }
            return event
        }

        func expectEverything(in opened: OpenedStore) {
            #expect(opened.pairs == ledger)
            #expect(opened.store.check().isEmpty)
        }
    }

    @Test("writes are refused before anything is lost, reads and deletes continue, and compaction frees space")
    func filled() throws {
        var disk = SmallDisk()
        let opened = try disk.open()
        let (count, obstacle) = try disk.fill(opened)
        #expect(count > 300, "most of two megabytes")
        guard case .diskFull(ModelFiles.folder, let available, let needed) = obstacle else {
            Issue.record("\(obstacle)")
            return
        }
        #expect(available < needed)
        #expect(opened.store.failure == nil)
        #expect(opened.get("key 0".bytes)?.count == 3_000)
        // Not even the smallest one, until there is space for the reserve again.
        #expect(try disk.set(5_000, 1, in: opened) != nil)
        #expect(try disk.delete(0..<count - 3, in: opened) == 0)
        disk.expectEverything(in: opened)

        let event = disk.tick(opened)
        guard case .ended(let report, _)? = event else {
            Issue.record("a full disk is compacted by itself: \(String(describing: event))")
            return
        }
        #expect(report.pairs == 3)
        #expect(disk.model.usedSize < 1 << 20)
        #expect(!opened.store.isObstructed)
        #expect(opened.store.obstacle == nil)
        #expect(try disk.set(0, 3_000, in: opened) == nil)
        try opened.close()
        let again = try disk.open()
        disk.expectEverything(in: again)
        try again.close()
    }

    @Test("a start on a disk that is still full has everything, and refuses writes as before")
    func restarted() throws {
        var disk = SmallDisk()
        let opened = try disk.open()
        _ = try disk.fill(opened)
        // Another program takes the remaining space.
        disk.model.resize(to: disk.model.usedSize)
        opened.store.close()
        #expect(opened.store.failure == nil, "a clean stop needs no space that the reserve has not")
        disk.model.resize(to: disk.model.usedSize)
        let again = try disk.open()
        disk.expectEverything(in: again)
        // What the reserve holds is enough for a few.
        #expect(try disk.fill(again).count < 50)
        disk.expectEverything(in: again)
        disk.model.resize(to: 4 << 20)
        _ = disk.tick(again)
        #expect(try disk.set(5_000, 100, in: again) == nil)
        try again.close()
    }

    @Test("a batch that does not fit is held, and committed by itself once there is space", arguments: [0, 128 << 10])
    func held(reserve: Int) throws {
        var disk = SmallDisk()
        let opened = try disk.open(reserve: reserve)
        _ = try disk.set(1, 1_000, in: opened)
        disk.model.resize(to: disk.model.usedSize)
        // No obstacle was checked: these were in flight when the disk filled up.
        let large = [UInt8](repeating: UInt8(ascii: "x"), count: 300_000)
        opened.set("large".bytes, large)
        opened.store.flush()
        opened.waitUntilHeld()
        #expect(opened.store.committed == 1)
        #expect(opened.store.failure == nil)
        #expect(opened.get("large".bytes) == large)
        disk.model.resize(to: 4 << 20)
        try opened.commit()
        disk.ledger["large".bytes] = large
        disk.expectEverything(in: opened)
        try opened.close()
    }

    @Test("a stop fails what is held, and the next start has what was acknowledged")
    func givenUp() throws {
        var disk = SmallDisk()
        let opened = try disk.open(reserve: 0)
        _ = try disk.set(1, 1_000, in: opened)
        disk.model.resize(to: disk.model.usedSize)
        opened.set("large".bytes, [UInt8](repeating: UInt8(ascii: "x"), count: 300_000))
        opened.store.flush()
        opened.waitUntilHeld()
        opened.store.failObstructedWrites()
        opened.waitUntilIdle()
        #expect(opened.store.failure?.isDiskFull == true)
        opened.store.close()
        disk.model.resize(to: nil)
        let again = try disk.open()
        disk.expectEverything(in: again)
        try again.close()
    }

    @Test("a log that was moved away holds writes, refuses new ones, and continues once it is put back")
    func displaced() throws {
        var disk = SmallDisk()
        let opened = try disk.open()
        _ = try disk.set(1, 100, in: opened)
        disk.model.move(ModelFiles.folder, to: "/elsewhere")
        opened.set("held", "x")
        opened.store.flush()
        opened.waitUntilHeld()
        #expect(opened.store.obstacle == .displaced(path: ModelFiles.segment(1)))
        #expect(opened.store.obstacle(toChangeOf: 10, shrinks: true) == .displaced(path: ModelFiles.segment(1)))
        #expect(opened.store.committed == 1)
        #expect(opened.get("held") == "x")
        #expect(disk.model.content(ModelFiles.segment(1)) == nil, "nothing was made in its place")
        disk.model.move("/elsewhere", to: ModelFiles.folder)
        try opened.commit()
        disk.ledger["held".bytes] = "x".bytes
        #expect(opened.store.obstacle == nil)
        try opened.close()
        let again = try disk.open()
        disk.expectEverything(in: again)
        try again.close()
    }

    @Test("a log that was moved away while nothing is written is noticed, and so is its return")
    func displacedIdle() throws {
        var disk = SmallDisk()
        let opened = try disk.open()
        _ = try disk.set(1, 100, in: opened)
        disk.model.move(ModelFiles.folder, to: "/elsewhere")
        opened.store.tick()
        opened.waitUntilIdle()
        #expect(opened.store.obstacle == .displaced(path: ModelFiles.segment(1)))
        #expect(try disk.set(2, 100, in: opened) == .displaced(path: ModelFiles.segment(1)))
        disk.model.move("/elsewhere", to: ModelFiles.folder)
        opened.store.tick()
        opened.waitUntilIdle()
        #expect(try disk.set(2, 100, in: opened) == nil)
        try opened.close()
    }
}
