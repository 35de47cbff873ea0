// A crash at every call to the disk while a follower's data is replaced, with and without a power failure: the next
// start finds the old data or the new, whole, and the link to the leader ends in the same place as ever.

import Bytes
import LogFormat
import Store
import SystemPackage
import TestSupport
import Testing

@Suite("Replacing a follower's data")
struct SwitchingTests {
    enum Scene: CaseIterable {
        /// A snapshot replaces an older part of the same history.
        case tooOld
        /// A snapshot replaces what has diverged.
        case diverged
        /// A snapshot replaces another history.
        case otherHistory
        /// A snapshot comes to an empty data set.
        case empty
        /// The leader's history is taken by an empty data set.
        case young
        case cutBack
        case setAside
    }

    /// A leader, and a follower's disk right before the switch.
    private struct Stage {
        let scene: Scene
        let leader: DiskRun
        let leaderModel = ModelDisk()
        let model = ModelDisk()
        let before: [[UInt8]: [UInt8]]
        let beforePosition: ChainPosition
        let checkpoint: ChainPosition

        init(_ scene: Scene) throws {
            self.scene = scene
            var ledger = Ledger()
            var work = Workload(random: SeededRandom(seed: 3))
            var leader = try DiskRun(on: FaultyDisk(leaderModel))
            leader.change(40, &work, &ledger)
            let follower = try OpenedStore(on: FaultyDisk(model))
            if scene != .empty && scene != .young && scene != .otherHistory {
                let link = try ReplicaLink(leader.opened, follower, random: SeededRandom(seed: 1))
                #expect(try link.run() == .caughtUp)
            }
            if [.diverged, .otherHistory, .cutBack, .setAside].contains(scene) {
                for number in 0..<25 {
                    follower.set("mine \(number)", "x")
                    try follower.commit()
                }
            }
            if [.diverged, .otherHistory, .setAside].contains(scene) {
                try follower.compact()
                follower.set("mine", "y")
            }
            if scene != .young && scene != .cutBack {
                leader.change(200, &work, &ledger)
                leader.compact(&work, &ledger)
                leader.change(3, &work, &ledger)
            }
            try follower.commit()
            (before, beforePosition) = (follower.pairs, follower.store.position)
            checkpoint = try follower.store.followerHello().checkpoints.dropFirst().first ?? .start
            try follower.close()
            self.leader = leader
        }

        /// Replaces the data.
        func run(on disk: any Disk) throws -> OpenedStore {
            let follower = try OpenedStore(on: disk)
            let store = follower.store
            switch scene {
            case .young: try store.adoptHistory(leader.opened.store.history)
            case .cutBack: try store.cutBack(to: checkpoint)
            case .setAside: try store.setEverythingAside()
            default:
                let incoming = try received(by: follower)
                try store.install(incoming, hasDiverged: scene == .diverged)
            }
            try follower.load()
            return follower
        }

        private func received(by follower: OpenedStore) throws -> IncomingSnapshot {
            let bytes = leaderModel.content(ModelFiles.snapshot) ?? []
            let lines = bytes.split(separator: 0x0a).map(Array.init)
            let header = try parsed(lines[0])
            guard case .snapshot(let header) = header else { throw ReplicationError.notACheckpoint(0) }
            let incoming = follower.store.beginSnapshot(at: header.position)
            for line in lines { try incoming.append(line.span) }
            #expect(incoming.state == .whole)
            incoming.finish()
            while incoming.state == .finishing { follower.progress.wait() }
            if case .failed(let error) = incoming.state { throw error }
            return incoming
        }
    }

