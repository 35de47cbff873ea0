// The consequences of a failed call to the disk: whether it may be repeated depends on the call and the error number,
// never on words; and a change reported as never given to the disk is not there after a restart.

import LogFormat
import Store
import SystemPackage
import TestSupport
import Testing

@Suite("Failed operations")
struct FailedOperationTests {
    private static let errnos: [Errno] = [
        .ioError, .noSpace, .diskQuotaExceeded, .readOnlyFileSystem, .permissionDenied,
    ]

    @Test(
        "only calls that failed for lack of space may be repeated, and no sync among them",
        arguments: DiskOperation.allCases)
    func repeatable(operation: DiskOperation) {
        for errno in FailedOperationTests.errnos {
            let error = StoreError.disk(operation: operation, path: "/d/1.jsonl", errno: errno)
            let isForSpace = errno == .noSpace || errno == .diskQuotaExceeded
            #expect(error.isPassing == (isForSpace && operation != .sync && operation != .syncFolder), "\(error)")
            let text = error.description
            #expect(text.hasPrefix("Cannot \(operation.rawValue) /d/1.jsonl: "), "\(text)")
            #expect(
                text.hasSuffix(
                    isForSpace
                        ? "; free space there, or inodes where these are used up (df, df -i)"
                        : "; check the disk and the system's log"), "\(text)")
        }
    }

    @Test("of the other errors only a log that was moved away may come back")
    func others() {
        let damage = Damage(path: "p", line: 1, offset: 0, expected: "a", found: "b")
        let errors: [StoreError] = [
            .notWritable(path: "p", uid: 1, owner: 0, mode: 0), .altered(path: "p", size: 1, expected: 2),
            .locked(path: "p", holder: "h"), .unknownVersion(path: "p", found: "f"), .corruption(damage),
            .damagedRole(path: "p"),
        ]
        for error in errors { #expect(!error.isPassing, "\(error)") }
        #expect(StoreError.displaced(path: "p").isPassing)
    }

    @Test("a start whose sync fails for lack of space is refused, whatever it could free")
    func startWithoutSync() throws {
        let model = ModelDisk()
        let killed = FaultyDisk(model)
        let opened = try OpenedStore(.never, on: killed) { $0.layout.reserve = 64 << 10 }
        for index in 0..<20 { opened.set("key:\(index)", "value") }
        opened.store.flush()
        // Written, but not synced: only the process dies.
        killed.kill()
        try? opened.close()
        var refused = 0
        for number in 1...20 {
            let disk = FaultyDisk(ModelDisk(copying: model), [PlannedFault(.error(.noSpace), at: .sync, number)])
            let again = try? OpenedStore(.never, on: disk) { $0.layout.reserve = 64 << 10 }
            let isLogs = disk.struck.contains { $0.path.hasSuffix(".jsonl") }
            if isLogs {
                #expect(again == nil, "sync \(number) of \(disk.struck[0].path) failed")
                refused += 1
            }
            try? again?.close()
        }
        #expect(refused > 0)
    }

    /// A store on a model disk, with one acknowledged change.
    private func opened(_ disk: FaultyDisk) throws -> OpenedStore {
        let opened = try OpenedStore(on: disk)
        opened.set("first", "1")
        try opened.commit()
        return opened
    }

    /// Restarts from what the disk holds.
    private func restarted(_ disk: FaultyDisk, _ check: (OpenedStore) -> Void) throws {
        disk.kill()
        let again = try OpenedStore(on: ModelDisk(copying: disk.base))
        check(again)
        try again.close()
    }

    @Test(
        "a change whose write or sync has failed may be there or not, and one that came later is not",
        arguments: [
            DiskOperation.write, .sync,
        ])
    func attempted(operation: DiskOperation) throws {
        for errno: Errno in operation == .sync ? [.ioError, .noSpace] : [.ioError] {
            var number = 1
            // The next call of that kind, which is the batch's own: what is filled ahead is filled by now.
            var disk = FaultyDisk(ModelDisk())
            _ = try opened(disk)
            number += disk.callCount(of: operation)
            disk = FaultyDisk(ModelDisk(), [PlannedFault(.error(errno), at: operation, number)])
            let store = try opened(disk)
            store.set("doubt", "2")
            #expect(throws: StoreError.self) { try store.commit() }
            #expect(disk.struck.count == 1)
            store.set("later", "3")
            #expect(throws: StoreError.self) { try store.commit() }
            #expect(store.store.attempted == 2 && store.store.committed == 1)
            try restarted(disk) { again in
                #expect(again.get("first") == "1")
                #expect([nil, "2"].contains(again.get("doubt")))
                #expect(again.get("later") == nil)
            }
        }
    }

    @Test("a change that was held until a stop was never given to the disk, where the log was moved away")
    func displaced() throws {
        let disk = FaultyDisk(ModelDisk())
        let store = try opened(disk)
        disk.base.move(ModelFiles.folder, to: "/elsewhere")
        store.set("held", "2")
        store.store.flush()
        store.waitUntilHeld()
        store.store.failObstructedWrites()
        store.waitUntilIdle()
        #expect(store.store.failure == .displaced(path: ModelFiles.segment(1)) && store.store.attempted == 1)
        disk.base.move("/elsewhere", to: ModelFiles.folder)
        try restarted(disk) { #expect($0.get("held") == nil && $0.get("first") == "1") }
    }

    @Test("a change that was held until a stop on a full disk may be there: a part of it was written")
    func full() throws {
        let disk = FaultyDisk(ModelDisk(capacity: 64 << 10))
        let store = try OpenedStore(ModelFiles.parent, segmentSize: 64 << 10, disk: disk)
        store.set("first", "1")
        try store.commit()
        disk.base.resize(to: disk.base.usedSize)
        // Several records in one batch: the first of them fit.
        for number in 0..<40 { store.set("key \(number)", String(repeating: "v", count: 400)) }
        store.store.flush()
        store.waitUntilHeld()
        store.store.failObstructedWrites()
        store.waitUntilIdle()
        #expect(store.store.failure?.isDiskFull == true)
        let last = store.store.position.seq
        disk.base.resize(to: nil)
        disk.kill()
        let again = try OpenedStore(on: ModelDisk(copying: disk.base))
        #expect(again.store.position.seq > 1, "records that fit are there")
        #expect(again.store.position.seq <= store.store.attempted && store.store.attempted == last)
        try again.close()
    }

    // MARK: A segment that others have changed

    @Test(
        "an open segment that was cut or has grown fails the log before the next write, and reads go on",
        arguments: [
            -1_000_000, -5, 1, 5000,
        ])
    func altered(difference: Int) throws {
        for isIdle in [false, true] {
            let disk = FaultyDisk(ModelDisk())
            let store = try opened(disk)
            let path = ModelFiles.segment(1)
            let size = try #require(disk.base.content(path)).count
            let newSize = max(size + difference, 0)
            try disk.base.attemptOpen(FilePath(path), for: .writing).attemptTruncate(to: newSize)
            if isIdle {
                store.store.tick()
                store.waitUntilIdle()
            } else {
                store.set("late", "2")
                #expect(throws: StoreError.altered(path: path, size: newSize, expected: size)) { try store.commit() }
                #expect(store.store.attempted == 1)
            }
            #expect(store.store.failure == .altered(path: path, size: newSize, expected: size))
            let obstacle = WriteObstacle.altered(path: path, size: newSize, expected: size)
            #expect(store.store.obstacle == obstacle)
            #expect(store.store.obstacle(toChangeOf: 1, shrinks: true) == obstacle)
            for part in [path, "\(newSize) bytes", "expected \(size)", "reads go on"] {
                #expect(obstacle.description.contains(part))
            }
            #expect(store.get("first") == "1" && store.store.committed == 1)
            #expect(disk.base.content(path)?.count == newSize, "nothing is written behind what others did")
            store.store.close()
            #expect(disk.base.content(path)?.count == newSize, "not at the end either")
        }
    }

    @Test("a segment that was cut is not sealed, as if its rest were there", arguments: [true, false])
    func alteredBeforeSealing(isClosed: Bool) throws {
        let disk = FaultyDisk(ModelDisk())
        let store = try opened(disk)
        let path = ModelFiles.segment(1)
        try disk.base.attemptOpen(FilePath(path), for: .writing).attemptTruncate(to: 90)
        if isClosed {
            store.store.close()
        } else {
            _ = store.store.compact()
            store.waitUntilIdle()
        }
        guard case .altered(path, 90, _) = store.store.failure else {
            Issue.record("\(String(describing: store.store.failure))")
            return
        }
        #expect(disk.base.content(path)?.count == 90)
        #expect(disk.base.paths.filter { $0.hasSuffix(".jsonl") } == [path])
        if !isClosed { store.store.close() }
    }

    @Test(
        "a half-done write leaves no size that is taken for another program's",
        arguments: [1, 2, 3])
    func halfWritten(batches: Int) throws {
        let disk = FaultyDisk(ModelDisk(capacity: 256 << 10))
        let store = try OpenedStore(ModelFiles.parent, segmentSize: 128 << 10, disk: disk)
        for round in 0..<batches {
            disk.base.resize(to: disk.base.usedSize)
            for number in 0..<60 { store.set("key \(number)", String(repeating: "v", count: 100 + round)) }
            store.store.flush()
            store.waitUntilHeld()
            store.store.tick()
            disk.base.resize(to: 1 << 20)
            try store.commit()
        }
        try store.close()
        let again = try OpenedStore(on: ModelDisk(copying: disk.base))
        #expect(again.store.position.seq == UInt64(60 * batches))
        try again.close()
    }

    // MARK: The machine's own disk

    @Test("a file's size is told only where its name leads to it")
    func sizeInPlace() throws {
        try withTemporaryFolder { folder in
            let disk = LocalDisk()
            let (path, other) = (FilePath(folder + "/a"), FilePath(folder + "/b"))
            let file = try disk.create(path)
            #expect(file.sizeInPlace() == 0)
            try file.write("12345".bytes.span, Span(), at: 0)
            #expect(file.sizeInPlace() == 5 && file.isInPlace())
            try disk.open(path, for: .writing).truncate(to: 3)
            #expect(file.sizeInPlace() == 3, "by whoever it was changed")
            try disk.rename(path, to: other)
            #expect(file.sizeInPlace() == nil && !file.isInPlace())
            let second = try disk.create(path)
            #expect(file.sizeInPlace() == nil && second.sizeInPlace() == 0)
            try disk.rename(other, to: path)
            #expect(file.sizeInPlace() == 3 && second.sizeInPlace() == nil)
            try disk.remove(path)
            #expect(file.sizeInPlace() == nil)
        }
    }
}
