import Foundation
import TestSupport
import Testing

/// SIGHUP: a server reads its configuration again.
@Suite("Reloading")
struct ReloadTests {
    @Test("the log's level and format change, and the change is logged with its source")
    func log() throws {
        try withTemporaryFolder { folder in
            let reloaded = try Reloaded(in: folder, "logging:\n  level: info\n")
            try reloaded.reload(
                "logging:\n  format: json\n  level: info\n",
                until: "\"message\":\"Reloaded: logging.format is json (\(folder)/config.yaml:2)\"")
            // The message that the level changes is still logged.
            try reloaded.reload("logging:\n  level: warning\n", until: "INFO Reloaded: logging.level is warning")
            try reloaded.reload("logging:\n  level: debug\n", until: "INFO Reloaded: logging.level is debug")
            #expect(reloaded.server.count(of: "Reloaded: ") == 4, "format back to text was said as well")
            reloaded.server.stop()
        }
    }

    @Test("the memory limit changes, and what it refuses with it")
    func memory() throws {
        try withTemporaryFolder { folder in
            let reloaded = try Reloaded(in: folder, "memory:\n  max: 1G\n")
            let client = try reloaded.server.connect()
            let value = String(repeating: "v", count: 1 << 20)
            #expect(try client.ask("SET a \(value)") == "OK")
            try reloaded.reload("memory:\n  max: 1M\n", until: "Reloaded: memory.max is 1M")
            #expect(try reloaded.server.figure("memory_limit_bytes") == 1 << 20)
            #expect(try client.ask("SET b \(value)").hasPrefix("ERROR: Out of memory"))
            #expect(try client.ask("GET a") == value)
            try reloaded.reload("memory:\n  max: 0\n", until: "Reloaded: memory.max is 0")
            #expect(try reloaded.server.figure("memory_limit_bytes") == 0)
            #expect(try client.ask("SET b \(value)") == "OK")
            reloaded.server.stop()
        }
    }

