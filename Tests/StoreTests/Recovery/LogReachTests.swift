import Bytes
import Inspection
import Store
import SystemPackage
import TestSupport
import Testing

/// Missing, empty or truncated files look like a first start or like a crash. Each such state is refused, changes
/// nothing, and is reported by a check and a repair.
@Suite("A log that is less than it was")
struct LogReachTests {
    enum Shape: CaseIterable {
        case oneSegment, severalSegments, snapshot
    }

    enum Harm: CaseIterable {
        case lastEmptied, lastRemoved, lastCutBehindARecord, lastCutInsideARecord, lastCutBehindItsHeader
        case everySegmentRemoved, everythingRemoved
    }

    private static let files = DataFiles(data: FilePath(ModelFiles.snapshot))
    private static let durable = ModelFiles.folder + "/DURABLE"

    /// A data set that was closed cleanly, or as a server leaves it that is killed after a second without changes.
    private func dataSet(_ shape: Shape, isClosed: Bool) throws -> ModelDisk {
        let model = ModelDisk()
        let opened = try OpenedStore(on: model)
        try change(opened, shape == .oneSegment ? 5 : 60)
        if shape == .snapshot {
            try opened.compact()
            try change(opened, 20)
        }
        // So that something can be cut off.
        while try lines(model, last(model)).count < 6 { try change(opened, 1) }
        #expect((try segments(model).count == 1) == (shape == .oneSegment))
        opened.store.tick()
        opened.waitUntilIdle()
        let killed = ModelDisk(copying: model)
        try opened.close()
        return isClosed ? model : killed
    }

    private func change(_ opened: OpenedStore, _ count: Int) throws {
        for number in 0..<count {
            opened.set("key \(number)", "a value of some forty bytes, so that segments fill")
            try opened.commit()
        }
    }

