import Bytes
import Foundation
import Inspection
import LogFormat
import Store
import SystemPackage
import TestSupport
import Testing

/// What a check of all files finds, and where.
@Suite("Verification")
struct VerificationTests {
    @Test("a sound data set: every file with its range, merged segments too", arguments: [true, false])
    func sound(isClosed: Bool) throws {
        try withSampleSet(snapshots: [60], isClosed: isClosed) { set in
            let found = try set.verification
            #expect(found.isSound && !found.isDamaged)
            #expect(found.files.map(\.kind) == [.snapshot] + (try set.firsts.map { _ in .segment }))
            #expect(found.files[0].count == set.states[60].count)
            #expect(found.snapshotSeq == 60)
            #expect((found.first, found.last) == (1, 100))
            let segments = found.files.dropFirst()
            #expect(segments.map(\.first) == (try set.firsts))
            #expect(segments.map(\.last) == (try set.firsts.dropFirst().map { $0 - 1 } + [100]))
            #expect(segments.map(\.count).reduce(0, +) == 100)
            #expect(segments.map(\.isMerged) == (try set.firsts.map { $0 <= 60 }))
            #expect(segments.last?.isLast == true && segments.last?.isClosed == isClosed)
            #expect(found.history?.count == 12)
        }
    }

    @Test("any changed byte is found, in its file and line", arguments: SeededRandom.seeds(40))
    func anywhere(seed: UInt64) throws {
        try withSampleSet(changes: 60, snapshots: seed % 2 == 0 ? [30] : [], seed: seed) { set in
            var random = SeededRandom(seed: seed)
            let names = try set.everyFile().keys.filter { $0.hasSuffix(".json") || $0.hasSuffix(".jsonl") }.sorted()
            let path = set.folder + "/" + names[random.below(names.count)]
            var (line, offset, isLastBatch) = (0, 0, false)
            try set.edit(path) { bytes in
                let lines = bytes.split(separator: 0x0a)
                line = random.below(lines.count)
                offset = lines[line].startIndex
                isLastBatch = path.hasSuffix(names[names.count - 1]) && line >= lines.count - 3
                bytes[offset + random.below(lines[line].count)] ^= UInt8(1 << random.below(8))
            }
            let found = try set.verification
            let finding = try #require(found.files.first { $0.path == path })
            switch finding.state {
            case .damaged(let damage):
                #expect(damage.path == path)
                #expect((damage.line, damage.offset) == (line + 1, offset))
                #expect(!damage.expected.isEmpty && !damage.found.isEmpty)
            case .torn(let damage, _):
                #expect(isLastBatch)
                #expect(damage.offset == offset)
            case .otherVersion: #expect(line == 0)
            case .sound: Issue.record("\(path), line \(line + 1) is damaged")
            }
            // The other files are as good as they were.
            #expect(found.files.allSatisfy { $0.path == path || $0.state == .sound && $0.kind != .gap })
        }
    }

    @Test("missing changes are reported: between segments, before the first, and after the snapshot")
    func gaps() throws {
        try withSampleSet(snapshots: [60], keepsMerged: false) { set in
            let firsts = try set.firsts
            #expect(firsts[0] == 61)
            try set.log.remove(LogFiles.name(firsts[0]))
            var gaps = try set.verification.files.filter { $0.kind == .gap }
            #expect(gaps.map(\.first) == [61] && gaps.map(\.last) == [firsts[1] - 1])
            try set.log.remove(LogFiles.name(firsts[2]))
            gaps = try set.verification.files.filter { $0.kind == .gap }
            #expect(gaps.map(\.first) == [61, firsts[2]])
            #expect(try set.verification.isDamaged)
        }
    }

