import Foundation
import TestSupport
import Testing

/// What /healthz and /readyz answer, and when.
@Suite("Health and readiness")
struct HealthTests {
    @Test("a leader that serves is well and ready, whatever is asked for")
    func ready() throws {
        try withTemporaryFolder { folder in
            let server = try WatchedServer(data: folder + "/puffin.json")
            for path in ["/healthz", "/readyz", "/readyz?for=reads", "/readyz?for=all"] {
                let answer = try server.get(path)
                #expect(answer.status == 200 && answer.body == "ok\n", "\(path)")
            }
            let wrong = try server.get("/readyz?for=writes")
            #expect(wrong.status == 400 && wrong.body == "for=writes is not known; there are for=reads and for=all\n")
        }
    }

    @Test("a full disk makes a server unready until it passes, except for reads, and it stays healthy")
    func fullDisk() throws {
        try withTemporaryFolder { folder in
            let server = try WatchedThread(data: folder + "/puffin.json")
            defer { server.stop() }
            let client = try server.connect()
            #expect(try client.ask("SET a 1") == "OK")
            server.disk.fill()
            // Space that was reserved beforehand lasts for a while.
            let value = String(repeating: "v", count: 256 << 10)
            var replies = 0
            try client.send("SET a \(value)\n")
            replies += 1
            try waitUntil("a full disk") {
                if try server.samples()["puffin_disk_full"] == 1 { return true }
                if replies < 400 {
                    try client.send("SET a \(value)\n")
                    replies += 1
                }
                return false
            }
            let answer = try server.get("/readyz")
            #expect(answer.status == 503 && answer.body.hasPrefix("Disk full: "), "\(answer.body)")
            #expect(try server.get("/readyz?for=reads").status == 200)
            #expect(try server.get("/healthz").status == 200)
            let page = try server.samples()
            #expect(page["puffin_ready"] == 0 && page["puffin_writable"] == 0)
            server.disk.mend()
            try waitUntil("space") { try server.get("/readyz").status == 200 }
            for _ in 0..<replies { _ = try client.receiveLine() }
        }
    }

    @Test("while data is loaded a server is healthy and not ready, and reports progress")
    func loading() throws {
        try withTemporaryFolder { folder in
            let data = folder + "/puffin.json"
            let first = try ServerProcess(data: data, ["--durability", "never"])
            let client = try first.connect()
            for batch in 0..<50 {
                try client.send((0..<2_000).map { "SET key:\(batch * 2_000 + $0) value\n" }.joined())
                _ = try client.receive(exactly: 2_000 * 3)
            }
            #expect(first.stop() == 0)
            let port = lastingPort()
            let process = try ChildProcess([
                ChildProcess.program("puffin-server"), "--port", "0", "--data", data, "--metrics", "--metrics-port",
                "\(port)",
            ])
            #expect(process.waitForOutput(containing: "Metrics on"))
            let asked = try HTTPClient(port: port)
            let answer = try asked.ask("/readyz")
            // It takes some hundred turns; if the machine stopped in between it may be over.
            if answer.status == 503 {
                #expect(answer.body.wholeMatch(of: /loading: [0-9]+ %(, about [0-9]+ s)?\n/) != nil, "\(answer.body)")
            }
            #expect(try asked.ask("/healthz").status == 200)
            try waitUntil("the data") { try asked.ask("/readyz").status == 200 }
            #expect(parsedSamples(try asked.ask("/metrics").body)["puffin_pairs"] == 100_000)
            process.send(SIGTERM)
            #expect(process.wait() == 0)
        }
    }

    @Test("a follower is ready once it has what its leader has, and no longer when that is gone, but for reads")
    func follower() throws {
        try withTemporaryFolder { folder in
            let follower = try WatchedServer(data: folder + "/follower.json", ["--mode", "follower"])
            let alone = try follower.get("/readyz")
            #expect(alone.status == 503 && alone.body == "follower without a leader\n")
            #expect(try follower.get("/readyz?for=reads").status == 200)
            let leader = try WatchedServer(
                data: folder + "/leader.json", ["--follower", "127.0.0.1:\(follower.server.port)"])
            #expect(try leader.server.connect().ask("SET a 1") == "OK")
            try waitUntil("readiness") { try follower.get("/readyz").status == 200 }
            leader.server.kill()
            try waitUntil("that the leader is missed") { try follower.get("/readyz").status == 503 }
            try waitUntil("its reason") {
                try follower.get("/readyz").body.wholeMatch(
                    of: /follower without a leader; what is here is [0-9]+ s old\n/) != nil
            }
            #expect(try follower.get("/healthz").status == 200)
            #expect(try follower.get("/readyz?for=reads").body == "ok\n")
        }
    }
}
