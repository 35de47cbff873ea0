// The next segment's file: when it exists, that nothing depends on it, and that it takes no space that is needed
// elsewhere. Power losses and faults during its creation are in PowerLossTests and FaultTests as well.

import Inspection
import Store
import SystemPackage
import TestSupport
import Testing

@Suite("The next segment's file")
struct NextSegmentTests {
    private static let next = ModelFiles.folder + "/NEXT"

    private func open(_ disk: any Disk) throws(StoreError) -> OpenedStore {
        try OpenedStore(ModelFiles.parent, segmentSize: 8_000, preallocation: 1_000, disk: disk)
    }

    /// Commits changes of some 1,100 bytes each.
    private func change(_ opened: OpenedStore, _ numbers: Range<Int>) throws(StoreError) {
        for number in numbers {
            opened.set("key \(number)".bytes, [UInt8](repeating: 0x61, count: 1_000))
            try opened.commit()
        }
    }

    @Test("it grows with the open segment, is all line feeds, and becomes the next segment with a header")
    func prepared() throws {
        let model = ModelDisk()
        let opened = try open(model)
        try change(opened, 0..<1)
        #expect(model.content(Self.next) == nil, "not in the first quarter")
        try change(opened, 1..<4)
        let half = try #require(model.content(Self.next))
        #expect(half.count > 2_000 && half.count < 8_000)
        try change(opened, 4..<7)
        #expect(model.content(Self.next) == [UInt8](repeating: 0x0a, count: 8_000))
        try change(opened, 7..<8)
        #expect(model.content(Self.next) == nil)
        let begun = try #require(model.content(ModelFiles.segment(8)))
        #expect(begun.count == 8_000)
        #expect(begun.starts(with: "{\"puffin\":\"log\",".bytes) && begun.last == 0x0a)
        try opened.close()
        #expect(!model.paths.contains(Self.next))
        #expect(model.content(ModelFiles.segment(8))?.count ?? 0 < 2_000, "cut to its length")
    }

    @Test("its remains after a crash are removed at the next start, whatever they contain", arguments: [0, 100])
    func leftOver(size: Int) throws {
        let model = ModelDisk()
        let opened = try open(model)
        try change(opened, 0..<2)
        let header = try #require(model.content(ModelFiles.segment(1))?.prefix(size))
        try opened.close()
        model.put(Array(header) + [UInt8](repeating: 0x0a, count: 500), at: Self.next)
        let again = try open(model)
        #expect(model.content(Self.next) == nil)
        #expect(again.store.recovery.unknownFiles.isEmpty)
        #expect(again.pairs == opened.pairs)
        try again.close()
    }

    @Test("whatever call fails that makes it, the log goes on without it", arguments: [Errno.ioError, .noSpace])
    func faults(errno: Errno) throws {
        var struckOperations: Set<DiskOperation> = []
        for number in 1... {
            let disk = FaultyDisk(ModelDisk(), [PlannedFault(.error(errno), number)])
            guard let opened = try? open(disk) else { continue }
            try? change(opened, 0..<20)
            let struck = disk.struck.first
            guard let struck, struck.path == Self.next else {
                // Each open store has a thread, and there are not many threads.
                opened.store.close()
                if struck == nil { break } else { continue }
            }
            struckOperations.insert(struck.operation)
            #expect(opened.store.failure == nil, "\(struck)")
            #expect(opened.store.committed == 20)
            try opened.close()
            let again = try open(disk)
            #expect(again.pairs.count == 20)
            try again.close()
        }
        #expect(struckOperations == [.create, .write, .sync, .rename])
    }

    @Test("a crash at any call of making it a segment loses nothing")
    func killed() throws {
        var deaths = 0
        for number in 1... {
            let model = ModelDisk()
            let disk = FaultyDisk(model, [PlannedFault(.death, number)])
            guard let opened = try? open(disk) else { continue }
            try? change(opened, 0..<20)
            let committed = opened.store.committed
            let lost = ModelDisk(copying: model)
            // Each open store has a thread, and there are not many threads.
            opened.store.close()
            guard !disk.struck.isEmpty else { break }
            lost.losePower(seed: UInt64(number))
            let again = try open(lost)
            #expect(again.store.position.seq >= committed, "killed at \(disk.struck)")
            #expect(again.store.recovery.unknownFiles.isEmpty)
            try again.close()
            deaths += 1
        }
        #expect(deaths > 50)
    }

    @Test("a disk without room for four more segments has none, and gets back what was prepared")
    func shortDisk() throws {
        let model = ModelDisk(capacity: 1 << 20)
        let opened = try open(model)
        model.resize(to: model.usedSize + 30_000)
        try change(opened, 0..<5)
        #expect(model.content(Self.next) == nil)
        model.resize(to: 1 << 20)
        try change(opened, 5..<11)
        #expect(model.content(Self.next) != nil)
        // Another program takes the remaining space.
        model.resize(to: model.usedSize + 30_000)
        opened.store.tick()
        opened.waitUntilIdle()
        #expect(model.content(Self.next) == nil)
        try opened.close()
    }

    @Test("following the log does not read the line feeds up to a segment's end")
    func followed() throws {
        let model = ModelDisk()
        var log = RawLog()
        log.set("a", "1")
        model.put(log.bytes + [UInt8](repeating: 0x0a, count: 16 << 20), at: ModelFiles.segment(1))
        let disk = FaultyDisk(model)
        let files = DataFiles(data: FilePath(ModelFiles.snapshot))
        var listing = try RecordListing(try CapturedFiles(files, on: disk), RecordQuery())
        #expect(try listing.next())
        #expect(try !listing.next())
        #expect(disk.callCount < 10)
        let opened = try OpenedStore(ModelFiles.parent, disk: model)
        opened.set("b", "2")
        try opened.commit()
        #expect(try listing.lookAgain())
        #expect(try listing.next())
        #expect(disk.callCount < 20)
        try opened.close()
    }
}
