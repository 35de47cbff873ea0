import Bytes
import Foundation
import Inspection
import Store
import SystemPackage
import TestSupport
import Testing

/// What a repair promises to keep is what the next start has, whatever is damaged; and nothing is deleted.
@Suite("Repair")
struct RepairTests {
    @Test("if everything is sound there is nothing to do", arguments: [[], [50]])
    func nothing(snapshots: [Int]) throws {
        try withSampleSet(snapshots: snapshots) { set in
            let before = try set.everyFile()
            #expect(try !set.plan.isNeeded)
            #expect(try set.repair().kept.seq == 100)
            #expect(try set.everyFile() == before)
            try set.checkStart(100)
        }
    }

    @Test("a torn tail is set aside as the next start would do, and nothing is lost")
    func torn() throws {
        try withSampleSet(isClosed: false) { set in
            let good = try set.log.read(set.firsts.last.map(LogFiles.name) ?? "")
            let end = (good.lastIndex { $0 != 0x0a } ?? 0) + 2
            try set.edit(set.log.last) { $0.replaceSubrange(end..<min(end + 7, $0.count), with: "{\"seq\":".bytes) }
            let plan = try set.repair()
            #expect(plan.steps == [.setTailAside(segment: try set.firsts.last ?? 0, from: end, size: 7)])
            #expect(plan.lost == nil)
            #expect(try set.log.read(try set.log.torn.first ?? "") == "{\"seq\":".bytes)
            try set.checkStart(100)
        }
    }

    @Test("damage in a segment: everything before it is kept, the rest and all later segments are set aside")
    func middle() throws {
        try withSampleSet { set in
            let firsts = try set.firsts
            let before = try set.everyFile()
            // Lines of a segment: header, a record, then a durable line and a record for each further change.
            try set.damage(set.log.path(LogFiles.name(firsts[3])), line: 5)
            let plan = try set.repair()
            let lost = try #require(plan.lost)
            #expect(plan.kept.seq == firsts[3] + 1)
            #expect((lost.first, lost.last, lost.count) == (firsts[3] + 2, 100, 98 - firsts[3] + 1))
            #expect(lost.readableCount == Int(lost.count) - 1)
            #expect(lost.keyCount > 20 && lost.keys.count == 20)
            #expect(lost.keys.allSatisfy { $0 == "multi".bytes || $0.starts(with: "key ".bytes) })
            // Later segments are there byte by byte; the damaged one is in two parts.
            let after = try set.everyFile()
            for first in firsts[4...] {
                let name = "puffin.json.log/" + LogFiles.name(first)
                #expect(after[name] == nil)
                #expect(after[name + ".damaged-\(OpenedStore.now)"] == before[name])
            }
            let name = "puffin.json.log/" + LogFiles.name(firsts[3])
            let parts = (after[name] ?? []) + (after[name + ".damaged-\(OpenedStore.now)"] ?? [])
            #expect(parts.count == (before[name]?.count ?? 0) - 1, "all but the last line feed")
            try set.checkStart(plan.kept.seq)
        }
    }

    @Test("a damaged header: the segment and all later ones are set aside")
    func header() throws {
        try withSampleSet { set in
            let firsts = try set.firsts
            try set.damage(set.log.path(LogFiles.name(firsts[2])), line: 0)
            let plan = try set.repair()
            #expect(plan.kept.seq == firsts[2] - 1)
            #expect(plan.lost?.first == firsts[2])
            #expect(plan.lost?.last == 100)
            try set.checkStart(plan.kept.seq)
        }
    }

    @Test("a missing segment is as damage where it should be")
    func missing() throws {
        try withSampleSet { set in
            let firsts = try set.firsts
            try set.log.remove(LogFiles.name(firsts[2]))
            let plan = try set.repair()
            #expect(plan.kept.seq == firsts[2] - 1)
            #expect(plan.lost?.count == 100 - firsts[2] + 1)
            #expect(plan.lost?.readableCount == Int(100 - firsts[3] + 1))
            try set.checkStart(plan.kept.seq)
        }
    }

