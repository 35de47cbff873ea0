import Foundation
import TestSupport
import Testing

/// /v1/status and what belongs to it, of real servers.
@Suite("Status")
struct StatusTests {
    private typealias JSON = [String: Any]

    private func json(_ server: WatchedServer, _ path: String = "/v1/status") throws -> JSON {
        let answer = try server.get(path)
        guard answer.status == 200 else { throw WireError(description: "\(path): \(answer.status) \(answer.body)") }
        return try #require(try JSONSerialization.jsonObject(with: Data(answer.body.utf8)) as? JSON)
    }

    private func part(_ json: JSON, _ name: String) -> JSON { json[name] as? JSON ?? [:] }

    @Test("says what a person asks first, with the figures of the test; /status is the same")
    func first() throws {
        try withTemporaryFolder { folder in
            let server = try WatchedServer(data: folder + "/puffin.json", ["--console-label", "staging"])
            let client = try server.server.connect()
            for index in 0..<5 { #expect(try client.ask("SET k\(index) v") == "OK") }
            let status = try json(server)
            let state = part(status, "state")
            #expect(state["sentence"] as? String == "Leader, ready, durable always, no followers")
            #expect(state["level"] as? String == "ready" && state["advice"] is NSNull)
            #expect(status["role"] as? String == "leader" && status["ready"] as? Bool == true)
            #expect(status["label"] as? String == "staging")
            #expect(part(status, "data")["pairs"] as? Int == 5 && part(status, "durability")["durable"] as? Int == 5)
            #expect(part(status, "clients")["connected"] as? Int == 1)
            #expect(part(status, "server")["address"] as? String == "127.0.0.1:\(server.server.port)")
            let disk = part(status, "disk")
            #expect(disk["size_bytes"] as? Int ?? 0 > disk["free_bytes"] as? Int ?? 0)
            #expect(status["recent"] == nil)
            let routes = try #require(status["routes"] as? [String])
            #expect(routes.contains("/v1/status") && routes.contains("/"))
            #expect(Set(try json(server, "/status").keys) == Set(status.keys))
        }
    }

    @Test("keeps a sample a second, gives those that are asked for, and they are what clients did")
    func samples() throws {
        try withTemporaryFolder { folder in
            let server = try WatchedServer(data: folder + "/puffin.json")
            let client = try server.server.connect()
            var next = 0
            var changes = 0
            var rows: [[Any]] = []
            // What happens before the first sample has no rate; a busy machine's second is longer, and its rates are lower.
            try waitUntil("the samples of these changes") {
                #expect(try client.ask("SET k v") == "OK")
                let recent = part(try json(server, "/v1/status?since=\(next)"), "recent")
                let first = try #require(recent["first"] as? Int)
                #expect(first == next)
                let fresh = try #require(recent["rows"] as? [[Any]])
                next = try #require(recent["next"] as? Int)
                #expect(fresh.count == next - first)
                rows += fresh
                changes = rows.reduce(0) { $0 + ($1[0] as? Int ?? 0) }
                return changes > 0 && next >= 2
            }
            let all = part(try json(server, "/v1/status?since=0"), "recent")
            #expect((all["figures"] as? [String])?.count == 10)
            #expect((all["rows"] as? [[Any]])?.allSatisfy { $0.count == 10 } == true)
            let busy = try #require(rows.first { $0[0] as? Int ?? 0 > 0 })
            #expect(busy[3] as? Int ?? 0 > 0 && busy[4] as? Int ?? 0 > 0 && busy[7] as? Int ?? 0 > 0)
            #expect(busy[5] is NSNull && busy[9] is NSNull)
            // A number of a server that has taken fewer samples gives none.
            let beyond = part(try json(server, "/v1/status?since=9999999"), "recent")
            #expect((beyond["rows"] as? [[Any]])?.isEmpty == true)
        }
    }

    @Test("what is not understood in the query is refused with what was expected")
    func query() throws {
        try withTemporaryFolder { folder in
            let server = try WatchedServer(data: folder + "/puffin.json")
            for value in ["", "x", "-1", "1.5", "99999999999999999999"] {
                let answer = try server.get("/v1/status?since=\(value)")
                #expect(answer.status == 400 && answer.body.contains("expected a number from 0 on"), "\(answer.body)")
            }
            for path in ["/v1/status?sine=3", "/v1/status/slow?since=3", "/v1/status/settings?x"] {
                let unknown = try server.get(path)
                #expect(unknown.status == 400, "\(path): \(unknown.body)")
            }
        }
    }

    @Test("leader and follower name each other, and how far they are apart")
    func replication() throws {
        try withTemporaryFolder { folder in
            let follower = try WatchedServer(data: folder + "/follower.json", ["--mode", "follower"])
            let alone = part(try json(follower), "state")
            #expect(
                alone["sentence"] as? String == "Follower, without a leader" && alone["level"] as? String == "trouble")
            #expect((alone["advice"] as? String)?.contains("PROMOTE") == true)
            let address = "127.0.0.1:\(follower.server.port)"
            let leader = try WatchedServer(data: folder + "/leader.json", ["--follower", address])
            #expect(try leader.server.connect().ask("SET a 1") == "OK")
            try waitUntil("a follower that has it") {
                let followers = part(try json(leader), "replication")["followers"] as? [JSON] ?? []
                return followers.first?["acknowledged"] as? Int == 1
                    && followers.first?["address"] as? String == address
            }
            try waitUntil("its leader") {
                let status = try json(follower)
                let sentence = part(status, "state")["sentence"] as? String ?? ""
                return part(part(status, "replication"), "leader")["behind_changes"] as? Int == 0
                    && sentence.hasPrefix("Follower of 127.0.0.1:\(leader.server.port), ready, durable always")
            }
            follower.server.kill()
            try waitUntil("that it is missed") {
                let state = part(try json(leader), "state")
                let notes = state["notes"] as? [JSON] ?? []
                return notes.first?["text"] as? String == "Not connected: \(address)"
            }
        }
    }

