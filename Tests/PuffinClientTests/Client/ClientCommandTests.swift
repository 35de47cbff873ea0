// What each method sends, and what it makes of the reply.

import PuffinClient
import TestSupport
import Testing

@Suite("Client: commands", .timeLimit(.minutes(10)))
struct ClientCommandTests {
    /// Runs a request against one reply, and checks what was sent.
    private func ask<Value: Sendable>(
        _ reply: String, expecting sent: String, location: SourceLocation = #_sourceLocation,
        _ body: (Client) async throws -> Value
    ) async throws -> Value {
        let server = try FakeServer { _ in reply }
        let client = Client(server.address, options: options { $0.poolSize = 1 }, runtime: Runtime())
        defer {
            client.close()
            server.stop()
        }
        let value = try await body(client)
        #expect(server.allRequests == [sent], sourceLocation: location)
        return value
    }

    /// What a method sends, and what it makes of a reply.
    private func check<Value: Sendable & Equatable>(
        _ reply: String, _ sent: String, _ expected: Value, location: SourceLocation = #_sourceLocation,
        _ body: (Client) async throws -> Value
    ) async throws {
        let value = try await ask(reply, expecting: sent, location: location, body)
        #expect(value == expected, sourceLocation: location)
    }

    private let ok = "+OK\r\n"
    private let null = "$-1\r\n"

    @Test func reading() async throws {
        try await check(bulk("v"), "GET k", [0x76]) { c in try await c.get("k") }
        try await check(null, "GET k", nil) { c in try await c.get("k") }
        try await check(bulk("42"), "GET k", 42) { c in try await c.get("k", as: Int.self) }
        try await check(bulk("el"), "GETRANGE k 1 2", [0x65, 0x6c]) { c in
            try await c.getRange("k", from: 1, through: 2)
        }
        try await check(bulk(""), "GETRANGE k 0 -1", []) { c in try await c.getRange("k") }
        try await check(":5\r\n", "STRLEN k", 5) { c in try await c.size(of: "k") }
        try await check(bulk("b6acb9d84a38ff74"), "DIGEST k", "b6acb9d84a38ff74") { c in try await c.digest(of: "k") }
        try await check(null, "DIGEST k", nil) { c in try await c.digest(of: "k") }
    }

    @Test func setting() async throws {
        try await ask(ok, expecting: "SET k v") { c in try await c.set("k", "v") }
        try await ask(ok, expecting: "SET k v KEEPTTL") { c in try await c.set("k", "v", keepingExpiry: true) }
        try await ask(ok, expecting: "SET k v PX 1500") { c in
            try await c.set("k", "v", expiresIn: .milliseconds(1500))
        }
        try await ask(ok, expecting: "SET k v PX 1") { c in try await c.set("k", "v", expiresIn: .nanoseconds(1)) }
        try await ask(ok, expecting: "SET k v PXAT 1764001800000") { c in
            try await c.set("k", "v", expiresAt: UnixTime(seconds: 1_764_001_800))
        }
        try await ask(ok, expecting: "MSET a 1 b 2") { c in
            try await c.setAll([(key: "a", value: 1), (key: "b", value: 2)])
        }
        try await check(":0\r\n", "MSETNX a 1 b 2", false) { c in
            try await c.setAllIfAbsent([(key: "a", value: 1), (key: "b", value: 2)])
        }
        try await check(":1\r\n", "MSETEX 2 a 1 b 2 NX PX 1000", true) { c in
            try await c.setAll([(key: "a", value: 1), (key: "b", value: 2)], if: .absent, expiresIn: .seconds(1))
        }
        try await check(":0\r\n", "MSETEX 1 a 1 PX 1000", false) { c in
            try await c.setAll([(key: "a", value: 1)], expiresIn: .seconds(1))
        }
        try await check(bulk("u"), "SET k v GET", [0x75]) { c in try await c.exchange("k", "v") }
        try await check(null, "SET k v GET KEEPTTL", nil) { c in try await c.exchange("k", "v", keepingExpiry: true) }
    }

