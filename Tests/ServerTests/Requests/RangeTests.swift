import Bytes
import LogFormat
import Server
import Store
import TestSupport
import Testing

/// RANGE, and what else reads keys in order, over socket pairs.
@Suite("RANGE")
struct RangeTests {
    /// A server whose changes need no sync.
    private func stepped(
        _ index: KeyIndex = .ordered, disk: any Disk = MemoryDisk(), isFollower: Bool = false,
        expiredCount: Int = 100_000
    ) throws -> SteppedServer {
        try SteppedServer(durability: .never, disk: disk) {
            $0.store.index = index
            $0.replication.isFollower = isFollower
            $0.limits.unsentSize = 1 << 20
            $0.limits.rangeExpiredCount = expiredCount
        }
    }

    private func ask(_ requests: String, of client: SteppedClient, _ stepped: SteppedServer, turns: Int = 3) throws
        -> String
    {
        // No more at a time than a socket takes.
        var rest = requests[...]
        while !rest.isEmpty {
            try client.send(String(rest.prefix(16_000)))
            rest = rest.dropFirst(16_000)
            stepped.work()
            for _ in 0..<turns {
                stepped.turn()
                client.receive()
            }
        }
        return client.take()
    }

    /// The lines of a reply to a line, without END.
    private func list(_ request: String, of client: SteppedClient, _ stepped: SteppedServer, turns: Int = 3) throws
        -> [String]
    {
        let reply = try ask(request + "\n", of: client, stepped, turns: turns)
        #expect(reply.hasSuffix("END\n"), "\(request): \(reply.suffix(200))")
        return reply.split(separator: "\n").dropLast().map(String.init)
    }

