import Foundation
import TestSupport
import Testing
import Torture

/// Real data, through either dialect and through a crash.
@Suite("Package index", .serialized)
struct PackageIndexTests {
    private static let batchSize = 200

    @Test("a package index loaded as lines comes back byte for byte, before and after a crash")
    func lines() throws {
        try load("lines") { server, pairs, _ in
            let connection = try server.connect()
            var stream = ReplyStream(connection)
            var waiting = 0
            for start in stride(from: 0, to: pairs.count, by: PackageIndexTests.batchSize) {
                let batch = pairs[start..<min(start + PackageIndexTests.batchSize, pairs.count)]
                try connection.send(batch.flatMap(\.line))
                // The replies of a batch are read while the next one is in flight.
                try expectOK(waiting, &stream)
                waiting = batch.count
            }
            try expectOK(waiting, &stream)
        }
    }

    @Test(
        "a package index loaded by redis-cli comes back byte for byte", .enabled(if: PeerProgram.areThere("redis-cli")))
    func pipe() throws {
        try load("redis-cli --pipe") { server, pairs, folder in
            let input = folder + "/input.resp"
            try LogFile.write(pairs.flatMap(\.array), to: input)
            let client = try #require(PeerProgram.path(of: "redis-cli"))
            let (code, output) = try ChildProcess.run([client, "-p", "\(server.port)", "--pipe"], input: input)
            #expect(code == 0)
            #expect(output.contains("errors: 0, replies: \(pairs.count)\n"), "\(output)")
        }
    }

    private func expectOK(_ count: Int, _ stream: inout ReplyStream) throws {
        for _ in 0..<count {
            let reply = try stream.nextLine().map { String(decoding: $0, as: UTF8.self) }
            guard reply == "OK" else { throw WireError(description: "not OK: \(reply ?? "the end")") }
        }
    }

    /// Loads the index by `body`, checks the data, crashes, checks again, and reads the log with other parsers.
    private func load(_ name: String, _ body: (ServerProcess, [BytePair], String) throws -> Void) throws {
        try withTemporaryFolder { folder in
            let data = folder + "/puffin.json"
            let pairs = try PackageIndex.pairs()
            let first = try ServerProcess(data: data)
            try body(first, pairs, folder)
            try check(first, pairs)
            first.kill()
            let second = try ServerProcess(data: data)
            #expect(second.log.contains(": \(pairs.count) pairs loaded in "), "\(second.log)")
            #expect(!second.log.contains("WARNING"), "\(second.log)")
            try check(second, pairs)
            #expect(second.stop() == 0)
            let size = try checkLog(LogFile(data: data), pairs)
            let text = pairs.reduce(0) { $0 + $1.key.count + $1.value.count }
            print("package index (\(name)): \(pairs.count) pairs of \(text) bytes, a log of \(size) bytes")
        }
    }

    private func check(_ server: ServerProcess, _ pairs: [BytePair]) throws {
        let connection = try server.connect()
        try connection.expect("COUNT\n", "\(pairs.count)\n")
        var stream = ReplyStream(connection)
        for start in stride(from: 0, to: pairs.count, by: PackageIndexTests.batchSize) {
            let batch = pairs[start..<min(start + PackageIndexTests.batchSize, pairs.count)]
            try connection.send(MarkedChange.array([Array("MGET".utf8)] + batch.map(\.key)))
            let expected = WireReply.array(batch.map { .bulk($0.value) })
            try #require(try stream.next() == expected, "pairs from \(start) on")
        }
    }

    /// Reads the log with the standard library's parser, and with jq: it must have what was stored.
    /// - Returns: its size in bytes.
    private func checkLog(_ log: LogFile, _ pairs: [BytePair]) throws -> Int {
        var next = 0
        var size = 0
        for segment in try log.segments() {
            for (_, line) in try LogFile.lines(of: segment) {
                size += line.count + 1
                let object = try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any]
                guard let key = object?["key"] as? String, let value = object?["value"] as? String else {
                    try #require(object?["durable"] != nil || object?["puffin"] != nil)
                    continue
                }
                try #require(object?["seq"] as? Int == next + 1)
                try #require(Array(key.utf8) == pairs[next].key)
                try #require(Array(value.utf8) == pairs[next].value)
                next += 1
            }
            guard let jq = PeerProgram.path(of: "jq") else { continue }
            #expect(try ChildProcess.run([jq, "-ne", "all(inputs; type == \"object\")", segment]).exitCode == 0)
        }
        #expect(next == pairs.count)
        return size
    }
}
