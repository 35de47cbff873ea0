import Bytes
import Foundation
import TestSupport
import Testing

/// What one client may make the server do, and hold, while others want something from it.
@Suite("What one client may ask for", .serialized)
struct AdmissionTests {
    private func withServer(_ options: [String] = [], _ body: (ServerProcess, Witness) throws -> Void) throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json", ["--durability", "never"] + options)
            try body(server, Witness(server))
        }
    }

    private func request(_ arguments: [[UInt8]]) -> [UInt8] {
        var buffer = ByteBuffer()
        buffer.append(Array("*\(arguments.count)\r\n".utf8).span)
        for argument in arguments {
            buffer.append(Array("$\(argument.count)\r\n".utf8).span)
            buffer.append(argument.span)
            buffer.append("\r\n")
        }
        return Array(buffer.bytes)
    }

    // MARK: Work

    /// Patterns of nearly 128 KiB that are slow to match in one way or another.
    private static let slowPatterns: [[UInt8]] = [
        Array("*[".utf8) + [UInt8](repeating: 1, count: 20_000) + Array("]".utf8),
        Array(("*" + String(repeating: "[ab]", count: 8_000) + "c").utf8),
        Array(String(repeating: "*a", count: 30_000).utf8),
        Array(("*" + String(repeating: "a", count: 30_000) + "b*").utf8),
        Array((String(repeating: "*?", count: 20_000) + "b").utf8), Array(String(repeating: "[", count: 131_072).utf8),
    ]

    @Test("a pattern may be as slow as it can: others are answered in between")
    func slowPatterns() throws {
        try withServer { server, witness in
            let many = ManyKeys(count: 5_000)
            try many.store(in: witness.connection)
            // Two of the longest keys, on which each of the patterns fails as late as it can.
            let long = [UInt8](repeating: UInt8(ascii: "a"), count: 65_000)
            try witness.connection.send(request([Array("MSET".utf8), long, [], long + [0x61], []]))
            #expect(try witness.connection.receiveLine() == "+OK\r")
            for pattern in Self.slowPatterns {
                let listing = try server.connect()
                try listing.send(request([Array("KEYS".utf8), pattern]))
                let scanning = try server.connect()
                try scanning.send(
                    request([
                        Array("SCAN".utf8), [0x30], Array("COUNT".utf8), Array("10000".utf8), Array("MATCH".utf8),
                        pattern,
                    ]))
                // Each of these is a turn of the server while the other two are busy. One whole match takes minutes.
                for _ in 0..<20 { try witness.check(pairs: many.count + 3) }
                listing.reset()
                scanning.reset()
            }
            try witness.wait(for: "clients", toBe: 1)
        }
    }

    @Test("a match that takes many turns is right, and SCAN goes on behind it")
    func longMatch() throws {
        try withServer { server, witness in
            let client = try server.connect()
            let long = [UInt8](repeating: UInt8(ascii: "a"), count: 20_000)
            let (first, second) = (long + Array("b".utf8), long + Array("c".utf8))
            try client.send(request([Array("MSET".utf8), first, [], second, []]))
            #expect(try client.receiveLine() == "+OK\r")
            // Some 20 million steps for each of them.
            let pattern = Array(("*" + String(repeating: "[ab]", count: 1_000) + "c").utf8)
            let key = String(decoding: second, as: UTF8.self)
            try client.send(request([Array("KEYS".utf8), pattern]))
            #expect(try client.receive(through: "c\r\n") == Array("*1\r\n$20001\r\n\(key)\r\n".utf8))
            try client.send(request([Array("SCAN".utf8), [0x30], Array("MATCH".utf8), pattern]))
            #expect(try client.receive(through: "c\r\n") == Array("*2\r\n$1\r\n0\r\n*1\r\n$20001\r\n\(key)\r\n".utf8))
            try client.expect("PING\n", "PONG\n")
            try witness.check(pairs: 3)
        }
    }

    @Test("texts that are matched have a bound, wherever they are, and the error names it")
    func bounds() throws {
        try withServer { server, witness in
            let client = try server.connect()
            let pattern = [UInt8](repeating: UInt8(ascii: "*"), count: 131_073)
            let error = "-ERR Pattern too long: 131073 bytes, the limit is 131072\r"
            let requests: [[[UInt8]]] = [
                [Array("KEYS".utf8), pattern], [Array("SCAN".utf8), [0x30], Array("MATCH".utf8), pattern],
                [Array("CONFIG".utf8), Array("GET".utf8), pattern],
            ]
            for parts in requests {
                try client.send(request(parts))
                #expect(try client.receiveLine() == error)
            }
            // The longest one.
            try client.send(request([Array("KEYS".utf8), Array(pattern.dropLast())]))
            #expect(try client.receive(through: "witness\r\n") == Array("*1\r\n$7\r\nwitness\r\n".utf8))
            let words = [[UInt8]](repeating: Array("get".utf8), count: 1_025)
            for (name, what) in [
                (["INFO"], "sections"), (["CONFIG", "GET"], "patterns"), (["COMMAND", "INFO"], "names"),
            ] {
                try client.send(request(name.map { Array($0.utf8) } + words))
                #expect(try client.receiveLine() == "-ERR Too many \(what): 1025, the limit is 1024\r")
            }
            try witness.check()
        }
    }

    @Test(
        "an option that is repeated in an error is cut and has no line end", arguments: ["HELLO 2", "CLIENT SETINFO"])
    func echoedOptions(command: String) throws {
        try withServer { server, witness in
            let client = try server.connect()
            let option = Array(String(repeating: "x\r\n+OK\r\n", count: 100).utf8)
            let parts = command.split(separator: " ").map { Array($0.utf8) }
            try client.send(request(parts + [option] + (command == "HELLO 2" ? [] : [[0x78]])))
            let error = try client.receiveLine()
            #expect(error.hasPrefix("-ERR ") && error.utf8.count < 600, "\(error)")
            try client.expect("PING\n", "PONG\n")
        }
    }

    // MARK: Cursors

    @Test("SCAN's cursors fit 53 bits, and one that does not is refused as in Redis")
    func cursors() throws {
        try withServer { server, witness in
            let keys = ManyKeys(count: 20_000)
            try keys.store(in: witness.connection)
            let client = try server.connect()
            var (cursor, seen) = ("0", Set<String>())
            repeat {
                try client.send("SCAN \(cursor) COUNT 100\n")
                let lines = String(decoding: try client.receive(through: "END\n"), as: UTF8.self).split(separator: "\n")
                let number = try #require(UInt64(lines[0]))
                try #require(number < 1 << 53)
                cursor = "\(UInt64(Double(number)))"
                seen.formUnion(lines.dropFirst().dropLast().map(String.init))
            } while cursor != "0"
            #expect(seen == Set((0..<keys.count).map { keys.key($0) } + ["witness"]))
            for wrong in ["9007199254740992", "18446744073709551615", "18446744073709551616", "-1", "x", "1.0", "1e3"] {
                try client.expect(resp("SCAN", wrong), "-ERR invalid cursor\r\n")
            }
            try client.send("SCAN 9007199254740991\nPING\n")
            _ = try client.receive(through: "PONG\n")
        }
    }

    // MARK: Memory

    @Test("replies of one turn stay near the limit, however many clients ask for them at once")
    func burst() throws {
        try withServer(["--max-memory", "64M"]) { server, witness in
            let client = try server.connect()
            let value = [UInt8](repeating: UInt8(ascii: "v"), count: 1 << 20)
            try client.send(Array("SET large ".utf8) + value + Array("\n".utf8))
            #expect(try client.receiveLine() == "OK")
            let names = [[UInt8]](repeating: Array("large".utf8), count: 40)
            var clients: [WireConnection] = []
            defer { withExtendedLifetime(clients) {} }
            for _ in 0..<12 { clients.append(try server.connect()) }
            // So that all of it arrives at once.
            server.process.send(SIGSTOP)
            for client in clients { try client.send(request([Array("MGET".utf8)] + names) + Array("PING\n".utf8)) }
            server.process.send(SIGCONT)
            // A client that reads gets all of it; the others wait, or are dropped because they do not read.
            #expect(try clients[0].receiveLine() == "*40\r")
            for _ in 0..<40 { _ = try clients[0].receive(exactly: "$1048576\r\n".utf8.count + value.count + 2) }
            #expect(try clients[0].receiveLine() == "PONG")
            try witness.check(pairs: 2)
            let peak = try witness.peakMemory()
            #expect(peak < 64 + 16 + 40 + 60, "\(peak) MiB")
        }
    }

    @Test("a value is read at the limit too, one at a time, and a client that does not take it gives way")
    func largestValue() throws {
        try withServer(["--max-memory", "32M"]) { server, witness in
            let client = try server.connect()
            let value = [UInt8](repeating: UInt8(ascii: "v"), count: 14 << 20)
            try client.send(Array("SET large ".utf8) + value + Array("\n".utf8))
            #expect(try client.receiveLine() == "OK")
            let stalled = try server.connect()
            stalled.limitReceiveBuffer(to: 65_536)
            try stalled.send("GET large\n")
            _ = try stalled.receive(exactly: 1)
            // Until the other one has moved nothing for a while.
            try client.send("GET large\n")
            #expect(try client.receive(exactly: value.count + 1).dropLast().elementsEqual(value))
            try witness.check(pairs: 2)
            #expect(try witness.figure("clients_dropped") == 1)
            #expect(try witness.peakMemory() < 32 + 60)
            // A reply that does not fit even alone is not made.
            try client.send(resp("MGET", "large", "large", "large", "large"))
            let error = try client.receiveLine()
            let expected =
                #/-OOM .* the reply takes 58720\d+ bytes, \d+ of 33554432 are in use; ask for less at a time or .*/#
            #expect(error.firstMatch(of: expected) != nil, "\(error)")
            try client.expect("PING\n", "PONG\n")
        }
    }

    @Test("memory that clients hold above the limit is given back, so that changes are accepted again")
    func slowListings() throws {
        try withServer(["--max-memory", "32M"]) { server, witness in
            let keys = ManyKeys(count: 30_000, prefix: String(repeating: "long", count: 40))
            try keys.store(in: witness.connection)
            var clients: [WireConnection] = []
            defer { withExtendedLifetime(clients) {} }
            for number in 0..<24 {
                let client = try server.connect()
                client.limitReceiveBuffer(to: 4096)
                try client.send(number % 2 == 0 ? resp("KEYS", "*") : "KEYS\n")
                clients.append(client)
            }
            let change = "SET another " + String(repeating: "y", count: 1000)
            let end = TimeLimit.end
            var accepted = 0
            while accepted < 50, Date() < end {
                accepted = try witness.connection.ask(change) == "OK" ? accepted + 1 : 0
                usleep(2000)
            }
            #expect(accepted == 50)
            try witness.wait(for: "memory_bytes") { $0 <= 32 << 20 }
            #expect(try witness.peakMemory() < 32 + 60)
            try witness.check(pairs: keys.count + 2)
        }
    }

    /// A hostile client, and its way of misbehaving.
    private func attack(_ server: ServerProcess, _ random: inout SeededRandom) throws -> WireConnection {
        let client = try server.connect()
        client.limitReceiveBuffer(to: 4096)
        let word = ["large", "middle", "small", "none"][random.below(4)]
        let requests = [
            "GET \(word)\n", resp("GET", word),
            "MGET" + String(repeating: " \(word)", count: 1 + random.below(30)) + "\n",
            "KEYS\n", resp("KEYS", "*[a-z]*"), "SCAN 0 COUNT 10000\n", "STATS\n", "HELP\n", resp("COMMAND"),
            resp("INFO"),
            resp("SLOWLOG", "GET", "-1"), resp("CONFIG", "GET", "*"), "WAIT 1 500\n", "AFTER 99999999 GET large\n",
            "ECHO " + String(repeating: "e", count: 200_000) + "\n",
            "SET half " + String(repeating: "h", count: random.below(600_000)),
            "*3\r\n$3\r\nSET\r\n$1\r\nx\r\n$30000000\r\n" + String(repeating: "h", count: random.below(600_000)),
            "AFTER 99999999 SET big " + String(repeating: "b", count: 300_000) + "\n",
            "WAIT 1 500\nSET behind " + String(repeating: "b", count: 60_000) + "\n",
        ]
        let request = requests[random.below(requests.count)]
        // A request that waits does so for its time, even if its client is gone.
        let waits = request.hasPrefix("AFTER") || request.hasPrefix("WAIT")
        let text = String(repeating: request, count: 1 + random.below(waits ? 2 : 8))
        // A client that was disconnected cannot send the rest, and one that is not read waits for ever.
        client.sendWithoutWaiting(Array(text.utf8))
        return client
    }

    @Test(
        "clients of every bad kind at once do not keep others from reading and changing, and leave nothing behind",
        arguments: SeededRandom.seeds(1))
    func hostileClients(seed: UInt64) throws {
        try withServer(["--max-memory", "24M", "--slow-log-threshold", "1ms"]) { server, witness in
            var random = SeededRandom(seed: seed)
            for (name, size) in [("large", 2 << 20), ("middle", 100_000), ("small", 100)] {
                try witness.connection.send("SET \(name) " + String(repeating: "v", count: size) + "\n")
                #expect(try witness.connection.receiveLine() == "OK")
            }
            let keys = ManyKeys(count: 10_000, prefix: String(repeating: "long", count: 20))
            try keys.store(in: witness.connection)
            let canary = try server.connect()
            var clients: [WireConnection] = []
            for round in 0..<120 {
                if clients.count > 60 || random.below(4) == 0, !clients.isEmpty {
                    let client = clients.remove(at: random.below(clients.count))
                    if random.below(2) == 0 { client.reset() }
                }
                clients.append(try attack(server, &random))
                // A change may be refused while memory is short, and never for another reason.
                let reply = try canary.ask("SET canary \(round)")
                #expect(reply == "OK" || reply.hasPrefix("ERROR: Out of memory: "), "\(reply)")
                if reply == "OK" { #expect(try canary.ask("GET canary") == "\(round)") }
                try witness.connection.expect("GET witness\n", "was here before\n")
            }
            let peak = try witness.peakMemory()
            #expect(peak < 24 + 17 + 16 + 40, "\(peak) MiB")
            // While they still hold what they have.
            let end = TimeLimit.end
            while try canary.ask("SET canary at last") != "OK", Date() < end { usleep(20_000) }
            #expect(try canary.ask("SET canary at last") == "OK")
            for client in clients { client.reset() }
            clients.removeAll()
            try witness.wait(for: "clients", toBe: 2)
            // Only the buffers of those two are left.
            try witness.wait(for: "buffer_bytes") { $0 < 6 << 20 }
        }
    }
}
