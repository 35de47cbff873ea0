import Foundation
import TestSupport
import Testing

/// The same requests to Puffin and to Redis. Deliberate differences are not in the table: `*-1`, which Redis ignores,
/// and the cursors `` and `-1`, which it takes for numbers, are errors; text that an error repeats is made safe to
/// print.
struct RedisComparisonTests {
    /// Requests that follow each other on one connection to an empty server.
    static let conversations: [[[String]]] = [
        [
            ["GET", "a"], ["SET", "a", "1"], ["GET", "a"], ["SET", "a", ""], ["GET", "a"], ["get", "a"], ["gEt", "A"],
        ],
        [["SET", "", "empty key"], ["GET", ""], ["SET", "a\r\nb", "c\r\nd"], ["GET", "a\r\nb"], ["DBSIZE"]],
        [
            ["SET", "a", "1"], ["DEL", "a"], ["DEL", "a"], ["DEL", "a", "b", "c"], ["MSET", "a", "1", "b", "2"],
            ["DEL", "a", "b", "a"],
        ],
        [["EXISTS", "a"], ["SET", "a", "1"], ["EXISTS", "a"], ["EXISTS", "a", "a", "b"]],
        [["MSET", "a", "1", "b", "2", "a", "3"], ["MGET", "a", "b", "c", "a"], ["MGET", "x"]],
        [["PING"], ["PING", "text"], ["PING", ""], ["ECHO", "text"], ["ECHO", ""]],
        [["DBSIZE"], ["MSET", "a", "1", "b", "2"], ["DBSIZE"], ["FLUSHALL"], ["DBSIZE"], ["GET", "a"]],
        [
            ["SET", "a", "1"], ["FLUSHALL", "ASYNC"], ["SET", "a", "1"], ["FLUSHALL", "sync"], ["FLUSHDB"],
            ["FLUSHDB", "async"],
        ],
        [["FLUSHALL", "now"], ["FLUSHDB", "now"], ["FLUSHALL", "sync", "async"], ["FLUSHDB", "a", "b", "c"]],
        [
            ["KEYS", "*"], ["SET", "abc", "1"], ["KEYS", "*"], ["KEYS", "a?c"], ["KEYS", "a[a-c]c"],
            ["KEYS", "a[^b]c"],
        ],
        [
            ["SET", "a*c", "1"], ["KEYS", "a\\*c"], ["KEYS", "a[*]c"], ["KEYS", "a[*"], ["KEYS", "*c*"], ["KEYS", ""],
            ["KEYS", "a[z-a]c"],
        ],
        [
            ["SET", "a]c", "1"], ["KEYS", "a[]c"], ["KEYS", "a[\\]]c"], ["KEYS", "a\\"], ["KEYS", "[^]"],
            ["KEYS", "a[]-]c"],
        ],
        [
            ["SELECT", "0"], ["SELECT", "1"], ["SELECT", "-1"], ["SELECT", "x"], ["SELECT", ""],
            ["SELECT", "99999999999"],
        ],
        [
            ["SCAN", "0"], ["SET", "a", "1"], ["SCAN", "0"], ["SCAN", "0", "MATCH", "b*"], ["SCAN", "0", "COUNT", "5"],
        ],
        [
            ["SCAN", "x"], ["SCAN", "1x"], ["SCAN", " 0"],
            ["SCAN", "99999999999999999999"],
        ],
        [
            ["SCAN", "0", "COUNT", "0"], ["SCAN", "0", "COUNT", "x"], ["SCAN", "0", "COUNT"],
            ["SCAN", "0", "FROB", "1"],
        ],
        [
            ["SCAN", "0", "COUNT", "-1"], ["SCAN", "0", "MATCH"],
            ["SCAN", "0", "1", "2", "3", "4", "5", "6", "7", "8"],
        ],
        [
            ["SET", "a", "1"], ["SCAN", "0", "TYPE", "string"], ["SCAN", "0", "TYPE", "list"],
            ["SCAN", "0", "match", "a", "match", "b"],
        ],
        [["FROB"], ["FROB", "a"], ["FROB", "a", "b c"], ["frob", ""], [""], ["GETX", "a"], ["G"]],
        [["FROB", String(repeating: "a", count: 127)], ["FROB", "a", String(repeating: "b", count: 100), "c"]],
        [["GET"], ["GET", "a", "b"], ["SET"], ["SET", "a"], ["DEL"], ["EXISTS"], ["MGET"], ["MSET"], ["MSET", "a"]],
        [
            ["MSET", "a", "1", "b"], ["ECHO"], ["ECHO", "a", "b"], ["PING", "a", "b"], ["DBSIZE", "a"], ["KEYS"],
            ["KEYS", "a", "b"],
        ],
        [["SCAN"], ["SELECT"], ["SELECT", "0", "1"], ["TIME", "x"], ["CLIENT"], ["CONFIG"], ["CONFIG", "GET"]],
        [["SET", "a", "1", "FROB"], ["SET", "a", "1", "EX"], ["SET", "a", "1", "NX", "XX"], ["GET", "a"]],
        [
            ["CLIENT", "FROB"], ["CONFIG", "FROB"], ["CONFIG", "FROB", "a"], ["COMMAND", "FROB"],
            ["CLIENT", "frob", "a"],
        ],
        [
            ["CLIENT", "GETNAME"], ["CLIENT", "SETNAME", "me"], ["CLIENT", "GETNAME"], ["CLIENT", "SETNAME", ""],
            ["CLIENT", "GETNAME"],
        ],
        [
            ["CLIENT", "SETNAME", "a b"], ["CLIENT", "SETNAME", "a\nb"], ["CLIENT", "SETNAME", "é"],
            ["CLIENT", "GETNAME"],
        ],
        [["CLIENT", "SETNAME"], ["CLIENT", "GETNAME", "x"], ["CLIENT", "ID", "x"], ["COMMAND", "COUNT", "x"]],
        [
            ["CONFIG", "GET", "none"], ["CONFIG", "GET", "maxmemory"], ["CONFIG", "GET", "MaxMem?ry"],
            ["CONFIG", "GET", "save"],
        ],
        [["COMMAND", "INFO", "none"], ["COMMAND", "DOCS", "none"], ["INFO", "none"], ["INFO", "none", "never"]],
        [["HELLO", "4"], ["HELLO", "1"], ["HELLO", "x"], ["HELLO", "2", "FROB"], ["HELLO", "2", "SETNAME"]],
        [
            ["HELLO", "2", "SETNAME", "a b"], ["CLIENT", "GETNAME"], ["HELLO", "99999999999999999999"], ["HELLO", ""],
        ],
        [["QUIT", "x"], ["PING"]],
    ]

