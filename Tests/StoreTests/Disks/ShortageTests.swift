import Bytes
import Store
import Synchronization
import SystemPackage
import TestSupport
import Testing

/// Shortages of any resource: each is named, and neither prevents a start nor ends the server.
@Suite("Shortages")
struct ShortageTests {
    /// A disk that creates no files while `isShort`, and may limit the size of files.
    private final class ShortDisk: ForwardingDisk {
        let base: ModelDisk
        let errno = Mutex<Errno?>(nil)
        let largestFile = Mutex(Int.max)

        init(_ base: ModelDisk = ModelDisk()) { self.base = base }

        func pass(_ operation: DiskOperation, _ path: FilePath) throws(StoreError) {
            if operation == .create, let errno = errno.withLock({ $0 }) {
                throw .disk(operation: .create, path: path.string, errno: errno)
            }
        }

        func wrap(_ file: any DiskFile) -> any DiskFile { file }

        func space(at path: FilePath) throws(StoreError) -> DiskSpace {
            var space = try base.space(at: path)
            if errno.withLock({ $0 == .noSpace }) { space.files = 0 }
            space.largestFile = largestFile.withLock { $0 }
            return space
        }
    }

    private func look(_ opened: OpenedStore) {
        opened.store.tick()
        opened.waitUntilIdle()
    }

    /// Fills the open segment, makes files impossible, and waits until the next segment cannot be made.
    private func fillSegment(_ opened: OpenedStore, on disk: ShortDisk, then errno: Errno) throws {
        for number in 0..<40 { opened.set("other key \(number)", "a value of some forty bytes, so that segments fill") }
        try opened.commit()
        disk.errno.withLock { $0 = errno }
        opened.set("other key 0", "a value")
        opened.store.flush()
        opened.waitUntilHeld()
    }

    /// What a server killed in the middle of a write leaves: half a record, without preallocated space after it.
    private func killed() throws -> ModelDisk {
        let model = ModelDisk()
        let opened = try OpenedStore(.never, on: model)
        for number in 0..<5 { opened.set("key \(number)", "value") }
        try opened.commit()
        let killed = ModelDisk(copying: model)
        killed.put(try #require(model.content(ModelFiles.segment(1))) + "{\"seq\":6,".bytes, at: ModelFiles.segment(1))
        try opened.close()
        return killed
    }

    @Test(
        "a server that was killed starts on a full disk, with the reserved space",
        arguments: Durability.allCases)
    func fullStart(durability: Durability) throws {
        let model = try killed()
        #expect(model.content(ModelFiles.folder + "/RESERVE") != nil)
        model.resize(to: model.usedSize)
        let opened = try OpenedStore(durability, on: model)
        #expect(opened.pairs.count == 5)
        #expect(opened.store.recovery.torn?.size == 9)
        #expect(model.paths.count { $0.contains(".torn-") } == 1)
        guard case .diskFull? = opened.store.obstacle else {
            Issue.record("\(String(describing: opened.store.obstacle))")
            return
        }
        model.resize(to: nil)
        look(opened)
        #expect(opened.store.obstacle == nil)
        opened.set("after", "it")
        try opened.close()
    }

    @Test("without a reserve, the preallocated space suffices")
    func fullStartWithoutReserve() throws {
        let model = ModelDisk()
        let opened = try OpenedStore(ModelFiles.parent, segmentSize: 64 << 10, preallocation: 20_000, disk: model)
        opened.set("a", "1")
        try opened.commit()
        let killed = ModelDisk(copying: model)
        let content = try #require(killed.content(ModelFiles.segment(1)))
        let end = try #require(content.lastIndex { $0 != 0x0a }) + 2
        let tail = "{\"seq\":2,".bytes
        killed.put(
            Array(content[..<end]) + tail + [UInt8](repeating: 0x0a, count: content.count - end - tail.count),
            at: ModelFiles.segment(1))
        try opened.close()
        killed.resize(to: killed.usedSize)
        let next = try OpenedStore(ModelFiles.parent, segmentSize: 64 << 10, preallocation: 20_000, disk: killed)
        #expect(next.get("a") == "1")
        #expect(next.store.recovery.torn?.size == tail.count)
        try next.close()
    }

    @Test("without inodes it starts too, and reports that bytes are not the problem")
    func inodes() throws {
        let model = try killed()
        let disk = ShortDisk(model)
        let other = ShortDisk(ModelDisk(copying: model))
        other.errno.withLock { $0 = .noSpace }
        #expect(throws: StoreError.self, "what is torn off finds no place") { try OpenedStore(on: other) }

        let opened = try OpenedStore(on: disk) { $0.layout.preallocation = 0 }
        try fillSegment(opened, on: disk, then: .noSpace)
        #expect(opened.store.obstacle == .noInodes(folder: ModelFiles.folder))
        #expect(opened.store.obstacle?.description.contains("no inode") == true)
        disk.errno.withLock { $0 = nil }
        try opened.commit()
        look(opened)
        #expect(opened.store.obstacle == nil)
        #expect(opened.pairs.count == 45)
        try opened.close()
    }

    @Test(
        "without descriptors a new segment waits until there are some",
        arguments: [Errno.tooManyOpenFiles, .tooManyOpenFilesInSystem])
    func descriptors(errno: Errno) throws {
        let disk = ShortDisk()
        // Nothing is prepared for the next segment.
        let opened = try OpenedStore(.always, on: disk) { $0.layout.preallocation = 0 }
        try fillSegment(opened, on: disk, then: errno)
        guard case .noDescriptors(let path)? = opened.store.obstacle else {
            Issue.record("\(String(describing: opened.store.obstacle))")
            return
        }
        #expect(path.hasPrefix(ModelFiles.folder))
        #expect(opened.store.obstacle?.description.contains("ulimit -n") == true)
        disk.errno.withLock { $0 = nil }
        try opened.commit()
        #expect(opened.store.position.seq == 41)
        try opened.close()
    }

    @Test("under a limit of file sizes segments are smaller, and a change that fits into none is refused")
    func fileSizes() throws {
        let disk = ShortDisk()
        disk.largestFile.withLock { $0 = 100_000 }
        let opened = try OpenedStore(ModelFiles.parent, disk: disk) { $0.layout.reserve = 1 << 20 }
        #expect(opened.store.fileSizeLimit == 100_000)
        for number in 0..<200 {
            #expect(opened.store.obstacle(toChangeOf: 2_010, shrinks: false) == nil)
            opened.set("key \(number)", String(repeating: "v", count: 2_000))
            try opened.commit()
        }
        #expect(disk.base.paths.allSatisfy { (disk.base.content($0)?.count ?? 0) <= 100_000 })
        let obstacle = opened.store.obstacle(toChangeOf: 90_000, shrinks: false)
        guard case .fileSizeLimit(ModelFiles.folder, 100_000, let needed)? = obstacle else {
            Issue.record("\(String(describing: obstacle))")
            return
        }
        #expect(needed > 100_000)
        #expect(obstacle?.description.contains("ulimit -f") == true)
        #expect(opened.store.obstacle == nil, "others go on")
        try opened.close()
        disk.largestFile.withLock { $0 = 1_000 }
        let error = #expect(throws: StoreError.self) { try OpenedStore(ModelFiles.parent, disk: disk) }
        #expect(error == .fileSizeLimit(limit: 1_000, needed: 64 << 10))
    }
}
