import Foundation
import TestSupport
import Testing

/// A client of /v1/changes, which reads an answer without an end.
private final class FeedClient {
    private let connection: WireConnection
    let status: Int
    let headers: [String: String]
    private let isChunked: Bool
    /// Bytes of the body that are not used yet.
    private var bytes: [UInt8] = []
    private(set) var hasEnded = false

    init(port: UInt16, _ query: String = "", _ headers: [String] = []) throws {
        let client = try HTTPClient(port: port)
        connection = client.connection
        let head = ["GET /v1/changes\(query) HTTP/1.1", "Host: localhost"] + headers
        try connection.send(head.joined(separator: "\r\n") + "\r\n\r\n")
        let answer = try client.answer(hasBody: false)
        (status, self.headers) = (answer.status, answer.headers)
        isChunked = answer.headers["transfer-encoding"] == "chunked"
    }

    /// The next chunk's bytes.
    private func more() throws {
        guard isChunked else {
            let found = try connection.receive()
            hasEnded = found.isEmpty
            bytes += found
            return
        }
        let line = try connection.receiveLine().trimmingCharacters(in: .whitespacesAndNewlines)
        let size = try #require(Int(line, radix: 16), "no chunk: \(line)")
        if size == 0 { hasEnded = true }
        bytes += try connection.receive(exactly: size)
        #expect(try connection.receive(exactly: 2) == [0x0d, 0x0a])
    }

    /// The next line, without its line feed; nil at the end of the answer.
    func line() throws -> String? {
        while true {
            if let end = bytes.firstIndex(of: 0x0a) {
                defer { bytes.removeFirst(end + 1) }
                return String(decoding: bytes[..<end], as: UTF8.self)
            }
            if hasEnded { return nil }
            try more()
        }
    }

    /// The next event's fields; nil at the end of the answer.
    func event() throws -> [String: String]? {
        var fields: [String: String] = [:]
        while let line = try line() {
            if line.isEmpty { return fields }
            let colon = try #require(line.firstIndex(of: ":"))
            fields[String(line[..<colon])] = String(line[line.index(after: colon)...].dropFirst())
        }
        return nil
    }

    /// The next event with data.
    func change() throws -> (id: String, data: String)? {
        while let event = try event() {
            if let data = event["data"], let id = event["id"] { return (id, data) }
            if event["event"] != nil { return nil }
        }
        return nil
    }

    /// Bytes that arrive, as they are.
    func someBytes() throws { _ = try connection.receive(atMost: 100) }

    func close() { connection.shutDown() }
}