    /// Bytes that are not requests, and how many bytes of the replies are the same: Puffin says more.
    static let malformed = [
        "*x\r\n", "*99999999999999999999\r\n", "*3\r\n$x\r\n", "*1\r\n$-1\r\n", "*1\r\n:1\r\n", "*1\r\n+PING\r\n",
        "*1\r\n$99999999999999\r\n", "*1\r\nPING\r\n",
    ]

    @Test(
        "requests get the replies that Redis gives, byte for byte", .enabled(if: Peer.areThere("redis-server")),
        arguments: [false, true])
    func replies(isRESP3: Bool) throws {
        try withBoth { puffin, redis in
            for conversation in Self.conversations {
                let requests = conversation.map { words in
                    "*\(words.count)\r\n" + words.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined()
                }
                try puffin.connect().expect(resp("FLUSHALL"), "+OK\r\n")
                try WireConnection(port: redis).expect(resp("FLUSHALL"), "+OK\r\n")
                let found = try answers(requests, port: puffin.port, isRESP3: isRESP3)
                let expected = try answers(requests, port: redis, isRESP3: isRESP3)
                #expect(found == expected, "\(conversation)")
            }
        }
    }

    @Test(
        "invalid bytes get an error that begins as Redis' does", .enabled(if: Peer.areThere("redis-server"))
    )
    func protocolErrors() throws {
        try withBoth { puffin, redis in
            for bytes in Self.malformed {
                let found = try end(of: bytes, port: puffin.port)
                let expected = try end(of: bytes, port: redis)
                let words = expected.dropLast(2)
                #expect(
                    expected.hasPrefix("-ERR Protocol error: ") && found.hasPrefix(words), "\(bytes.debugDescription)")
            }
        }
    }

    private func withBoth(_ body: (ServerProcess, UInt16) throws -> Void) throws {
        try withTemporaryFolder { folder in
            let redis = try RedisProcess(folder: folder)
            try body(ServerProcess(data: folder + "/puffin.json", ["--max-memory", "0"]), redis.port)
            withExtendedLifetime(redis) {}
        }
    }

    /// One reply per request; the rest of them if the connection ends.
    private func answers(_ requests: [String], port: UInt16, isRESP3: Bool) throws -> [String] {
        let connection = try WireConnection(port: port)
        if isRESP3 {
            try connection.send(resp("HELLO", "3"))
            _ = try connection.receive(through: "$7\r\nmodules\r\n*0\r\n")
        }
        var replies: [String] = []
        for request in requests {
            // A server that has disconnected takes nothing more.
            try? connection.send(request + resp("ECHO", "end of reply"))
            let reply = String(decoding: try connection.receive(through: "$12\r\nend of reply\r\n"), as: UTF8.self)
            replies.append(reply)
        }
        return replies
    }

    private func end(of bytes: String, port: UInt16) throws -> String {
        let connection = try WireConnection(port: port)
        try connection.send(bytes)
        return try connection.receiveAll()
    }
}