    @Test("CONFIG SET changes what a reload can change, all of it or none, until the next reload")
    func command() throws {
        try withTemporaryFolder { folder in
            let reloaded = try Reloaded(in: folder, "memory:\n  max: 1G\n")
            let client = try reloaded.server.connect()
            #expect(try client.ask("CONFIG SET memory.max 2M slowlog.threshold 5ms") == "OK")
            try reloaded.server.waitForLog("Reloaded: memory.max is 2M (CONFIG SET)")
            #expect(try reloaded.server.figure("memory_limit_bytes") == 2 << 20)
            #expect(
                try client.ask("CONFIG SET memory.max 3M slowlog.threshold x").hasPrefix("ERROR: CONFIG SET failed"))
            #expect(try client.ask("CONFIG SET memory.max 3M server.port 1").hasSuffix("can't set immutable config"))
            #expect(try reloaded.server.figure("memory_limit_bytes") == 2 << 20)
            try client.expect(
                "CONFIG GET slowlog.threshold memory.max\n", "memory.max\n2M\nslowlog.threshold\n5ms\nEND\n")
            try reloaded.reload("memory:\n  max: 1G\n", until: "Reloaded: memory.max is 1G")
            try client.expect("CONFIG GET slowlog.threshold\n", "slowlog.threshold\n100ms\nEND\n")
            #expect(try client.ask("CONFIG SET maxmemory 8mb") == "OK")
            #expect(try reloaded.server.figure("memory_limit_bytes") == 8 << 20)
            reloaded.server.stop()
        }
    }

    @Test("followers come and go, and a restart has those of the file")
    func followers() throws {
        try withTemporaryFolder { folder in
            let follower = try Replica("follower", in: folder, ["--mode", "follower"]).start()
            let reloaded = try Reloaded(in: folder, "replication:\n  followers: []\n")
            let client = try reloaded.server.connect()
            #expect(try client.ask("SET a 1") == "OK")
            try reloaded.reload(
                "replication:\n  followers:\n    - \(follower.address)\n", until: "Reloaded: replication.followers is")
            try wait("the follower has it") { try follower.ask("GET a") == "1" }
            try reloaded.reload("replication:\n  followers: []\n", until: "Reloaded: replication.followers is none")
            #expect(try reloaded.server.figure("followers") == 0)
            #expect(try client.ask("SET a 2") == "OK")
            reloaded.server.stop()
            follower.stop()
        }
    }

    @Test("what needs a restart is named each time, and stays as it was")
    func restart() throws {
        try withTemporaryFolder { folder in
            let reloaded = try Reloaded(in: folder, "server:\n  durability: never\n", ["--max-clients", "50"])
            let changed = "# new\nserver:\n  durability: always\nlimits:\n  clients: 60\n"
            for _ in 0..<2 {
                try reloaded.reload(
                    changed,
                    until:
                        "WARNING Not reloaded: server.durability is always (\(folder)/config.yaml:3) after a restart; until then it is never"
                )
            }
            try wait("both are named") { reloaded.server.count(of: "after a restart") == 2 }
            #expect(try reloaded.server.stats()["durability"] == "never")
            #expect(!reloaded.server.log.contains("limits.clients"), "the flag comes before the file")
            reloaded.server.stop()
        }
    }

    @Test("if anything is wrong, or the file is gone, nothing changes, and the server continues")
    func wrong() throws {
        try withTemporaryFolder { folder in
            let reloaded = try Reloaded(in: folder, "memory:\n  max: 1G\n")
            try reloaded.reload(
                "memory:\n  max: 2G\nlogging:\n  level: inf\n", until: "The configuration was not reloaded")
            #expect(
                reloaded.server.log.contains(
                    "ERROR Not reloaded: \(folder)/config.yaml:4: logging.level cannot be 'inf'"))
            try FileManager.default.removeItem(atPath: folder + "/config.yaml")
            try reloaded.reload(nil, until: "config.yaml: cannot be read: No such file or directory")
            #expect(try reloaded.server.figure("memory_limit_bytes") == 1 << 30)
            try reloaded.reload("memory:\n  max: 1G\n", until: "Reloaded: nothing has changed")
            #expect(try reloaded.server.ask("SET a 1") == "OK")
            reloaded.server.stop()
        }
    }

    @Test("a slow file, or one with very many errors, makes no client wait")
    func slow() throws {
        try withTemporaryFolder { folder in
            let reloaded = try Reloaded(in: folder, "memory:\n  max: 1G\n")
            let path = folder + "/config.yaml"
            try FileManager.default.removeItem(atPath: path)
            try #require(unsafe mkfifo(path, 0o600) == 0)
            // The signal is handled, the file is being opened, and nobody writes into it: the server answers all the
            // same. A second signal asks for one more reading after this one.
            for _ in 0..<2 { reloaded.server.send(SIGHUP) }
            for number in 0..<20 { #expect(try reloaded.server.ask("SET a \(number)") == "OK") }
            let wrong = "server:\n" + (0..<16_000).map { "  k\($0): 1\n" }.joined()
            for (content, text) in [
                (wrong, "and 15980 more errors"), ("memory:\n  max: 2G\n", "Reloaded: memory.max is 2G"),
            ] {
                let writer = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
                try writer.write(contentsOf: Data(content.utf8))
                try writer.close()
                try reloaded.server.waitForLog(text)
                if content == wrong { reloaded.server.send(SIGHUP) }
            }
            #expect(reloaded.server.count(of: "ERROR Not reloaded: ") <= 21)
            #expect(try reloaded.server.figure("memory_limit_bytes") == 2 << 30)
            reloaded.server.stop()
        }
    }

    @Test("without a file the signal changes nothing, and ends nothing, even if it was blocked")
    func noFile() throws {
        try withTemporaryFolder { folder in
            let server = try Replica("server", in: folder, wrapper: ["nohup"]).start()
            server.send(SIGHUP)
            try server.waitForLog("Reloaded: nothing has changed")
            #expect(try server.ask("PING") == "PONG")
            server.stop()
        }
    }

    @Test("the slow log's threshold changes for later requests")
    func slowRequests() throws {
        try withTemporaryFolder { folder in
            let reloaded = try Reloaded(in: folder, "slowlog:\n  threshold: off\n")
            let client = try reloaded.server.connect()
            #expect(try client.ask("SET a 1") == "OK")
            #expect(reloaded.server.count(of: "Slow request") == 0)
            try reloaded.reload("slowlog:\n  threshold: 0\n", until: "Reloaded: slowlog.threshold is 0")
            #expect(try client.ask("SET a 2") == "OK")
            try reloaded.server.waitForLog("Slow request")
            reloaded.server.stop()
        }
    }

    @Test("timeouts and what is kept of the log change without a restart")
    func others() throws {
        try withTemporaryFolder { folder in
            let reloaded = try Reloaded(
                in: folder, "replication:\n  ack_timeout: 60s\n", ["--ack", "one", "--follower", "127.0.0.1:1"])
            try reloaded.reload(
                """
                replication: {ack_timeout: 1ms, timeout: 3s, adopt_history: true}
                storage: {compact_ratio: 0, compact_size: 1M, retain_size: 0, retain_age: 1h}
                """, until: "Reloaded: storage.retain_age is 1h")
            #expect(reloaded.server.count(of: "INFO Reloaded: ") == 7)
            // The test waits for as long as it takes, but not for a minute.
            #expect(try reloaded.server.ask("SET a 1").hasPrefix("ERROR"))
            reloaded.server.stop()
        }
    }
}
