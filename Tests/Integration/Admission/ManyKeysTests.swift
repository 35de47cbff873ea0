import Foundation
import TestSupport
import Testing

/// Listings of a table whose walk takes many turns.
@Suite(.serialized)
struct ManyKeysTests {
    private static let keys = ManyKeys(count: 100_000)

    private func withManyKeys(_ body: (ServerProcess, Witness) throws -> Void) throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json", ["--durability", "never"])
            let witness = try Witness(server)
            try Self.keys.store(in: witness.connection)
            try body(server, witness)
        }
    }

    @Test("KEYS names every key once, in both dialects, while another client gets its answers")
    func keys() throws {
        try withManyKeys { server, witness in
            for request in ["KEYS\n", "KEYS *\n", resp("KEYS", "*"), resp("KEYS", "*e*")] {
                let client = try server.connect()
                // The request after the listing is answered after it.
                try client.send(request + "PING\n")
                for _ in 0..<20 { try witness.check(pairs: Self.keys.count + 1) }
                let reply = try client.receive(through: "PONG\n")
                #expect(Self.keys.areAll(in: reply, besides: ["witness"]), "\(request)")
                let start = request.hasPrefix("*") ? "*\(Self.keys.count + 1)\r\n$" : ""
                let end = request.hasPrefix("*") ? "\r\nPONG\n" : "\nEND\nPONG\n"
                #expect(reply.starts(with: Array(start.utf8)))
                #expect(reply.suffix(end.utf8.count).elementsEqual(end.utf8))
            }
        }
    }

    @Test("KEYS with a pattern names what matches and nothing else")
    func pattern() throws {
        try withManyKeys { server, _ in
            let client = try server.connect()
            try client.expect("KEYS key:99999\nKEYS wit*\nKEYS none:*\n", "key:99999\nEND\nwitness\nEND\nEND\n")
            try client.expect(resp("KEYS", "key:5000?0"), "*0\r\n")
            try client.send(resp("KEYS", "key:5000?") + "PING\n")
            let reply = String(decoding: try client.receive(through: "PONG\n"), as: UTF8.self)
            let found = reply.split(separator: "\r\n").filter { $0.hasPrefix("key:") }.sorted()
            #expect(found == (0..<10).map { "key:5000\($0)" })
            #expect(reply.hasPrefix("*10\r\n"))
        }
    }

    @Test("SCAN to its end visits every key, in both dialects, while another client changes the table")
    func scan() throws {
        try withManyKeys { server, witness in
            let client = try server.connect()
            for isLine in [true, false] {
                var seen: Set<String> = []
                var cursor = "0"
                var calls = 0
                repeat {
                    let request = ["SCAN", cursor, "MATCH", "key:*", "COUNT", "1000"]
                    let found = isLine ? try scanLine(request, client) : try scanRESP(request, client)
                    seen.formUnion(found.keys)
                    cursor = found.cursor
                    calls += 1
                    try witness.connection.expect("SET new:\(calls % 50) 1\n", "OK\n")
                } while cursor != "0" && calls < 10_000
                #expect(seen == Set((0..<Self.keys.count).map { Self.keys.key($0) }))
                #expect(calls < 1000)
            }
        }
    }

    private func scanLine(
        _ words: [String], _ client: WireConnection
    ) throws -> (cursor: String, keys: [String]) {
        try client.send(words.joined(separator: " ") + "\n")
        let lines = String(decoding: try client.receive(through: "\nEND\n"), as: UTF8.self).split(separator: "\n")
        return (String(lines[0]), lines.dropFirst().dropLast().map(String.init))
    }

    private func scanRESP(
        _ words: [String], _ client: WireConnection
    ) throws -> (cursor: String, keys: [String]) {
        // A request after it makes the reply's end visible.
        try client.send(
            "*\(words.count)\r\n" + words.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined() + "PING\n")
        let reply = String(decoding: try client.receive(through: "PONG\n"), as: UTF8.self)
        let parts = reply.split(separator: "\r\n").filter { !$0.hasPrefix("$") && !$0.hasPrefix("*") }
        return (String(parts[0]), parts.dropFirst().dropLast().map(String.init))
    }

    /// The keys of a listing, and the line after it.
    private func listed(_ client: WireConnection) throws -> (keys: [[UInt8]], last: String) {
        var stream = ReplyStream(client)
        var keys: [[UInt8]] = []
        while let line = try stream.nextLine(), line != Array("END".utf8) { keys.append(line) }
        return (keys, String(decoding: try stream.nextLine() ?? [], as: UTF8.self))
    }

    @Test("FLUSHALL removes all of them, also for a listing that is under way")
    func flush() throws {
        try withManyKeys { server, witness in
            let client = try server.connect()
            // On a busy machine the listing may be complete before the other client is heard.
            var isUnderWay = false
            for _ in 0..<50 where !isUnderWay {
                let listing = try server.connect()
                try listing.send("KEYS\nCOUNT\n")
                try client.expect("FLUSHALL\nCOUNT\nKEYS\nGET key:1\n", "OK\n0\nEND\nERROR: Key not found\n")
                let (keys, count) = try listed(listing)
                #expect(Set(keys).count == keys.count, "a key was named twice")
                isUnderWay = count == "0"
                if !isUnderWay { try Self.keys.store(in: witness.connection) }
            }
            #expect(isUnderWay, "no FLUSHALL came while a listing was under way")
            try client.expect("SET key:1 again\nKEYS\nSCAN 0\n", "OK\nkey:1\nEND\n0\nkey:1\nEND\n")
            #expect(server.stop() == 0)
        }
    }
}
