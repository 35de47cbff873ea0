import Foundation
import Inspection
import Store
import TestSupport
import Testing

/// What a look at the heads and the open end finds, compared with a check of everything.
@Suite("The heads of a data set")
struct HeadCheckTests {
    private func heads(_ set: SampleSet) throws -> HeadCheck { try HeadCheck.run(set.files, on: LocalDisk()) }

    @Test("a sound data set: the same files and ranges as a check of everything", arguments: [true, false])
    func sound(isClosed: Bool) throws {
        try withSampleSet(snapshots: [60], isClosed: isClosed) { set in
            let (found, all) = (try heads(set), try set.verification)
            #expect(found.problem == nil && found.tornSize == 0)
            #expect((found.last, found.snapshotSeq, found.history) == (100, 60, all.history))
            #expect(found.files.map(\.path) == all.files.map(\.path))
            #expect(found.files.map(\.last) == all.files.map(\.last))
            #expect(found.files.map(\.isMerged) == all.files.map(\.isMerged))
            #expect(found.files.map(\.size) == all.files.map(\.size))
            #expect(found.size == found.files.reduce(0) { $0 + $1.size })
            #expect(found.unmergedSize > 0 && found.unmergedSize < found.size - found.snapshotSize)
            #expect(found.newestTime.map { $0 >= OpenedStore.now } == true)
        }
    }

    @Test(
        "a changed byte of a head or of the open end is found where it is, another is not",
        arguments: SeededRandom.seeds(40))
    func anywhere(seed: UInt64) throws {
        try withSampleSet(changes: 60, snapshots: seed % 2 == 0 ? [30] : [], seed: seed) { set in
            var random = SeededRandom(seed: seed)
            let names = try set.everyFile().keys.filter { $0.hasSuffix(".json") || $0.hasSuffix(".jsonl") }.sorted()
            let path = set.folder + "/" + names[random.below(names.count)]
            var line = 0
            try set.edit(path) { bytes in
                let lines = bytes.split(separator: 0x0a)
                line = random.below(2) == 0 ? 0 : random.below(lines.count)
                bytes[lines[line].startIndex + random.below(lines[line].count)] ^= UInt8(1 << random.below(8))
            }
            let (found, all) = (try heads(set), try set.verification)
            let isRead = line == 0 || path.hasSuffix(names[names.count - 1])
            guard isRead else { return #expect(found.problem == nil && found.tornSize == 0) }
            #expect(found.problem != nil || found.tornSize > 0)
            let finding = try #require(found.files.first { $0.path == path })
            #expect(finding.state == all.files.first { $0.path == path }?.state)
        }
    }

    @Test("a log that is shorter than DURABLE or the snapshot says has lost its end")
    func shorter() throws {
        try withSampleSet(snapshots: [60]) { set in
            let last = try #require(try set.firsts.last)
            try set.log.remove(LogFiles.name(last))
            let gap = try #require(try heads(set).problem)
            #expect((gap.kind, gap.first, gap.last) == (.gap, last, 100))
            for first in try set.firsts where first > 40 { try set.log.remove(LogFiles.name(first)) }
            try set.log.remove("DURABLE")
            #expect(try heads(set).problem?.last == 60)
        }
    }
}
