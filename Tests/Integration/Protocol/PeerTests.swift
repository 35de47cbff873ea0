import Foundation
import TestSupport
import Testing

/// Existing programs.
@Suite(.serialized)
struct PeerTests {
    private func withServer(_ body: (ServerProcess, String) throws -> Void) throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json", ["--max-memory", "0"])
            try body(server, folder)
            #expect(server.stop() == 0)
        }
    }

    @Test("nc -N sends a session and prints every reply", .enabled(if: PeerProgram.areThere("nc")))
    func netcat() throws {
        try withServer { server, folder in
            let session =
                "SET greeting Hello, world!\nGET greeting\nDELETE greeting\nGET greeting\nDELETE greeting\nSET\nFROB x"
            try (session + "\n").write(toFile: folder + "/session", atomically: true, encoding: .utf8)
            let nc = try ChildProcess.run(["nc", "-N", "127.0.0.1", "\(server.port)"], input: folder + "/session")
            #expect(nc.exitCode == 0)
            #expect(
                nc.output == """
                    OK
                    Hello, world!
                    OK
                    ERROR: Key not found
                    ERROR: Key not found
                    ERROR: SET needs a key and a value: SET <key> <value>
                    ERROR: Unknown command "FROB" (try HELP)

                    """)
        }
    }

    @Test(
        "redis-cli runs one command at a time, in RESP2 and RESP3", .enabled(if: PeerProgram.areThere("redis-cli")),
        arguments: ["-2", "-3"])
    func redisCLI(version: String) throws {
        try withServer { server, _ in
            for (words, reply) in Self.oneShot + (version == "-3" ? Self.oneShot3 : Self.oneShot2) {
                let cli = try ChildProcess.run(["redis-cli", version, "-p", "\(server.port)", "--no-raw"] + words)
                #expect(cli.output == reply, "\(words)")
            }
        }
    }

    private static let oneShot = [
        (["PING"], "PONG\n"), (["SET", "two words", "Hello, world!"], "OK\n"),
        (["GET", "two words"], "\"Hello, world!\"\n"), (["GET", "missing"], "(nil)\n"),
        (["MSET", "a", "1", "b", "2"], "OK\n"), (["MGET", "a", "b", "c"], "1) \"1\"\n2) \"2\"\n3) (nil)\n"),
        (["DEL", "a", "b", "c"], "(integer) 2\n"), (["KEYS", "*"], "1) \"two words\"\n"),
        (["FROB"], "(error) ERR unknown command 'FROB', with args beginning with: \n"),
        (["GET"], "(error) ERR wrong number of arguments for 'get' command\n"),
        (["--scan"], "\"two words\"\n"),
    ]
    private static let oneShot2 = [(["CONFIG", "GET", "maxmemory"], "1) \"maxmemory\"\n2) \"0\"\n")]
    private static let oneShot3 = [(["CONFIG", "GET", "maxmemory"], "1# \"maxmemory\" => \"0\"\n")]

    @Test(
        "redis-cli runs a file of commands, and its mass insertion ends without errors",
        .enabled(if: PeerProgram.areThere("redis-cli")))
    func redisCLIFiles() throws {
        try withServer { server, folder in
            try "SET a 1\nGET a\nDEL a\n".write(toFile: folder + "/commands", atomically: true, encoding: .utf8)
            let commands = try ChildProcess.run(["redis-cli", "-p", "\(server.port)"], input: folder + "/commands")
            #expect(commands.output == "OK\n1\n1\n")
            try (0..<1000).map { resp("SET", "key:\($0)", "value") }.joined()
                .write(toFile: folder + "/pipe", atomically: true, encoding: .utf8)
            let pipe = try ChildProcess.run(["redis-cli", "-p", "\(server.port)", "--pipe"], input: folder + "/pipe")
            #expect(pipe.exitCode == 0)
            #expect(pipe.output.hasSuffix("errors: 0, replies: 1000\n"))
        }
    }

    @Test(
        "redis-benchmark runs to its end without an error", .enabled(if: PeerProgram.areThere("redis-benchmark")),
        arguments: [["-P", "16"], ["-3", "-d", "1000"]])
    func benchmark(options: [String]) throws {
        try withServer { server, _ in
            let benchmark = try ChildProcess.run(
                ["redis-benchmark", "-p", "\(server.port)", "-t", "set,get", "-n", "20000", "-r", "1000", "-q"]
                    + options)
            #expect(benchmark.exitCode == 0)
            #expect(
                !benchmark.output.lowercased().contains("error") && !benchmark.output.contains("WARN"),
                "\(benchmark.output)")
            #expect(benchmark.output.contains("SET: ") && benchmark.output.contains("GET: "))
        }
    }

    private static let script = """
        import sys, redis
        r = redis.Redis(port=int(sys.argv[1]), protocol=int(sys.argv[2]), decode_responses=True)
        assert r.ping() is True
        assert r.set("key", "value") is True and r.get("key") == "value"
        assert r.get("missing") is None and r.exists("key", "missing") == 1
        assert r.delete("key", "missing") == 1 and r["a"] if r.set("a", "b") else False
        assert r.mset({"m:%d" % i: i for i in range(500)}) is True
        assert r.mget("m:1", "missing", "m:2") == ["1", None, "2"]
        assert sorted(r.scan_iter("m:*", count=7)) == sorted("m:%d" % i for i in range(500))
        assert len(r.keys("m:*")) == 500 and r.dbsize() == 501
        with r.pipeline(transaction=False) as p:
            for i in range(1000): p.set("p", i).get("p")
            replies = p.execute()
        assert replies == [x for i in range(1000) for x in (True, str(i))], replies[:10]
        try: r.execute_command("FROB", "x")
        except redis.ResponseError as e: assert str(e).startswith("unknown command 'FROB'"), e
        else: assert False
        assert r.info()["redis_version"] == "7.0.15" and r.info("keyspace")["db0"]["keys"] == 502
        assert r.config_get("maxmemory") == {"maxmemory": "0"} and r.client_getname() is None
        assert r.client_id() > 0 and len(r.time()) == 2
        assert "get" in r.command() and r.command_count() > 10
        raw = redis.Redis(port=int(sys.argv[1]), protocol=int(sys.argv[2]))
        assert raw.set(b"\\xff\\x00", bytes(range(256))) and raw.get(b"\\xff\\x00") == bytes(range(256))
        assert r.flushall() is True and r.dbsize() == 0
        print("done")
        """

    @Test(
        "redis-py sets, gets, deletes, pipelines and scans, with either protocol", .enabled(if: PeerProgram.hasRedisPy),
        arguments: ["2", "3"])
    func redisPy(version: String) throws {
        let python = try #require(PeerProgram.path(of: "python"))
        try withServer { server, _ in
            let script = try ChildProcess.run([python, "-c", Self.script, "\(server.port)", version])
            #expect(script.output == "done\n")
            #expect(script.exitCode == 0)
        }
    }
}

