import Foundation
import TestSupport
import Testing

/// Both sides are killed under load, repeatedly.
@Suite("Replication: kills under load", .serialized)
struct ReplicationKillTests {
    enum Victim: String, CaseIterable, Sendable { case follower, leader, either }

    /// Small segments, so that kills meet changes of segments and compactions.
    private static let options = ["--segment-size", "64K"]

    @Test(
        "whichever side is killed, nothing acknowledged is lost and both are equal in the end",
        arguments: Victim.allCases,
        SeededRandom.seeds(1))
    func killed(victim: Victim, seed: UInt64) throws {
        try withTemporaryFolder { folder in
            var random = SeededRandom(seed: seed)
            let follower = try Replica("follower", in: folder, ReplicationKillTests.options + ["--mode", "follower"])
                .start()
            let leader = try Replica(
                "leader", in: folder, ReplicationKillTests.options + ["--follower", follower.address]
            ).start()
            let load = NumberedLoad(leader)
            let cycles = Torture.isOn ? 300 : victim == .either ? 10 : 20
            for cycle in 1...cycles {
                try load.wait(for: 50 + random.below(1000))
                let isLeader = victim == .either ? random.below(2) == 0 : victim == .leader
                let server = isLeader ? leader : follower
                server.kill()
                // Every third time it is away for long enough that others notice.
                if random.below(3) == 0 { usleep(UInt32(random.below(200_000))) }
                try server.start()
                if cycle % (cycles / 2) == 0 { try wait("the link") { try follower.stats()["leader_link"] == "up" } }
            }
            load.end()
            let seq = try expectEqual(leader, follower)
            for replica in [leader, follower] { try load.expectKept(by: replica) }
            print(
                "kills of \(victim.rawValue) (seed \(seed)): \(cycles), \(load.acknowledged) writes acknowledged, newest change \(seq), "
                    + "torn tails \(try leader.files(named: ".torn-").count) and \(try follower.files(named: ".torn-").count), "
                    + "compactions \(leader.count(of: "Compaction ended")) and \(follower.count(of: "Compaction ended"))"
            )
            #expect(try follower.files(named: ".diverged-") == [])
            #expect(try follower.files(named: ".damaged-") == [])
        }
    }
}
