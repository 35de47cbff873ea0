import Foundation
import Server
import SystemPackage
import TestSupport
import Testing

/// Answers over HTTP are held like replies: until the change that they depend on is on the disk.
@Suite("Held answers of HTTP", .serialized)
struct HeldAnswerTests {
    private func withServer(
        _ configure: @Sendable (inout Configuration) -> Void = { _ in },
        _ body: (WatchedThread, HTTPClient) throws -> Void
    ) throws {
        try withTemporaryFolder { folder in
            let server = try WatchedThread(data: folder + "/puffin.json", configure: configure)
            defer { server.stop() }
            try waitUntil("the data") { try server.get("/readyz").status == 200 }
            try body(server, try server.client())
        }
    }

    private func send(_ client: HTTPClient, _ method: String, _ path: String, _ body: String = "") throws {
        let length = method == "PUT" ? "Content-Length: \(body.utf8.count)\r\n" : ""
        try client.connection.send("\(method) \(path) HTTP/1.1\r\nHost: localhost\r\n\(length)\r\n\(body)")
    }

    /// Returns when the server has run every request sent before: health waits for no change.
    private func letServerCatchUp(_ server: WatchedThread) throws {
        for _ in 0..<2 { #expect(try server.get("/healthz").status == 200) }
    }

    @Test("no byte of an answer to a change, or to what has seen it, is sent before its sync; the order stays")
    func held() throws {
        try withServer { server, client in
            #expect(try client.put("/v1/keys/old", "v").status == 201)
            server.disk.gate.close()
            try send(client, "PUT", "/v1/keys/k", "new")
            server.disk.gate.waitUntilHeld()
            let reader = try server.client()
            try send(reader, "GET", "/v1/keys/k")
            let page = try server.client()
            try send(page, "GET", "/v1/keys?prefix=k")
            // Pipelined behind the change: it waits for nothing itself.
            try send(client, "GET", "/v1/keys/old")
            try letServerCatchUp(server)
            for held in [client, reader, page] { #expect(!held.connection.hasReceived) }
            server.disk.gate.open()
            #expect(try client.answer().status == 201)
            #expect(try client.answer().body == "v")
            #expect(try reader.answer().body == "new")
            #expect(try page.answer().body.hasPrefix("{\"keys\":[{\"key\":\"k\"}],"))
        }
    }

    @Test("a change whose sync fails is a 500, and so is what has seen it; a read before it is not")
    func failed() throws {
        try withServer { server, client in
            #expect(try client.put("/v1/keys/old", "v").status == 201)
            server.disk.gate.close()
            try send(client, "GET", "/v1/keys/old")
            #expect(try client.answer().status == 200)
            try send(client, "PUT", "/v1/keys/k", "new")
            server.disk.gate.waitUntilHeld()
            let reader = try server.client()
            try send(reader, "GET", "/v1/keys/k")
            let head = try server.client()
            try send(head, "HEAD", "/v1/keys/k")
            try send(head, "GET", "/v1/keys/old")
            try letServerCatchUp(server)
            server.disk.gate.fail(with: .ioError)
            for held in [client, reader] {
                let answer = try held.answer()
                #expect(answer.status == 500, "\(answer.body)")
                #expect(answer.headers["content-type"] == "application/problem+json")
                #expect(answer.body.contains("\"type\":\"/v1/problems/unknown-outcome\""))
                #expect(answer.body.contains("\"code\":\"UNKNOWN\""))
            }
            #expect(try head.answer(hasBody: false).status == 500)
            #expect(try head.answer().status == 500)
            #expect(try head.connection.receiveAll() == "")
        }
    }

    @Test("a change that followers do not acknowledge in time is a 504, in its place among the others")
    func unacknowledged() throws {
        try withServer({ configuration in
            configuration.replication.acks = .followers(1)
            configuration.replication.ackTimeout = 50
        }) { server, client in
            try send(client, "PUT", "/v1/keys/a", "1")
            try send(client, "PUT", "/v1/keys/b", "2")
            try send(client, "GET", "/v1/keys/b")
            try send(client, "GET", "/v1/keys/none")
            for place in 0..<3 {
                let answer = try client.answer()
                #expect(
                    answer.status == 504 && answer.body.contains("\"code\":\"UNACKED\""), "\(place): \(answer.body)")
            }
            #expect(try client.answer().status == 404)
            #expect(try client.ask("/healthz").status == 200)
        }
    }

    @Test("a full disk refuses a body before it has come, and reads go on")
    func full() throws {
        try withServer { server, client in
            #expect(try client.put("/v1/keys/old", "v").status == 201)
            server.disk.fill()
            try waitUntil("a refusal") {
                try server.client().put("/v1/keys/k", String(repeating: "x", count: 100_000)).status == 507
            }
            let other = try server.client()
            try other.connection.send(
                "PUT /v1/keys/k HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 60000000\r\n\r\n"
            )
            let refused = try other.answer()
            #expect(refused.status == 507 && refused.body.contains("\"code\":\"DISKFULL\""), "\(refused.body)")
            #expect(try client.ask("/v1/keys/old").body == "v")
        }
    }
}
