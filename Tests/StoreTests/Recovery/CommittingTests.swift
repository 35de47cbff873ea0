import Bytes
import Store
import SystemPackage
import TestSupport
import Testing

@Suite("Committing")
struct CommittingTests {
    @Test("by default a change is committed once it is on the disk, and not before", arguments: [1, 5])
    func always(changes: Int) throws {
        try withTemporaryFolder { folder in
            let disk = TestDisk()
            let opened = try OpenedStore(folder, disk: disk)
            let before = disk.syncs
            for _ in 0..<changes { opened.set("k", "v") }
            #expect(opened.store.committed == 0)
            #expect(opened.store.hasPending)
            #expect(!opened.poll())
            opened.store.flush()
            #expect(!opened.store.hasPending)
            opened.waitUntilIdle()
            #expect(opened.store.committed == 0)
            #expect(opened.poll())
            #expect(opened.store.committed == UInt64(changes))
            #expect(opened.store.durable == UInt64(changes))
            #expect(!opened.poll())
            #expect(disk.syncs > before)
            #expect(opened.store.syncCount == 1)
            try opened.close()
        }
    }

    @Test("changes flushed while the writer is busy go with the next batch")
    func grouped() throws {
        try withTemporaryFolder { folder in
            let opened = try OpenedStore(folder)
            opened.set("a", "1")
            opened.store.flush()
            opened.set("b", "2")
            opened.set("c", "3")
            opened.waitUntilIdle()
            #expect(opened.poll())
            #expect(opened.store.committed == 1)
            #expect(opened.store.hasPending)
            try opened.commit()
            #expect(opened.store.committed == 3)
            #expect(opened.store.syncCount == 2)
            try opened.close()
        }
    }

    @Test("in the relaxed modes a change is committed once it is written", arguments: [Durability.never, .interval])
    func relaxed(durability: Durability) throws {
        try withTemporaryFolder { folder in
            let disk = TestDisk()
            let opened = try OpenedStore(folder, durability, disk: disk)
            let before = disk.syncs
            opened.set("k", "v")
            opened.store.flush()
            #expect(opened.poll())
            #expect(opened.store.committed == 1)
            #expect(!opened.store.isWriting)
            #expect(opened.store.durable == 0)
            #expect(disk.syncs == before)
            opened.store.requestSync()
            opened.waitUntilIdle()
            #expect(opened.store.durable == 1)
            #expect(disk.syncs == before + 1)
            opened.store.requestSync()
            #expect(!opened.store.isWriting)
            #expect(disk.syncs == before + 1)
            try opened.close()
        }
    }

    @Test("in the relaxed modes a sync in progress delays no change")
    func relaxedDuringSync() throws {
        try withTemporaryFolder { folder in
            let disk = TestDisk()
            let opened = try OpenedStore(folder, .interval, disk: disk)
            opened.set("a", "1")
            try opened.commit()
            disk.gate.close()
            opened.store.requestSync()
            opened.set("b", "2")
            opened.store.flush()
            #expect(opened.store.isWriting)
            #expect(opened.poll())
            #expect(opened.store.committed == 2)
            disk.gate.open()
            opened.waitUntilIdle()
            #expect(opened.store.durable >= 1)
            try opened.close()
        }
    }

    @Test("in the relaxed modes durability is reported after a sync")
    func relaxedClaims() throws {
        try withTemporaryFolder { folder in
            let opened = try OpenedStore(folder, .interval)
            opened.set("a", "1")
            try opened.commit()
            opened.set("b", "2")
            try opened.commit()
            opened.store.requestSync()
            opened.waitUntilIdle()
            opened.set("c", "3")
            try opened.commit()
            try opened.close()
            let claims = try LogFiles(folder).read(LogFiles.first).split(separator: 0x0a).compactMap { line in
                if case .durable(let seq, _)? = try? parsed(Array(line)) { seq } else { nil }
            }
            #expect(claims == [2, 3])
        }
    }