    @Test(
        "without a crash the new data is there, and what is not part of it is kept under other names",
        arguments: Scene.allCases
    )
    func whole(scene: Scene) throws {
        let stage = try Stage(scene)
        let model = ModelDisk(copying: stage.model)
        let follower = try stage.run(on: FaultyDisk(model))
        let paths = model.paths
        switch scene {
        case .young:
            #expect(follower.store.position == .start && follower.store.history == stage.leader.opened.store.history)
        case .cutBack:
            #expect(follower.store.position == stage.checkpoint && stage.checkpoint.seq > 0)
            #expect(paths.contains { $0.contains(".diverged-") })
        case .setAside:
            #expect(follower.store.position == .start && follower.pairs.isEmpty)
            #expect(paths.contains { $0.contains("puffin.json.superseded-") })
        default: #expect(follower.store.history == stage.leader.opened.store.history)
        }
        let isAside = [.diverged, .otherHistory, .setAside].contains(scene)
        #expect(paths.contains { $0.contains(".superseded-") } == isAside)
        #expect(!paths.contains { $0.hasSuffix("ADOPT") || $0.hasSuffix(".incoming") })
        #expect(follower.store.check().isEmpty)
        try follower.close()
        let again = try OpenedStore(on: FaultyDisk(model))
        #expect(again.pairs == follower.pairs && again.store.position == follower.store.position)
        #expect(again.store.recovery.unknownFiles.isEmpty)
        try again.close()
    }

    @Test("a crash at any call to the disk loses nothing", arguments: Scene.allCases, [false, true])
    func crashed(scene: Scene, losesPower: Bool) throws {
        let stage = try Stage(scene)
        let target = try stage.run(on: FaultyDisk(ModelDisk(copying: stage.model)))
        let (after, afterPosition) = (target.pairs, target.store.position)
        try target.close()
        var (number, wrong, olds, news) = (0, [String](), 0, 0)
        while wrong.isEmpty {
            number += 1
            let model = ModelDisk(copying: stage.model)
            let disk = FaultyDisk(model, [PlannedFault(.death, number)])
            let isDone = (try? stage.run(on: disk)).map { $0.store.close() } != nil
            if disk.struck.isEmpty { break }
            disk.kill()
            if losesPower { model.losePower(seed: UInt64(number)) }
            do {
                let again = try OpenedStore(on: FaultyDisk(model))
                defer { again.store.close() }
                let isOld = again.store.position == stage.beforePosition && again.pairs == stage.before
                let isNew = again.store.position == afterPosition && again.pairs == after
                // Between two of several segments being set aside.
                let isBetween =
                    [.cutBack, .setAside].contains(scene) && again.store.position.seq < stage.beforePosition.seq
                    && again.store.position.seq >= afterPosition.seq
                if !isOld && !isNew && !isBetween { wrong.append("call \(number): \(again.store.position)") }
                if isDone && !isNew && disk.struck.isEmpty { wrong.append("call \(number): it was done") }
                (olds, news) = (olds + (isOld ? 1 : 0), news + (isNew ? 1 : 0))
                let problems = again.store.check()
                if !problems.isEmpty { wrong.append("call \(number): \(problems)") }
                if model.paths.contains(where: { $0.hasSuffix("ADOPT") || $0.hasSuffix(".incoming") }) {
                    wrong.append("call \(number): files are left")
                }
                if scene != .otherHistory || isNew {
                    let link = try ReplicaLink(stage.leader.opened, again, random: SeededRandom(seed: 1))
                    let outcome = try link.run()
                    if outcome != .caughtUp || again.pairs != stage.leader.opened.pairs {
                        wrong.append("call \(number): \(outcome)")
                    }
                }
            } catch {
                wrong.append("call \(number): \(error)")
            }
        }
        print("switching (\(scene), power \(losesPower)): \(number) crashes, \(olds) before, \(news) after")
        #expect(wrong.isEmpty, "\(wrong)")
        #expect(number > 20 && olds > 0 && news > 0)
    }

    @Test("only starts of segments beyond the snapshot can be cut back to; otherwise nothing changes")
    func notACheckpoint() throws {
        let stage = try Stage(.cutBack)
        let follower = try OpenedStore(on: FaultyDisk(stage.model))
        let error = #expect(throws: ReplicationError.self) {
            try follower.store.cutBack(to: ChainPosition(seq: stage.checkpoint.seq, crc: ~stage.checkpoint.crc))
        }
        #expect(error == .notACheckpoint(stage.checkpoint.seq))
        #expect(follower.store.isLoaded && follower.store.position == stage.beforePosition)
        follower.set("goes", "on")
        try follower.close()
    }
}
