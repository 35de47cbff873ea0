import Foundation
import TestSupport
import Testing

/// Peers that do not speak the protocol, on either side of a replication connection, do no harm.
@Suite("Replication: strangers")
struct ReplicationStrangerTests {
    private static let noise: [String] = [
        "\n", "hello\n", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "*1\r\n$4\r\nPING\r\n", "\0\u{1}\u{2}\u{7f}\n",
        "{\"seq\":1,\"ts\":1,\"op\":\"set\",\"key\":\"a\",\"value\":\"b\",\"crc\":\"00000000\"}\n",
        "{\"continue\":0,\"crc\":\"00000000\"}\n", "{\"snapshot\":7,\"crc\":\"00000000\"}\nnonsense\n",
        "{\"heartbeat\":1,\"seq\":99999999}\n", "{\"promote\":7,\"crc\":\"00000000\",\"followers\":[\"a:1\"]}\n",
        "ERROR: no\n", "ERROR: \n", "ACK 1 1\n", "ACK 18446744073709551615 18446744073709551615\n", "ACK 99 98\n",
        "ACK\n", "ACK x y\n", "PROMOTED\n", "{\"history\":\"\",\"seq\":0}\n",
        "{\"history\":\"x\",\"seq\":99999999999999999999,\"crc\":\"00000000\",\"checkpoints\":[]}\n",
        "REPLICATE {\"version\":1}\n", String(repeating: "x", count: 40_000) + "\n", "half a line",
    ]

    /// Random bytes, with line feeds among them.
    private func chance(_ random: inout SeededRandom) -> [UInt8] {
        (0..<random.below(3000)).map { _ in random.below(20) == 0 ? 10 : UInt8(random.below(256)) }
    }

    @Test("a leader's greeting is accepted from a leader only")
    func greetings() throws {
        try withTemporaryFolder { folder in
            let follower = try Replica("follower", in: folder, ["--mode", "follower"]).start()
            let hello =
                "REPLICATE {\"version\":1,\"history\":\"h\",\"port\":1,\"first\":1,\"last\":9,\"durable\":9}\n"
            for (text, answer) in [
                ("REPLICATE\n", "REPLICATE needs a leader's greeting"),
                ("REPLICATE hello\n", "Cannot follow the replication stream"),
                (
                    hello.replacingOccurrences(of: "\"version\":1", with: "\"version\":2"),
                    "expected version 1 of it, or version 2 with no needs but expiry, notes, found version 2"
                ),
                (hello.replacingOccurrences(of: "\"port\":1", with: "\"port\":70000"), "expected a port"),
                (hello.replacingOccurrences(of: "\"h\"", with: "\"\""), "expected a history's name"),
            ] {
                let connection = try follower.connect()
                let reply = try connection.ask(String(text.dropLast()))
                #expect(reply.hasPrefix("ERROR: ") && reply.contains(answer), "\(text) -> \(reply)")
                #expect(try connection.ask("PING") == "PONG")
            }
            // Half a greeting, and one behind a request without its reply.
            try follower.connect().send(String(hello.dropLast(20)))
            let connection = try follower.connect()
            try connection.send("GET a\n" + hello)
            #expect(try connection.receiveLine() == "ERROR: Key not found")
            #expect(try connection.receiveLine() == "ERROR: REPLICATE has to be the first request on its connection")
            let leader = try Replica("leader", in: folder, ["--follower", follower.address]).start()
            try leader.write(0..<100)
            try expectEqual(leader, follower)
        }
    }

    @Test("a follower accepts only the next record from its leader", arguments: SeededRandom.seeds(1))
    func leaders(seed: UInt64) throws {
        try withTemporaryFolder { folder in
            var random = SeededRandom(seed: seed)
            let follower = try Replica("follower", in: folder, ["--mode", "follower"]).start()
            let leader = try Replica("leader", in: folder, ["--follower", follower.address]).start()
            try leader.write(0..<200)
            try waitUntilEqual(leader, follower)
            try leader.write(200..<210)
            try waitUntilEqual(leader, follower)
            let history = try leader.stats()["history"] ?? ""
            let records = try ReplicaRecords(of: leader)
            leader.stop()
            let crc = records.line(210).suffix(10).prefix(8)
            let begin = "{\"continue\":210,\"crc\":\"\(crc)\"}\n"
            var texts = ReplicationStrangerTests.noise.flatMap { [Array($0.utf8), Array((begin + $0).utf8)] }
            // A leader may ask for everything to be set aside.
            texts.removeAll { $0.starts(with: "{\"continue\":0".utf8) }
            for _ in 0..<10 { texts.append(chance(&random)) }
            for _ in 0..<10 { texts.append(Array(begin.utf8) + chance(&random)) }
            // Records that were there before, or of a log that went another way.
            texts.append(Array((begin + records.line(210) + "\n").utf8))
            texts.append(Array((begin + records.line(1) + "\n").utf8))
            for seq in [100, 300] { texts.append(Array("{\"continue\":\(seq),\"crc\":\"00000000\"}\n".utf8)) }
            for bytes in texts {
                let connection = try follower.connect()
                let reply = try connection.ask(
                    "REPLICATE {\"version\":1,\"history\":\"\(history)\",\"port\":1,\"first\":1,\"last\":999,\"durable\":999}"
                )
                guard reply.hasPrefix("{\"history\":\"\(history)\",\"seq\":210,\"crc\":\"\(crc)\"") else {
                    throw WireError(
                        description: "\(reply) before \(String(decoding: bytes.prefix(200), as: UTF8.self))")
                }
                try connection.send(bytes)
                connection.endSending()
                // It acknowledges, and reports its reason, before it ends the connection.
                _ = try connection.receiveAll()
                try wait("the end of the link") { try follower.stats()["leader_link"] == "down" }
            }
            #expect(try follower.figure("seq") == 210)
            #expect(follower.log.components(separatedBy: "\n").count < 200, "not a line for each of \(texts.count)")
            try leader.start()
            try leader.write(210..<300)
            try expectEqual(leader, follower)
            #expect(try follower.files(named: ".diverged-") == [] && follower.files(named: ".superseded-") == [])
        }
    }