    @Test(
        "in the relaxed modes so much is synced by itself that little is left to sync at a segment's end",
        arguments: [Durability.never, .interval])
    func relaxedSyncs(durability: Durability) throws {
        try withTemporaryFolder { folder in
            let disk = TestDisk()
            let opened = try OpenedStore(folder, durability, disk: disk) { $0.layout.syncInterval = 1_000 }
            let value = [UInt8](repeating: 0x61, count: 600)
            for number in 1...2 {
                opened.set("\(number)".bytes, value)
                try opened.commit()
                #expect(opened.store.durable == 0)
            }
            disk.gate.close()
            opened.set("3".bytes, value)
            opened.store.flush()
            #expect(opened.store.isWriting)
            // The current sync delays no change.
            #expect(opened.poll() && opened.store.committed == 3)
            disk.gate.open()
            opened.waitUntilIdle()
            #expect(opened.store.durable >= 2)
            #expect(opened.store.syncCount == 1)
            try opened.close()
        }
    }

    @Test(
        "a relaxed log changes segments, by way of the writer's thread, and loses nothing",
        arguments: [Durability.never, .interval])
    func relaxedRotation(durability: Durability) throws {
        try withTemporaryFolder { folder in
            let opened = try OpenedStore(folder, durability, segmentSize: 1_000)
            for number in 1...100 {
                opened.set("key \(number)", "value \(number)")
                try opened.commit()
                if number % 30 == 0 { opened.store.requestSync() }
                opened.waitUntilIdle()
            }
            #expect(opened.store.committed == 100)
            try opened.close()
            #expect(opened.store.durable == 100)
            #expect(try LogFiles(folder).segments.count > 5)
            let again = try OpenedStore(folder)
            #expect(again.pairs == opened.pairs)
            try again.close()
        }
    }

    @Test("an answer about a key depends on its newest change at least")
    func dependencies() throws {
        try withTemporaryFolder { folder in
            let opened = try OpenedStore(folder)
            #expect(opened.dependency(of: "a") == 0)
            opened.set("a", "1")
            opened.set("b", "1")
            #expect(opened.dependency(of: "a") == 1)
            #expect(opened.dependency(of: "b") == 2)
            opened.set("a", "2")
            #expect(opened.dependency(of: "a") == 3)
            #expect(opened.delete("b").seq == 4)
            #expect(opened.dependency(of: "b") == 4)
            #expect(opened.delete("b") == (false, 4))
            opened.store.beginMulti()
            opened.set("c", "1")
            #expect(opened.dependency(of: "c") == 5)
            opened.store.endMulti()
            #expect(opened.store.position.seq == 5)
            #expect(opened.store.clear() == 6)
            #expect(opened.dependency(of: "never there") == 6)
            try opened.close()
            let again = try OpenedStore(folder)
            #expect(again.dependency(of: "a") == 0)
            try again.close()
        }
    }

    @Test(
        "after a failed write or sync nothing more is committed, and the failure is reported",
        arguments: [DiskOperation.write, .sync])
    func failure(operation: DiskOperation) throws {
        try withTemporaryFolder { folder in
            let disk = TestDisk()
            let opened = try OpenedStore(folder, disk: disk)
            opened.set("a", "1")
            try opened.commit()
            disk.fail(operation, with: .ioError)
            opened.set("b", "2")
            let error = #expect(throws: StoreError.self) { try opened.commit() }
            guard case .disk(operation, let path, .ioError) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(path == LogFiles(folder).path(LogFiles.first))
            #expect(opened.store.committed == 1)
            #expect(opened.store.durable == 1)
            // A failed sync is not repeated, even if it would succeed.
            disk.mend()
            opened.set("c", "3")
            #expect(throws: StoreError.self) { try opened.commit() }
            #expect(opened.store.committed == 1)
            opened.store.close()
            #expect(opened.store.failure == error)
            #expect(opened.store.committed == 1)

            let again = try OpenedStore(folder)
            #expect(again.get("a") == "1")
            #expect(again.get("c") == nil)
            try again.close()
        }
    }

    @Test("a failed sync is reported in the relaxed modes too", arguments: [Durability.never, .interval])
    func relaxedFailure(durability: Durability) throws {
        try withTemporaryFolder { folder in
            let disk = TestDisk()
            let opened = try OpenedStore(folder, durability, disk: disk)
            opened.set("a", "1")
            opened.store.flush()
            disk.fail(.sync, with: .noSpace)
            opened.store.requestSync()
            opened.waitUntilIdle()
            #expect(opened.store.failure != nil)
            #expect(opened.store.durable == 0)
            opened.set("b", "2")
            #expect(throws: StoreError.self) { try opened.commit() }
            #expect(opened.store.committed == 1)
            opened.store.close()
        }
    }
}
