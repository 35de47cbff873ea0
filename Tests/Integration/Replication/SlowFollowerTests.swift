import Foundation
import TestSupport
import Testing

/// A slow follower costs the leader neither memory nor its clients.
@Suite("Replication: slow followers")
struct ReplicationSlowFollowerTests {
    /// What buffers of one follower can take, and what the allocator keeps, in bytes.
    private static let allowance = 16 << 20

    /// Writes some 50 MB over the same keys.
    /// - Returns: by how much the leader's memory has grown.
    private func growth(of leader: Replica) throws -> Int {
        let before = try leader.residentSize()
        try leader.write(0..<12_000, keys: 100, size: 4000)
        return try leader.residentSize() - before
    }

    @Test(
        "one that is stopped: the leader's memory stays, and it catches up when it goes on",
        arguments: [false, true])
    func stopped(isLong: Bool) throws {
        try withTemporaryFolder { folder in
            let options = ["--durability", "never"] + (isLong ? ["--replication-timeout", "2s"] : [])
            let follower = try Replica("follower", in: folder, options + ["--mode", "follower"]).start()
            let leader = try Replica("leader", in: folder, options + ["--follower", follower.address]).start()
            // As often as later, so that memory reaches its level.
            try leader.write(0..<4000, keys: 100, size: 4000)
            try waitUntilEqual(leader, follower)
            follower.send(SIGSTOP)
            let growth = try growth(of: leader)
            print("a stopped follower: the leader's memory grew by \(growth) bytes while it wrote 48 MB")
            #expect(growth < ReplicationSlowFollowerTests.allowance)
            #expect(try leader.figure("follower_1_behind") > 0)
            if isLong {
                try leader.waitForLog("Follower \(follower.address): no heartbeat for ")
                // It is dialled meanwhile, and the kernel accepts for it.
                sleep(3)
            }
            follower.send(SIGCONT)
            try expectEqual(leader, follower)
            #expect(leader.count(of: "no heartbeat") <= 2, "\(leader.log)")
        }
    }

    @Test("one that reads slowly, and hours later: it gets every byte, and others do not wait for it")
    func reader() throws {
        try withTemporaryFolder { folder in
            let listener = try WireListener()
            let other = try Replica("other", in: folder, ["--mode", "follower"]).start()
            let leader = try Replica(
                "leader", in: folder,
                [
                    "--durability", "never", "--replication-timeout", "10m", "--follower", "127.0.0.1:\(listener.port)",
                    "--follower", other.address,
                ]
            ).start()
            try leader.write(0..<4000, keys: 100, size: 4000)
            let follower = try listener.accept()
            let greeting = try follower.receiveLine()
            #expect(greeting.hasPrefix("REPLICATE {\"version\":1,\"history\":\""), "\(greeting)")
            try follower.send("{\"history\":\"000000000000\",\"seq\":0,\"crc\":\"00000000\",\"checkpoints\":[]}\n")
            #expect(try follower.receiveLine() == "{\"continue\":0,\"crc\":\"00000000\"}")
            let growth = try growth(of: leader)
            print("a follower that does not read: the leader's memory grew by \(growth) bytes while it wrote 48 MB")
            #expect(growth < ReplicationSlowFollowerTests.allowance)
            try expectEqual(leader, other, snapshots: false)
            let last = try ReplicaRecords(of: leader).behind(0)
            var lines: [UInt8] = []
            var rest: [UInt8] = []
            while lines.count < last.count {
                try follower.send("ACK 0 0\n")
                rest += try follower.receive(atMost: 1 << 20)
                let end = (rest.lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1
                for line in rest[..<end].split(separator: UInt8(ascii: "\n"))
                where line.starts(with: "{\"seq\":".utf8) {
                    lines += line
                    lines.append(UInt8(ascii: "\n"))
                }
                rest.removeFirst(end)
            }
            #expect(lines == Array(last), "the very bytes of the log")
        }
    }
}