    @Test("a line without an end is not waited for")
    func endless() throws {
        try withTemporaryFolder { folder in
            let follower = try Replica("follower", in: folder, ["--mode", "follower"]).start()
            let connection = try follower.connect()
            _ = try connection.ask(
                "REPLICATE {\"version\":1,\"history\":\"h\",\"port\":1,\"first\":1,\"last\":999,\"durable\":999}")
            try connection.send(String(repeating: "x", count: 100_000))
            #expect(try connection.receiveAll().contains("ERROR: it sends a line of more than 4096 bytes\n"))
            #expect(try follower.ask("PING") == "PONG")
        }
    }

    @Test("a leader continues, whatever its followers send", arguments: SeededRandom.seeds(1))
    func followers(seed: UInt64) throws {
        try withTemporaryFolder { folder in
            var random = SeededRandom(seed: seed)
            let listener = try WireListener()
            let follower = try Replica("follower", in: folder, ["--mode", "follower"]).start()
            let leader = try Replica(
                "leader", in: folder, ["--follower", "127.0.0.1:\(listener.port)", "--follower", follower.address]
            ).start()
            let load = NumberedLoad(leader)
            let hello = Array("{\"history\":\"x\",\"seq\":5,\"crc\":\"00000000\",\"checkpoints\":[]}\n".utf8)
            // Each failure delays the next attempt, so not all of them are tried each time.
            let texts =
                ReplicationStrangerTests.noise.shuffled(using: &random).prefix(Torture.isOn ? .max : 5)
                .map { Array($0.utf8) } + [chance(&random)]
            for (index, bytes) in texts.enumerated() {
                let connection = try listener.accept()
                #expect(try connection.receiveLine().hasPrefix("REPLICATE "))
                try connection.send(index % 2 == 0 ? hello + bytes : bytes)
                if index % 2 == 0 { connection.endSending() }
                if bytes.last != 10 { connection.reset() } else { _ = try? connection.receive() }
            }
            try load.wait(for: 100)
            load.end()
            try expectEqual(leader, follower)
            try load.expectKept(by: follower)
            #expect(try leader.figure("follower_1_acknowledged") <= leader.figure("seq"))
        }
    }

    @Test("a snapshot that takes longer than the timeout is received as a whole, and acknowledged meanwhile")
    func longSnapshot() throws {
        try withTemporaryFolder { folder in
            let source = try Replica("source", in: folder).start()
            try source.write(0..<50)
            try wait("a snapshot") {
                if try source.figure("snapshot_seq") == 50 { return true }
                _ = try source.ask("COMPACT")
                return false
            }
            let history = try source.stats()["history"] ?? ""
            source.stop()
            let snapshot = try LogFile.lines(of: source.data).map { String(decoding: $0.bytes, as: UTF8.self) }
            let chain = try #require(snapshot[0].components(separatedBy: "\"chain\":\"").last?.prefix(8))

            let follower = try Replica(
                "follower", in: folder, ["--mode", "follower", "--replication-timeout", "2s"]
            ).start()
            let connection = try follower.connect()
            _ = try connection.ask(
                "REPLICATE {\"version\":1,\"history\":\"\(history)\",\"port\":1,\"first\":51,\"last\":50,\"durable\":50}"
            )
            // The leader may send heartbeats before it says where it starts, and in the middle of a snapshot.
            let heartbeat = "{\"heartbeat\":1764000000000,\"seq\":50}\n"
            try connection.send(heartbeat + "{\"snapshot\":50,\"crc\":\"\(chain)\"}\n")
            for line in snapshot.prefix(5) {
                try connection.send(line + "\n" + heartbeat)
                usleep(700_000)
            }
            try connection.send(snapshot.dropFirst(5).joined(separator: "\n") + "\n")
            try wait("all pairs", description: { follower.log }) { try follower.stats()["leader_link"] == "up" }
            #expect(try follower.figure("pairs") == 50)
            var acknowledgements = [try connection.receiveLine()]
            while acknowledgements.last != "ACK 50 50" { acknowledgements.append(try connection.receiveLine()) }
            #expect(acknowledgements.count { $0 == "ACK 0 0" } >= 3, "\(acknowledgements)")
        }
    }
}