    @Test(
        "conditions, and what they have become",
        arguments: [
            (SetCondition.absent, "NX"), (.present, "XX"), (.equals("u"), "IFEQ u"), (.differs(from: 7), "IFNE 7"),
            (.hasDigest("b6acb9d84a38ff74"), "IFDEQ b6acb9d84a38ff74"),
            (.lacksDigest("b6acb9d84a38ff74"), "IFDNE b6acb9d84a38ff74"),
        ])
    func conditions(condition: SetCondition, words: String) async throws {
        try await check(ok, "SET k v \(words)", true) { c in try await c.set("k", "v", if: condition) }
        try await check(null, "SET k v \(words) KEEPTTL", false) { c in
            try await c.set("k", "v", if: condition, keepingExpiry: true)
        }
        try await check(ok, "SET k v \(words) PX 30000", true) { c in
            try await c.set("k", "v", if: condition, expiresIn: .seconds(30))
        }
        try await check(null, "SET k v \(words) PXAT 5", false) { c in
            try await c.set("k", "v", if: condition, expiresAt: UnixTime(milliseconds: 5))
        }
    }

    @Test func changing() async throws {
        try await check(":3\r\n", "APPEND k v", 3) { c in try await c.append("k", "v") }
        try await check(":9\r\n", "SETRANGE k 5 v", 9) { c in try await c.setRange("k", at: 5, "v") }
        try await check(bulk("v"), "GETDEL k", [0x76]) { c in try await c.getAndDelete("k") }
        try await check(":5\r\n", "INCRBY n 5", 5) { c in try await c.increment("n", by: 5) }
        try await check(":-1\r\n", "DECRBY n 1", -1) { c in try await c.decrement("n") }
        try await check(bulk("10.6"), "INCRBYFLOAT n 0.1", 10.6) { c in try await c.increment("n", by: 0.1) }
        try await check(":1\r\n", "GETBIT k 7", true) { c in try await c.getBit("k", at: 7) }
        try await check(":0\r\n", "SETBIT k 7 1", false) { c in try await c.setBit("k", at: 7, to: true) }
        try await check(":4\r\n", "BITCOUNT k 0 -1", 4) { c in try await c.bitCount("k") }
        try await check(":4\r\n", "BITCOUNT k 5 30 BIT", 4) { c in
            try await c.bitCount("k", from: 5, through: 30, unit: .bits)
        }
    }

    @Test func keys() async throws {
        try await check(":1\r\n", "DEL k", true) { c in try await c.delete("k") }
        try await check(":1\r\n", "DELEX k IFEQ v", true) { c in try await c.delete("k", if: .equals("v")) }
        try await check(":0\r\n", "DELEX k IFDNE 0", false) { c in try await c.delete("k", if: .lacksDigest("0")) }
        try await check(":1\r\n", "DEL a b", 1) { c in try await c.deleteAll(["a", "b"]) }
        try await check(":0\r\n", "EXISTS k", false) { c in try await c.exists("k") }
        try await check(":2\r\n", "EXISTS a a", 2) { c in try await c.countExisting(["a", "a"]) }
        try await check(":1\r\n", "TOUCH a b", 1) { c in try await c.touch(["a", "b"]) }
        try await check("+string\r\n", "TYPE k", "string") { c in try await c.type(of: "k") }
        try await check("+none\r\n", "TYPE k", nil) { c in try await c.type(of: "k") }
        try await ask(ok, expecting: "RENAME k l") { c in try await c.rename("k", to: "l") }
        try await check(":0\r\n", "RENAMENX k l", false) { c in try await c.renameIfAbsent("k", to: "l") }
        try await check(":1\r\n", "COPY k l", true) { c in try await c.copy("k", to: "l") }
        try await check(":1\r\n", "COPY k l REPLACE", true) { c in try await c.copy("k", to: "l", replacing: true) }
        try await check(bulk("k"), "RANDOMKEY", [0x6b]) { c in try await c.randomKey() }
        try await check(":96\r\n", "MEMORY USAGE k", 96) { c in try await c.memoryUsage(of: "k") }
        try await check(null, "MEMORY USAGE k", nil) { c in try await c.memoryUsage(of: "k") }
        try await check("*1\r\n" + bulk("u:1"), "KEYS u:*", [Array("u:1".utf8)]) { c in
            try await c.keys(matching: "u:*")
        }
        try await check(":7\r\n", "DBSIZE", 7) { c in try await c.count() }
        try await ask(ok, expecting: "FLUSHALL") { c in try await c.removeAll() }
        try await check(":9\r\n", "SEQ", 9) { c in try await c.seq() }
        try await check("*2\r\n" + bulk("seq") + bulk("9"), "STATS", ["seq=9"]) { c in
            try await c.stats().map { "\($0.name)=\($0.value)" }
        }
    }

