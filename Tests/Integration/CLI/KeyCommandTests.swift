import Foundation
import TestSupport
import Testing

/// The commands on keys and numbers that have options of their own.
@Suite("puffin-cli: commands on keys")
struct KeyCommandTests {
    private typealias Result = CommandTool.Result

    @Test("set has conditions, and prints the old value")
    func set() throws {
        try withTool { (tool, _) throws in
            #expect(try tool("set", "k", "1", "--nx") == Result(0, "OK\n"))
            let refused = Result(1, "", "ERROR: Not set: the condition is not met\n")
            #expect(try tool("set", "k", "2", "--nx") == refused)
            #expect(try tool("set", "other", "2", "--xx") == refused)
            #expect(try tool("set", "k", "2", "--if-equal", "9") == refused)
            #expect(try tool("set", "k", "2", "--if-equal", "1") == Result(0, "OK\n"))
            #expect(try tool("set", "k", "2", "--if-not-equal", "2") == refused)
            #expect(try tool("set", "k", "Hello world", "--get") == Result(0, "2\n"))
            #expect(try tool("digest", "k") == Result(0, "b6acb9d84a38ff74\n"))
            #expect(try tool("set", "k", "3", "--if-digest", "b6acb9d84a38ff74") == Result(0, "OK\n"))
            #expect(try tool("set", "-xx", "k", "4", "-format", "json").output.hasPrefix("{\"ok\":true,\"key\":\"k\""))
            let failed = try tool("set", "k", "4", "--nx", "--format", "json")
            #expect(failed.exitCode == 1 && failed.output.contains("\"error\":\"Not set: the condition is not met\""))
        }
    }

    @Test("pairs expire after a time, at a time, or never")
    func expiry() throws {
        try withTool { (tool, _) throws in
            func left(_ key: String) throws -> Int { Int(try tool("ttl", key).output.dropLast()) ?? 0 }
            #expect(try tool("set", "k", "v", "--ex", "1000") == Result(0, "OK\n"))
            #expect(try (900...1000).contains(left("k")))
            #expect(try tool("set", "k", "v", "--keepttl") == Result(0, "OK\n"))
            #expect(try (900...1000).contains(left("k")))
            #expect(try tool("set", "k", "v", "--ex", "2h") == Result(0, "OK\n"))
            #expect(try (7000...7200).contains(left("k")))
            #expect(try tool("set", "k", "v", "--px", "1000000", "--xx") == Result(0, "OK\n"))
            #expect(try (900...1000).contains(left("k")))
            #expect(try tool("set", "k", "v", "--exat", "4102444800") == Result(0, "OK\n"))
            #expect(try tool("expiretime", "k") == Result(0, "4102444800\n"))
            #expect(try tool("expire", "k", "30m", "--lt") == Result(0, "1\n"))
            #expect(try (1700...1800).contains(left("k")))
            #expect(try tool("expire", "k", "60", "--gt") == Result(0, "0\n"))
            #expect(try tool("expire", "k", "--at", "4102444800", "-gt") == Result(0, "1\n"))
            #expect(try tool("persist", "k") == Result(0, "1\n"))
            #expect(try tool("expire", "k", "60", "--xx") == Result(0, "0\n"))
            #expect(try tool("ttl", "k") == Result(0, "-1\n"))
            #expect(try tool("expire", "none", "60") == Result(0, "0\n"))
            #expect(try tool("expire", "k", "-1") == Result(0, "1\n"))
            #expect(try tool("ttl", "k") == Result(0, "-2\n"))
        }
    }

    @Test("numbers")
    func numbers() throws {
        try withTool { (tool, _) throws in
            #expect(try tool("incr", "n") == Result(0, "1\n"))
            #expect(try tool("incr", "n", "41") == Result(0, "42\n"))
            #expect(try tool("incr", "n", "-2") == Result(0, "40\n"))
            #expect(try tool("decr", "n") == Result(0, "39\n"))
            #expect(try tool("decr", "n", "9") == Result(0, "30\n"))
            #expect(try tool("incr", "n", "0.5") == Result(0, "30.5\n"))
            #expect(try tool("incr", "n").errors.contains("not an integer"))
            #expect(try tool("-cmd", "incr", "-key", "m") == Result(0, "1\n"))
        }
    }

    @Test("values are appended, renamed, copied and taken")
    func keys() throws {
        try withTool { (tool, _) throws in
            #expect(try tool("append", "a", "one") == Result(0, "3\n"))
            #expect(try tool("append", "a", "-", input: "\ntwo") == Result(0, "7\n"))
            #expect(try tool("rename", "a", "b") == Result(0, "OK\n"))
            #expect(try tool("rename", "a", "c").errors == "ERROR: no such key\n")
            #expect(try tool("copy", "b", "c") == Result(0, "1\n"))
            #expect(try tool("copy", "b", "c") == Result(0, "0\n"))
            #expect(try tool("copy", "b", "c", "--replace") == Result(0, "1\n"))
            #expect(try tool("rename", "b", "c", "--nx") == Result(0, "0\n"))
            #expect(try tool("strlen", "c") == Result(0, "7\n"))
            #expect(try tool("getdel", "c", "--format", "raw") == Result(0, "one\ntwo"))
            #expect(try tool("getdel", "c") == Result(1, "", "ERROR: Key not found\n"))
            #expect(try tool("getdel").errors.contains("Missing expected argument '<key>'"))
        }
    }

