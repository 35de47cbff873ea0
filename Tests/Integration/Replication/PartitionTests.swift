import Foundation
import TestSupport
import Testing

/// A real network partition: leader and follower in network namespaces of their own, joined by a virtual cable.
@Suite("Replication: partitions", .serialized)
struct ReplicationPartitionTests {
    @Test(
        "a cable is pulled while clients write, and plugged in again", .enabled(if: TestNetwork.isAvailable),
        arguments: [0.5, 4.0])
    func pulled(seconds: Double) throws {
        try TestNetwork.lend { network in
            try withTemporaryFolder { folder in
                let options = ["--bind", "0.0.0.0", "--auth-mode", "open", "--replication-timeout", "2s"]
                let follower = try Replica(
                    "follower", in: folder, options + ["--mode", "follower"], host: network.right.host,
                    wrapper: network.right.wrapper
                ).start()
                let leader = try Replica(
                    "leader", in: folder, options + ["--follower", "\(network.right.inner):\(follower.port)"],
                    host: network.left.host, wrapper: network.left.wrapper
                ).start()
                let load = NumberedLoad(leader)
                try load.wait(for: 500)
                try wait("the link") { try follower.stats()["leader_link"] == "up" }
                try network.cut()
                let seq = try leader.figure("seq")
                usleep(UInt32(seconds * 1_000_000))
                try load.wait(for: 500)
                let isLong = seconds > 2
                if isLong {
                    try follower.waitForLog("no heartbeat for ")
                    try leader.waitForLog("no heartbeat for ")
                    #expect(try follower.stats()["leader_link"] == "down")
                    #expect(try follower.figure("stale_milliseconds") > 1000)
                }
                #expect(try follower.ask("GET load:1") != "ERROR: Key not found", "it goes on answering")
                #expect(try leader.figure("follower_1_behind") > 0)
                let behind = try leader.figure("seq") - seq
                try network.heal()
                try load.wait(for: 500)
                load.end()
                try expectEqual(leader, follower)
                for replica in [leader, follower] { try load.expectKept(by: replica) }
                print("a partition of \(seconds) s: \(behind) changes meanwhile, \(load.acknowledged) in all, lost 0")
            }
        }
    }
}