    private func segments(_ model: ModelDisk) throws -> [String] { model.paths.filter { $0.hasSuffix(".jsonl") } }
    private func last(_ model: ModelDisk) throws -> String { try #require(segments(model).last) }

    private func lines(_ model: ModelDisk, _ path: String) throws -> [ArraySlice<UInt8>] {
        try #require(model.content(path)).split(separator: 0x0a)
    }

    private func harm(_ model: ModelDisk, _ harm: Harm) throws {
        let path = try last(model)
        let records = try lines(model, path).indices { $0.starts(with: "{\"seq\":".bytes) }.ranges.flatMap { $0 }
        let all = try lines(model, path)
        func keep(_ lines: Int, _ rest: [UInt8] = []) {
            model.put(all[..<lines].flatMap { Array($0) + [0x0a] } + rest, at: path)
        }
        switch harm {
        case .lastEmptied: model.put([], at: path)
        case .lastRemoved: try model.remove(FilePath(path))
        case .lastCutBehindARecord: keep(records[records.count - 2] + 1)
        case .lastCutInsideARecord: keep(records[records.count - 1], Array(all[records[records.count - 1]].prefix(20)))
        case .lastCutBehindItsHeader: keep(1)
        case .everySegmentRemoved, .everythingRemoved:
            for path in try segments(model) { try model.remove(FilePath(path)) }
            if harm == .everythingRemoved, model.content(ModelFiles.snapshot) != nil {
                try model.remove(FilePath(ModelFiles.snapshot))
            }
        }
    }

    /// What a refused start must leave as it is.
    private func contents(_ model: ModelDisk) -> [String: [UInt8]] {
        let kept = model.paths.filter { !$0.hasSuffix("/LOCK") && !$0.hasSuffix("/NEXT") }
        return Dictionary(uniqueKeysWithValues: kept.map { ($0, model.content($0) ?? []) })
    }

    @Test(
        "is refused unchanged, reported by verify, and starts after a repair or is reported as lost",
        arguments: Shape.allCases, Harm.allCases)
    func harmed(shape: Shape, harm: Harm) throws {
        for isClosed in [true, false] {
            let model = try dataSet(shape, isClosed: isClosed)
            let reached = try Verification.run(LogReachTests.files, on: model).last
            try self.harm(model, harm)
            let before = contents(model)
            let error = #expect(throws: StoreError.self) { try OpenedStore(on: model) }
            switch error {
            case .corruption(let damage):
                #expect(damage.path.hasPrefix(ModelFiles.folder))
                #expect(!damage.expected.isEmpty && !damage.found.isEmpty)
                // Half a record after a whole one would be a torn tail without evidence that it was whole.
                if shape == .oneSegment && harm == .lastCutBehindARecord {
                    #expect(damage.expected == "seq \(reached): change \(reached) was on the disk, as DURABLE says")
                }
            case .emptied(ModelFiles.folder, let found): #expect(found == ["DURABLE"])
            default: Issue.record("\(String(describing: error))")
            }
            #expect(contents(model) == before)
            try verifyAndRepair(model, reached)
        }
    }

    private func verifyAndRepair(_ model: ModelDisk, _ reached: UInt64) throws {
        do throws(InspectionError) {
            #expect(try Verification.run(LogReachTests.files, on: model).isDamaged)
        } catch {
            guard case .store(.emptied) = error else { throw error }
            return
        }
        let repair = try Repair(LogReachTests.files, on: model, time: OpenedStore.now)
        guard repair.plan.obstacle == nil else {
            #expect(repair.plan.kept.seq == 0)
            return
        }
        #expect(repair.plan.lost?.last == reached)
        #expect(repair.plan.steps.first == .setMarkAside(reached: reached))
        let kept = repair.plan.kept.seq
        #expect(kept < reached)
        try repair.apply()
        withExtendedLifetime(repair) {}
        try start(model, at: kept)
    }

    private func start(_ model: ModelDisk, at seq: UInt64) throws {
        // The repair's lock is held by an object that may still be there.
        let model = ModelDisk(copying: model)
        let opened = try OpenedStore(on: model)
        #expect(opened.store.position.seq == seq)
        #expect(opened.store.recovery.unknownFiles.isEmpty)
        opened.set("after", "the repair")
        try opened.close()
        #expect(try Verification.run(LogReachTests.files, on: model).isSound)
    }

    @Test("without DURABLE, as from an older Puffin, it is refused if other files reveal it, and reported otherwise")
    func unmarked() throws {
        for (traces, isRefused) in [([], false), (["RESERVE"], true), (["ROLE"], true), (["NEXT"], true)] {
            for isEmptied in [true, false] {
                let model = try dataSet(.oneSegment, isClosed: true)
                try harm(model, isEmptied ? .lastEmptied : .lastRemoved)
                for name in ["DURABLE", "RESERVE", "ROLE", "NEXT"] where !traces.contains(name) {
                    let path = FilePath(ModelFiles.folder + "/" + name)
                    if try model.exists(path) { try model.remove(path) }
                }
                if traces == ["ROLE"] { try writeRole(model) } else { for name in traces { put(name, model) } }
                if isRefused {
                    let error = #expect(throws: StoreError.self) { try OpenedStore(on: model) }
                    if !isEmptied { #expect(error == .emptied(folder: ModelFiles.folder, found: traces)) }
                    let found = #expect(throws: InspectionError.self) {
                        try Verification.run(LogReachTests.files, on: isEmptied ? ModelDisk() : model)
                    }
                    if !isEmptied { #expect(found == .store(.emptied(folder: ModelFiles.folder, found: traces))) }
                } else {
                    let opened = try OpenedStore(on: model)
                    #expect(opened.store.recovery.warnings.count == (isEmptied ? 1 : 0))
                    try opened.close()
                }
            }
        }
    }

    private func put(_ name: String, _ model: ModelDisk) {
        model.put([UInt8](repeating: 0, count: 16 << 10), at: ModelFiles.folder + "/" + name)
    }

    private func writeRole(_ model: ModelDisk) throws {
        let other = ModelDisk()
        let opened = try OpenedStore(on: other)
        try opened.store.roleFile.write(RoleNote(isFollower: false, leader: nil, followers: []))
        try opened.close()
        model.put(try #require(other.content(ModelFiles.folder + "/ROLE")), at: ModelFiles.folder + "/ROLE")
    }

    @Test("a data set without DURABLE starts and has one then; what was set aside explains a log that is not there")
    func legitimate() throws {
        var model = try dataSet(.severalSegments, isClosed: true)
        let reached = try Verification.run(LogReachTests.files, on: model).last
        try model.remove(FilePath(LogReachTests.durable))
        let opened = try OpenedStore(on: model)
        #expect(opened.store.position.seq == reached)
        try opened.close()
        try harm(model, .lastCutBehindARecord)
        #expect(throws: StoreError.self) { try OpenedStore(on: model) }

        model = try dataSet(.oneSegment, isClosed: true)
        let path = FilePath(try last(model))
        try model.rename(path, to: FilePath(path.string + ".superseded-1764000000123"))
        try model.remove(FilePath(LogReachTests.durable))
        try OpenedStore(on: model).close()
    }

    @Test(
        "a damaged line of DURABLE is skipped for the other one; without either the log is accepted as it is"
    )
    func damagedMark() throws {
        let model = try dataSet(.oneSegment, isClosed: true)
        let whole = try #require(model.content(LogReachTests.durable))
        #expect(whole.count == 1024)
        var random = SeededRandom(seed: 1)
        for round in 0..<60 {
            var bytes = whole
            let sectors = round % 3 == 2 ? [0, 512] : [round % 3 * 512]
            for sector in sectors {
                if round % 2 == 0 {
                    bytes[sector + random.below(100)] ^= UInt8(1 << random.below(8))
                } else {
                    bytes.replaceSubrange(sector..<sector + 512, with: random.bytes(512))
                }
            }
            if round % 6 == 5 { bytes = Array(bytes.prefix(random.below(1024))) }
            let copy = ModelDisk(copying: model)
            copy.put(bytes, at: LogReachTests.durable)
            let opened = try OpenedStore(on: copy)
            if sectors.count == 2 { #expect(opened.store.recovery.warnings.count == 1) }
            #expect(opened.pairs.count == 5)
            try opened.close()
            // It is as good as new.
            try harm(copy, .lastCutBehindARecord)
            #expect(throws: StoreError.self) { try OpenedStore(on: copy) }
        }
    }

    @Test("another log of the same data set, or of another one, is not taken for the one that was there")
    func otherLogs() throws {
        let model = try dataSet(.oneSegment, isClosed: true)
        let history = try #require(try Verification.run(LogReachTests.files, on: model).history)
        for (history, expected) in [(history, "crc "), ("0123456789ab", "the header of ")] {
            var log = RawLog(history: history)
            for number in 0..<30 { log.set("key \(number)", "another") }
            model.put(log.bytes, at: ModelFiles.segment(1))
            let error = #expect(throws: StoreError.self) { try OpenedStore(on: model) }
            guard case .corruption(let damage) = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
            #expect(damage.expected.hasPrefix(expected), "\(damage.expected)")
            #expect(try Verification.run(LogReachTests.files, on: model).isDamaged)
        }
    }

    @Test("a follower sets aside what is left of such a log, reports it, and continues", arguments: Harm.allCases)
    func follower(harm: Harm) throws {
        let model = try dataSet(.severalSegments, isClosed: true)
        let reached = try Verification.run(LogReachTests.files, on: model).last
        try self.harm(model, harm)
        for isFirst in [true, false] {
            let opened = try OpenedStore(on: model) { $0.damage = .setAside }
            #expect((opened.store.recovery.damage != nil) == isFirst)
            #expect(opened.store.position.seq < reached)
            try opened.close()
        }
        try OpenedStore(on: model).close()
    }
}
