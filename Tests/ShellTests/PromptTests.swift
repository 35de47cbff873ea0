import Bytes
import Commands
import Shell
import Testing

/// What the prompt knows without a terminal.
struct PromptTests {
    @Test(
        "Tab completes the word at the cursor",
        arguments: [
            ("", .command(prefix: "")), ("ge", .command(prefix: "ge")), ("GET k", .key(prefix: "k")),
            ("GET ", .usage("GET <key>")), ("get k ", .usage("GET <key>")), ("SET user:1", .key(prefix: "user:1")),
            ("STRLEN user:1 v", .usage("STRLEN <key>")), ("MGET a b", .key(prefix: "b")),
            ("MSET a b", .usage("MSET <key> <value> …")), ("MSET a b c", .key(prefix: "c")), ("FROB x", .nothing),
            ("GET \"two w", .usage("GET <key>")), ("COUNT ", .usage("COUNT")), ("help se", .topic(prefix: "se")),
            ("help ", .topic(prefix: "")), ("exit ", .usage("exit")),
            ("copy a b ", .word(prefix: "", ["DB", "REPLACE"])), ("copy a b DB 0 re", .word(prefix: "re", ["REPLACE"])),
            ("copy a b DB ", .usage("COPY <key> <new key> [DB 0] [REPLACE]")),
            ("SCAN 0 MATCH a* ", .word(prefix: "", ["COUNT", "TYPE"])), ("SCAN ", .usage(Command.scan.spec.usage)),
            ("memory ", .word(prefix: "", ["USAGE"])), ("memory us", .word(prefix: "us", ["USAGE"])),
            ("MEMORY USAGE k", .key(prefix: "k")), ("client reply ", .word(prefix: "", ["ON", "OFF", "SKIP"])),
            ("SET k v ", .usage(Command.set.spec.usage)), ("SET k v N", .usage(Command.set.spec.usage)),
            ("SET k \"two words\" IFEQ \"a b\" G", .word(prefix: "G", ["GET", "EX", "PX", "EXAT", "PXAT", "KEEPTTL"])),
        ] as [(String, Completion)])
    func completion(line: String, expected: Completion) {
        #expect(Completion(before: line, locals: ["exit": "exit"]) == expected)
    }

    @Test("a value that ends like options is pointed out, unless it is in quotes")
    func hints() {
        #expect(
            optionHint(for: "set k v ex 60")
                == "The value is \"v ex 60\": options follow a value in quotes, set k \"v\" ex 60")
        for line in [
            "SET k v", "SET k \"v\" EX 60", "SET k buy GET milk", "SET k v 60", "APPEND k v NX", "SET k NX", "",
        ] {
            #expect(optionHint(for: line) == nil, "\(line)")
        }
        #expect(optionHint(for: "SET k v NX GET") != nil)
    }

    @Test("keys that a line cannot hold bare are quoted")
    func spelling() {
        #expect(lineSpelling(of: Array("user:1".utf8)) == "user:1")
        #expect(lineSpelling(of: Array("two words".utf8)) == "\"two words\"")
        #expect(lineSpelling(of: Array("\"".utf8)) == "\"\\\"\"")
        #expect(lineSpelling(of: []) == "\"\"")
        #expect(lineSpelling(of: [0x1b]) == "\"\\u001b\"")
        #expect(lineSpelling(of: Array("a\u{9b}\u{202e}".utf8)) == "\"a\\u009b\\u202e\"")
        #expect(lineSpelling(of: [0x61, 0xff]) == "\"a\\xff\"")
        #expect(commonPrefix(of: ["user:12", "user:1", "user:13"]) == "user:1")
        #expect(commonPrefix(of: []) == "")
        #expect(
            String(decoding: GlobPattern.text(ofPrefix: Array("a*[b]?\\".utf8)), as: UTF8.self) == "a\\*\\[b\\]\\?\\\\*"
        )
    }

    @Test(
        "a line that may contain a secret is not kept",
        arguments: [
            ("AUTH hunter2", true), ("auth default hunter2", true), ("HELLO 3 AUTH user pw", true),
            ("SET user:password x", true), ("CONFIG SET requirepass x", true), ("SET api_token x", true),
            (" SET k v", true), ("SET client-secret x", true), ("GET author:1", false), ("SET k v", false),
            ("GET authors", false),
        ])
    func secrets(line: String, isKept: Bool) {
        #expect(isSecret(line) == isKept)
    }
}
