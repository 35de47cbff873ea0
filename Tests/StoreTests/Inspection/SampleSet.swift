// A data set with several segments, made by a store, with a known content after each change.

import Bytes
import Foundation
import Inspection
import Store
import SystemPackage
import TestSupport
import Testing

/// A data set named `puffin.json` in a folder.
struct SampleSet {
    let folder: String
    /// The pairs after each change; the first are those before any.
    private(set) var states: [[[UInt8]: [UInt8]]] = [[:]]
    private var random: SeededRandom

    var files: DataFiles { DataFiles(data: FilePath(folder + "/puffin.json")) }
    var log: LogFiles { LogFiles(folder) }
    var last: UInt64 { UInt64(states.count - 1) }

    /// Makes `changes` changes in segments of some ten each.
    /// - Parameters:
    ///   - folder: does not exist, or is empty.
    ///   - snapshots: after which changes a snapshot is made.
    ///   - keepsMerged: whether merged segments stay.
    ///   - isClosed: whether the log is ended cleanly, rather than as a crash leaves it.
    init(
        _ folder: String, changes: Int = 100, snapshots: [Int] = [], keepsMerged: Bool = true, isClosed: Bool = true,
        seed: UInt64 = 1
    ) throws {
        self.folder = folder
        random = SeededRandom(seed: seed)
        let place = isClosed ? folder : folder + "-before"
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        let opened = try OpenedStore(place, segmentSize: 1_000) {
            $0.compactionRule.ratio = 0
            if !keepsMerged { $0.retention.size = 0 }
        }
        for number in 1...changes {
            change(opened)
            try opened.commit()
            if snapshots.contains(number) { try opened.compact() }
        }
        if !isClosed { try FileManager.default.copyItem(atPath: place, toPath: folder) }
        try opened.close()
    }

    private mutating func change(_ opened: OpenedStore) {
        var state = states[states.count - 1]
        let key = "key \(random.below(30))"
        let value = random.bytes(random.below(40))
        switch random.below(12) {
        case 0 where state[key.bytes] != nil:
            opened.delete(key)
            state[key.bytes] = nil
        case 1:
            opened.store.beginMulti()
            for key in ["multi", key] {
                opened.set(key.bytes, value)
                state[key.bytes] = value
            }
            opened.store.endMulti()
        case 2 where random.below(10) == 0:
            _ = opened.store.clear()
            state = [:]
        default:
            opened.set(key.bytes, value)
            state[key.bytes] = value
        }
        states.append(state)
    }

    /// The first changes of the segments.
    var firsts: [UInt64] { get throws { try log.segments.compactMap { UInt64($0.prefix(20)) } } }

    var verification: Verification { get throws { try Verification.run(files, on: LocalDisk()) } }
    var plan: RepairPlan { get throws { try RepairPlan(try verification) } }

    // MARK: Damage

    var snapshotPath: String { folder + "/puffin.json" }

    /// Changes a file's bytes.
    func edit(_ path: String, _ body: (inout [UInt8]) -> Void) throws {
        var bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
        body(&bytes)
        try Data(bytes).write(to: URL(fileURLWithPath: path))
    }

    /// Damages one byte in the middle of a line, numbered from 0.
    func damage(_ path: String, line: Int) throws {
        try edit(path) { bytes in
            let lines = bytes.split(separator: 0x0a)
            bytes[(lines[line].startIndex + lines[line].endIndex) / 2] ^= 0x04
        }
    }

    /// Every file of the data set, by name.
    func everyFile() throws -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        for name in try FileManager.default.subpathsOfDirectory(atPath: folder) {
            let path = folder + "/" + name
            var isFolder: ObjCBool = false
            unsafe _ = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
            if isFolder.boolValue || name.hasSuffix("LOCK") { continue }
            files[name] = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
        }
        return files
    }

    // MARK: Repair

    /// Repairs, and checks that the plan holds: the next start has what it says, and a second repair has nothing to do.
    @discardableResult
    func repair() throws -> RepairPlan {
        let announced = try plan
        let repair = try Repair(files, on: LocalDisk(), time: OpenedStore.now)
        #expect(repair.plan.steps == announced.steps)
        #expect(repair.plan.lost == announced.lost)
        try repair.apply()
        withExtendedLifetime(repair) {}
        return announced
    }

    /// Starts, and checks that everything up to `seq` is there and nothing else.
    func checkStart(_ seq: UInt64) throws {
        #expect(try verification.isSound)
        let kept = try plan.kept
        let opened = try OpenedStore(folder)
        #expect(opened.store.position == kept)
        #expect(opened.store.position.seq == seq)
        #expect(opened.store.recovery.torn == nil)
        #expect(opened.store.recovery.unknownFiles.isEmpty)
        #expect(opened.pairs == states[Int(seq)])
        opened.set("written", "after the repair")
        try opened.close()
        #expect(try verification.isSound)
    }
}

/// Lends a data set in a folder of its own.
func withSampleSet<Result>(
    changes: Int = 100, snapshots: [Int] = [], keepsMerged: Bool = true, isClosed: Bool = true, seed: UInt64 = 1,
    _ body: (SampleSet) throws -> Result
) throws -> Result {
    try withTemporaryFolder { folder in
        try body(
            try SampleSet(
                folder + "/set", changes: changes, snapshots: snapshots, keepsMerged: keepsMerged, isClosed: isClosed,
                seed: seed))
    }
}
