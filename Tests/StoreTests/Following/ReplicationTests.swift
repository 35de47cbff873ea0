// A leader and a follower on disks in memory: whatever happens to either and to the link, in the end both logs are
// equal.

import Bytes
import Store
import TestSupport
import Testing

@Suite("Replication")
struct ReplicationTests {
    /// A pair of data sets, opened again and again.
    private struct Pair {
        let durability: Durability
        let models = (leader: ModelDisk(), follower: ModelDisk())
        var disks: (leader: FaultyDisk, follower: FaultyDisk)
        var leader: DiskRun
        var follower: OpenedStore
        var ledger = Ledger()
        var work: Workload
        var random: SeededRandom
        var starts: [String: Int] = [:]
        var bytes = 0

        init(_ durability: Durability, seed: UInt64) throws {
            self.durability = durability
            random = SeededRandom(seed: seed)
            work = Workload(random: SeededRandom(seed: seed))
            disks = (FaultyDisk(models.leader), FaultyDisk(models.follower))
            leader = try DiskRun(durability, on: disks.leader)
            follower = try OpenedStore(on: disks.follower)
        }

        mutating func change(_ count: Int) { leader.change(count, &work, &ledger) }
        mutating func compact() { leader.compact(&work, &ledger) }

        mutating func link(steps: Int = .max) throws {
            let link = try ReplicaLink(leader.opened, follower, random: SeededRandom(seed: random.next()))
            let outcome = try link.run(steps: steps)
            bytes += link.byteCount
            switch link.start {
            case .continues?: starts["continue", default: 0] += 1
            case .snapshot?: starts["snapshot", default: 0] += 1
            case nil: break
            }
            if case .failed(let failure) = outcome { #expect(failure == .removed) }
            if steps == .max { #expect(outcome == .caughtUp) }
        }

        /// Ends the leader, cleanly or by a kill, with or without a loss of power, and starts it.
        mutating func restartLeader() throws {
            let isClean = random.below(2) == 0
            if !isClean { disks.leader.kill() }
            leader.close(&ledger)
            disks.leader.kill()
            if !isClean && random.below(2) == 0 { models.leader.losePower(seed: random.next()) }
            disks.leader = FaultyDisk(models.leader)
            leader = try DiskRun(durability, on: disks.leader)
            ledger.adopt(leader.opened.store)
        }

        mutating func restartFollower() throws {
            let isClean = random.below(2) == 0
            if !isClean { disks.follower.kill() }
            follower.waitUntilIdle()
            follower.store.close()
            disks.follower.kill()
            if !isClean && random.below(2) == 0 { models.follower.losePower(seed: random.next()) }
            disks.follower = FaultyDisk(models.follower)
            follower = try OpenedStore(on: disks.follower)
        }

        mutating func step() throws {
            switch random.below(16) {
            case 0: compact()
            case 1: try follower.compact()
            case 2: try restartLeader()
            case 3: try restartFollower()
            case 4..<9: try link(steps: 1 + random.below(60))
            case 9: try link()
            default: change(1 + random.below(6))
            }
        }

        func expectEqual() throws {
            #expect(follower.store.position == leader.opened.store.position)
            #expect(follower.store.history == leader.opened.store.history)
            #expect(follower.pairs == leader.opened.pairs)
            #expect(RecordLines.difference(models.leader, models.follower) == nil)
            #expect(follower.store.check().isEmpty)
        }

        mutating func close() throws {
            try follower.close()
            leader.close(&ledger)
        }
    }

    @Test(
        "after cuts, restarts, losses of power and compactions of either the two logs are the same",
        arguments: Torture.seeds(12, orTorture: 300))
    func steps(seed: UInt64) throws {
        let durability = Durability.allCases[Int(seed % 3)]
        var pair = try Pair(durability, seed: seed)
        for _ in 0..<8 {
            for _ in 0..<25 { try pair.step() }
            // In the relaxed modes a loss of power takes from the leader what the follower has: it is set aside there.
            try pair.link()
            try pair.expectEqual()
        }
        print("replication (\(durability), seed \(seed)): \(pair.ledger.position.seq) changes, \(pair.starts)")
        #expect(pair.starts["continue", default: 0] > 10)
        try pair.close()
    }

    @Test("an empty follower of a young log has its history and every byte of its records")
    func young() throws {
        var pair = try Pair(.always, seed: 1)
        pair.change(40)
        try pair.link()
        try pair.expectEqual()
        #expect(pair.starts == ["continue": 1])
        #expect(RecordLines.all(pair.models.follower) == RecordLines.all(pair.models.leader))
        #expect(!pair.models.follower.paths.contains { $0.contains("superseded") || $0.contains("diverged") })
        try pair.close()
    }

    @Test(
        "a follower that is too old is sent the snapshot and then the log; what it had is a part of that, and is removed"
    )
    func tooOld() throws {
        var pair = try Pair(.always, seed: 2)
        pair.change(30)
        try pair.link()
        for _ in 0..<4 {
            pair.change(30)
            pair.compact()
        }
        pair.change(5)
        try pair.link()
        try pair.expectEqual()
        #expect(pair.starts == ["continue": 1, "snapshot": 1])
        #expect(!pair.models.follower.paths.contains { $0.contains("superseded") || $0.contains("diverged") })
        #expect(!pair.models.follower.paths.contains { $0.hasSuffix("ADOPT") || $0.hasSuffix(".incoming") })
        try pair.restartFollower()
        try pair.expectEqual()
        try pair.close()
    }

    @Test("a restart costs the bytes that were missed, and nothing more")
    func missed() throws {
        var pair = try Pair(.always, seed: 3)
        pair.change(300)
        try pair.link()
        try pair.restartFollower()
        let before = pair.bytes
        pair.change(3)
        try pair.link()
        #expect(pair.bytes - before < 4_000)
        try pair.expectEqual()
        try pair.close()
    }

    @Test("changes that only the follower has are set aside, from the segment on that has the first of them")
    func diverged() throws {
        var pair = try Pair(.always, seed: 4)
        pair.change(60)
        try pair.link()
        // Somebody wrote to the follower while it led.
        for number in 0..<30 { pair.follower.set("only here \(number)", "x") }
        try pair.follower.commit()
        pair.change(10)
        try pair.link()
        try pair.expectEqual()
        #expect(pair.starts == ["continue": 2])
        let aside = pair.models.follower.paths.filter { $0.contains(".jsonl.diverged-") }
        let kept = aside.map { String(decoding: pair.models.follower.content($0) ?? [], as: UTF8.self) }.joined()
        for number in 0..<30 { #expect(kept.contains("only here \(number)")) }
        try pair.close()
    }

    @Test("if no checkpoint agrees the leader's snapshot is installed, and the old data is set aside")
    func divergedBeforeSnapshot() throws {
        var pair = try Pair(.always, seed: 5)
        pair.change(40)
        try pair.link()
        pair.compact()
        for number in 0..<30 { pair.follower.set("only here \(number)", "x") }
        try pair.follower.compact()
        pair.change(200)
        try pair.link()
        try pair.expectEqual()
        #expect(pair.starts == ["continue": 1, "snapshot": 1])
        #expect(pair.models.follower.paths.contains { $0.contains("puffin.json.superseded-") })
        #expect(pair.follower.store.recovery.unknownFiles.isEmpty)
        try pair.close()
    }

    @Test("a leader without a snapshot makes a follower with another one begin with nothing")
    func divergedWithoutSnapshot() throws {
        var pair = try Pair(.always, seed: 6)
        pair.change(40)
        try pair.link()
        for number in 0..<30 { pair.follower.set("only here \(number)", "x") }
        try pair.follower.compact()
        pair.change(20)
        try pair.link()
        try pair.expectEqual()
        #expect(pair.starts == ["continue": 2])
        #expect(pair.models.follower.paths.contains { $0.contains("puffin.json.diverged-") })
        try pair.close()
    }

    @Test("a follower of another history is offered everything, and takes it once all it has is set aside")
    func otherHistory() throws {
        var pair = try Pair(.always, seed: 7)
        pair.change(40)
        pair.follower.set("mine", "x")
        try pair.follower.compact()
        pair.follower.set("mine too", "x")
        try pair.follower.commit()
        let hello = try pair.follower.store.followerHello()
        let feed = pair.leader.opened.store.feed(for: hello)
        var bytes = ByteBuffer()
        while feed.next(&bytes, upTo: 100) == .waiting { pair.leader.opened.progress.wait() }
        try pair.follower.store.setEverythingAside()
        try pair.follower.load()
        #expect(pair.follower.store.position == .start && pair.follower.pairs.isEmpty)
        try pair.link()
        try pair.expectEqual()
        let aside = pair.models.follower.paths.filter { $0.contains(".superseded-") }
        #expect(aside.count >= 2 && aside.contains { $0.hasPrefix(ModelFiles.snapshot + ".superseded-") })
        try pair.close()
    }

    @Test("commits wait for followers' acknowledgements, if configured")
    func acknowledged() throws {
        let opened = try OpenedStore(on: FaultyDisk(ModelDisk()))
        opened.set("a", "1")
        opened.set("b", "2")
        opened.store.flush()
        opened.waitUntilIdle()
        #expect(opened.store.poll() == 2 && opened.store.durable == 2)
        #expect(!opened.store.commit(through: 0) && opened.store.committed == 0)
        #expect(opened.store.commit(through: 1) && opened.store.committed == 1)
        #expect(opened.dependency(of: "b") == 2)
        #expect(opened.poll() && opened.store.committed == 2)
        #expect(!opened.store.commit(through: 1) && opened.store.committed == 2)
        try opened.close()
    }
}