/// Locks of libraries.
struct LockTests {
    private static let script = """
        import sys, redis
        from redis.exceptions import LockError, LockNotOwnedError
        r = redis.Redis(port=int(sys.argv[1]), decode_responses=True)
        first, second = r.lock("name", timeout=100), r.lock("name", timeout=100)
        assert first.acquire() and first.owned() and first.locked()
        assert not second.acquire(blocking=False) and not second.owned()
        assert first.extend(50) and 149 <= r.ttl("name") <= 150, r.ttl("name")
        assert first.extend(200, replace_ttl=True) and 199 <= r.ttl("name") <= 200, r.ttl("name")
        assert first.reacquire() and 99 <= r.ttl("name") <= 100, r.ttl("name")
        r.set("name", "somebody else's")
        for change in (first.reacquire, lambda: first.extend(1), first.release):
            try: change()
            except LockNotOwnedError: pass
            else: assert False
        assert r.get("name") == "somebody else's" and r.delete("name") == 1
        with r.lock("name", timeout=100): assert second.locked() and not second.acquire(blocking_timeout=0.01)
        assert second.acquire(blocking=False) and r.script_flush() and second.release() is None
        assert not r.exists("name")
        untimed = r.lock("name")
        assert untimed.acquire() and r.ttl("name") == -1 and untimed.release() is None
        print("done")
        """

    @Test("redis-py's locks are taken, extended, reacquired and released", .enabled(if: PeerProgram.hasRedisPy))
    func redisPy() throws {
        let python = try #require(PeerProgram.path(of: "python"))
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json")
            let script = try ChildProcess.run([python, "-c", Self.script, "\(server.port)"])
            #expect(script.output == "done\n" && script.exitCode == 0, "\(script.output)")
        }
    }
}

extension PeerProgram {
    /// Whether the project's own Python environment, which has redis-py, is there.
    fileprivate static var hasRedisPy: Bool {
        areThere("python") && path(of: "python")?.hasPrefix(".venv/") == true
    }
}