    @Test("segments with each other's names: kept is what comes before both")
    func swapped() throws {
        try withSampleSet { set in
            let firsts = try set.firsts
            let names = [LogFiles.name(firsts[2]), LogFiles.name(firsts[4])]
            let contents = try names.map(set.log.read)
            for (name, content) in zip(names, contents.reversed()) { try set.log.write(content, to: name) }
            let plan = try set.repair()
            #expect(plan.kept.seq == firsts[2] - 1)
            try set.checkStart(plan.kept.seq)
        }
    }

    @Test("damage in merged segments alone: they are set aside, and nothing is lost", arguments: [0, 2, 5])
    func merged(index: Int) throws {
        try withSampleSet(snapshots: [70]) { set in
            let firsts = try set.firsts
            try set.damage(set.log.path(LogFiles.name(firsts[index])), line: 3)
            let plan = try set.repair()
            #expect(plan.lost == nil)
            #expect(plan.steps == firsts[...index].reversed().map { .setAside(segment: $0) })
            try set.checkStart(100)
        }
    }

    @Test("merged segments that are missing are given up together with those before them, and nothing is lost")
    func mergedGap() throws {
        try withSampleSet(snapshots: [70]) { set in
            let firsts = try set.firsts
            try set.log.remove(LogFiles.name(firsts[2]))
            let plan = try set.repair()
            #expect(plan.lost == nil)
            #expect(plan.steps == [.setAside(segment: firsts[1]), .setAside(segment: firsts[0])])
            try set.checkStart(100)
        }
    }

    @Test("a damaged snapshot is set aside if the log reaches back to its beginning", arguments: [0, 5])
    func snapshotAndWholeLog(line: Int) throws {
        try withSampleSet(snapshots: [70]) { set in
            try set.damage(set.snapshotPath, line: line)
            let plan = try set.repair()
            #expect(plan.steps == [.setSnapshotAside])
            #expect(plan.lost == nil && plan.lostPairs == nil)
            #expect(FileManager.default.fileExists(atPath: set.snapshotPath + ".damaged-\(OpenedStore.now)"))
            try set.checkStart(100)
        }
    }

    @Test("otherwise its sound pairs become a new snapshot, and the damaged lines are named", arguments: [2, 3])
    func snapshotAlone(line: Int) throws {
        try withSampleSet(snapshots: [70], keepsMerged: false) { set in
            let keys = set.states[70].keys.sorted { $0.lexicographicallyPrecedes($1) }
            let before = try set.everyFile()["puffin.json"]
            // In the key, which then is not the one that it was, or in the checksum.
            try set.edit(set.snapshotPath) { bytes in
                let lines = bytes.split(separator: 0x0a)
                bytes[line == 2 ? lines[2].startIndex + 10 : lines[3].endIndex - 4] ^= 0x01
            }
            let plan = try set.repair()
            let pairs = try #require(plan.lostPairs)
            #expect(plan.steps == [.rewriteSnapshot])
            #expect(plan.lost == nil)
            #expect(pairs.keptCount == keys.count - 1)
            #expect(pairs.lineCount == 1)
            #expect(pairs.expectedCount == keys.count)
            #expect(pairs.lines.map(\.number) == [line + 1])
            #expect(pairs.lines[0].key != nil)
            let aside = try set.everyFile()["puffin.json.damaged-\(OpenedStore.now)"]
            #expect(aside?.count == before?.count)
            #expect(try set.verification.isSound)
            let opened = try OpenedStore(set.folder)
            var expected = set.states[100]
            let lost = keys[line - 1]
            if expected[lost] == set.states[70][lost] { expected[lost] = nil }
            let found = opened.pairs
            #expect(opened.store.position.seq == 100)
            // The lost pair is back where the log changed it since.
            #expect(found.filter { $0.key != lost } == expected.filter { $0.key != lost })
            try opened.close()
        }
    }

    @Test("a truncated snapshot keeps what is there, and reports that the missing part is unknown")
    func snapshotCut() throws {
        try withSampleSet(snapshots: [100], keepsMerged: false) { set in
            let keys = set.states[100].keys.sorted { $0.lexicographicallyPrecedes($1) }
            try set.edit(set.snapshotPath) { bytes in
                let lines = bytes.split(separator: 0x0a)
                bytes.removeSubrange((lines[6].startIndex + 5)...)
            }
            let plan = try set.repair()
            #expect(plan.lostPairs?.keptCount == 5)
            #expect(plan.lostPairs?.expectedCount == nil)
            #expect(plan.lostPairs?.lines.map(\.number) == [7] && plan.lostPairs?.lines.first?.key == nil)
            let opened = try OpenedStore(set.folder)
            #expect(Set(opened.pairs.keys) == Set(keys[..<5]))
            try opened.close()
        }
    }

