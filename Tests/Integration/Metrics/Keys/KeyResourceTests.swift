import Foundation
import TestSupport
import Testing

/// Keys over HTTP, as a client sees them.
@Suite("Keys over HTTP")
struct KeyResourceTests {
    private func withServer(_ options: [String] = [], _ body: (WatchedServer, HTTPClient) throws -> Void) throws {
        try withTemporaryFolder { folder in
            let server = try WatchedServer(data: folder + "/puffin.json", options)
            try body(server, try HTTPClient(port: server.metricsPort))
        }
    }

    /// The problem of an answer: its last part of `type`, its status in the body, its detail.
    private func problem(_ answer: HTTPAnswer) throws -> (name: String, detail: String) {
        #expect(answer.headers["content-type"] == "application/problem+json")
        let object = try #require(
            JSONSerialization.jsonObject(with: Data(answer.body.utf8)) as? [String: Any], "\(answer.body)")
        #expect(object["status"] as? Int == answer.status)
        #expect((object["title"] as? String)?.isEmpty == false)
        let type = try #require(object["type"] as? String)
        #expect(type.hasPrefix("/v1/problems/"))
        return (String(type.dropFirst(13)), object["detail"] as? String ?? "")
    }

    @Test("a value that was put is got, with its digest as tag, and is gone once it is deleted")
    func roundTrip() throws {
        try withServer { server, client in
            let made = try client.put("/v1/keys/greeting", "hello")
            #expect(made.status == 201 && made.headers["puffin-seq"] == "1" && made.headers["content-length"] == "0")
            let found = try client.ask("/v1/keys/greeting")
            #expect(found.status == 200 && found.body == "hello")
            #expect(found.headers["content-type"] == "application/octet-stream")
            #expect(found.headers["x-content-type-options"] == "nosniff")
            #expect(found.headers["content-security-policy"] == "default-src 'none'; sandbox")
            let line = try server.server.connect()
            let digest = try line.ask("DIGEST greeting")
            #expect(found.headers["etag"] == "\"\(digest)\"" && made.headers["etag"] == "\"\(digest)\"")
            #expect(found.headers["puffin-seq"] == "1")
            let head = try client.ask("/v1/keys/greeting", method: "HEAD")
            #expect(head.status == 200 && head.headers["content-length"] == "5")
            #expect(head.headers["etag"] == found.headers["etag"])
            #expect(try client.put("/v1/keys/greeting", "bye").status == 204)
            #expect(try line.ask("GET greeting") == "bye")
            let deleted = try client.ask("/v1/keys/greeting", method: "DELETE")
            #expect(deleted.status == 204 && deleted.headers["puffin-seq"] == "3")
            let missing = try client.ask("/v1/keys/greeting")
            #expect(try missing.status == 404 && problem(missing).name == "key-not-found")
            #expect(missing.headers["puffin-seq"] == "3")
            #expect(try client.ask("/v1/keys/greeting", method: "DELETE").status == 404)
            // A HEAD has no body in errors either: the next answer is read from its first byte.
            #expect(try client.ask("/v1/keys/greeting", method: "HEAD").status == 404)
            #expect(try client.ask("/healthz").body == "ok\n")
        }
    }

    @Test("a key is all that follows, decoded once to bytes; a value is any bytes, in one piece or in chunks")
    func bytes() throws {
        try withServer { server, client in
            let line = try server.server.connect()
            for (path, key) in [
                ("a/b//c", "a/b//c"), ("a%2Fb", "a/b"), ("100%25", "100%"), ("%C3%BC", "ü"), ("a+b", "a+b"),
                ("%2525", "%25"), ("/", "/"), ("a;b=c:@!$&'()*,~", "a;b=c:@!$&'()*,~"),
            ] {
                #expect(try client.put("/v1/keys/\(path)", "value of \(path)").status == 201, "\(path)")
                try line.expect(resp("GET", key), "$\("value of \(path)".utf8.count)\r\nvalue of \(path)\r\n")
                #expect(try client.ask("/v1/keys/\(path)").body == "value of \(path)")
            }
            let chunked = ["Transfer-Encoding: chunked"]
            #expect(
                try client.ask(
                    "/v1/keys/%FF%00%80", method: "PUT", headers: chunked, body: "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
                ).status == 201)
            try line.send(Array("*2\r\n$3\r\nGET\r\n$3\r\n".utf8) + [0xff, 0, 0x80] + Array("\r\n".utf8))
            try line.expect("", "$5\r\nabcde\r\n")
            #expect(
                try client.ask("/v1/keys/one", method: "PUT", headers: chunked, body: "3\r\nabc\r\n0\r\n\r\n").status
                    == 201)
            #expect(try client.ask("/v1/keys/one").body == "abc")
            #expect(try client.put("/v1/keys/empty", "").status == 201)
            #expect(try client.ask("/v1/keys/empty").body == "")
            let json = try client.ask("/v1/keys/%FF%00%80", headers: ["Accept: application/json"])
            #expect(json.body.contains("\"key64\":\"/wCA\"") && json.body.contains("\"value\":\"abcde\""))
            for wrong in ["%", "%1", "%zz"] {
                let refused = try client.ask("/v1/keys/a\(wrong)")
                #expect(try refused.status == 400 && problem(refused).name == "bad-request")
            }
        }
    }

    @Test("If-Match and If-None-Match: lists, *, weak tags, and what is not a tag")
    func conditions() throws {
        try withServer { _, client in
            let first = try #require(try client.put("/v1/keys/k", "one", ["If-None-Match: *"]).headers["etag"])
            let again = try client.put("/v1/keys/k", "two", ["If-None-Match: *"])
            #expect(try again.status == 412 && problem(again).name == "condition-failed")
            #expect(try client.ask("/v1/keys/k", headers: ["If-None-Match: \(first)"]).status == 304)
            #expect(try client.ask("/v1/keys/k", headers: ["If-None-Match: W/\(first)"]).status == 304)
            #expect(try client.ask("/v1/keys/k", headers: ["If-None-Match: \"x\", \(first)"]).status == 304)
            #expect(
                try client.ask("/v1/keys/k", headers: ["If-None-Match: \"x\"", "If-None-Match: \(first)"]).status == 304
            )
            let unchanged = try client.ask("/v1/keys/k", headers: ["If-None-Match: *"])
            #expect(unchanged.status == 304 && unchanged.headers["etag"] == first)
            #expect(try client.ask("/v1/keys/k", headers: ["If-None-Match: \"x\""]).body == "one")
            #expect(try client.ask("/v1/keys/k", headers: ["If-Match: \"x\""]).status == 412)
            #expect(try client.ask("/v1/keys/k", headers: ["If-Match: W/\(first)"]).status == 412)
            #expect(try client.put("/v1/keys/k", "two", ["If-Match: \"0123456789abcdef\""]).status == 412)
            #expect(try client.put("/v1/keys/other", "two", ["If-Match: *"]).status == 412)
            #expect(try client.ask("/v1/keys/other", headers: ["If-Match: *"]).status == 404)
            let second = try #require(try client.put("/v1/keys/k", "two", ["If-Match: \(first)"]).headers["etag"])
            #expect(try client.ask("/v1/keys/k", method: "DELETE", headers: ["If-Match: \(first)"]).status == 412)
            // Back to the first value, and its tag is the first one again: the state is the same.
            #expect(try client.put("/v1/keys/k", "one", ["If-Match: \(second)"]).headers["etag"] == first)
            #expect(try client.ask("/v1/keys/k", method: "DELETE", headers: ["If-Match: \(first)"]).status == 204)
            for wrong in ["x", "\"x", "\"a\" \"b\"", "W/x"] {
                let refused = try client.put("/v1/keys/k", "three", ["If-Match: \(wrong)"])
                #expect(refused.status == 400, "\(wrong)")
            }
            #expect(try client.ask("/v1/keys/k").status == 404)
        }
    }

    @Test("a time to live, and what is none")
    func lifetimes() throws {
        try withServer { server, client in
            let before = UInt64(Date().timeIntervalSince1970 * 1000)
            #expect(try client.put("/v1/keys/k?ttl=90s", "v").status == 201)
            let found = try client.ask("/v1/keys/k")
            let expires = try #require(UInt64(found.headers["puffin-expires"] ?? ""))
            #expect(expires >= before + 90_000 && expires < before + 90_000 + 60_000)
            #expect(try server.server.connect().ask("PEXPIRETIME k") == "\(expires)")
            #expect(
                try client.ask("/v1/keys/k", headers: ["Accept: application/json"]).body.contains(
                    "\"expires\":\(expires)"))
            // A value without one stays, as after SET.
            #expect(try client.put("/v1/keys/k", "w").status == 204)
            #expect(try client.ask("/v1/keys/k").headers["puffin-expires"] == nil)
            for wrong in ["ttl=", "ttl=0", "ttl=-1s", "ttl=1us", "ttl=soon", "tll=1s", "ttl=1s&ttl=1s"] {
                let refused = try client.put("/v1/keys/k?\(wrong)", "x")
                #expect(refused.status == 400, "\(wrong): \(refused.body)")
            }
            #expect(try client.ask("/v1/keys/k?ttl=1s").status == 400)
            #expect(try client.ask("/v1/keys/k").body == "w")
        }
    }

    @Test("the representation that a client accepts")
    func representations() throws {
        try withServer { server, client in
            #expect(try client.put("/v1/keys/text", "grüße").status == 201)
            let line = try server.server.connect()
            try line.send(Array("*3\r\n$3\r\nSET\r\n$3\r\nbin\r\n$2\r\n".utf8) + [0xff, 0xfe] + Array("\r\n".utf8))
            try line.expect("", "+OK\r\n")
            let bytes = "application/octet-stream", text = "text/plain; charset=utf-8", json = "application/json"
            for (accept, type) in [
                ("*/*", bytes), ("text/html,application/xhtml+xml,*/*;q=0.8", bytes), ("text/plain", text),
                ("text/*", text), ("application/json", json), ("application/*", bytes),
                ("application/json, */*;q=0.1", json), ("text/plain;q=0.5, application/json;q=0.9", json),
                ("application/octet-stream;q=0, */*", text), ("TEXT/PLAIN; format=flowed", text),
            ] {
                let answer = try client.ask("/v1/keys/text", headers: ["Accept: \(accept)"])
                #expect(answer.status == 200 && answer.headers["content-type"] == type, "\(accept)")
                #expect(answer.headers["vary"] == "Accept")
                if type != json { #expect(answer.body == "grüße") }
            }
            let shown = try client.ask("/v1/keys/text", headers: ["Accept: application/json"])
            let etag = try #require(shown.headers["etag"]).replacingOccurrences(of: "\"", with: "\\\"")
            #expect(
                shown.body == "{\"key\":\"text\",\"value\":\"grüße\",\"etag\":\"\(etag)\",\"expires\":null,\"seq\":2}\n"
            )
            let coded = try client.ask("/v1/keys/bin", headers: ["Accept: application/json"])
            #expect(coded.body.contains("\"value64\":\"//4=\""))
            for (path, accept) in [("text", "image/png"), ("text", "*/*;q=0"), ("bin", "text/plain")] {
                let refused = try client.ask("/v1/keys/\(path)", headers: ["Accept: \(accept)"])
                #expect(try refused.status == 406 && problem(refused).name == "not-acceptable")
            }
        }
    }

    @Test("a large value has a tag only where a condition asks, and is no JSON")
    func large() throws {
        try withServer { _, client in
            let value = String(repeating: "x", count: 1 << 20 + 1)
            #expect(try client.put("/v1/keys/large", value).headers["etag"] == nil)
            let found = try client.ask("/v1/keys/large")
            #expect(found.status == 200 && found.headers["etag"] == nil && found.body == value)
            let tag = try #require(try client.put("/v1/keys/large", value, ["If-Match: *"]).headers["etag"])
            #expect(try client.ask("/v1/keys/large", headers: ["If-None-Match: \(tag)"]).status == 304)
            #expect(try client.ask("/v1/keys/large", headers: ["Accept: application/json"]).status == 406)
        }
    }

    @Test("what is too large is refused before it has come")
    func bounds() throws {
        try withServer(["--max-value-size", "64K", "--max-key-size", "100"]) { server, client in
            let key = String(repeating: "k", count: 101)
            let long = try client.put("/v1/keys/\(key)", "v")
            #expect(try long.status == 414 && problem(long).name == "target-too-long")
            #expect(try client.put("/v1/keys/\(key.dropLast())", "v").status == 201)
            let second = try HTTPClient(port: server.metricsPort)
            try second.connection.send(
                "PUT /v1/keys/k HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 65537\r\n\r\n")
            let large = try second.answer()
            #expect(large.status == 413 && large.headers["connection"] == "close")
            let third = try HTTPClient(port: server.metricsPort)
            try third.connection.send(
                "PUT /v1/keys/k HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
            #expect(try third.anyAnswer(hasBody: false).status == 100)
            try third.connection.send("abc")
            #expect(try third.answer().status == 201)
        }
    }

    @Test("Puffin-After waits for a change, and says when it does not come")
    func after() throws {
        try withServer { server, client in
            #expect(try client.put("/v1/keys/k", "v", ["Puffin-After: 0"]).status == 201)
            #expect(try client.ask("/v1/keys/k", headers: ["Puffin-After: 1"]).body == "v")
            let late = try client.ask("/v1/keys/k", headers: ["Puffin-After: 7"])
            #expect(late.status == 503 && late.headers["retry-after"] == "1")
            #expect(try problem(late).name == "behind")
            try client.connection.send(
                "PUT /v1/keys/k HTTP/1.1\r\nHost: localhost\r\nPuffin-After: 2\r\nContent-Length: 3\r\n\r\nnew")
            #expect(try server.server.connect().ask("SET other 1") == "OK")
            #expect(try client.answer().status == 204)
            #expect(try client.ask("/v1/keys/k").body == "new")
            for wrong in ["x", "-1", "", "1.5"] {
                #expect(try client.ask("/v1/keys/k", headers: ["Puffin-After: \(wrong)"]).status == 400, "\(wrong)")
            }
        }
    }

    @Test("other methods, paths, hosts and origins are refused")
    func refusals() throws {
        try withServer(["--http-hosts", "puffin.example.com", "--http-origins", "https://console.example.com"]) {
            server, client in
            let method = try client.ask("/v1/keys/k", method: "PATCH")
            #expect(method.status == 405 && method.headers["allow"] == "GET, HEAD, PUT, DELETE")
            let missing = try client.ask("/v1/nothing")
            #expect(try missing.status == 404 && problem(missing).name == "no-resource")
            let keys = "GET /v1/keys/k HTTP/1.1\r\nHost: "
            for (host, status) in [
                ("localhost", 404), ("LOCALHOST:1", 404), ("127.0.0.1:9090", 404), ("[::1]:9090", 404),
                ("puffin.example.com", 404), ("10.0.0.7", 404), ("evil.example.com", 421), ("localhost.evil.com", 421),
                ("127.0.0.1.evil.com", 421), ("1", 421), ("localhost", 404),
            ] {
                try client.connection.send("\(keys)\(host)\r\n\r\n")
                #expect(try client.answer().status == status, "\(host)")
            }
            for (origin, status) in [
                ("http://localhost", 404), ("https://console.example.com", 404), ("https://evil.example.com", 403),
                ("http://localhost:81", 403), ("https://localhost", 403), ("null", 403), ("", 403),
            ] {
                let answer = try client.ask("/v1/keys/k", headers: ["Origin: \(origin)"])
                #expect(answer.status == status, "\(origin)")
                let isForeign = origin == "https://console.example.com"
                #expect(answer.headers["access-control-allow-origin"] == (isForeign ? origin : nil))
                if status == 403 { #expect(try problem(answer).name == "foreign-origin") }
                #expect(
                    try client.ask("/healthz", headers: ["Origin: \(origin)"]).status == (status == 403 ? 403 : 200))
            }
            let allowed = try client.ask(
                "/v1/keys/k", method: "OPTIONS",
                headers: ["Origin: https://console.example.com", "Access-Control-Request-Method: PUT"])
            #expect(allowed.status == 204 && allowed.headers["access-control-allow-methods"] == "GET, PUT, DELETE")
            #expect(allowed.headers["access-control-allow-origin"] == "https://console.example.com")
            #expect(try client.ask("/v1/keys/k", method: "OPTIONS").status == 405)
        }
    }

    @Test("what is served: the API to everybody on this machine only, or as http.serve says")
    func parts() throws {
        try withServer(["--http-bind", "0.0.0.0", "--auth-mode", "open"]) { server, client in
            let refused = try client.ask("/v1/keys/k")
            #expect(try refused.status == 403 && problem(refused).name == "not-served")
            #expect(try client.ask("/healthz").status == 200)
            #expect(try client.ask("/metrics").status == 200)
            #expect(server.server.log.contains("HTTP serves metrics, health; not status, console, api, changes"))
            // Once there are users, it is.
            let line = try server.server.connect()
            #expect(try line.ask("ACL SETUSER ana on \">a long password\" +@all ~*") == "OK")
            #expect(try client.ask("/v1/keys/k").status == 401)
        }
        try withServer(["--http-serve", "health", "--http-serve", "api"]) { _, client in
            let served = try client.ask("/v1/keys/k")
            #expect(served.status == 404)
            #expect(try client.ask("/metrics").status == 403)
        }
    }

    @Test("a request is counted as its command, and in its route's series")
    func counts() throws {
        try withServer { server, client in
            #expect(try client.put("/v1/keys/k", "v").status == 201)
            for _ in 0..<3 { #expect(try client.ask("/v1/keys/k").status == 200) }
            let samples = try server.samples()
            #expect(samples["puffin_http_requests_total{route=\"/v1/keys/{key}\",method=\"GET\",code=\"200\"}"] == 3)
            #expect(samples["puffin_http_requests_total{route=\"/v1/keys/{key}\",method=\"PUT\",code=\"201\"}"] == 1)
            #expect(samples["puffin_requests_total{command=\"get\"}"] == 3)
            #expect(samples["puffin_requests_total{command=\"set\"}"] == 1)
        }
    }

    @Test("a follower says who the leader is")
    func follower() throws {
        try withTemporaryFolder { folder in
            let follower = try WatchedServer(data: folder + "/follower.json", ["--mode", "follower"])
            let leader = try ServerProcess(
                data: folder + "/leader.json", ["--follower", "127.0.0.1:\(follower.server.port)"])
            try leader.connect().expect("SET k v\n", "OK\n")
            let client = try HTTPClient(port: follower.metricsPort)
            try waitUntil("the change on the follower") { try client.ask("/v1/keys/k").status == 200 }
            let refused = try client.put("/v1/keys/k", "w")
            #expect(refused.status == 503 && refused.headers["retry-after"] == "1")
            #expect(try problem(refused).name == "read-only")
            #expect(refused.body.contains("\"code\":\"READONLY\",\"leader\":\"127.0.0.1:\(leader.port)\""))
        }
    }
}

extension HTTPClient {
    func put(_ path: String, _ value: String, _ headers: [String] = []) throws -> HTTPAnswer {
        try ask(path, method: "PUT", headers: headers + ["Content-Length: \(value.utf8.count)"], body: value)
    }
}
