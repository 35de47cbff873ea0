import Foundation
import TestSupport
import Testing

/// What the metrics port does with whatever is sent to it.
@Suite("The port for metrics")
struct HTTPTests {
    private func withServer(_ body: (WatchedServer) throws -> Void) throws {
        try withTemporaryFolder { folder in try body(try WatchedServer(data: folder + "/puffin.json")) }
    }

    @Test("it answers one request after the other on a connection, HEAD without a body")
    func methods() throws {
        try withServer { server in
            let client = try HTTPClient(port: server.metricsPort)
            let page = try client.ask("/metrics")
            #expect(page.status == 200)
            #expect(page.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
            #expect(page.body.hasPrefix("# HELP "))
            let head = try client.ask("/healthz", method: "HEAD")
            #expect(head.status == 200 && head.headers["content-length"] == "3")
            #expect(try client.ask("/healthz?x=1").body == "ok\n")
        }
    }

    @Test("an unknown path gets the known ones, another method the allowed ones")
    func unknown() throws {
        try withServer { server in
            let client = try HTTPClient(port: server.metricsPort)
            let missing = try client.ask("/metric")
            #expect(missing.status == 404 && missing.headers["content-type"] == "application/problem+json")
            #expect(try client.ask("/metrics/").status == 404)
            for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"] {
                let length = ["Content-Length: 3"]
                let refused = try HTTPClient(port: server.metricsPort).ask(
                    "/metrics", method: method, headers: method == "OPTIONS" ? [] : length,
                    body: method == "OPTIONS" ? "" : "a=b")
                #expect(refused.status == 405 && refused.headers["allow"] == "GET, HEAD", "\(method)")
            }
        }
    }

    @Test("too large a header or body, and invalid HTTP, are refused, and the server continues")
    func bounds() throws {
        try withServer { server in
            // A head has room for the longest target and 16 KiB of fields.
            let large = String(repeating: "a", count: 220_000)
            let header = try HTTPClient(port: server.metricsPort).ask("/healthz", headers: ["X: \(large)"])
            #expect(header.status == 431)
            let endless = try HTTPClient(port: server.metricsPort)
            // The server drops what comes after its refusal, and hangs up once it has waited for the client to do so.
            #expect(throws: WireError.self) {
                try endless.connection.send("GET /")
                let end = TimeLimit.end
                while Date() < end { try endless.connection.send(large) }
            }
            let body = try HTTPClient(port: server.metricsPort).ask(
                "/healthz", headers: ["Content-Length: \(large.count)"], body: large)
            #expect(body.status == 413)
            let other = try HTTPClient(port: server.metricsPort)
            try other.connection.send("SET a 1\n\n")
            #expect(try other.answer().status == 400)
            #expect(try server.get("/healthz").status == 200)
            #expect(try server.server.connect().ask("GET a") == "ERROR: Key not found")
        }
    }

    @Test("beyond the limit of connections, the one that has been silent longest is closed")
    func connections() throws {
        try withServer { server in
            let idle = try (0..<256).map { _ in try HTTPClient(port: server.metricsPort) }
            // They are accepted in turn: once the last one is answered, there is no room. The first is not the silent one.
            for client in [idle[255], idle[0]] { #expect(try client.ask("/healthz").status == 200) }
            let late = try (0..<8).map { _ in try HTTPClient(port: server.metricsPort) }
            for client in late { #expect(try client.ask("/healthz").status == 200) }
            for client in idle[1...8] { #expect(try client.connection.receiveAll() == "") }
            for client in [idle[0], idle[9], idle[255]] + late { #expect(try client.ask("/healthz").status == 200) }
            // Clients of the data port notice nothing.
            #expect(try server.server.connect().ask("PING") == "PONG")
        }
    }

    @Test("connections that send a byte now and then, and no request, block nobody")
    func dripping() throws {
        try withServer { server in
            // Repeatedly more than the limit; those that are closed connect again.
            var dripping: [WireConnection] = []
            for round in 0..<6 {
                while dripping.count < 300 {
                    let connection = try WireConnection(port: server.metricsPort)
                    try? connection.send(["GET /heal", "GET /healthz HTTP/1.1\r\nA: ", "", "\r\n"][dripping.count % 4])
                    dripping.append(connection)
                }
                #expect(try server.get("/healthz").status == 200, "round \(round)")
                #expect(try server.get("/metrics").status == 200, "round \(round)")
                for connection in dripping { try? connection.send("a") }
                dripping.removeAll { $0.hasReceived }
            }
            #expect(try server.server.connect().ask("PING") == "PONG")
            dripping.removeAll()
            #expect(server.server.stop() == 0)
        }
    }

    @Test("a client whose socket gets the number that one of these connections had is answered")
    func reusedNumbers() throws {
        try withServer { server in
            // Ended by the server, after an answer and after a refusal, and by the client, with and without a request.
            let endings: [(request: String, isEndedByServer: Bool)] = [
                ("GET /metrics HTTP/1.0\r\n\r\n", true), ("nonsense\r\n\r\n", true), ("", false), ("GET /met", false),
                ("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n", false),
            ]
            for (request, isEndedByServer) in endings + endings {
                do {
                    let connection = try WireConnection(port: server.metricsPort)
                    try connection.send(request)
                    if isEndedByServer { _ = try connection.receiveAll() }
                }
                for _ in 0..<2 { #expect(try server.server.connect().ask("PING") == "PONG", "\(request)") }
            }
        }
    }

    @Test("without --metrics nothing listens, and a port that is taken is named with the option that changes it")
    func options() throws {
        try withTemporaryFolder { folder in
            let quiet = try ServerProcess(data: folder + "/quiet.json")
            #expect(!quiet.log.contains("Metrics on"))
            let first = try WatchedServer(data: folder + "/first.json")
            #expect(first.server.log.contains("Metrics on http://127.0.0.1:\(first.metricsPort)/metrics"))
            let failure = try #require(throws: ServerFailure.self) {
                try ServerProcess(
                    data: folder + "/second.json", ["--metrics", "--metrics-port", "\(first.metricsPort)"])
            }
            #expect(failure.exitCode == 3)
            #expect(
                failure.log.contains(
                    "Cannot listen on 127.0.0.1:\(first.metricsPort) for HTTP: another program uses this port; stop it, or choose another with --http-port"
                ))
            let unknown = try #require(throws: ServerFailure.self) {
                try ServerProcess(data: folder + "/third.json", ["--metrics", "--metrics-bind", "192.0.2.1"])
            }
            #expect(unknown.exitCode == 3 && unknown.log.contains("check --http-bind and --http-port"))
            let wrong = try #require(throws: ServerFailure.self) {
                try ServerProcess(data: folder + "/fourth.json", ["--slow-log-threshold", "soon"])
            }
            #expect(wrong.exitCode == 2 && wrong.log.contains("slow-log-threshold"))
        }
    }
}
