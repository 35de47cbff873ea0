import Foundation
import TestSupport
import Testing

/// Pages of keys over HTTP.
@Suite("Pages of keys over HTTP")
struct KeyPageTests {
    private struct Page: Decodable {
        struct Item: Decodable {
            let key: String?
            let key64: String?
            let value: String?
            let size: Int?
            let etag: String?
            let expires: UInt64?
        }
        static var decoder: JSONDecoder {
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            return decoder
        }

        let keys: [Item]
        let cursor: String?
        let lookedAt: Int
        let of: Int
        let seq: UInt64
    }

    private func page(_ client: HTTPClient, _ query: String) throws -> Page {
        let answer = try client.ask("/v1/keys\(query)")
        #expect(answer.status == 200 && answer.headers["content-type"] == "application/json", "\(answer.body)")
        return try Page.decoder.decode(Page.self, from: Data(answer.body.utf8))
    }

    @Test("pages list every key once, those with a prefix only, and say how far they have looked")
    func all() throws {
        try withTemporaryFolder { folder in
            let server = try WatchedServer(data: folder + "/puffin.json")
            let line = try server.server.connect()
            let client = try HTTPClient(port: server.metricsPort)
            #expect(try page(client, "").keys.isEmpty)
            let count = 5000
            for start in stride(from: 0, to: count, by: 500) {
                let pairs = (start..<start + 500).map { "user:\($0) \($0)" }.joined(separator: " ")
                #expect(try line.ask("MSET \(pairs)") == "OK")
            }
            #expect(try line.ask("MSET other:1 a other:2 b") == "OK")
            for limit in [1000, 77] {
                var found: [String] = []
                var (looked, pages) = (0, 0)
                var cursor: String? = ""
                while let next = cursor {
                    let page = try page(
                        client, "?prefix=user:&limit=\(limit)" + (next.isEmpty ? "" : "&cursor=\(next)"))
                    found += page.keys.compactMap(\.key)
                    #expect(page.keys.count <= limit + 10 && page.of == count + 2 && page.seq == 11)
                    (looked, pages, cursor) = (looked + page.lookedAt, pages + 1, page.cursor)
                }
                #expect(found.count == count && Set(found).count == count && found.allSatisfy { $0.hasPrefix("user:") })
                #expect(looked == count + 2 && pages >= count / (limit + 10))
            }
            let rare = try page(client, "?prefix=other:")
            #expect(Set(rare.keys.compactMap(\.key)) == ["other:1", "other:2"] && rare.cursor == nil)
            #expect(rare.lookedAt == count + 2)
        }
    }

    @Test("with values: what is known of each, up to a size; keys that are no text are coded")
    func values() throws {
        try withTemporaryFolder { folder in
            let server = try WatchedServer(data: folder + "/puffin.json")
            let client = try HTTPClient(port: server.metricsPort)
            let small = try client.put("/v1/keys/p:small?ttl=1h", "hello")
            #expect(try client.put("/v1/keys/p:large", String(repeating: "x", count: 1 << 20 + 1)).status == 201)
            #expect(try client.put("/v1/keys/p:%FF", "bytes").status == 201)
            let page = try page(client, "?prefix=p:&values=true")
            #expect(page.keys.count == 3)
            let first = try #require(page.keys.first { $0.key == "p:small" })
            #expect(first.value == "hello" && first.size == 5 && first.etag == small.headers["etag"])
            #expect(first.expires != nil)
            let large = try #require(page.keys.first { $0.key == "p:large" })
            #expect(large.value == nil && large.size == 1 << 20 + 1 && large.expires == nil)
            #expect(
                page.keys.contains {
                    $0.key64 == Data([0x70, 0x3a, 0xff]).base64EncodedString() && $0.value == "bytes"
                })
        }
    }

    @Test("a rare prefix in a large table takes turns, and delays nobody", .timeLimit(.minutes(5)))
    func rare() throws {
        try withTemporaryFolder { folder in
            let server = try WatchedServer(data: folder + "/puffin.json", ["--durability", "never"])
            let line = try server.server.connect()
            let count = Torture.isOn ? 2_000_000 : 200_000
            for start in stride(from: 0, to: count, by: 5000) {
                let words = (start..<start + 5000).flatMap { ["k\($0)", ""] }
                try line.expect(resp(["MSET"] + words), "+OK\r\n")
            }
            let client = try HTTPClient(port: server.metricsPort)
            try client.connection.send("GET /v1/keys?prefix=none HTTP/1.1\r\nHost: localhost\r\n\r\n")
            // Another client is answered while the page is made.
            var answered = 0
            while !client.connection.hasReceived {
                #expect(try line.ask("GET k1") == "\"\"")
                answered += 1
            }
            let answer = try client.answer()
            let page = try Page.decoder.decode(Page.self, from: Data(answer.body.utf8))
            #expect(page.keys.isEmpty && page.of == count && (page.cursor != nil || page.lookedAt == count))
            #expect(answered > 1)
        }
    }

    @Test("parameters that are not valid")
    func parameters() throws {
        try withTemporaryFolder { folder in
            let server = try WatchedServer(data: folder + "/puffin.json", ["--max-key-size", "100"])
            let client = try HTTPClient(port: server.metricsPort)
            let long = String(repeating: "p", count: 101)
            for query in [
                "limit=0", "limit=1001", "limit=x", "limit=", "cursor=x", "cursor=-1", "cursor=9007199254740992",
                "values=yes", "values=", "prefix=\(long)", "pattern=a", "prefix=a&prefix=b", "=a", "prefix=%",
            ] {
                let refused = try client.ask("/v1/keys?\(query)")
                #expect(
                    refused.status == 400 && refused.headers["content-type"] == "application/problem+json", "\(query)")
            }
            #expect(try client.ask("/v1/keys/?limit=1").status == 404)
            #expect(try client.ask("/v1/keys", method: "PUT").status == 405)
        }
    }
}