@Suite("Changes over HTTP", .timeLimit(.minutes(5)))
struct ChangesResourceTests {
    private func object(_ text: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    @Test("events: what is there, then what comes, of keys with a prefix; resumed behind an id, each change once")
    func events() throws {
        try withTemporaryFolder { folder in
            let server = try WatchedServer(data: folder + "/puffin.json")
            let writer = try server.server.connect()
            try writer.expect("SET user:1 a\nSET other x\nSET user:2 b\nDELETE user:1\n", "OK\nOK\nOK\nOK\n")
            let feed = try FeedClient(port: server.metricsPort, "?prefix=user:&from=0")
            #expect(feed.status == 200 && feed.headers["content-type"] == "text/event-stream")
            #expect(feed.headers["cache-control"] == "no-store" && feed.headers["transfer-encoding"] == "chunked")
            var ids: [String] = []
            for expected in [("set", "user:1", "a"), ("set", "user:2", "b"), ("delete", "user:1", nil as String?)] {
                let change = try #require(try feed.change())
                let data = try object(change.data)
                #expect(data["op"] as? String == expected.0 && data["key"] as? String == expected.1)
                #expect(data["value"] as? String == expected.2 && data["token"] as? String == change.id)
                #expect(data["crc"] == nil && data["by"] == nil)
                ids.append(change.id)
            }
            try writer.expect("SET user:3 c\n", "OK\n")
            let live = try #require(try feed.change())
            #expect(try object(live.data)["value"] as? String == "c" && live.id.hasPrefix("5-"))
            feed.close()
            // As a browser does that lost its connection; what it asked for at first no longer counts.
            let again = try FeedClient(
                port: server.metricsPort, "?prefix=user:&from=0",
                ["Accept: text/event-stream", "Last-Event-ID: \(ids[1])"])
            #expect(try again.change()?.id == ids[2])
            #expect(try again.change()?.id == live.id)
            #expect(server.server.stop() == 0)
        }
    }

    @Test("JSON lines, pages that wait, and where the next page begins")
    func pages() throws {
        try withTemporaryFolder { folder in
            let server = try WatchedServer(data: folder + "/puffin.json")
            let writer = try server.server.connect()
            try writer.expect("SET a 1\nSET b 2\nSET c 3\n", "OK\nOK\nOK\n")
            let first = try server.get("/v1/changes?from=0&limit=2")
            #expect(first.status == 200 && first.headers["content-type"] == "application/x-ndjson")
            let lines = first.body.split(separator: "\n")
            #expect(lines.count == 3)
            let next = try #require(first.headers["puffin-next"])
            #expect(next.hasPrefix("2-") && lines.last == "{\"next\":\"\(next)\"}")
            let second = try server.get("/v1/changes?from=\(next)&limit=2")
            #expect(second.body.split(separator: "\n").count == 2)
            // An empty page waits for the next change.
            let waiting = try HTTPClient(port: server.metricsPort)
            try waiting.connection.send("GET /v1/changes?wait=60s HTTP/1.1\r\nHost: localhost\r\n\r\n")
            try server.wait(for: "puffin_feeds") { $0 == 1 }
            try writer.expect("SET d 4\n", "OK\n")
            let answer = try waiting.answer()
            #expect(answer.status == 200 && answer.body.contains("\"key\":\"d\""))
            // The same connection goes on.
            #expect(try waiting.ask("/v1/changes?wait=1ms").body.split(separator: "\n").count == 1)
            let events = try waiting.ask("/v1/changes?from=3&limit=9", headers: ["Accept: text/event-stream"])
            #expect(events.body.hasPrefix("id: 4-") && events.body.contains("\ndata: {\"seq\":4,"))
            let head = try HTTPClient(port: server.metricsPort).ask("/v1/changes", method: "HEAD")
            #expect(head.status == 200 && head.headers["content-type"] == "text/event-stream")
            let lineFeed = try FeedClient(port: server.metricsPort, "?from=3", ["Accept: application/x-ndjson"])
            #expect(try lineFeed.line()?.hasPrefix("{\"from\":\"3-") == true)
            #expect(try lineFeed.line()?.contains("\"key\":\"d\"") == true)
            #expect(server.server.stop() == 0)
        }
    }

    @Test("raw: the log's own lines, all of them, byte for byte")
    func raw() throws {
        try withTemporaryFolder { folder in
            let server = try WatchedServer(data: folder + "/puffin.json")
            let writer = try server.server.connect()
            try writer.expect("SET a 1\nSET b 2\nDELETE a\nSET \"ü\\t\" 3\nFLUSHALL\n", "OK\nOK\nOK\nOK\nOK\n")
            let page = try server.get("/v1/changes?from=0&limit=100&raw=true")
            let folder = folder + "/puffin.json.log"
            let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".jsonl") }
            let log = try names.sorted().map { try String(contentsOfFile: "\(folder)/\($0)", encoding: .utf8) }.joined()
            let records = log.split(separator: "\n").filter { $0.hasPrefix("{\"seq\":") }
            #expect(records.count == 5 && page.body.split(separator: "\n") == records)
            let feed = try FeedClient(port: server.metricsPort, "?from=0&raw=true")
            for record in records { #expect(try feed.change()?.data == String(record)) }
            #expect(server.server.stop() == 0)
        }
    }