    @Test("slow requests come with their phases, and never with a value")
    func slow() throws {
        try withTemporaryFolder { folder in
            let server = try WatchedServer(data: folder + "/puffin.json", ["--slow-log-threshold", "0s"])
            try server.server.connect().expect("SET \"<b>\" secret\nGET \"<b>\"\n", "OK\nsecret\n")
            let answer = try server.get("/v1/status/slow")
            #expect(!answer.body.contains("secret"))
            let slow = try json(server, "/v1/status/slow")
            #expect(slow["threshold_nanoseconds"] as? Int == 0 && slow["total"] as? Int ?? 0 >= 1)
            let requests = try #require(slow["requests"] as? [JSON])
            let change = try #require(requests.first { $0["command"] as? String == "SET" })
            #expect(change["key"] as? String == "<b>" && change["disk"] as? Int ?? 0 > 0)
            let phases = ["queue", "run", "disk", "replica", "send"].map { change[$0] as? Int ?? -1 }
            #expect(phases.allSatisfy { $0 >= 0 } && phases.reduce(0, +) == change["total"] as? Int)
        }
    }

    @Test("settings are shown with their origin, and secrets never")
    func settings() throws {
        try withTemporaryFolder { folder in
            let server = try WatchedServer(data: folder + "/puffin.json", ["--max-clients", "77"])
            let all = try #require(try json(server, "/v1/status/settings")["settings"] as? [JSON])
            let named = Dictionary(uniqueKeysWithValues: all.map { ($0["name"] as? String ?? "", $0) })
            let clients = try #require(named["limits.clients"])
            #expect(clients["value"] as? String == "77" && clients["default"] as? String == "10000")
            #expect(clients["origin"] as? String == "flag --max-clients" && clients["is_default"] as? Bool == false)
            #expect(named["auth.password"]?["value"] as? String == "none")
            #expect(all.allSatisfy { ($0["help"] as? String)?.isEmpty == false })
        }
    }

    @Test("where users log in, status takes a login, and no secret is in what it shows; the console's files take none")
    func secured() throws {
        try withTemporaryFolder { folder in
            try "correct horse".write(toFile: folder + "/password", atomically: true, encoding: .utf8)
            let server = try ServerProcess(
                data: folder + "/puffin.json", ["--metrics", "--metrics-port", "0"],
                wrapper: ["/usr/bin/env", "PUFFIN_AUTH_PASSWORD_FILE=\(folder)/password"])
            let port = try #require(WatchedServer.port(in: server.log))
            let login = "Authorization: Basic \(Data("default:correct horse".utf8).base64EncodedString())"
            for path in ["/v1/status", "/status", "/v1/status/slow", "/v1/status/settings"] {
                let refused = try httpGet(path, port: port)
                #expect(refused.status == 401 && !refused.body.contains("sentence"), "\(path)")
                let answer = try HTTPClient(port: port).ask(path, headers: [login])
                #expect(answer.status == 200 && !answer.body.contains("correct horse"), "\(path)")
                #expect(!path.hasSuffix("settings") || answer.body.contains(#""auth.password","value":"***""#))
            }
            #expect(try httpGet("/", port: port).status == 200)
        }
    }

    @Test("the console's files are whole, small, and loaded from nowhere else")
    func assets() throws {
        try withTemporaryFolder { folder in
            let server = try WatchedServer(data: folder + "/puffin.json")
            let files = "Sources/CAssets/files/"
            var size = 0
            let paths = [
                "/": "index.html", "/assets/chart.js": "chart.js", "/assets/console.js": "console.js",
                "/assets/keys.js": "keys.js", "/assets/lists.js": "lists.js",
                "/assets/log.js": "log.js", "/assets/page.js": "page.js",
                "/assets/puffin.svg": "puffin.svg", "/assets/style.css": "style.css",
            ]
            for (path, name) in paths {
                let answer = try server.get(path)
                let file = try Project.text(files + name)
                #expect(answer.status == 200 && answer.body == file, "\(path)")
                let policy = answer.headers["content-security-policy"] ?? ""
                #expect(policy.hasPrefix("default-src 'none'; ") && !policy.contains("unsafe"), "\(path): \(policy)")
                size += answer.body.utf8.count
                // The namespace of SVG is a name; nothing is loaded from there.
                let text = answer.body.replacing("http://www.w3.org/2000/svg", with: "")
                #expect(!text.contains("http://") && !text.contains("https://"), "\(name)")
            }
            #expect(size <= 90 << 10)
            #expect(try server.get("/assets/index.html").status == 404)
            let names = try FileManager.default.contentsOfDirectory(
                atPath: Project.root.appendingPathComponent(files).path)
            #expect(Set(names) == Set(paths.values))
        }
    }
}
