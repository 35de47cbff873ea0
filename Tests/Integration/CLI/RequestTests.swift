import Foundation
import TestSupport
import Testing

/// Single requests from the command line.
@Suite("puffin-cli: requests and formats")
struct RequestTests {
    @Test("every spelling of the first README does what it says")
    func spellings() throws {
        try withTool { (tool, _) throws in
            let address = tool.address
            #expect(try tool("set", "mykey", "Hello, Puffin!") == CommandTool.Result(0, "OK\n"))
            #expect(try tool("get", "mykey") == CommandTool.Result(0, "Hello, Puffin!\n"))
            #expect(try tool("delete", "mykey") == CommandTool.Result(0, "OK\n"))
            for dash in ["-", "--"] {
                let addr = ["\(dash)addr", address]
                #expect(
                    try tool.run(addr + ["\(dash)cmd", "set", "\(dash)key", "foo", "\(dash)value", "bar"])
                        == CommandTool.Result(0, "OK\n"))
                #expect(
                    try tool.run(addr + ["\(dash)cmd", "get", "\(dash)key", "foo"]) == CommandTool.Result(0, "bar\n"))
                #expect(
                    try tool.run(addr + ["\(dash)cmd", "get", "\(dash)key", "foo", "\(dash)format", "json"])
                        == CommandTool.Result(0, "{\"ok\":true,\"key\":\"foo\",\"value\":\"bar\"}\n"))
                #expect(try tool.run(addr + ["get", "foo"]) == CommandTool.Result(0, "bar\n"))
                #expect(try tool.run(["get", "foo"] + addr) == CommandTool.Result(0, "bar\n"))
                #expect(
                    try tool.run(addr + ["\(dash)cmd", "delete", "\(dash)key", "foo"]) == CommandTool.Result(0, "OK\n"))
                #expect(try tool.run(addr + ["get", "foo"]) == CommandTool.Result(1, "", "ERROR: Key not found\n"))
            }
        }
    }

    @Test("any command of the server works, in any case, and an unknown one is sent unchanged")
    func anyCommand() throws {
        try withTool { tool, _ in
            #expect(try tool("MSET", "a", "1", "b", "2") == CommandTool.Result(0, "OK\n"))
            #expect(try tool("mget", "a", "nope", "b") == CommandTool.Result(0, "1\nERROR: Key not found\n2\n"))
            #expect(try tool("exists", "a", "b", "c") == CommandTool.Result(0, "2\n"))
            #expect(try tool("keys").output.split(separator: "\n").sorted() == ["a", "b"])
            #expect(try tool("keys", "a*") == CommandTool.Result(0, "a\n"))
            #expect(try tool("set", "t", "-5") == CommandTool.Result(0, "OK\n"))
            #expect(try tool("get", "t") == CommandTool.Result(0, "-5\n"))
            #expect(try tool("delete", "a", "b", "c") == CommandTool.Result(0, "2\n"))
            #expect(try tool("after", "1", "get", "t") == CommandTool.Result(0, "-5\n"))
            #expect(try tool("wait", "0", "10") == CommandTool.Result(0, "0\n"))
            #expect(try tool("-cmd", "count") == CommandTool.Result(0, "1\n"))
            let unknown = try tool("frobnicate", "x", "-1")
            #expect(unknown.exitCode == 1 && unknown.isOneLine)
            #expect(unknown.errors.hasPrefix("ERROR: unknown command 'frobnicate', with args beginning with: 'x' '-1'"))
            let near = try tool("gte", "x")
            #expect(near.exitCode == 1 && near.errors.hasSuffix("; did you mean get?\n"), "\(near)")
        }
    }

    @Test("values of any bytes come from files and standard input, and go out raw")
    func bytes() throws {
        try withTool { tool, server in
            let bytes: [UInt8] = Array(0...255)
            try Data(bytes).write(to: URL(fileURLWithPath: tool.folder + "/value"))
            #expect(try tool("set", "k", "--value-file", "value") == CommandTool.Result(0, "OK\n"))
            #expect(try tool.run(["set", "l", "-"], input: bytes) == CommandTool.Result(0, "OK\n"))
            #expect(
                try tool.run(["-cmd", "set", "-key", "m", "-value", "-"], input: bytes) == CommandTool.Result(0, "OK\n")
            )
            for key in ["k", "l", "m"] {
                let output = tool.folder + "/output"
                let program = ChildProcess.program("puffin-cli")
                let get = "\(program) -addr \(tool.address) -format raw get \(key) > \(output)"
                #expect(try ChildProcess.run(["sh", "-c", get]).exitCode == 0)
                #expect(try [UInt8](Data(contentsOf: URL(fileURLWithPath: output))) == bytes)
            }
            #expect(try tool("set", "d", "--", "-") == CommandTool.Result(0, "OK\n"))
            #expect(try tool("get", "d", "-format", "raw") == CommandTool.Result(0, "-"))
            #expect(
                try tool("get", "k", "-format", "json").output.hasPrefix(
                    "{\"ok\":true,\"key\":\"k\",\"value64\":\"AAEC"))
        }
    }

    @Test("in JSON a change has a number for AFTER, and an error is an object too")
    func json() throws {
        try withTool { tool, _ in
            #expect(
                try tool("set", "a", "1", "-format", "json")
                    == CommandTool.Result(0, "{\"ok\":true,\"key\":\"a\",\"seq\":1}\n"))
            #expect(
                try tool("-format", "json", "delete", "b")
                    == CommandTool.Result(1, "{\"ok\":false,\"key\":\"b\",\"error\":\"Key not found\"}\n"))
            #expect(try tool("-format", "json", "count") == CommandTool.Result(0, "{\"ok\":true,\"value\":1}\n"))
            let stats = try tool("stats", "-format", "json").output
            #expect(stats.hasPrefix("{\"ok\":true,\"value\":{\"version\":\"") && stats.contains("\"pairs\":1,"))
        }
    }

    @Test("removing everything shows how much, and a script needs --yes")
    func safety() throws {
        try withTool { tool, server in
            _ = try tool("mset", "a", "1", "b", "2")
            for arguments in [["flushall"], ["FLUSHDB"], ["-cmd", "flushall"], ["send", "flushall"]] {
                let refused = try tool.run(arguments)
                #expect(refused.exitCode == 2 && refused.isOneLine, "\(refused)")
                #expect(refused.errors.contains("removes all 2 pairs at \(tool.address); a script needs --yes"))
            }
            #expect(try tool("count") == CommandTool.Result(0, "2\n"))
            #expect(try tool("flushall", "--yes") == CommandTool.Result(0, "OK\n"))
            #expect(try tool("count") == CommandTool.Result(0, "0\n"))
        }
    }

    @Test("keys are deleted by pattern, after their number was shown")
    func pattern() throws {
        try withTool { tool, _ in
            let lines = (0..<3000).map { "SET user:\($0) v\n" }.joined() + "SET other v\n"
            _ = try tool("-file", "-", input: lines)
            let refused = try tool("delete", "--match", "user:*")
            #expect(refused.exitCode == 2 && refused.isOneLine)
            #expect(
                refused.errors.contains(
                    "delete removes 3,000 keys that match user:* at \(tool.address); a script needs --yes"))
            #expect(try tool("delete", "--match", "user:1?", "--yes") == CommandTool.Result(0, "10\n"))
            #expect(
                try tool("delete", "--match", "user:*", "--yes", "--format", "json")
                    == CommandTool.Result(0, "{\"ok\":true,\"value\":2990}\n"))
            #expect(try tool("keys") == CommandTool.Result(0, "other\n"))
            #expect(try tool("delete", "--match", "none*") == CommandTool.Result(0, "0\n"))
        }
    }

    @Test("on a terminal it asks for confirmation")
    func question() throws {
        try withTool { tool, _ in
            _ = try tool("set", "a", "1")
            for (answer, last, code, count) in [("n", "Nothing was removed.", 1, "1"), ("y", "OK", 0, "0")] {
                let terminal = try TerminalProcess(
                    [ChildProcess.program("puffin-cli"), "flushall"], environment: ["PUFFIN_ADDR": tool.address])
                #expect(terminal.expect("flushall removes the 1 pair at \(tool.address). Continue? [y/N] "))
                terminal.type(answer + "\r")
                #expect(terminal.expect(last), "\(terminal.screen)")
                #expect(terminal.wait() == code)
                #expect(try tool("count").output == count + "\n")
            }
        }
    }

    @Test("roles are objects with names in JSON")
    func roles() throws {
        try withTool { tool, _ in
            #expect(
                try tool("role", "--format", "json").output
                    == "{\"ok\":true,\"value\":{\"role\":\"leader\",\"seq\":0,\"followers\":[]}}\n")
            #expect(try tool("demote", "--format", "json") == CommandTool.Result(0, "{\"ok\":true}\n"))
            #expect(
                try tool("role", "--format", "json").output
                    == "{\"ok\":true,\"value\":{\"role\":\"follower\",\"leader\":null,\"link\":\"connect\",\"seq\":0}}\n"
            )
            let refused = try tool("set", "a", "1", "--format", "json")
            #expect(refused.exitCode == 1 && refused.output.hasSuffix("\"code\":\"READONLY\"}\n"))
        }
    }

    @Test("ping --wait waits for a server that is being started, and says why it gave up")
    func ping() throws {
        try withTemporaryFolder { folder in
            let port = lastingPort()
            let tool = CommandTool(folder: folder, address: "127.0.0.1:\(port)")
            let late = try tool("ping", "--wait", "100ms")
            #expect(late.exitCode == 2 && late.isOneLine)
            #expect(late.errors.contains("127.0.0.1:\(port) was not ready within 100ms: Connection refused"))
            let waiting = try ChildProcess([
                ChildProcess.program("puffin-cli"), "-addr", tool.address, "ping", "--wait", "60s",
            ])
            let server = try ServerProcess(arguments: ["--port", "\(port)", "--data", folder + "/puffin.json"])
            #expect(waiting.wait() == 0 && waiting.output == "PONG\n")
            #expect(try tool("ping", "hello") == CommandTool.Result(0, "hello\n"))
            #expect(server.stop() == 0)
        }
    }
}
