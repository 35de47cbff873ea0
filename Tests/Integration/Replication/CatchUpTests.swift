import Foundation
import TestSupport
import Testing

/// Followers that are far behind: from the log, from a snapshot, through another follower.
@Suite("Replication: catching up")
struct ReplicationCatchUpTests {
    /// Keeps no merged segments.
    private static let forgetful = ["--segment-size", "64K", "--retain-size", "0", "--retain-age", "0"]

    @Test("a follower that was cut off for longer than anything is held in memory is fed from the files")
    func longCut() throws {
        try withTemporaryFolder { folder in
            let follower = try Replica("follower", in: folder, ["--mode", "follower"]).start()
            let leader = try Replica("leader", in: folder, ["--follower", follower.address, "--segment-size", "4M"])
                .start()
            try leader.write(0..<2000, keys: 300, size: 4000)
            let before = try waitUntilEqual(leader, follower)
            follower.kill()
            let size = try leader.residentSize()
            try leader.write(2000..<10_000, keys: 300, size: 4000)
            let growth = try leader.residentSize() - size
            try follower.start()
            try waitUntilEqual(leader, follower)
            let missed = try ReplicaRecords(of: leader).behind(before).count
            print("missed \(missed) bytes; the leader's memory grew by \(growth)")
            #expect(growth < missed / 2)
            try expectEqual(leader, follower)
        }
    }

    @Test("a follower that is older than the oldest segment gets the snapshot, then segments")
    func tooOld() throws {
        try withTemporaryFolder { folder in
            let follower = try Replica("follower", in: folder, ["--mode", "follower"]).start()
            let leader = try Replica(
                "leader", in: folder, ReplicationCatchUpTests.forgetful + ["--follower", follower.address]
            ).start()
            try leader.write(0..<3000)
            try waitUntilEqual(leader, follower)
            follower.kill()
            try leader.write(3000..<9000, keys: 4000)
            try compact(leader, at: leader.figure("seq"))
            #expect(try ReplicaRecords(of: leader).first == 0, "the log has forgotten everything")
            try leader.write(9000..<9100)
            let load = NumberedLoad(leader)
            try load.wait(for: 100)
            try follower.start()
            try follower.waitForLog("receiving its snapshot as of change ")
            try load.wait(for: 500)
            load.end()
            try expectEqual(leader, follower)
            for replica in [leader, follower] { try load.expectKept(by: replica) }
            #expect(leader.log.contains("connected, gets the snapshot as of change "), "\(leader.log)")
            #expect(try follower.files(named: ".superseded-") != [], "what it had is kept")
            // A new follower, without anything, likewise.
            let other = try Replica("other", in: folder, ["--mode", "follower"]).start()
            #expect(try leader.ask("FOLLOWER ADD \(other.address)") == "OK")
            try expectEqual(leader, follower, other)
            #expect(try other.files(named: ".superseded-") == [])
            follower.kill()
            try follower.start()
            try leader.write(0..<100)
            try expectEqual(leader, follower, other)
        }
    }

    @Test("a million pairs are caught up with while more are written")
    func million() throws {
        try withTemporaryFolder { folder in
            let follower = Replica("follower", in: folder, ["--mode", "follower", "--durability", "never"])
            let leader = try Replica(
                "leader", in: folder, ["--follower", follower.address, "--durability", "never"]
            ).start()
            try leader.write(0..<1_000_000)
            let load = NumberedLoad(leader)
            try follower.start()
            let begin = Date()
            try wait("a million") { try follower.figure("seq") >= 1_000_000 }
            let seconds = Date().timeIntervalSince(begin)
            load.end()
            try expectEqual(leader, follower, snapshots: false)
            try load.expectKept(by: follower)
            let size = try leader.figure("follower_1_sent_bytes")
            print(
                "a million pairs during \(load.acknowledged) other writes: \(size >> 20) MiB in \(Int(seconds * 1000)) ms"
            )
            #expect(try follower.figure("pairs") == 1_000_500)
        }
    }

    @Test("a chain of three: the middle one goes, returns, and lags")
    func chain() throws {
        try withTemporaryFolder { folder in
            let last = try Replica("last", in: folder, ["--mode", "follower"]).start()
            let middle = try Replica("middle", in: folder, ["--mode", "follower", "--follower", last.address]).start()
            let first = try Replica(
                "first", in: folder, ReplicationCatchUpTests.forgetful + ["--follower", middle.address]
            ).start()
            let load = NumberedLoad(first)
            for replica in [middle, last, first, middle] {
                try load.wait(for: 300)
                replica.kill()
                usleep(100_000)
                try replica.start()
            }
            load.end()
            try expectEqual(first, middle, last)
            for replica in [first, middle, last] { try load.expectKept(by: replica) }
            #expect(try last.ask("SET x 1") == "ERROR: Read-only follower; write to \(middle.address)")

            // The middle one gets a snapshot, so its data is replaced under the last one.
            middle.kill()
            try first.write(0..<2000)
            try compact(first, at: first.figure("seq"))
            try middle.start()
            try middle.waitForLog("receiving its snapshot")
            try first.write(2000..<2100)
            try expectEqual(first, middle, last)
        }
    }
}
