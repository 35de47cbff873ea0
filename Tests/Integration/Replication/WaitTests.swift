import Foundation
import TestSupport
import Testing

/// `WAIT` and `WAITAOF`, which tell a client of Redis how many followers have its changes.
@Suite("WAIT and WAITAOF", .serialized)
struct WaitTests {
    @Test("the numbers are those of the followers that are there", arguments: 0...2)
    func numbers(count: Int) throws {
        try withReplicas(count) { (leader, _) throws in
            let client = try leader.process.connect()
            try client.expect(
                resp("SET", "a", "1") + resp("WAIT", "\(count)", "0") + resp("WAITAOF", "1", "\(count)", "0")
                    + resp("WAIT", "0", "0") + resp("WAIT", "-1", "0") + resp("GET", "a"),
                "+OK\r\n:\(count)\r\n*2\r\n:1\r\n:\(count)\r\n:\(count)\r\n:\(count)\r\n$1\r\n1\r\n")
            // More than there are: the reply is the number at the end of the time. The next request waits.
            try client.expect(
                resp("SET", "a", "2") + resp("WAIT", "\(count + 1)", "200") + resp("GET", "a") + resp("PING"),
                "+OK\r\n:\(count)\r\n$1\r\n2\r\n+PONG\r\n")
            try client.expect(
                "SET a 3\nWAITAOF 1 \(count + 1) 200\nWAIT \(count) 0\nPING\n",
                "OK\n1\n\(count)\nEND\n\(count)\nPONG\n")
        }
    }

    @Test("a follower that is stopped is not counted, and is when it goes on")
    func stopped() throws {
        try withReplicas(2) { (leader, followers) throws in
            let (client, other) = (try leader.process.connect(), try leader.process.connect())
            followers[0].process.process.send(SIGSTOP)
            try client.expect(
                "SET a 1\nWAIT 2 200\nWAITAOF 1 2 200\nWAIT 1 0\n", "OK\n1\n1\n1\nEND\n1\n")
            try client.send("WAIT 2 0\nWAITAOF 1 2 0\nPING\n")
            // No other client waits meanwhile.
            for _ in 0..<20 { try other.expect("GET a\n", "1\n") }
            #expect(!client.hasReceived)
            followers[0].process.process.send(SIGCONT)
            try client.expect("", "2\n1\n2\nEND\nPONG\n")
        }
    }

    @Test("a client that waits for ever waits as long as it is there")
    func hangUp() throws {
        try withReplicas(0) { (leader, _) throws in
            let ending = try leader.process.connect()
            try ending.send("SET a 1\nWAIT 3 0\nPING\n")
            try ending.expect("", "OK\n")
            ending.endSending()
            #expect(try ending.receiveAll() == "0\nPONG\n")
            for isReset in [false, true] {
                let gone = try leader.process.connect()
                try gone.send("PING\nWAIT 3 0\nPING\n")
                try gone.expect("", "PONG\n")
                if isReset { gone.reset() }
            }
            // The client that asks counts as well.
            try leader.wait(for: "clients", toBe: "1")
        }
    }

    @Test("what a client sends while it waits is kept within bounds, and answered")
    func flood() throws {
        try withReplicas(1) { (leader, followers) throws in
            followers[0].process.process.send(SIGSTOP)
            let client = try leader.process.connect()
            try client.send("SET a 1\nWAIT 1 0\n")
            try client.expect("", "OK\n")
            let pings = 200_000
            let sender = Thread { try? client.send(String(repeating: "PING\n", count: pings)) }
            sender.start()
            // As much as is read while a request waits, and no more.
            try leader.wait(for: "buffer_bytes") { Int($0) ?? 0 > 64 << 10 }
            #expect(try Int(leader.figures()["buffer_bytes"] ?? "") ?? .max < 1 << 20)
            followers[0].process.process.send(SIGCONT)
            try client.expect("", "1\n" + String(repeating: "PONG\n", count: pings))
        }
    }

    @Test("in the relaxed modes WAITAOF requests a sync", arguments: ["interval", "never"])
    func relaxed(durability: String) throws {
        try withTemporaryFolder { folder in
            let server = try AdminServer(folder + "/puffin.json", ["--durability", durability])
            try server.process.connect().expect("SET a 1\nWAITAOF 1 0 0\n", "OK\n1\n0\nEND\n")
        }
    }

    @Test("a follower refuses both")
    func follower() throws {
        try withReplicas(1) { (_, followers) throws in
            try followers[0].process.connect().expect(
                resp("WAIT", "0", "1") + resp("WAITAOF", "0", "0", "1"),
                "-ERR WAIT cannot be used with replica instances. Ask the leader.\r\n"
                    + "-ERR WAITAOF cannot be used with replica instances. Ask the leader.\r\n")
        }
    }

    /// Requests and the replies of Redis 7; WAITAOF exists since 7.2.
    private static let refused = [
        (["WAIT", "x", "1"], "ERR value is not an integer or out of range"),
        (["WAIT", "1", "x"], "ERR timeout is not an integer or out of range"),
        (["WAIT", "1", "-1"], "ERR timeout is negative"),
        (["WAIT", "x", "-1"], "ERR value is not an integer or out of range"),
        (["WAIT", "1"], "ERR wrong number of arguments for 'wait' command"),
        (["WAIT", "1", "1", "1"], "ERR wrong number of arguments for 'wait' command"),
        (["WAIT", "1", "99999999999999999999"], "ERR timeout is not an integer or out of range"),
        (["WAITAOF", "2", "0", "0"], "ERR value is out of range, value must between 0 and 1"),
        (["WAITAOF", "1", "-1", "0"], "ERR value is out of range, must be positive"),
        (["WAITAOF", "x", "0", "0"], "ERR value is not an integer or out of range"),
        (["WAITAOF", "1", "0", "x"], "ERR timeout is not an integer or out of range"),
        (["WAITAOF", "1", "0", "-1"], "ERR timeout is negative"),
    ]

    private func request(_ words: [String]) -> String {
        "*\(words.count)\r\n" + words.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined()
    }

    @Test("wrong arguments get Redis' words")
    func errors() throws {
        try withReplicas(0) { (leader, _) throws in
            for (words, error) in Self.refused {
                try leader.process.connect().expect(request(words), "-\(error)\r\n")
            }
        }
    }

    @Test("and Redis does say so", .enabled(if: PeerProgram.areThere("redis-server")))
    func redis() throws {
        try withTemporaryFolder { folder in
            let redis = try RedisProcess(folder: folder)
            for (words, error) in Self.refused where words[0] == "WAIT" {
                try WireConnection(port: redis.port).expect(request(words), "-\(error)\r\n")
            }
            try WireConnection(port: redis.port).expect(
                resp("SET", "a", "1") + resp("WAIT", "0", "0") + resp("WAIT", "-1", "0") + resp("WAIT", "1", "50")
                    + resp("PING"), "+OK\r\n:0\r\n:0\r\n:0\r\n+PONG\r\n")
            withExtendedLifetime(redis) {}
        }
    }
}