    @Test func expiry() async throws {
        try await check(":1\r\n", "PEXPIRE k 1000", true) { c in try await c.expire("k", in: .seconds(1)) }
        try await check(":0\r\n", "PEXPIRE k -1000 GT", false) { c in
            try await c.expire("k", in: .seconds(-1), if: .later)
        }
        try await check(":1\r\n", "PEXPIREAT k 5000 LT", true) { c in
            try await c.expire("k", at: UnixTime(seconds: 5), if: .earlier)
        }
        try await check(":1\r\n", "PERSIST k", true) { c in try await c.persist("k") }
        for (reply, expected) in [(-2, TimeToLive.missing), (-1, .unlimited), (1500, .limited(.milliseconds(1500)))] {
            try await check(":\(reply)\r\n", "PTTL k", expected) { c in try await c.timeToLive("k") }
        }
        for (reply, expected) in [(-2, nil), (-1, nil), (1500, UnixTime(milliseconds: 1500))] {
            try await check(":\(reply)\r\n", "PEXPIRETIME k", expected) { c in try await c.expiryTime(of: "k") }
        }
        try await check(bulk("v"), "GETEX k PX 60000", [0x76]) { c in try await c.get("k", expiresIn: .seconds(60)) }
        try await check(null, "GETEX k PXAT 5", nil) { c in try await c.get("k", expiresAt: UnixTime(milliseconds: 5)) }
        try await check(bulk("v"), "GETEX k PERSIST", [0x76]) { c in try await c.getAndPersist("k") }
    }

    @Test("times are whole milliseconds, rounded up, and do not overflow")
    func times() {
        #expect(UnixTime(seconds: .max).milliseconds == .max && UnixTime(seconds: .min).milliseconds == .min)
        #expect(UnixTime(milliseconds: 5) + .microseconds(1) == UnixTime(milliseconds: 6))
        #expect(UnixTime(milliseconds: 5) + .seconds(-1) == UnixTime(milliseconds: -995))
        #expect((UnixTime(milliseconds: .max) + .seconds(1)).milliseconds == .max)
        #expect(UnixTime(seconds: 1) < UnixTime(milliseconds: 1001) && UnixTime.now > UnixTime(seconds: 1_700_000_000))
    }

