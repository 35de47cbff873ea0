// What each method sends, and what it makes of the reply.

import PuffinClient
import TestSupport
import Testing

@Suite("Client: commands", .timeLimit(.minutes(2)))
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

    @Test func values() async throws {
        #expect(try await ask(bulk("v"), expecting: "GET k") { c in try await c.get("k") } == [0x76])
        #expect(try await ask("$-1\r\n", expecting: "GET k") { c in try await c.get("k") } == nil)
        #expect(
            try await ask(bulk("42"), expecting: "GET k") { c in try await c.get("k", as: Int.self)
            } == 42)
        try await ask("+OK\r\n", expecting: "SET k v") { c in try await c.set("k", "v") }
        try await ask("+OK\r\n", expecting: "SET k v PX 1500") { c in
            try await c.set("k", "v", expiringAfter: .milliseconds(1500))
        }
        try await ask("+OK\r\n", expecting: "MSET a 1 b 2") { c in
            try await c.setAll([(key: "a", value: 1), (key: "b", value: 2)])
        }
        #expect(
            try await ask(":5\r\n", expecting: "INCRBY n 5") { c in try await c.increment("n", by: 5)
            } == 5)
    }

    @Test func keys() async throws {
        #expect(try await ask(":1\r\n", expecting: "DEL k") { c in try await c.delete("k") })
        #expect(
            try await ask(":1\r\n", expecting: "DEL a b") { c in try await c.deleteAll(["a", "b"])
            } == 1)
        #expect(try await ask(":0\r\n", expecting: "EXISTS k") { c in try await c.exists("k") } == false)
        #expect(
            try await ask(":1\r\n", expecting: "PEXPIRE k 1000") { c in try await c.expire("k", after: .seconds(1))
            })
        for (reply, expected) in [(-2, TimeToLive.missing), (-1, .unlimited), (1500, .limited(.milliseconds(1500)))] {
            #expect(
                try await ask(":\(reply)\r\n", expecting: "PTTL k") { c in try await c.timeToLive("k")
                } == expected)
        }
        #expect(
            try await ask("*1\r\n" + bulk("u:1"), expecting: "KEYS u:*") { c in try await c.keys(matching: "u:*")
            } == [Array("u:1".utf8)])
        #expect(try await ask(":7\r\n", expecting: "DBSIZE") { c in try await c.count() } == 7)
        try await ask("+OK\r\n", expecting: "FLUSHALL") { c in try await c.removeAll() }
        let stats = try await ask("*2\r\n" + bulk("seq") + bulk("9"), expecting: "STATS") { c in
            try await c.stats().map { "\($0.name)=\($0.value)" }
        }
        #expect(stats == ["seq=9"])
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

    @Test("a transaction is sent if a batch contains all of it, and refused otherwise")
    func transactions() async throws {
        func batch(_ names: String...) -> Batch {
            var batch = Batch()
            for name in names { batch.execute(name) }
            return batch
        }
        try await withClient(rule: { _ in "+OK\r\n" }) { (_, client) async throws in
            let whole = batch("MULTI", "SEQ", "EXEC", "multi", "discard", "SEQ")
            let replies = try await client.pipeline(whole)
            #expect(replies.count == 6)
            for (half, refused) in [
                (batch("SEQ", "MULTI", "SEQ"), "MULTI"), (batch("MULTI", "EXEC", "EXEC"), "EXEC"),
                (batch("MULTI", "MULTI", "EXEC"), "MULTI"), (batch("DISCARD"), "DISCARD"),
                (batch("MULTI", "WATCH", "EXEC"), "WATCH"),
            ] {
                await expect(.notSupported(command: refused)) { try await client.pipeline(half) }
            }
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
