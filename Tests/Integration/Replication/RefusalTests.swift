import Foundation
import TestSupport
import Testing

/// Leaders that must not be followed: nothing is changed, and both logs say why.
@Suite("Replication: refusals")
struct ReplicationRefusalTests {
    /// A leader and a follower that have the same 1000 changes; neither runs.
    private func pair(in folder: String) throws -> (leader: Replica, follower: Replica) {
        let follower = try Replica("follower", in: folder, ["--mode", "follower"]).start()
        let leader = try Replica("leader", in: folder, ["--follower", follower.address]).start()
        try leader.write(0..<1000)
        try waitUntilEqual(leader, follower)
        leader.stop()
        follower.stop()
        return (leader, follower)
    }

    /// Copies the log of a server that has no snapshot and does not run.
    private func copy(_ replica: Replica, to other: Replica) throws {
        try FileManager.default.copyItem(atPath: replica.data + ".log", toPath: other.data + ".log")
    }

    /// Starts both, and checks that the follower does not follow and keeps its data.
    private func expectRefusal(_ leader: Replica, _ follower: Replica, saying text: String) throws {
        let records = try ReplicaRecords(of: follower)
        try follower.start()
        try leader.start()
        try follower.waitForLog("Leader \(leader.address): not followed: ")
        try follower.waitForLog(text)
        try leader.waitForLog("Follower \(follower.address): it refuses: ")
        try leader.waitForLog(text)
        // It retries several times, and is not logged.
        usleep(800_000)
        #expect(follower.count(of: ": not followed: ") == 1, "\(follower.log)")
        #expect(leader.count(of: "it refuses: ") == 1, "\(leader.log)")
        #expect(try ReplicaRecords(of: follower).difference(from: records) == nil)
        #expect(try follower.figure("seq") == records.last)
        #expect(try follower.ask("GET key:999").hasPrefix("999."))
        #expect(try follower.stats()["leader_link"] == "down")
        #expect(try leader.ask("SET other 1") == "OK", "the leader does not mind")
    }

    @Test("a blank leader before a full follower")
    func blank() throws {
        try withTemporaryFolder { folder in
            let (old, follower) = try pair(in: folder)
            let leader = Replica("blank", in: folder, ["--follower", follower.address])
            try expectRefusal(leader, follower, saying: "is empty, and this follower has history ")
            leader.stop()
            // The right one is followed again.
            try old.start()
            try old.write(1000..<1100)
            try expectEqual(old, follower)
        }
    }

    @Test("a leader of another history; with --adopt-history it is followed, and the old files are set aside")
    func wrongHistory() throws {
        try withTemporaryFolder { folder in
            let (_, follower) = try pair(in: folder)
            let leader = try Replica("stranger", in: folder, ["--follower", follower.address]).start()
            try leader.write(5000..<9000)
            leader.stop()
            try expectRefusal(leader, follower, saying: "they are different data sets. Nothing was changed")
            let old = try ReplicaRecords(of: follower).behind(0)
            follower.stop()
            try follower.start(["--adopt-history"])
            try expectEqual(leader, follower)
            #expect(try follower.ask("GET key:0") == "ERROR: Key not found")
            try follower.waitForLog("all that is here is set aside")
            let kept = try follower.files(named: ".superseded-")
            let lines = try kept.flatMap { try LogFile.lines(of: $0).filter { $0.bytes.starts(with: "{\"seq\"".utf8) } }
            #expect(lines.flatMap { $0.bytes + [UInt8(ascii: "\n")] } == Array(old), "all of it is in \(kept)")
            // It stays with it.
            follower.kill()
            try follower.start()
            try leader.write(0..<10)
            try expectEqual(leader, follower)
        }
    }

    @Test("a leader of the same history that has fewer changes; with --adopt-history the others are set aside")
    func behind() throws {
        try withTemporaryFolder { folder in
            let (leader, follower) = try pair(in: folder)
            let older = Replica("older", in: folder, ["--follower", follower.address])
            try copy(leader, to: older)
            try leader.start()
            try follower.start()
            try leader.write(1000..<1500)
            try waitUntilEqual(leader, follower)
            leader.stop()
            follower.stop()
            try expectRefusal(older, follower, saying: "has changes up to 1500, the leader at ")
            follower.stop()
            try follower.start(["--adopt-history"])
            try expectEqual(older, follower)
            #expect(try follower.files(named: ".diverged-") != [])
            #expect(try follower.ask("GET key:1499") == "ERROR: Key not found")
        }
    }

    @Test("two leaders dial one follower: it stays with the one that it has, and takes the other when that is gone")
    func two() throws {
        try withTemporaryFolder { folder in
            let (leader, follower) = try pair(in: folder)
            let twin = Replica("twin", in: folder, ["--follower", follower.address])
            try copy(leader, to: twin)
            try follower.start()
            try leader.start()
            try follower.waitForLog("following after change")
            try twin.start()
            try twin.waitForLog("it refuses: Already following \(leader.address)")
            try follower.waitForLog("Leader \(twin.address): not followed: Already following \(leader.address)")
            try leader.write(1000..<2000)
            try expectEqual(leader, follower)
            // The twin has fewer changes, and is not followed before it has been written to.
            leader.stop()
            try twin.waitForLog("has changes up to 2000, the leader at")
            try twin.write(7000..<9000)
            try expectEqual(twin, follower)
            #expect(try follower.files(named: ".diverged-") != [], "what only the other leader had is set aside")
            print("two leaders: the follower said \(follower.count(of: "not followed")) times that it does not follow")
        }
    }

    @Test("a server that is no follower is not written to")
    func noFollower() throws {
        try withTemporaryFolder { folder in
            let other = try Replica("other", in: folder).start()
            try other.write(0..<10)
            let leader = try Replica("leader", in: folder, ["--follower", other.address]).start()
            try leader.write(100..<200)
            try leader.waitForLog("it refuses: This server is a leader; start it with --mode follower")
            #expect(try other.figure("seq") == 10)
        }
    }
}