    @Test("a batch sends the same requests as the methods")
    func batch() async throws {
        try await withClient(rule: { _ in "+OK\r\n" }) { server, client in
            let count = try await client.pipeline { batch in
                batch.get("k")
                batch.set("k", "v", keepingExpiry: true)
                batch.set("k", "v", expiresIn: .seconds(1))
                batch.set("k", "v", expiresAt: UnixTime(milliseconds: 5))
                batch.set("k", "v", if: .absent)
                batch.append("k", "v")
                batch.increment("n")
                batch.decrement("n", by: 2)
                batch.delete("k")
                batch.delete("k", if: .differs(from: "v"))
                batch.getAndDelete("k")
                batch.exists("k")
                batch.rename("k", to: "l")
                batch.expire("k", in: .seconds(1))
                batch.expire("k", at: UnixTime(milliseconds: 5))
                batch.persist("k")
                batch.seq()
                #expect(batch.count == 17)
            }.count
            #expect(count == 17)
            #expect(
                server.allRequests == [
                    "GET k", "SET k v KEEPTTL", "SET k v PX 1000", "SET k v PXAT 5", "SET k v NX", "APPEND k v",
                    "INCRBY n 1", "DECRBY n 2", "DEL k", "DELEX k IFNE v", "GETDEL k", "EXISTS k", "RENAME k l",
                    "PEXPIRE k 1000", "PEXPIREAT k 5", "PERSIST k", "SEQ",
                ])
        }
    }

    @Test("a scan follows the cursors to 0, and ends with the first error")
    func scan() async throws {
        let pages = [
            "SCAN 0 MATCH u:* COUNT 2": "*2\r\n" + bulk("7") + "*2\r\n" + bulk("u:1") + bulk("u:2"),
            "SCAN 7 MATCH u:* COUNT 2": "*2\r\n" + bulk("9") + "*0\r\n",
            "SCAN 9 MATCH u:* COUNT 2": "*2\r\n" + bulk("0") + "*1\r\n" + bulk("u:3"),
            "SCAN 0 COUNT 500": "-LOADING Loading: 63 %\r\n",
        ]
        try await withClient(rule: { pages[$0] }) { server, client in
            var keys: [String] = []
            for try await key in client.scan(matching: "u:*", batch: 2) {
                keys.append(String(decoding: key, as: UTF8.self))
            }
            #expect(keys == ["u:1", "u:2", "u:3"])
            var iterator = client.scan().makeAsyncIterator()
            do throws(PuffinError) {
                _ = try await iterator.next()
                Issue.record("it was loading")
            } catch {
                #expect(error == .server(code: "LOADING", message: "Loading: 63 %"))
            }
            #expect(try await iterator.next() == nil)
        }
    }

    @Test("the pages of a range follow each other by their last keys, and a short one is the last")
    func range() async throws {
        func list(_ words: [String]) -> String { "*\(words.count)\r\n" + words.map(bulk).joined() }
        let pages = [
            "RANGE PREFIX u: LIMIT 2 VALUES": list(["u:1", "a", "u:2", "b"]),
            "RANGE PREFIX u: LIMIT 2 AFTER u:2 VALUES": list(["u:3", "c", "u:4", "d"]),
            "RANGE PREFIX u: LIMIT 2 AFTER u:4 VALUES": list([]),
            "RANGE FROM u:2 TO u:9 REVERSE LIMIT 500 VALUES": list(["u:4", "d"]),
            "RANGE FROM u:2 LIMIT 1 VALUES": list(["u:2"]),
            "RANGE FROM  TO u:2 LIMIT 500 VALUES": "-ERR RANGE needs the ordered index\r\n",
            "RANGE PREFIX  LIMIT 10000": list(["u:1", "u:2"]),
            "RANGE PREFIX  REVERSE LIMIT 1": list(["u:4"]),
        ]
        try await withClient(rule: { pages[$0] }) { (server, client) async throws in
            func read(_ pairs: PairSequence) async throws(PuffinError) -> [String] {
                var found: [String] = []
                for try await (key, value) in pairs {
                    found.append(String(decoding: key, as: UTF8.self) + "=" + String(decoding: value, as: UTF8.self))
                }
                return found
            }
            #expect(try await read(client.pairs(in: .prefix("u:"), batch: 2)) == ["u:1=a", "u:2=b", "u:3=c", "u:4=d"])
            #expect(try await read(client.pairs(in: .from("u:2", below: "u:9"), reversed: true)) == ["u:4=d"])
            await expect(.unexpectedReply(to: "RANGE", .array([.bytes(Array("u:2".utf8))]))) {
                _ = try await read(client.pairs(in: .from("u:2"), batch: 1))
            }
            var iterator = client.pairs(in: .below("u:2")).makeAsyncIterator()
            do throws(PuffinError) {
                _ = try await iterator.next()
                Issue.record("there is no index")
            } catch {
                #expect(error == .server(code: "ERR", message: "RANGE needs the ordered index"))
            }
            #expect(try await iterator.next() == nil)
            #expect(try await client.keys(in: .all) == [Array("u:1".utf8), Array("u:2".utf8)])
            #expect(try await client.keys(in: .all, reversed: true, limit: 1) == [Array("u:4".utf8)])
        }
    }

    @Test(
        "keys and values of any bytes, and of megabytes, come back as they were", arguments: [0, 1, 65_536, 5_000_000])
    func bytes(size: Int) async throws {
        try await withClient(options { _ in }) { server, client in
            let key = (0...255).map { UInt8($0) }
            let value = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            async let change: Void = client.set(key, value)
            let set = try await server.next()
            #expect(set.arguments == [Array("SET".utf8), key, value])
            set.answer("+OK\r\n")
            try await change
            async let read = client.get(key)
            let get = try await server.next()
            #expect(get.arguments == [Array("GET".utf8), key])
            get.answer("$\(size)\r\n")
            try get.connection.wire.send(value + [0x0d, 0x0a])
            #expect(try await read == value)
        }
    }

    @Test("bytes of another type than requested are an error")
    func conversion() async throws {
        try await withClient(rule: { _ in "$1\r\nx\r\n" }) { _, client in
            await expect(.notConvertible(to: "Int")) { try await client.get("k", as: Int.self) }
        }
        #expect(String(puffinBytes: [0xff]) == nil)
        #expect(Substring(puffinBytes: [0x61]) == "a")
        #expect(ArraySlice<UInt8>(puffinBytes: [1, 2]).puffinBytes == [1, 2])
        #expect((-5).puffinBytes == Array("-5".utf8))
    }

    @Test("replies that a command never has are shown")
    func unexpected() async throws {
        try await withClient(rule: { _ in ":1\r\n" }) { _, client in
            await expect(.unexpectedReply(to: "GET", .integer(1))) { try await client.get("k") }
            await expect(.unexpectedReply(to: "SET", .integer(1))) {
                try await client.set("k", "v")
            }
            await expect(.unexpectedReply(to: "PING", .integer(1))) { try await client.ping() }
            await expect(.unexpectedReply(to: "MGET", .integer(1))) {
                try await client.getAll(["k"])
            }
        }
        try await withClient(rule: { _ in "+OK\r\n" }) { _, client in
            await expect(.unexpectedReply(to: "DBSIZE", .status("OK"))) { try await client.count() }
        }
    }

    @Test(
        "what cannot be sent is refused beforehand",
        arguments: ["SUBSCRIBE", "monitor", "QUIT", "HELLO", "WATCH", "multi", "EXEC", "CLIENT", "reset", "AUTH"])
    func refused(command: String) async throws {
        try await withClient { server, client in
            await expect(.notSupported(command: command.uppercased())) {
                try await client.execute(command, "x")
            }
            await expect(.emptyRequest) { try await client.execute([]) }
            await expect(.emptyRequest) { try await client.deleteAll([String]()) }
            #expect(server.connectionCount == 0)
        }
    }

    @Test("a value of each kind")
    func kinds() async throws {
        let text = "*9\r\n+a\r\n-ERR b\r\n:1\r\n_\r\n#t\r\n,1.5\r\n(12\r\n%1\r\n+k\r\n+v\r\n~1\r\n=5\r\ntxt:z\r\n"
        let expected = RESPValue.array([
            .status("a"), .error(code: "ERR", message: "b"), .integer(1), .null, .boolean(true), .double(1.5),
            .bigNumber([0x31, 0x32]), .map([RESPValue.Entry(key: .status("k"), value: .status("v"))]),
            .set([.bytes([0x7a])]),
        ])
        let value = try await ask(text, expecting: "X") { c in try await c.execute("X") }
        #expect(value == expected)
        #expect(value.elements?.map { $0.string } == ["a", nil, "1", nil, nil, nil, "12", nil, nil])
        #expect(value.elements?[7].pairs?.map { $0.name + $0.value } == ["kv"])
    }
}
