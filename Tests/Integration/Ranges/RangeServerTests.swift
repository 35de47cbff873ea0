import Foundation
import TestSupport
import Testing

/// The ordered index of real servers: on followers, after a restart, switched by SIGHUP under load.
@Suite("Ranges of servers")
struct RangeServerTests {
    private static let ordered = ["--storage-index", "ordered"]

    /// All keys by RANGE, in pages.
    private func keys(_ server: Replica) throws -> [String] {
        let client = try server.connect()
        var keys: [String] = []
        while true {
            try client.send(resp("RANGE", "FROM", "", "LIMIT", "1000", "AFTER", keys.last ?? ""))
            let header = try client.receiveLine()
            guard let count = Int(header.dropFirst().dropLast()), header.hasPrefix("*") else {
                throw WireError(description: header)
            }
            if count == 0 { return keys }
            for _ in 0..<count {
                _ = try client.receiveLine()
                keys.append(String(try client.receiveLine().dropLast()))
            }
        }
    }

    private func listed(_ server: Replica) throws -> [String] {
        let client = try server.connect()
        try client.send("KEYS\n")
        return String(decoding: try client.receive(through: "END\n"), as: UTF8.self).split(separator: "\n").dropLast()
            .map(String.init).sorted()
    }

    @Test("a follower reads ranges, after a snapshot that replaced its data, and after a restart from snapshot and log")
    func follower() throws {
        try withTemporaryFolder { folder in
            let follower = try Replica("follower", in: folder, ["--mode", "follower"] + Self.ordered).start()
            let leader = try Replica(
                "leader", in: folder,
                ["--segment-size", "64K", "--retain-size", "0", "--retain-age", "0", "--follower", follower.address]
            ).start()
            try leader.write(0..<3000)
            try waitUntilEqual(leader, follower)
            #expect(try keys(follower) == listed(leader))
            #expect(try leader.ask("RANGE FROM a").hasPrefix("ERROR: RANGE needs the ordered index"))
            follower.kill()
            #expect(try leader.ask("FLUSHALL") == "OK")
            try leader.write(2000..<9000, keys: 6000)
            try compact(leader, at: leader.figure("seq"))
            try leader.write(9000..<9500)
            try follower.start()
            try follower.waitForLog("receiving its snapshot as of change ")
            try waitUntilEqual(leader, follower)
            let expected = try listed(leader)
            #expect(try keys(follower) == expected && expected.count > 5000)
            follower.stop()
            try follower.start()
            #expect(try keys(follower) == expected)
            let size = try (leader.figure("table_bytes"), follower.figure("table_bytes"))
            #expect(size.1 - size.0 > 8 * expected.count && size.1 - size.0 < 17 * expected.count, "\(size)")
            #expect(try leader.ask("DEL key:2001") == "OK")
            try waitUntilEqual(leader, follower)
            #expect(try keys(follower) == expected.filter { $0 != "key:2001" })
            for server in [leader, follower] { server.stop() }
        }
    }

    @Test("SIGHUP and CONFIG SET switch the index under writes, and what it has then is what is there")
    func reload() throws {
        try withTemporaryFolder { folder in
            let reloaded = try Reloaded(in: folder, "storage: {index: none}\n", ["--durability", "never"])
            let server = reloaded.server
            try server.write(0..<20_000)
            let load = NumberedLoad(server)
            let client = try server.connect()
            for round in 0..<3 {
                try load.wait(for: 500)
                try reloaded.reload("storage: {index: ordered}\n")
                try wait("the index", description: { server.log }) {
                    // Keys that come and go while it is built.
                    let numbers = (0..<200).map { _ in Int.random(in: 0..<40_000) }
                    let requests = numbers.map { $0 % 3 == 0 ? "DEL key:\($0)\n" : "SET key:\($0) \($0)\n" }
                    try client.send(requests.joined() + "PING\n")
                    _ = try client.receive(through: "PONG\n")
                    return try server.ask("RANGE FROM zzz LIMIT 1") == "END"
                }
                #expect(try server.ask("SET key:1999 1") == "OK")
                #expect(try server.ask("RANGE FROM key:1999 LIMIT 1") == "key:1999", "round \(round)")
                if round < 2 {
                    try reloaded.reload("storage: {index: none}\n")
                    try wait("no index", description: { server.log }) {
                        try server.ask("RANGE FROM zzz LIMIT 1").hasPrefix("ERROR: RANGE needs")
                    }
                }
            }
            load.end()
            try load.expectKept(by: server)
            #expect(try keys(server) == listed(server))
            #expect(try server.ask("CONFIG SET storage.index none") == "OK")
            #expect(try server.ask("RANGE FROM zzz").hasPrefix("ERROR: RANGE needs the ordered index"))
            #expect(try server.ask("CONFIG SET storage.index sorted").hasPrefix("ERROR: "))
            server.stop()
        }
    }
}