    @Test("keys come in byte order, within their bounds, in both dialects")
    func replies() throws {
        let stepped = try stepped()
        let client = try SteppedClient(stepped)
        for key in ["b:2", "a", "b:10", "b", "c", "b:1", "b;", "\"b:\\u0000\""] {
            #expect(try ask("SET \(key) \"v \\\"\(key.filter { $0.isLetter })\\\"\"\n", of: client, stepped) == "OK\n")
        }
        let all = ["a", "b", "\"b:\\u0000\"", "b:1", "b:10", "b:2", "b;", "c"]
        let requests: [(String, [String])] = [
            ("PREFIX \"\"", all), ("PREFIX b:", Array(all[2..<6])), ("prefix B", []),
            ("PREFIX b REVERSE", all[1..<7].reversed()),
            ("FROM b:1", Array(all[3...])), ("FROM b:1 TO b;", Array(all[3..<6])), ("FROM b TO b", []),
            ("FROM c TO a", []), ("FROM \"\" TO b", ["a"]), ("FROM b:1 LIMIT 2", ["b:1", "b:10"]),
            ("PREFIX b LIMIT 2 AFTER b:1", ["b:10", "b:2"]), ("AFTER b:10 PREFIX b", ["b:2", "b;"]),
            ("PREFIX b: AFTER a LIMIT 1", ["\"b:\\u0000\""]), ("PREFIX b: AFTER c", []),
            ("FROM a REVERSE AFTER b:10 LIMIT 2", ["b:1", "\"b:\\u0000\""]), ("FROM b:10 REVERSE AFTER b:10", []),
            ("FROM b:1 TO b:2 VALUES REVERSE", ["b:10", "v \"b\"", "b:1", "v \"b\""]),
        ]
        for (options, keys) in requests {
            #expect(try list("RANGE \(options)", of: client, stepped) == keys, "\(options)")
        }
        #expect(
            try ask(resp("RANGE", "FROM", "b:10", "LIMIT", "2", "VALUES"), of: client, stepped)
                == "*4\r\n$4\r\nb:10\r\n$5\r\nv \"b\"\r\n$3\r\nb:2\r\n$5\r\nv \"b\"\r\n")
        #expect(try ask(resp("RANGE", "PREFIX", "none"), of: client, stepped) == "*0\r\n")
        #expect(try ask(resp("RANGE", "PREFIX", "b:\u{0}"), of: client, stepped) == "*1\r\n$3\r\nb:\u{0}\r\n")
        #expect(
            try ask("MULTI\nSET b:3 1\nRANGE PREFIX b:3\nKEYS b:*\nEXEC\n", of: client, stepped)
                == "OK\nQUEUED\nQUEUED\nQUEUED\nOK\nb:3\nEND\n\"b:\\u0000\"\nb:1\nb:10\nb:2\nb:3\nEND\nEND\n")
        #expect(try list("KEYS b:*", of: client, stepped) == ["\"b:\\u0000\"", "b:1", "b:10", "b:2", "b:3"])
        #expect(try list("KEYS b:1?*", of: client, stepped) == ["b:10"])
        #expect(try list("KEYS b:1", of: client, stepped) == ["b:1"])
        #expect(
            try ask("FLUSHALL\nRANGE FROM \"\"\nSET d 1\nRANGE FROM \"\"\n", of: client, stepped)
                == "OK\nEND\nOK\nd\nEND\n")
        stepped.stop()
    }

    @Test("what is wrong is said, in both dialects")
    func errors() throws {
        let stepped = try stepped()
        let client = try SteppedClient(stepped)
        let long = String(repeating: "x", count: (64 << 10) + 1)
        let requests: [(String, String)] = [
            ("LIMIT 5", "RANGE needs PREFIX and a prefix, or FROM and a key"),
            ("REVERSE VALUES", "RANGE needs PREFIX and a prefix, or FROM and a key"),
            ("AFTER k TO l", "RANGE needs PREFIX and a prefix, or FROM and a key"),
            ("PREFIX a FROM b", "PREFIX and FROM exclude each other: use one of them"),
            ("PREFIX a TO b", "TO needs FROM: a prefix has an end already"),
            ("FROM a FROM b", "FROM is given twice"), ("PREFIX a PREFIX b", "PREFIX is given twice"),
            ("FROM a AFTER b AFTER c", "AFTER is given twice"), ("FROM a TO b TO c", "TO is given twice"),
            ("FROM a LIMIT 1 LIMIT 2", "LIMIT is given twice"),
            ("FROM a TO", "TO needs a value behind it"), ("PREFIX a LIMIT", "LIMIT needs a value behind it"),
            ("FROM a LIMIT 0", "LIMIT is a number from 1 to 10000"),
            ("FROM a LIMIT 10001", "LIMIT is a number from 1 to 10000"),
            ("FROM a LIMIT -1", "LIMIT is a number from 1 to 10000"),
            ("FROM a LIMIT 9999999999999999999999", "LIMIT is a number from 1 to 10000"),
            ("FROM a LIMIT ten", "LIMIT is a number from 1 to 10000"),
            ("FROM a WITHVALUES", "Unknown option of RANGE 'WITHVALUES'"),
            ("PREFIX \(long)", "Prefix too long: 65537 bytes, the limit is 65536"),
            ("FROM \(long)", "Key too long: 65537 bytes, the limit is 65536"),
            ("FROM a TO \(long)", "Key too long: 65537 bytes, the limit is 65536"),
            ("PREFIX a AFTER \(long)", "Key too long: 65537 bytes, the limit is 65536"),
        ]
        for (options, message) in requests {
            #expect(
                try ask("RANGE \(options)\n", of: client, stepped) == "ERROR: \(message)\n", "\(options.prefix(99))")
            let words = ["RANGE"] + options.split(separator: " ").map(String.init)
            let request = words.reduce("*\(words.count)\r\n") { $0 + "$\($1.utf8.count)\r\n\($1)\r\n" }
            #expect(try ask(request, of: client, stepped) == "-ERR \(message)\r\n", "\(options.prefix(99))")
        }
        #expect(
            try ask("RANGE FROM\n", of: client, stepped)
                == "ERROR: RANGE needs PREFIX and a prefix, or FROM and a key: RANGE PREFIX <prefix>|FROM <key> [TO <key>] [AFTER <key>] [LIMIT <count>] [REVERSE] [VALUES]\n"
        )
        #expect(try ask(resp("RANGE"), of: client, stepped) == "-ERR wrong number of arguments for 'range' command\r\n")
        // The longest prefix there may be, which no key has, and keys at the limit.
        let most = String(long.dropLast())
        #expect(try ask(resp("RANGE", "PREFIX", most), of: client, stepped) == "*0\r\n")
        #expect(try ask(resp("SET", most, "1"), of: client, stepped) == "+OK\r\n")
        #expect(
            try ask(resp("RANGE", "FROM", most, "VALUES"), of: client, stepped)
                == "*2\r\n$65536\r\n\(most)\r\n$1\r\n1\r\n")
        #expect(try ask(resp("RANGE", "PREFIX", "x", "AFTER", most), of: client, stepped) == "*0\r\n")
        #expect(
            try ask("SCAN 0 MATCH a PREFIX b\nSCAN 0 PREFIX b MATCH a\nSCAN 0 PREFIX\n", of: client, stepped)
                == "ERROR: MATCH and PREFIX exclude each other: use one of them\n"
                + "ERROR: MATCH and PREFIX exclude each other: use one of them\n"
                + "ERROR: Wrong options: SCAN <cursor> [MATCH <pattern>|PREFIX <prefix>] [COUNT <count>] [TYPE <type>]\n"
        )
        stepped.stop()
    }

    @Test("a reply has at most 10,000 keys, and no more bytes than a reply may have; the rest comes after the last key")
    func limits() throws {
        let stepped = try stepped()
        let client = try SteppedClient(stepped)
        let keys = (0..<12_000).map { "key:\(100_000 + $0)" }
        for start in stride(from: 0, to: keys.count, by: 500) {
            let pairs = keys[start..<start + 500].map { "\($0) 0123456789" }.joined(separator: " ")
            #expect(try ask("MSET \(pairs)\n", of: client, stepped) == "OK\n")
        }
        #expect(try list("RANGE PREFIX key:", of: client, stepped, turns: 20) == Array(keys.prefix(10_000)))
        #expect(
            try list("RANGE PREFIX key: AFTER \(keys[9_999])", of: client, stepped, turns: 20) == Array(keys[10_000...])
        )
        // Pages of every size, forwards and backwards.
        for (size, options) in [(2_999, ""), (700, " REVERSE")] {
            var found: [String] = []
            while true {
                let after = found.last.map { " AFTER \($0)" } ?? ""
                let page = try list("RANGE PREFIX key: LIMIT \(size)\(after)\(options)", of: client, stepped, turns: 20)
                if page.isEmpty { break }
                found += page
            }
            #expect(found == (options.isEmpty ? keys : keys.reversed()))
        }
        // Values of 10,000 bytes each: a hundred of them fit into 1 MiB.
        let value = String(repeating: "v", count: 10_000)
        for number in 0..<200 {
            #expect(try ask("SET large:\(1000 + number) \(value)\n", of: client, stepped) == "OK\n")
        }
        for request in ["RANGE PREFIX large: VALUES\n", resp("RANGE", "FROM", "large:", "VALUES")] {
            let reply = try ask(request, of: client, stepped)
            #expect(
                reply.contains("Reply too large: more than 1048576 bytes; use a smaller LIMIT"), "\(reply.prefix(99))")
        }
        #expect(try list("RANGE PREFIX large: VALUES LIMIT 100", of: client, stepped, turns: 100).count == 200)
        // More in one turn than its allowance: each is answered, in its order.
        let many = String(repeating: "RANGE PREFIX key: LIMIT 1500\nPING\n", count: 30)
        let reply = try ask(many, of: client, stepped, turns: 100)
        let expected = String(repeating: keys.prefix(1_500).map { $0 + "\n" }.joined() + "END\nPONG\n", count: 30)
        #expect(reply.count == expected.count && reply == expected)
        stepped.stop()
    }

    @Test("pairs that have expired are not shown, whether or not they are removed yet")
    func expiry() throws {
        var bytes: [UInt8] = []
        func add(_ body: String, chain: UInt32) -> UInt32 {
            var line = ByteBuffer()
            line.append(text: body)
            let crc = line.appendChecksum(bodyFrom: 0, chain: chain)
            bytes += Array(line.bytes)
            return crc
        }
        _ = add(
            #"{"puffin":"log","version":2,"needs":["expiry"],"history":"5f0c9a52e1b7","seq":1,"chain":"00000000""#,
            chain: 0)
        var crc: UInt32 = 0
        for number in 1...300 {
            // Long ago, in a far future, never.
            let expires = ["", #","expires":4000000000000"#, #","expires":1764000000000"#][number % 3]
            crc = add(
                #"{"seq":\#(number),"ts":1764000000123,"op":"set","key":"k:\#(1000 + number)","value":"v"\#(expires)"#,
                chain: crc)
        }
        let contents = ["data/puffin.json.log/00000000000000000001.jsonl": bytes]
        let stepped = try stepped(disk: MemoryDisk(contents))
        let client = try SteppedClient(stepped)
        let alive = (1...300).filter { $0 % 3 != 2 }.map { "k:\(1000 + $0)" }
        #expect(try list("RANGE PREFIX k:", of: client, stepped) == alive)
        #expect(try list("RANGE PREFIX k: REVERSE LIMIT 50", of: client, stepped) == Array(alive.reversed().prefix(50)))
        #expect(try list("RANGE FROM k:1002 LIMIT 2", of: client, stepped) == ["k:1003", "k:1004"])
        #expect(try list("KEYS k:*", of: client, stepped) == alive)
        #expect(Set(try list("SCAN 0 PREFIX k: COUNT 1000", of: client, stepped)) == Set(["0"] + alive))
        // One that has expired is set again, and is there.
        #expect(try ask("SET k:1002 1\nRANGE FROM k:1002 LIMIT 1\n", of: client, stepped) == "OK\nk:1002\nEND\n")
        stepped.stop()
        // A follower removes none itself. Where fewer may be passed over than there are, a reply that needs more is refused.
        let strict = try self.stepped(disk: MemoryDisk(contents), isFollower: true, expiredCount: 50)
        let other = try SteppedClient(strict)
        let error =
            "More than 50 expired pairs in this range are still to be removed; try again, or with a narrower range"
        #expect(try ask("RANGE PREFIX k:\n", of: other, strict) == "ERROR: \(error)\n")
        #expect(try ask(resp("RANGE", "FROM", "k:", "REVERSE"), of: other, strict) == "-ERR \(error)\r\n")
        #expect(try list("RANGE PREFIX k: LIMIT 90", of: other, strict) == Array(alive.prefix(90)))
        strict.stop()
    }

    @Test("without the index RANGE is refused; it is built while requests run, and given back the same way")
    func switching() throws {
        let stepped = try stepped(.none)
        let client = try SteppedClient(stepped)
        let keys = (0..<6_000).map { "key:\(100_000 + $0)" }
        for start in stride(from: 0, to: keys.count, by: 500) {
            let pairs = keys[start..<start + 500].map { "\($0) 1" }.joined(separator: " ")
            #expect(try ask("MSET \(pairs)\n", of: client, stepped) == "OK\n")
        }
        let refusal = "RANGE needs the ordered index: set storage.index to ordered"
        #expect(try ask("RANGE FROM a\n", of: client, stepped) == "ERROR: \(refusal)\n")
        #expect(try ask(resp("RANGE", "FROM", "a"), of: client, stepped) == "-ERR \(refusal)\r\n")
        func size() throws -> Int {
            let lines = try list("STATS", of: client, stepped)
            let line = try #require(lines.first { $0.hasPrefix("table_bytes ") })
            return try #require(Int(line.dropFirst("table_bytes ".count)))
        }
        var configuration = Configuration()
        configuration.maxMemory = 0
        let before = try size()
        for round in 0..<2 {
            configuration.store.index = .ordered
            stepped.server.change(to: configuration)
            let early = try ask("RANGE FROM a\n", of: client, stepped, turns: 1)
            #expect(early.hasPrefix("ERROR: The index is being built: "), "\(early)")
            #expect(early.hasSuffix(" %\n"), "\(early)")
            #expect(try list("STATS", of: client, stepped, turns: 1).contains("index building"))
            // New and removed keys on the way.
            #expect(try ask("SET key:2\(round) 1\nDEL key:100000\n", of: client, stepped, turns: 1).hasPrefix("OK\n"))
            for _ in 0..<20 { stepped.turn() }
            let expected = keys.dropFirst() + (0...round).map { "key:2\($0)" }
            #expect(
                try list("RANGE PREFIX key: LIMIT 10000", of: client, stepped, turns: 20) == Array(expected).sorted())
            let taken = try size() - before
            #expect(try list("STATS", of: client, stepped).contains("index ordered"))
            #expect(taken > 6_000 * 8 && taken < 6_000 * 17, "\(taken)")
            configuration.store.index = .none
            stepped.server.change(to: configuration)
            #expect(try ask("RANGE FROM a\n", of: client, stepped) == "ERROR: \(refusal)\n")
            stepped.turn(20)
            #expect(try size() - before < 1_000)
            #expect(try list("STATS", of: client, stepped).contains("cleared_bytes 0"))
            #expect(try list("STATS", of: client, stepped).contains("index none"))
        }
        stepped.stop()
    }

    @Test("KEYS lists each key once, also if the index is dropped, or comes, while it runs", arguments: [false, true])
    func droppedMeanwhile(isThere: Bool) throws {
        let stepped = try stepped(isThere ? .ordered : .none)
        let client = try SteppedClient(stepped)
        let keys = (0..<9_000).map { "key:\(100_000 + $0)" }
        for start in stride(from: 0, to: keys.count, by: 500) {
            let pairs = keys[start..<start + 500].map { "\($0) 1 other:\($0) 1" }.joined(separator: " ")
            #expect(try ask("MSET \(pairs)\n", of: client, stepped) == "OK\n")
        }
        for request in ["KEYS key:*\n", resp("KEYS", "key:*")] {
            var configuration = Configuration()
            configuration.maxMemory = 0
            configuration.store.index = isThere ? .ordered : .none
            stepped.server.change(to: configuration)
            stepped.turn(40)
            try client.send(request)
            stepped.turn(2)
            configuration.store.index = isThere ? .none : .ordered
            stepped.server.change(to: configuration)
            var reply = ""
            for _ in 0..<60 {
                stepped.turn()
                reply += client.take()
            }
            let found = reply.split(whereSeparator: \.isNewline).map(String.init).filter { $0.hasPrefix("key:") }
            #expect(found.count == keys.count && Set(found) == Set(keys), "\(found.count)")
        }
        stepped.stop()
    }
}
