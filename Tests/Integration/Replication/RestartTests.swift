import Foundation
import TestSupport
import Testing

/// Either side goes and returns: what it missed is sent, and hardly anything else.
@Suite("Replication: restarts")
struct ReplicationRestartTests {
    /// Bytes that may be sent beside those that were missed.
    private static let allowance = 64 << 10

    @Test("a follower that was away gets the bytes that it missed, and not much more", arguments: [false, true])
    func follower(killed: Bool) throws {
        try withTemporaryFolder { folder in
            let follower = try Replica("follower", in: folder, ["--mode", "follower"]).start()
            let leader = try Replica("leader", in: folder, ["--follower", follower.address]).start()
            try leader.write(0..<5000)
            let before = try waitUntilEqual(leader, follower)
            if killed { follower.kill() } else { follower.stop() }
            try leader.write(5000..<15_000)
            let sent = try leader.figure("follower_1_sent_bytes")
            try follower.start()
            try waitUntilEqual(leader, follower)
            let (more, missed) = (
                try leader.figure("follower_1_sent_bytes") - sent,
                try ReplicaRecords(of: leader).behind(before).count
            )
            print("sent after a follower's restart: \(more) bytes, missed were \(missed)")
            #expect(more >= missed)
            #expect(Double(more) < 1.2 * Double(missed) + Double(ReplicationRestartTests.allowance))
            try expectEqual(leader, follower)
            try follower.waitForLog("following after change \(before)")
            #expect(leader.log.contains("continues after change \(before)"), "\(leader.log)")
        }
    }

    @Test("a leader that returns continues where it was, and sends nothing again", arguments: [false, true])
    func leader(killed: Bool) throws {
        try withTemporaryFolder { folder in
            let follower = try Replica("follower", in: folder, ["--mode", "follower"]).start()
            let leader = try Replica("leader", in: folder, ["--follower", follower.address]).start()
            try leader.write(0..<20_000)
            let before = try waitUntilEqual(leader, follower)
            if killed { leader.kill() } else { leader.stop() }
            // It keeps serving reads, and logs which server it has lost.
            #expect(try follower.ask("GET key:19999").hasPrefix("19999."))
            #expect(try follower.ask("SET x 1") == "ERROR: Read-only follower; write to \(leader.address)")
            try wait("the link is down") { try follower.stats()["leader_link"] == "down" }
            try leader.start()
            try wait("the link is up") { try follower.stats()["leader_link"] == "up" }
            #expect(try leader.figure("follower_1_sent_bytes") < ReplicationRestartTests.allowance)
            try leader.write(20_000..<20_100)
            #expect(try expectEqual(leader, follower) == before + 100)
        }
    }

    @Test("a leader that is started first finds its follower when that comes")
    func leaderFirst() throws {
        try withTemporaryFolder { folder in
            let follower = Replica("follower", in: folder, ["--mode", "follower"])
            let leader = try Replica("leader", in: folder, ["--follower", "localhost:\(follower.port)"]).start()
            try leader.write(0..<100)
            try leader.waitForLog("cannot connect to")
            // Logged once, however often it retries.
            usleep(500_000)
            #expect(leader.count(of: "cannot connect to") <= 2, "\(leader.log)")
            try follower.start()
            try expectEqual(leader, follower)
        }
    }

    @Test("both come back at once, again and again")
    func both() throws {
        try withTemporaryFolder { folder in
            let follower = try Replica("follower", in: folder, ["--mode", "follower"]).start()
            let leader = try Replica("leader", in: folder, ["--follower", follower.address]).start()
            for round in 0..<4 {
                try leader.write(round * 1000..<round * 1000 + 1000)
                leader.kill()
                follower.kill()
                if round % 2 == 0 { try follower.start() }
                try leader.start()
                if round % 2 == 1 { try follower.start() }
            }
            #expect(try expectEqual(leader, follower) == 4000)
        }
    }
}
