import Foundation
import TestSupport
import Testing

/// An old leader with changes that nobody else has returns as a follower: they are set aside, and nothing is deleted.
@Suite("Replication: divergence")
struct ReplicationDivergenceTests {
    /// The lines of records in files.
    private func records(in paths: [String]) throws -> Set<String> {
        let lines = try paths.flatMap { try LogFile.lines(of: $0).map { String(decoding: $0.bytes, as: UTF8.self) } }
        return Set(lines.filter { $0.hasPrefix("{\"seq\":") })
    }

    @Test(
        "the old leader's own lines are in a file of their own, and both are the same in the end",
        arguments: [(["--segment-size", "8K"], 2000), ([], 2000), ([], 20)] as [([String], Int)])
    func oldLeader(options: [String], more: Int) throws {
        try withTemporaryFolder { folder in
            let b = try Replica("b", in: folder, options + ["--mode", "follower"]).start()
            let a = try Replica("a", in: folder, options + ["--follower", b.address]).start()
            try a.write(0..<500)
            let common = try waitUntilEqual(a, b)
            b.kill()
            try a.write(500..<600)
            a.kill()
            let lost = try ReplicaRecords(of: a)
            try b.start()
            #expect(try b.ask("PROMOTE") == "OK")
            try b.write(1000..<1000 + more)
            #expect(try b.ask("FOLLOWER ADD \(a.address)") == "OK")
            a.options = options + ["--mode", "follower"]
            try a.start()
            if more < 100 {
                // While it has more than the new leader, no server decides which of them is right.
                try b.waitForLog("it refuses: This follower has changes up to 600, the leader at ")
                try a.waitForLog("to keep this one, PROMOTE it")
                #expect(try a.files(named: ".diverged-") == [])
                try b.write(5000..<5100)
            }
            try expectEqual(b, a)
            try a.waitForLog("its log and this one differ after change ")
            let kept = try records(in: a.files(named: ".diverged-"))
            for seq in common + 1...lost.last { #expect(kept.contains(lost.line(seq)), "change \(seq) is kept") }
            #expect(try a.ask("GET key:599") == "ERROR: Key not found")
            print("diverged: \(lost.last - common) changes of the old leader, \(kept.count) lines set aside")

            // They stay together, whichever is restarted.
            a.kill()
            try b.write(9000..<9010)
            try a.start()
            try waitUntilEqual(b, a)
            b.kill()
            try b.start()
            try b.write(9010..<9020)
            try expectEqual(b, a)
            #expect(try a.stats()["history"] == b.stats()["history"])
        }
    }

    @Test("a follower of the old leader, which has its lines too, follows as well")
    func chain() throws {
        try withTemporaryFolder { folder in
            let c = try Replica("c", in: folder, ["--mode", "follower"]).start()
            let b = try Replica("b", in: folder, ["--mode", "follower"]).start()
            let a = try Replica("a", in: folder, ["--follower", b.address, "--follower", c.address]).start()
            try a.write(0..<500)
            try waitUntilEqual(a, b, c)
            b.kill()
            try a.write(500..<600)
            try waitUntilEqual(a, c)
            a.kill()
            try b.start()
            #expect(try b.ask("PROMOTE") == "OK")
            try b.write(1000..<2000)
            // Now b leads a, and a leads c.
            a.options = ["--mode", "follower", "--follower", c.address]
            try a.start()
            #expect(try b.ask("FOLLOWER ADD \(a.address)") == "OK")
            try expectEqual(b, a, c)
            #expect(try !a.files(named: ".diverged-").isEmpty && !c.files(named: ".diverged-").isEmpty)
        }
    }
}
