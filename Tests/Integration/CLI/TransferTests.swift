import Foundation
import TestSupport
import Testing

/// Pairs from one place to another.
@Suite("puffin-cli: import and export")
struct TransferTests {
    @Test("what is exported is imported again, byte for byte")
    func roundTrip() throws {
        try withTool { tool, _ in
            let value: [UInt8] = Array(0...255)
            _ = try tool.run(["set", "bin", "-"], input: value)
            _ = try tool("mset", "greeting", "Hello, world!", "two words", "line one\nline two", "", "empty key")
            let export = try tool("export")
            #expect(export.exitCode == 0 && export.errors.hasPrefix("export: 4 pairs in "))
            let lines = Set(export.output.split(separator: "\n"))
            #expect(lines.contains("{\"key\":\"greeting\",\"value\":\"Hello, world!\"}"))
            #expect(lines.contains("{\"key\":\"two words\",\"value\":\"line one\\nline two\"}"))
            #expect(lines.count == 4 && lines.contains { $0.hasPrefix("{\"key\":\"bin\",\"value64\":\"AAEC") })

            let other = try ServerProcess(data: tool.folder + "/other.json")
            let second = CommandTool(folder: tool.folder, address: "127.0.0.1:\(other.port)")
            let imported = try second("import", "-", input: export.output)
            #expect(imported.exitCode == 0 && imported.errors.hasPrefix("standard input: 4 pairs in "))
            #expect(try Set(second("export").output.split(separator: "\n")) == lines)
            _ = try tool("set", "session", "x", "--pxat", "4102444800123")
            let session = try tool("export", "--match", "session").output
            #expect(session == "{\"key\":\"session\",\"value\":\"x\",\"expires\":4102444800123}\n")
            let past = "{\"key\":\"past\",\"value\":\"x\",\"expires\":1000}\n"
            #expect(try second("import", "-", input: session + past).exitCode == 0)
            #expect(try second("pexpiretime", "session") == CommandTool.Result(0, "4102444800123\n"))
            #expect(try second("exists", "past") == CommandTool.Result(0, "0\n"))
            let some = try tool("export", "--match", "g*")
            #expect(some.output == "{\"key\":\"greeting\",\"value\":\"Hello, world!\"}\n")
        }
    }

    @Test("invalid lines are named, and the others stored")
    func badLines() throws {
        try withTool { tool, _ in
            let name = try tool.file(
                "pairs.jsonl",
                """
                {"key":"a","value":"1"}
                {"key":"b"}

                {"key":"c","value":"3","expires":"soon"}
                nonsense
                {"value":"4","key":"d"}
                """)
            let found = try tool("import", name)
            #expect(found.exitCode == 2)
            let errors = found.errors.split(separator: "\n")
            #expect(errors[0] == "pairs.jsonl:2: There is no \"value\" (or \"value64\")")
            #expect(errors[1] == "pairs.jsonl:4: \"expires\" is not a time in Unix milliseconds")
            #expect(errors[2].hasPrefix("pairs.jsonl:5: The line is not a JSON object"))
            #expect(errors[3].hasPrefix("pairs.jsonl: 2 pairs, 3 errors in "))
            #expect(try tool("exists", "a", "b", "c", "d") == CommandTool.Result(0, "2\n"))
            #expect(try tool("flushall", "--yes").exitCode == 0)
            #expect(try tool("import", name, "--stop-on-error").exitCode == 2)
            #expect(try tool("keys") == CommandTool.Result(0, "a\n"))
        }
    }

    @Test(
        "Redis' strings are imported, with the time when they expire; other types are counted and named",
        .enabled(if: PeerProgram.areThere("redis-server", "redis-cli")))
    func fromRedis() throws {
        try withTool { tool, _ in
            let redis = try RedisProcess(folder: tool.folder)
            let fill = """
                for i in $(seq 3000); do echo "SET n:$i v$i"; done | redis-cli -p \(redis.port) > /dev/null
                redis-cli -p \(redis.port) hset h a 1
                redis-cli -p \(redis.port) lpush l a
                redis-cli -p \(redis.port) set soon x exat 4102444800
                """
            _ = try ChildProcess.run(["sh", "-c", fill])
            let found = try tool("import", "--from-redis", "127.0.0.1:\(redis.port)")
            #expect(found.exitCode == 1)
            #expect(found.errors.contains("import from 127.0.0.1:\(redis.port): 3,001 pairs in "))
            #expect(found.errors.contains("Skipped, because they are not strings: 1 hash, 1 list: "))
            #expect(try tool("get", "n:1234") == CommandTool.Result(0, "v1234\n"))
            #expect(try tool("expiretime", "soon") == CommandTool.Result(0, "4102444800\n"))
            #expect(try tool("ttl", "n:1") == CommandTool.Result(0, "-1\n"))
        }
    }

    @Test(
        "as RESP an export is what redis-cli --pipe takes",
        .enabled(if: PeerProgram.areThere("redis-server", "redis-cli")))
    func toRedis() throws {
        try withTool { tool, _ in
            let redis = try RedisProcess(folder: tool.folder)
            _ = try tool("mset", "a", "1", "two words", "line one\nline two")
            _ = try tool("set", "session", "x", "--pxat", "4102444800123")
            let program = ChildProcess.program("puffin-cli")
            let pipe = try ChildProcess.run([
                "sh", "-c",
                "\(program) -addr \(tool.address) export --format resp | redis-cli -p \(redis.port) --pipe",
            ])
            #expect(pipe.output.contains("errors: 0, replies: 3"), "\(pipe.output)")
            let time = try ChildProcess.run(["redis-cli", "-p", "\(redis.port)", "pexpiretime", "session"]).output
            #expect(time == "4102444800123\n")
            let value = try ChildProcess.run(["redis-cli", "-p", "\(redis.port)", "get", "two words"]).output
            #expect(value == "line one\nline two\n")
        }
    }

    @Test("a missing server is named, whichever it is")
    func nobody() throws {
        try withTool { tool, server in
            let nobody = "127.0.0.1:\(freePort())"
            let source = try tool("import", "--from-redis", nobody)
            #expect(source.exitCode == 2 && source.isOneLine && source.errors.contains("cannot connect to \(nobody)"))
            let itself = try tool("import", "--from-redis", tool.address)
            #expect(itself.exitCode == 2 && itself.isOneLine && itself.errors.contains("into itself"))
        }
    }
}