    @Test("what cannot be repaired is left as it is, with the reason")
    func hopeless() throws {
        try withSampleSet(snapshots: [70], keepsMerged: false) { set in
            try set.damage(set.snapshotPath, line: 0)
            let before = try set.everyFile()
            let plan = try set.repair()
            #expect(plan.obstacle?.contains("restore the data file and its folder from a copy") == true)
            #expect(try set.everyFile() == before)
            // Starting over without the snapshot is not a repair either.
            try FileManager.default.removeItem(atPath: set.snapshotPath)
            #expect(try set.plan.obstacle?.contains("nothing could be kept") == true)
            #expect(try set.plan.steps == [])
        }
    }

    @Test("a file of another version is no damage, and nothing is done")
    func otherVersion() throws {
        try withSampleSet { set in
            try set.log.write(
                "{\"puffin\":\"log\",\"version\":2,\"x\":1}\n".bytes, to: LogFiles.name(try set.firsts[1]))
            let before = try set.everyFile()
            #expect(try set.repair().obstacle?.contains("use the Puffin that wrote it") == true)
            #expect(try set.everyFile() == before)
        }
    }

    @Test("a repair is refused while a store is open")
    func locked() throws {
        try withSampleSet { set in
            let opened = try OpenedStore(set.folder)
            let error = #expect(throws: InspectionError.self) {
                _ = try Repair(set.files, on: LocalDisk(), time: OpenedStore.now)
            }
            guard case .store(.locked) = error else { throw try #require(error) }
            try opened.close()
        }
    }

    /// How a data set is made for a seed.
    private func sample<Result>(_ seed: UInt64, _ body: (SampleSet) throws -> Result) throws -> Result {
        try withSampleSet(
            snapshots: [[], [60], [30, 80], [100]][Int(seed % 4)], keepsMerged: seed % 3 != 0, isClosed: seed % 2 == 0,
            seed: seed, body)
    }

    /// Changes a byte of some file.
    private func damageSomething(_ set: SampleSet, _ random: inout SeededRandom) throws {
        let names = try set.everyFile().keys.filter { !$0.hasSuffix("RESERVE") }.sorted()
        try set.edit(set.folder + "/" + names[random.below(names.count)]) { bytes in
            let used = (bytes.lastIndex { $0 != 0x0a } ?? 0) + 1
            bytes[random.below(used)] ^= UInt8(1 << random.below(8))
        }
    }

    @Test("whatever byte is changed, the next start has exactly what the plan says", arguments: SeededRandom.seeds(60))
    func anywhere(seed: UInt64) throws {
        try sample(seed) { set in
            var random = SeededRandom(seed: seed)
            try damageSomething(set, &random)
            let sizes = try set.everyFile().values.reduce(0) { $0 + $1.count }
            let plan = try set.repair()
            guard plan.obstacle == nil else { return }
            if plan.lostPairs == nil {
                try set.checkStart(plan.kept.seq)
            } else {
                #expect(try set.verification.isSound)
                try OpenedStore(set.folder).close()
            }
            #expect(try set.everyFile().values.reduce(0) { $0 + $1.count } > sizes - 20_000, "nothing is deleted")
        }
    }

    @Test(
        "a repair that is cut short is finished by the next one, and nothing is lost", arguments: SeededRandom.seeds(20)
    )
    func cutShort(seed: UInt64) throws {
        try sample(seed) { set in
            var random = SeededRandom(seed: seed)
            try damageSomething(set, &random)
            let plan = try set.plan
            guard plan.obstacle == nil else { return }
            for changes in 0... {
                let disk = MortalDisk(changes: changes)
                do {
                    try Repair(set.files, on: disk, time: OpenedStore.now + UInt64(changes)).apply()
                    break
                } catch {
                    #expect(try set.plan.obstacle == nil)
                    #expect(try set.plan.kept == plan.kept, "cut short after \(changes) changes")
                }
            }
            if plan.lostPairs == nil { try set.checkStart(plan.kept.seq) }
            #expect(try set.verification.isSound)
        }
    }
}
