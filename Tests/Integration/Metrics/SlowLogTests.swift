import Foundation
import TestSupport
import Testing

/// Which requests are reported as slow, and what is reported.
@Suite("The slow log")
struct SlowLogTests {
    /// With this every request is slow.
    private static let all = ["--slow-log-threshold", "0s"]

    /// What SLOWLOG GET answers in the line dialect.
    private func entries(_ client: WireConnection, _ count: Int = -1) throws -> [String] {
        try client.send("SLOWLOG GET \(count)\n")
        let text = String(decoding: try client.receive(through: "END\n"), as: UTF8.self)
        return text.split(separator: "\n").dropLast().map(String.init)
    }

    @Test("a change that waits for the disk is reported with the disk's part, and never with its value")
    func disk() throws {
        try withTemporaryFolder { folder in
            let server = try WatchedThread(data: folder + "/puffin.json") { configuration in
                configuration.slowLog.threshold = .milliseconds(20)
            }
            defer { server.stop() }
            let (client, other) = (try server.connect(), try server.connect())
            #expect(try client.ask("SET quick v") == "OK")
            try waitUntil("no slow request") { try server.samples()["puffin_slow_requests_total"] != nil }
            let before = try server.samples()["puffin_slow_requests_total"] ?? 0
            server.disk.gate.close()
            let start = ContinuousClock.now
            try client.send("SET \"the key\" secret\n")
            try waitUntil("the change") { try server.samples()["puffin_log_seq"] == 2 }
            while ContinuousClock.now < start + .milliseconds(40) { #expect(try other.ask("PING") == "PONG") }
            server.disk.gate.open()
            #expect(try client.receiveLine() == "OK")
            let entry = try #require(try entries(other).first { $0.contains("the key") })
            let pattern =
                /[0-9]+ SET "the key" [0-9]+\.[0-9]{3} ms queue=[0-9.]+ run=[0-9.]+ disk=([0-9.]+) replica=0\.000 send=[0-9.]+ requests=1 client=127\.0\.0\.1:[0-9]+ time=[0-9]+/
            let match = try #require(try pattern.wholeMatch(in: entry), "\(entry)")
            #expect(Double(match.1) ?? 0 >= 20)
            #expect(!entry.contains("secret"))
            #expect(try server.samples()["puffin_slow_requests_total"] ?? 0 > before)
        }
    }

    @Test("a change that waits for a follower is reported with the follower's part")
    func replica() throws {
        try withTemporaryFolder { folder in
            let follower = try WatchedServer(data: folder + "/follower.json", ["--mode", "follower"])
            let leader = try WatchedServer(
                data: folder + "/leader.json",
                ["--follower", "127.0.0.1:\(follower.server.port)", "--ack", "one", "--ack-timeout", "30s"]
                    + SlowLogTests.all)
            let client = try leader.server.connect()
            #expect(try client.ask("SET a 1") == "OK")
            let entry = try #require(try entries(client).first)
            let match = try #require(try /.* SET "a" .* disk=([0-9.]+) replica=([0-9.]+) .*/.wholeMatch(in: entry))
            #expect(Double(match.1) ?? 0 > 0 && Double(match.2) ?? -1 >= 0, "\(entry)")
        }
    }

    @Test("keys are reported, escaped and cut; other texts are not")
    func keys() throws {
        try withTemporaryFolder { folder in
            let server = try WatchedServer(data: folder + "/puffin.json", SlowLogTests.all)
            let client = try server.server.connect()
            let long = String(repeating: "k", count: 70)
            try client.expect(
                "SET \(long) hidden\nGET \"a\\nb\"\nECHO hidden\n" + resp("SET", "x", "hidden"),
                "OK\nERROR: Key not found\nhidden\n+OK\r\n")
            // They arrived together: the largest is reported.
            let together = try #require(try entries(client).first)
            #expect(together.contains(" SET \"\(String(repeating: "k", count: 64))…\" "), "\(together)")
            #expect(together.contains(" requests=4 ") || together.contains(" requests=3 "))
            #expect(try client.ask("GET \"a\\nb\"") == "ERROR: Key not found")
            #expect(try client.ask("ECHO hidden") == "hidden")
            #expect(try client.ask("HIDDEN hidden").hasPrefix("ERROR: Unknown"))
            let alone = try entries(client, 3)
            #expect(alone[0].contains(" ? ") && alone[1].contains(" ECHO 0."), "\(alone)")
            #expect(alone[2].contains(#" GET "a\nb" "#), "\(alone)")
            #expect(try entries(client).allSatisfy { !$0.lowercased().contains("hidden") })
            #expect(!server.server.log.lowercased().contains("hidden"))
            #expect(server.server.process.waitForOutput(containing: #"key=a\nb"#))
        }
    }

    @Test("a large request among small ones is the one reported")
    func largest() throws {
        try withTemporaryFolder { folder in
            let server = try WatchedServer(
                data: folder + "/puffin.json", ["--durability", "never"] + SlowLogTests.all)
            let client = try server.server.connect()
            let pairs = (0..<100).map { "key\($0) v" }.joined(separator: " ")
            try client.expect("GET a\nMSET \(pairs)\nGET b\n", "ERROR: Key not found\nOK\nERROR: Key not found\n")
            let entry = try #require(try entries(client).first)
            #expect(entry.contains(" MSET \"key0\" "), "\(entry)")
        }
    }

    @Test("KEYS is reported with the time of all of its turns")
    func listing() throws {
        try withTemporaryFolder { folder in
            let server = try WatchedServer(
                data: folder + "/puffin.json", ["--durability", "never"] + SlowLogTests.all)
            let client = try server.server.connect()
            try client.send((0..<20_000).map { "SET key:\($0) v\n" }.joined())
            _ = try client.receive(exactly: 60_000)
            try client.expect("KEYS none*\n", "END\n")
            #expect(try entries(client).contains { $0.contains(" KEYS ") })
        }
    }

    @Test("the last 128 are kept, newest first, and only some lines a second are written")
    func bounds() throws {
        try withTemporaryFolder { folder in
            let server = try WatchedServer(data: folder + "/puffin.json", SlowLogTests.all)
            let client = try server.server.connect()
            for index in 0..<300 { #expect(try client.ask("GET k\(index)") == "ERROR: Key not found") }
            #expect(try client.ask("SLOWLOG LEN") == "128")
            let all = try entries(client)
            #expect(all.count == 128 && all[0].contains(" SLOWLOG ") && all[1].contains(" GET \"k299\" "))
            let numbers = all.compactMap { Int($0.prefix { $0.isNumber }) }
            #expect(numbers == Array((173...300).reversed()))
            #expect(
                server.server.process.waitForOutput(containing: "more in this second; SLOWLOG GET lists the last 128"))
            let lines = server.server.log.components(separatedBy: "Slow request client=").count - 1
            #expect(lines < 300, "\(lines) lines")
            #expect(try client.ask("SLOWLOG RESET") == "OK")
            // The request that has reset it is itself slow here.
            #expect(try client.ask("SLOWLOG LEN") == "1")
        }
    }

    @Test("SLOWLOG answers RESP clients in the shape that Redis has, and errors in its words")
    func shape() throws {
        try withTemporaryFolder { folder in
            let server = try WatchedServer(data: folder + "/puffin.json", SlowLogTests.all)
            let connection = try server.server.connect()
            var replies = ReplyStream(connection)
            for request in [resp("CLIENT", "SETNAME", "tester"), resp("GET", "a"), resp("SLOWLOG", "GET", "1")] {
                try connection.send(request)
                if request != resp("SLOWLOG", "GET", "1") { _ = try replies.next() }
            }
            guard case .array(let list)? = try replies.next(), case .array(let entry)? = list.first,
                entry.count == 6, case .array(let words) = entry[3]
            else { throw WireError(description: "another shape") }
            #expect(list.count == 1 && entry[0] == .integer(1))
            guard case .integer(let time) = entry[1], case .integer(let size) = entry[2] else {
                throw WireError(description: "no numbers")
            }
            #expect(abs(Double(time) - Date().timeIntervalSince1970) < 60 && size >= 0)
            #expect(words.prefix(2) == [.bulk(Array("GET".utf8)), .bulk(Array("a".utf8))] && words.count == 3)
            #expect(entry[5] == .bulk(Array("tester".utf8)))
            try connection.expect(
                resp("SLOWLOG", "GET", "-2") + resp("SLOWLOG", "GET", "x") + resp("SLOWLOG", "LEN", "x")
                    + resp("SLOWLOG", "NONE") + resp("SLOWLOG"),
                "-ERR count should be greater than or equal to -1\r\n-ERR value is not an integer or out of range\r\n"
                    + "-ERR wrong number of arguments for 'slowlog|len' command\r\n"
                    + "-ERR unknown subcommand 'NONE'. Try SLOWLOG HELP.\r\n"
                    + "-ERR wrong number of arguments for 'slowlog' command\r\n")
        }
    }

    @Test("redis-cli lists slow requests", .enabled(if: PeerProgram.areThere("redis-cli")))
    func redisCLI() throws {
        try withTemporaryFolder { folder in
            let server = try WatchedServer(data: folder + "/puffin.json", SlowLogTests.all)
            #expect(try server.server.connect().ask("GET \"the key\"") == "ERROR: Key not found")
            for flag in ["-2", "-3"] {
                let run = try ChildProcess.run(
                    ["redis-cli", flag, "-p", "\(server.server.port)", "SLOWLOG", "GET", "100"])
                #expect(run.exitCode == 0 && run.output.contains("the key"), "\(run.output)")
            }
        }
    }

    @Test("with the threshold off nothing is reported")
    func off() throws {
        try withTemporaryFolder { folder in
            let server = try WatchedServer(data: folder + "/puffin.json", ["--slow-log-threshold", "off"])
            let client = try server.server.connect()
            #expect(try client.ask("SET a 1") == "OK")
            #expect(try client.ask("SLOWLOG LEN") == "0")
            #expect(try server.samples()["puffin_slow_requests_total"] == 0)
        }
    }
}