    @Test("what is not asked for rightly, and what is not there any more")
    func refused() throws {
        try withTemporaryFolder { folder in
            let server = try WatchedServer(data: folder + "/puffin.json", ["--retain-size", "0"])
            let writer = try server.server.connect()
            try writer.expect("SET a 1\n", "OK\n")
            for query in ["from=x", "limit=0", "limit=10001", "wait=x", "raw=yes", "raw=true&prefix=a", "prefixes=a"] {
                let answer = try server.get("/v1/changes?\(query)")
                #expect(answer.status == 400, "\(query): \(answer.body)")
                #expect(try object(answer.body)["type"] as? String == "/v1/problems/bad-request")
            }
            #expect(
                try HTTPClient(port: server.metricsPort).ask("/v1/changes", headers: ["Last-Event-ID: 7"]).status == 503
            )
            let other = try server.get("/v1/changes?from=1-00000000")
            #expect(other.status == 410 && other.body.contains("\"code\":\"DIVERGED\""))
            #expect(try object(other.body)["type"] as? String == "/v1/problems/another-history")
            try writer.expect("SAVE\nSET a 2\n", "OK\nOK\n")
            try server.wait(for: "puffin_log_oldest_seq") { $0 > 1 }
            let gone = try server.get("/v1/changes?from=0")
            #expect(gone.status == 410 && gone.body.contains("\"code\":\"COMPACTED\""))
            #expect(try object(gone.body)["type"] as? String == "/v1/problems/gone")
            #expect(server.server.stop() == 0)
        }
    }

    @Test("a user follows the own keys alone, the log only who may replicate; a lost right ends the feed")
    func rights() throws {
        try withTemporaryFolder { folder in
            let server = try WatchedServer(data: folder + "/puffin.json")
            let first = try server.server.connect()
            try first.expect("ACL SETUSER root on >first-secret role:admin\n", "OK\n")
            // Who has not logged in has no rights any more.
            let root = try server.server.connect()
            try root.expect(
                """
                AUTH root first-secret
                ACL SETUSER shop on >second-secret +@read ~shop:*
                ACL SETUSER copy on >third-secret +@read +@replicate ~*

                """, "OK\nOK\nOK\n")
            func authorization(_ text: String) -> [String] {
                ["Authorization: Basic \(Data(text.utf8).base64EncodedString())"]
            }
            let shop = authorization("shop:second-secret")
            #expect(try FeedClient(port: server.metricsPort).status == 401)
            #expect(try FeedClient(port: server.metricsPort, "", shop).status == 403)
            #expect(try FeedClient(port: server.metricsPort, "?prefix=other:", shop).status == 403)
            #expect(try FeedClient(port: server.metricsPort, "?raw=true", shop).status == 403)
            #expect(
                try FeedClient(port: server.metricsPort, "?raw=true", authorization("copy:third-secret")).status == 200)
            let feed = try FeedClient(port: server.metricsPort, "?prefix=shop:", shop)
            #expect(feed.status == 200)
            try root.expect("SET shop:1 a\n", "OK\n")
            #expect(try feed.change()?.data.contains("shop:1") == true)
            try root.expect("ACL SETUSER shop resetkeys\nSET shop:2 b\n", "OK\nOK\n")
            var last: [String: String]?
            while let event = try feed.event() { last = event }
            #expect(last?["event"] == "end" && last?["data"]?.contains("NOPERM") == true)
            #expect(feed.hasEnded)
            #expect(server.server.stop() == 0)
        }
    }

    @Test("kills of either side: who resumes has each change once", arguments: SeededRandom.seeds(1))
    func resumes(seed: UInt64) throws {
        try withTemporaryFolder { folder in
            var random = SeededRandom(seed: seed)
            let (port, metricsPort) = (lastingPort(), lastingPort())
            func start() throws -> ServerProcess {
                try ServerProcess(arguments: [
                    "--data", folder + "/puffin.json", "--port", "\(port)", "--http-enabled",
                    "--http-port", "\(metricsPort)",
                    "--segment-size", "64K",
                ])
            }
            var server = try start()
            let count = Torture.isOn ? 1000 : 50
            var (id, seq, kills, written) = ("0", 0, 0, 0)
            var pairs: [String: String] = [:]
            var writer = try WireConnection(port: port)
            for round in 1...count {
                // Changes whose answers are not awaited before the server may be killed.
                let requests = (0..<1 + random.below(40)).map { index -> String in
                    written += 1
                    return "SET key:\(written % 50) \(round).\(index)\n"
                }
                try writer.send(requests.joined())
                let kind = ["text/event-stream", "application/x-ndjson"][random.below(2)]
                let isRaw = random.below(3) == 0
                let feed = try FeedClient(
                    port: metricsPort, "?from=\(id)" + (isRaw ? "&raw=true" : ""), ["Accept: \(kind)"])
                try #require(feed.status == 200, "round \(round) (seed \(seed))")
                let wanted = random.below(60)
                for _ in 0..<wanted where seq < written {
                    let data: String
                    if kind == "text/event-stream" {
                        guard let change = try feed.change() else { break }
                        data = change.data
                    } else {
                        var line = try feed.line()
                        while line?.hasPrefix("{\"seq\":") == false { line = try feed.line() }
                        guard let line else { break }
                        data = line
                    }
                    let found = try object(data)
                    let next = try #require(found["seq"] as? Int)
                    try #require(next == seq + 1, "round \(round) (seed \(seed)): \(next) after \(seq)")
                    seq = next
                    id = try found["token"] as? String ?? "\(next)-\(#require(found["crc"] as? String))"
                    pairs[try #require(found["key"] as? String)] = found["value"] as? String
                }
                feed.close()
                guard random.below(8) == 0 else { continue }
                kills += 1
                server.kill()
                server = try start()
                writer = try WireConnection(port: port)
                // What was not on the disk is not there.
                written = try newestSeq(metricsPort)
            }
            let feed = try FeedClient(port: metricsPort, "?from=\(id)")
            let end = try WireConnection(port: port)
            try end.expect("SET end 1\n", "OK\n")
            while pairs["end"] == nil {
                let found = try object(try #require(try feed.change()).data)
                let next = try #require(found["seq"] as? Int)
                try #require(next == seq + 1)
                seq = next
                pairs[try #require(found["key"] as? String)] = found["value"] as? String
            }
            for (key, value) in pairs { #expect(try end.ask("GET \(key)") == value) }
            print(
                "feeds over HTTP (seed \(seed)): \(count) resumes, \(kills) kills of the server, \(seq) changes, each once"
            )
            #expect(server.stop() == 0)
        }
    }

    private func newestSeq(_ port: UInt16) throws -> Int {
        Int(parsedSamples(try httpGet("/metrics", port: port).body)["puffin_log_seq"] ?? 0)
    }
}
