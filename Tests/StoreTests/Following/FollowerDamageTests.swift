// Damage found at a follower's start: it is set aside, the rest is served, and the leader sends what is missing.

import Bytes
import LogFormat
import Store
import TestSupport
import Testing

@Suite("Damage on a follower")
struct FollowerDamageTests {
    /// A leader, and a follower that has all of it, in several segments, with a snapshot.
    private struct Stage {
        let leader: DiskRun
        let leaderModel = ModelDisk()
        let model = ModelDisk()

        init(compacts: Bool) throws {
            var ledger = Ledger()
            var work = Workload(random: SeededRandom(seed: 5))
            var leader = try DiskRun(on: FaultyDisk(leaderModel))
            let follower = try OpenedStore(on: FaultyDisk(model))
            leader.change(60, &work, &ledger)
            let link = try ReplicaLink(leader.opened, follower, random: SeededRandom(seed: 1))
            #expect(try link.run() == .caughtUp)
            if compacts { try follower.compact() }
            leader.change(400, &work, &ledger)
            let second = try ReplicaLink(leader.opened, follower, random: SeededRandom(seed: 2))
            #expect(try second.run() == .caughtUp)
            try follower.close()
            self.leader = leader
        }

        var segments: [String] { model.paths.filter { $0.hasPrefix(ModelFiles.folder) && $0.hasSuffix(".jsonl") } }

        /// Starts on a damaged copy, and follows the leader again.
        func recover(_ model: ModelDisk) throws -> RecoveryReport {
            let follower = try OpenedStore(on: FaultyDisk(model)) { $0.damage = .setAside }
            let report = follower.store.recovery
            #expect(follower.store.check().isEmpty)
            let link = try ReplicaLink(leader.opened, follower, random: SeededRandom(seed: 3))
            #expect(try link.run() == .caughtUp)
            #expect(follower.pairs == leader.opened.pairs)
            #expect(RecordLines.difference(leaderModel, model) == nil)
            try follower.close()
            let again = try OpenedStore(on: FaultyDisk(model))
            #expect(again.store.recovery.damage == nil && again.store.recovery.unknownFiles.isEmpty)
            #expect(again.pairs == leader.opened.pairs)
            try again.close()
            return report
        }
    }

    @Test("one flipped bit in a segment costs what follows it", arguments: [false, true])
    func bits(compacts: Bool) throws {
        let stage = try Stage(compacts: compacts)
        var random = SeededRandom(seed: 9)
        var found = 0
        for path in stage.segments {
            for _ in 0..<8 {
                let model = ModelDisk(copying: stage.model)
                var bytes = model.content(path) ?? []
                let offset = random.below(bytes.count)
                bytes[offset] ^= UInt8(1 << random.below(7))
                model.put(bytes, at: path)
                let report: RecoveryReport
                do {
                    report = try stage.recover(model)
                } catch StoreError.unknownVersion {
                    // The header may say another version: that is no damage.
                    continue
                }
                guard let damage = report.damage else { continue }
                found += 1
                #expect(damage.damage.path == path)
                #expect(!damage.paths.isEmpty && damage.paths.allSatisfy { $0.contains(".damaged-") })
                #expect(damage.paths.allSatisfy { model.content($0) != nil })
            }
        }
        #expect(found > 10)
    }

    @Test("a missing segment costs the later ones", arguments: [false, true])
    func missing(compacts: Bool) throws {
        let stage = try Stage(compacts: compacts)
        for path in stage.segments.dropLast() {
            let model = ModelDisk(copying: stage.model)
            try model.attemptRemove(.init(path))
            let report = try stage.recover(model)
            #expect(report.damage != nil || compacts)
        }
    }

    @Test("with a damaged snapshot everything is set aside, and the follower starts over")
    func snapshot() throws {
        let stage = try Stage(compacts: true)
        var random = SeededRandom(seed: 9)
        for _ in 0..<12 {
            let model = ModelDisk(copying: stage.model)
            var bytes = model.content(ModelFiles.snapshot) ?? []
            bytes[random.below(bytes.count)] ^= 4
            model.put(bytes, at: ModelFiles.snapshot)
            do {
                let report = try stage.recover(model)
                #expect(report.damage?.damage.path == ModelFiles.snapshot && report.snapshot == nil)
                #expect(report.damage?.paths.count ?? 0 > 1)
            } catch StoreError.unknownVersion {
                // The header may say another version: that is no damage.
            }
        }
    }

    @Test("by default a start refuses, and a record of another version is refused in any case")
    func refused() throws {
        let stage = try Stage(compacts: false)
        let path = stage.segments[1]
        let model = ModelDisk(copying: stage.model)
        var bytes = model.content(path) ?? []
        bytes[bytes.count / 2] ^= 1
        model.put(bytes, at: path)
        #expect(throws: StoreError.self) { try OpenedStore(on: FaultyDisk(model)) }
        var log = RawLog()
        log.set("a", "1")
        log.record("\"op\":\"rename\",\"key\":\"a\"")
        log.set("b", "2")
        let disk = ModelDisk()
        disk.put(log.bytes, at: ModelFiles.segment(1))
        #expect(throws: StoreError.self) { try OpenedStore(on: FaultyDisk(disk)) { $0.damage = .setAside } }
        #expect(disk.content(ModelFiles.segment(1)) == log.bytes)
    }

    @Test("a crash at any call while damage is set aside leaves a start that finds the same")
    func crashed() throws {
        let stage = try Stage(compacts: true)
        let damaged = ModelDisk(copying: stage.model)
        let path = stage.segments[stage.segments.count - 3]
        var bytes = damaged.content(path) ?? []
        bytes[bytes.count / 2] ^= 1
        damaged.put(bytes, at: path)
        var number = 0
        while true {
            number += 1
            let model = ModelDisk(copying: damaged)
            let disk = FaultyDisk(model, [PlannedFault(.death, number)])
            let opened = try? OpenedStore(on: disk) { $0.damage = .setAside }
            opened?.store.close()
            if disk.struck.isEmpty { break }
            disk.kill()
            if number % 2 == 0 { model.losePower(seed: UInt64(number)) }
            _ = try stage.recover(model)
        }
        #expect(number > 10)
    }
}
