import Foundation
import TestSupport
import Testing
import Torture

/// Random commands of all kinds to Puffin, many of whose pairs expire while they run. Whatever time made of them, there is one truth
/// afterwards: the follower, a start after a kill, and snapshots of both servers have it, byte for byte.
@Suite("All commands")
struct AllCommandsTests {
    /// A twentieth of the long run's requests.
    private static let requests = Torture.isOn ? 100_000 : 5_000

    @Test("leader, follower, a start after a kill and their snapshots agree", arguments: Torture.seeds(1, orTorture: 3))
    func agreement(seed: UInt64) throws {
        try withTemporaryFolder { folder in
            print("random commands to Puffin, seed \(seed)")
            let options = ["--max-memory", "0", "--durability", "never", "--segment-size", "64K"]
            let follower = try ServerProcess(data: folder + "/follower.json", ["--mode", "follower"] + options)
            let leader = try ServerProcess(
                data: folder + "/leader.json", options + ["--follower", "127.0.0.1:\(follower.port)"])
            var requests = RandomRequests(seed: seed, isForPuffin: true)
            var random = SeededRandom(seed: seed)
            let connection = try leader.connect()
            var (sent, rounds) = (0, 0)
            while sent < Self.requests {
                var bytes: [UInt8] = []
                let isTransaction = random.below(10) == 0
                if isTransaction { bytes += MarkedChange.array("MULTI") }
                for _ in 0..<1 + random.below(20) {
                    bytes += MarkedChange.array(requests.next())
                    sent += 1
                }
                if isTransaction { bytes += MarkedChange.array("EXEC") }
                if random.below(200) == 0 { bytes += MarkedChange.array("COMPACT") }
                try connection.send(bytes + MarkedChange.array("ECHO", "end of batch"))
                _ = try connection.receive(through: "$12\r\nend of batch\r\n")
                guard sent / 1000 > rounds else { continue }
                // Requests come so fast that few pairs live until they expire.
                rounds += 1
                for key in RandomRequests.keys { try expire(key, connection) }
                while try connection.ask("COUNT") != "0" {}
            }
            // What is still due goes; then nothing changes any more.
            while try figure("pairs_expiring", connection) > 0 {
                for key in RandomRequests.keys {
                    try connection.send(MarkedChange.array([Array("PERSIST".utf8), key]))
                }
                try connection.send(MarkedChange.array("ECHO", "end of batch"))
                _ = try connection.receive(through: "$12\r\nend of batch\r\n")
            }
            #expect(try figure("expired", connection) > 50, "pairs have expired")
            #expect(try connection.ask("WAIT 1 20000") == "1")
            let truth = try content(connection)
            #expect(try content(follower.connect()) == truth, "the follower")
            let seq = try connection.ask("SEQ")
            leader.kill()
            let again = try ServerProcess(data: folder + "/leader.json", options)
            let client = try again.connect()
            #expect(try content(client) == truth, "after the kill")
            #expect(try client.ask("SEQ") == seq)
            for server in [again, follower] { #expect(try server.connect().ask("SAVE") == "OK") }
            let snapshots = try ["leader", "follower"].map {
                try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\($0).json"))
            }
            #expect(snapshots[0] == snapshots[1])
            #expect(again.stop() == 0 && follower.stop() == 0)
        }
    }

    private func expire(_ key: [UInt8], _ connection: WireConnection) throws {
        try connection.send(MarkedChange.array([Array("PSETEX".utf8), key, Array("5".utf8), Array("v".utf8)]))
        _ = try connection.receive(through: "+OK\r\n")
    }

    private func figure(_ name: String, _ connection: WireConnection) throws -> Int {
        try connection.send("STATS\n")
        let lines = String(decoding: try connection.receive(through: "END\n"), as: UTF8.self).split(separator: "\n")
        return try #require(lines.first { $0.hasPrefix(name + " ") }.flatMap { Int($0.split(separator: " ")[1]) })
    }

    /// Every value, and the number of pairs.
    private func content(_ connection: WireConnection) throws -> String {
        try connection.send(
            MarkedChange.array([Array("MGET".utf8)] + RandomRequests.keys) + MarkedChange.array("DBSIZE")
                + MarkedChange.array("ECHO", "end of batch"))
        return String(decoding: try connection.receive(through: "$12\r\nend of batch\r\n"), as: UTF8.self)
    }
}