    @Test("a snapshot that the log contradicts, and one out of order, are reported")
    func contradictions() throws {
        try withSampleSet(snapshots: [60]) { set in
            // A snapshot of the same history whose change 60 was another.
            var snapshot = ByteBuffer()
            let history = try set.verification.history ?? ""
            let header = SnapshotHeader(
                history: history, position: ChainPosition(seq: 60, crc: 7), timestamp: OpenedStore.now)
            var chain = snapshot.append(snapshotHeader: header)
            for key in ["b", "a"] {
                let key = key.bytes
                chain = snapshot.append(pairLine: .set(key: key.span, value: key.span), chain: chain)
            }
            snapshot.append(snapshotEnd: 2, chain: chain)
            let bytes = Array(snapshot.bytes)
            try set.edit(set.snapshotPath) { $0 = bytes }
            let found = try set.verification
            guard case .damaged(let order) = found.files[0].state,
                let segment = found.files.first(where: { $0.kind == .segment && $0.isDamage }),
                case .damaged(let change) = segment.state
            else {
                Issue.record("\(found.files)")
                return
            }
            #expect(order.expected == "keys in their order" && order.line == 3)
            #expect(change.expected == "crc 00000007, as the snapshot has it for seq 60")
            #expect(segment.last == 59)
        }
    }

    @Test("a log that ends before its snapshot is reported")
    func tooShort() throws {
        try withSampleSet(snapshots: [60]) { set in
            for first in try set.firsts where first > 50 { try set.log.remove(LogFiles.name(first)) }
            let last = try #require(try set.verification.files.last)
            guard case .damaged(let damage) = last.state else {
                Issue.record("\(last)")
                return
            }
            #expect(damage.expected == "seq 60, which the snapshot holds")
        }
    }

    @Test("another version is reported as such, and is not damage")
    func otherVersion() throws {
        try withSampleSet { set in
            let name = LogFiles.name(try set.firsts.last ?? 0)
            try set.log.write("{\"puffin\":\"log\",\"version\":2,\"x\":1}\n".bytes, to: name)
            let found = try set.verification
            #expect(found.isOfOtherVersion && !found.isDamaged && !found.isSound)
        }
    }

    @Test("a read with an old page and a newer one after it is not damage", arguments: SeededRandom.seeds(20))
    func staleRead(seed: UInt64) throws {
        try withSampleSet(changes: 30, isClosed: false, seed: seed) { set in
            let disk = StaleDisk(segment: LogFiles.name(try set.firsts.last ?? 0), seed: seed)
            let found = try Verification.run(set.files, on: disk)
            #expect(disk.wasStale)
            #expect(!found.isDamaged, "\(found.files)")
        }
    }

    @Test("a segment's name that leads nowhere is reported, rather than retried without end")
    func brokenLink() throws {
        try withSampleSet(changes: 30) { set in
            let path = set.log.path(LogFiles.name(try set.firsts[1]))
            try FileManager.default.removeItem(atPath: path)
            try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: path + ".gone")
            let error = #expect(throws: InspectionError.self) { _ = try set.verification }
            #expect(
                "\(try #require(error))".hasPrefix(
                    "Cannot use \(path): expected a file, found a symbolic link to \(path).gone"))
        }
    }

    @Test("no data set, an empty one, a folder: the error says what to do")
    func nothingThere() throws {
        try withTemporaryFolder { folder in
            let files = DataFiles(data: FilePath(folder + "/puffin.json"))
            let missing = #expect(throws: InspectionError.self) { _ = try Verification.run(files, on: LocalDisk()) }
            #expect(missing == .missing(data: folder + "/puffin.json"))
            #expect("\(try #require(missing))".contains("name the data file with --data"))
            try LogFiles(folder).make([:])
            let empty = #expect(throws: InspectionError.self) { _ = try Verification.run(files, on: LocalDisk()) }
            #expect(empty == .empty(data: folder + "/puffin.json"))
            #expect("\(try #require(empty))".contains("has no segments"))
            try FileManager.default.createDirectory(
                atPath: folder + "/puffin.json", withIntermediateDirectories: false)
            try LogFiles(folder).make([1: RawLog().bytes])
            let other = #expect(throws: InspectionError.self) { _ = try Verification.run(files, on: LocalDisk()) }
            #expect("\(try #require(other))".contains("puffin.json"))
        }
    }
}
