import Foundation
import TestSupport
import Testing

/// puffin-cli watch: the changes of keys as they are committed.
@Suite("puffin-cli watch", .serialized)
struct WatchTests {
    private func watch(_ tool: CommandTool, _ arguments: String...) throws -> ChildProcess {
        try ChildProcess(
            ["env", "PUFFIN_ADDR=\(tool.address)", ChildProcess.program("puffin-cli"), "watch"] + arguments,
            in: tool.folder)
    }

    @Test("prints each change, from now on or from a token, as text, JSON and raw")
    func formats() throws {
        try withTool { (tool, server) throws in
            let client = try server.connect()
            let now = try watch(tool, "user:")
            try wait("a feed") { try figure("feeds", server) == 1 }
            try client.expect(
                "SET user:1 Ada Lovelace\nSET x 1\nMSET user:2 \"\" \"user: 3\" c\nDELETE user:2\nFLUSHALL\n",
                String(repeating: "OK\n", count: 5))
            #expect(now.waitForOutput(containing: "clear\n"))
            #expect(
                now.output == "set user:1 Ada Lovelace\nset user:2 \"\"\nset \"user: 3\" c\ndelete user:2\nclear\n")
            now.send(SIGTERM)
            _ = now.wait()

            let json = try watch(tool, "user:", "--from", "2", "--format", "json")
            #expect(json.waitForOutput(containing: "\"clear\""))
            let lines = json.output.replacing(/"ts":\d+/, with: "\"ts\":0").replacing(/-[0-9a-f]{8}"/, with: "-CRC\"")
            #expect(
                lines.hasPrefix(
                    """
                    {"op":"set","key":"user:2","value":"","ts":0,"token":"2-CRC"}
                    {"op":"set","key":"user: 3","value":"c","ts":0,"token":"3-CRC"}
                    {"op":"delete","key":"user:2","ts":0,"token":"4-CRC"}
                    {"op":"clear","ts":0,"token":"5-CRC"}
                    """), "\(lines)")
            let token = try #require(json.output.firstMatch(of: /4-[0-9a-f]{8}/)).0
            json.send(SIGTERM)
            _ = json.wait()

            let raw = try watch(tool, "", "--from", String(token), "--format", "raw")
            try client.expect("SET \"a\\tb\" \"c\\nd\"\n", "OK\n")
            #expect(raw.waitForOutput(containing: "d\n"))
            #expect(raw.output == "clear\nset\ta\tb\tc\nd\n")
            // A server that is started again is followed again.
            raw.send(SIGTERM)
            _ = raw.wait()
            #expect(server.stop() == 0)
        }
    }

    @Test("--exec runs a command for each change, which has it as JSON, and ends where that fails")
    func exec() throws {
        try withTool { (tool, server) throws in
            try server.connect().expect("SET a 1\nSET b \"two words\"\nSET c 3\nSET d 4\n", "OK\nOK\nOK\nOK\n")
            let result = try tool("watch", "", "--from", "0", "--exec", "cat >> all; test $(wc -l < all) -lt 3")
            #expect(result.exitCode == 1 && result.output == "")
            let form = /ERROR: cat >> all; test .* has failed with status 1; continue with --from (2-[0-9a-f]{8})\n/
            let token = String(try #require(try form.wholeMatch(in: result.errors), "\(result.errors)").1)
            let all = try String(contentsOfFile: tool.folder + "/all", encoding: .utf8)
            let values = all.split(separator: "\n").compactMap { $0.firstMatch(of: /"value":"([^"]*)"/)?.1 }
            #expect(values == ["1", "two words", "3"])
            // The change that failed comes again; a command need not read it.
            let rest = try tool("watch", "", "--from", token, "--exec", "echo x >> rest; test $(wc -l < rest) -lt 2")
            #expect(rest.exitCode == 1 && rest.errors.contains("continue with --from 3-"), "\(rest)")
            // Not even where it has ended before the change is written.
            let large = String(repeating: "v", count: 200_000)
            try server.connect().expect("SET large \(large)\nSET last 1\n", "OK\nOK\n")
            let end = try tool(
                "watch", "", "--from", "4", "--exec", "exec 0<&-; echo >> end; test $(wc -l < end) -lt 2")
            #expect(end.exitCode == 1 && end.errors.contains("continue with --from 5-"), "\(end)")
        }
    }

    @Test("says why it cannot follow")
    func errors() throws {
        try withTool { (tool, server) throws in
            try server.connect().expect("SET a 1\n", "OK\n")
            let diverged = try tool("watch", "user:", "--from", "1-00000000")
            #expect(diverged.exitCode == 1 && diverged.isOneLine)
            #expect(diverged.errors.hasPrefix("ERROR: DIVERGED Token 1-00000000 is of another history"))
            let token = try tool("watch", "user:", "--from", "x")
            #expect(token.exitCode == 1 && token.errors.hasPrefix("ERROR: Invalid token 'x'"))
            let usage = try tool("watch")
            #expect(usage.exitCode == 2 && usage.isOneLine && usage.errors.contains("prefix"))
            #expect(server.stop() == 0)
            let nobody = try tool("watch", "user:")
            #expect(nobody.exitCode == 2 && nobody.isOneLine)
            #expect(nobody.errors.contains("cannot connect to 127.0.0.1:\(server.port)"))
            #expect(nobody.errors.contains("start puffin-server there"))
        }
    }
}