    @Test("scan prints every key that begins with a prefix or matches a pattern")
    func scan() throws {
        try withTool { (tool, _) throws in
            _ = try tool("mset", "u*:1", "a", "u*:2", "b", "ux:3", "c", "two words", "d")
            func found(_ words: String...) throws -> [String] {
                try tool.run(["scan"] + words).output.split(separator: "\n").map(String.init).sorted()
            }
            #expect(try found() == ["two words", "u*:1", "u*:2", "ux:3"])
            #expect(try found("--prefix", "u*:") == ["u*:1", "u*:2"])
            #expect(try found("--match", "u*:*") == ["u*:1", "u*:2", "ux:3"])
            #expect(try found("--prefix", "t", "--format", "json") == ["{\"key\":\"two words\"}"])
            #expect(try found("--prefix", "two", "--format", "raw") == ["two words"])
            #expect(try found("--limit", "2").count == 2)
            #expect(try found("0", "MATCH", "ux*", "COUNT", "1000") == ["0", "ux:3"])
        }
    }

    @Test("the most requested keys are shown once they have been requested")
    func hotKeys() throws {
        try withTool { tool, server in
            let client = try server.connect()
            var found = try tool("top", "--hot", "--interval", "1ms")
            #expect(found == Result(0, "\(tool.address)  no requests for keys\n"))
            // Sampling ends ten seconds after it was asked for: on a slow machine it may have to begin again.
            for _ in 0..<20 where !found.output.contains("hot") {
                for _ in 0..<100 { _ = try client.ask("GET hot") }
                _ = try client.ask("SET \"luke warm\" 1")
                found = try tool("top", "--hot", "--interval", "1ms", "--count", "2")
            }
            let lines = found.output.split(separator: "\n")
            #expect(lines[0] == "  requests/s     changes/s  key" && lines[1].hasSuffix("  hot"), "\(found)")
            #expect(lines.count == 3 && lines[2].hasSuffix("  \"luke warm\""), "\(found)")
            let json = try tool("top", "--hot", "--interval", "1ms", "--count", "1", "--format", "json").output
            #expect(json.isEmpty || json.hasPrefix("{\"key\":\"hot\",\"requests_per_second\":"), "\(json)")
        }
    }

    @Test(
        "options that contradict each other are refused",
        arguments: [
            (["set", "k", "v", "--nx", "--xx"], "only one can be given"),
            (["set", "k", "v", "--ex", "1", "--keepttl"], "only one can be given"),
            (["set", "k", "v", "--ex", "soon"], "The value 'soon' is invalid"),
            (["expire", "k"], "expire needs a key and either a time or --at"),
            (["expire", "k", "1", "--at", "2"], "either a time or --at"),
            (["incr", "k", "x"], "The value 'x' is invalid"),
            (["scan", "--prefix", "a", "--match", "b"], "cannot be combined"),
            (["scan", "0", "--limit", "1"], "cannot be combined"), (["scan", "--limit", "0"], "--limit is 1 or more"),
            (["top", "--watch"], "need --hot"), (["top", "--hot", "--match", "x"], "cannot be combined"),
            (["append", "k"], "append needs a key and a value"),
        ])
    func usage(arguments: [String], message: String) throws {
        try withTemporaryFolder { folder in
            let found = try CommandTool(folder: folder, address: "127.0.0.1:\(freePort())").run(arguments)
            #expect(found.exitCode == 2 && found.isOneLine && found.errors.contains(message), "\(found)")
        }
    }

    @Test("shells complete keys, subcommands and option words")
    func completion() throws {
        try withTool { (tool, _) throws in
            _ = try tool("mset", "user:1", "a", "user:2", "b")
            // What the script of bash calls: the index of the word, the position in it, and the words.
            func complete(_ path: [String], _ words: String...) throws -> [String] {
                let arguments =
                    ["---completion"] + path + [
                        "--", "positional@0", String(words.count - 1), "\(words[words.count - 1].utf8.count)",
                    ] + words
                let result = try ChildProcess.run(
                    ["env", "PUFFIN_ADDR=\(tool.address)", "SAP_SHELL=bash", ChildProcess.program("puffin-cli")]
                        + arguments
                )
                #expect(result.exitCode == 0, "\(result)")
                return result.output.split(separator: "\n").map(String.init).sorted()
            }
            #expect(try complete(["strlen"], "puffin-cli", "strlen", "us") == ["user:1", "user:2"])
            #expect(try complete(["memory"], "puffin-cli", "memory", "") == ["USAGE"])
            #expect(try complete(["memory"], "puffin-cli", "-addr", tool.address, "memory", "usage", "us").count == 2)
            #expect(
                try complete(["bitcount"], "puffin-cli", "bitcount", "k", "0", "1", "b") == ["BIT", "BYTE"])
            #expect(try complete(["mset"], "puffin-cli", "mset", "k", "us") == [])
        }
    }
}
