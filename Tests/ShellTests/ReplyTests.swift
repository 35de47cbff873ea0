import Bytes
import Commands
import Shell
import Testing
import Wire

/// Replies as text, JSON and bytes.
struct ReplyTests {
    private func request(_ words: String...) -> [[UInt8]] { words.map { Array($0.utf8) } }

    private func outcome(_ reply: Reply, _ request: [[UInt8]]) -> Outcome {
        Outcome(reply, spec: Catalog.find(request), arguments: request)
    }

    private func text(_ reply: Reply, _ words: String..., style: TextStyle) -> String {
        var buffer = ByteBuffer()
        buffer.append(text: reply, spec: Catalog.find(words.map { Array($0.utf8) }), style: style)
        return String(buffer.bytes)
    }

    private func json(_ reply: Reply, _ words: String..., seq: Int? = nil, line: Int? = nil) -> String {
        let request = words.map { Array($0.utf8) }
        let spec = Catalog.find(request)
        var buffer = ByteBuffer()
        let context = ReplyContext(key: spec?.key(of: request), seq: seq, line: line)
        buffer.append(json: outcome(reply, request), spec: spec, context)
        return String(buffer.bytes)
    }

    private func bulk(_ text: String) -> Reply { .bulk(Array(text.utf8)) }

    @Test("a reply means what its command says")
    func outcomes() {
        #expect(outcome(.null, request("GET", "k")) == .keyNotFound)
        #expect(outcome(.integer(0), request("DEL", "k")) == .keyNotFound)
        #expect(outcome(.integer(1), request("DELETE", "k")) == .success(.simple("OK")))
        #expect(outcome(.integer(0), request("DEL", "a", "b")) == .success(.integer(0)))
        #expect(outcome(.integer(0), request("EXISTS", "k")) == .success(.integer(0)))
        #expect(outcome(.error(code: "ERR", message: "no"), request("GET", "k")).errorText == "no")
        #expect(outcome(.error(code: "READONLY", message: "no"), request("SET", "k", "v")).errorText == "READONLY no")
        #expect(outcome(.null, request("CLIENT", "GETNAME")).errorText == "There is none")
        #expect(outcome(.null, request("SET", "k", "v", "NX")).errorText == "Not set: the condition is not met")
        #expect(outcome(.null, request("SET", "k", "v", "get")) == .keyNotFound)
        let readOnly = Reply.error(code: "READONLY", message: "Write to the other leader=10.0.0.2:8080")
        #expect(outcome(readOnly, request("SET", "k", "v")).errorText == "READONLY Write to the other")
    }

    @Test("a reply is short unless the request asks for a stored value")
    func shortReplies() {
        func isShort(_ words: String...) -> Bool? {
            let request = words.map { Array($0.utf8) }
            return Catalog.find(request)?.hasShortReply(to: request)
        }
        #expect(isShort("SET", "k", "get") == true)
        #expect(isShort("SET", "GET", "v", "NX") == true)
        #expect(isShort("SET", "k", "v", "NX", "get") == false)
        #expect(isShort("GET", "k") == false)
    }

    @Test("as text a value is its bytes; in lists, batches and the prompt what the line protocol writes")
    func texts() {
        let awkward = bulk("line one\nline two")
        #expect(text(awkward, "GET", "k", style: .command) == "line one\nline two\n")
        #expect(text(awkward, "GET", "k", style: .batch) == "\"line one\\nline two\"\n")
        #expect(text(bulk("\u{1b}[31m"), "GET", "k", style: .prompt) == "\"\\u001b[31m\"\n")
        #expect(text(bulk("ERROR: no"), "GET", "k", style: .batch) == "\"ERROR: no\"\n")
        let list = Reply.array([bulk("a"), .null, bulk("END"), .integer(3), awkward])
        let lines = "a\nERROR: Key not found\n\"END\"\n3\n\"line one\\nline two\"\n"
        #expect(text(list, "MGET", "a", style: .command) == lines)
        #expect(text(list, "MGET", "a", style: .batch) == lines + "END\n")
        #expect(text(.array([bulk("pairs"), bulk("3")]), "STATS", style: .command) == "pairs 3\n")
        #expect(
            text(.array([bulk("modules"), .array([]), bulk("a"), bulk("b")]), "HELLO", style: .prompt)
                == "modules \na b\n")
        #expect(text(.array([bulk("0"), .array([bulk("k")])]), "SCAN", "0", style: .command) == "0\nk\n")
        #expect(text(bulk("a:1\r\nb:2\r\n"), "INFO", style: .prompt) == "a:1\nb:2\n")
        #expect(text(.simple("OK"), "SET", "k", "v", style: .batch) == "OK\n")
        let row = Reply.array([.integer(1), bulk("two words"), .array([bulk("GET"), bulk("a\nb")])])
        #expect(
            text(.array([row, row]), "SLOWLOG", "GET", style: .prompt)
                == String(repeating: "1 two words GET \"a\\nb\"\n", count: 2))
    }

    @Test("on a terminal a value with control characters is a JSON string, and others are unchanged")
    func terminal() {
        let hostile = bulk("a\u{1b}]0;x\u{7}\u{9b}\u{202e}")
        let quoted = "\"a\\u001b]0;x\\u0007\\u009b\\u202e\"\n"
        for style in [TextStyle.command.forTerminal, .batch.forTerminal, .prompt] {
            #expect(text(hostile, "GET", "k", style: style) == quoted)
            #expect(text(.array([hostile, bulk("b")]), "MGET", "a", "b", style: style).hasPrefix(quoted + "b\n"))
        }
        #expect(text(bulk("two\nlines"), "GET", "k", style: .command.forTerminal) == "two\nlines\n")
        #expect(text(.bulk([0x9b]), "GET", "k", style: .command.forTerminal) == "\"\\x9b\"\n")
        #expect(text(bulk("a:\u{1b}\r\n"), "INFO", style: .prompt) == "a:\\u001b\n")
        #expect(text(.error(code: "", message: "\u{9b}"), "GET", "k", style: .prompt) == "ERROR: \\u009b\n")
        #expect(text(hostile, "GET", "k", style: .command) == "a\u{1b}]0;x\u{7}\u{9b}\u{202e}\n")
    }

    @Test("raw is bytes and nothing else")
    func raw() {
        var buffer = ByteBuffer()
        buffer.append(raw: .bulk([0, 0xff, 0x0a]))
        #expect(Array(buffer.bytes) == [0, 0xff, 0x0a])
        buffer.removeAll()
        buffer.append(raw: .array([bulk("a"), .null, bulk("b")]))
        #expect(String(buffer.bytes) == "a\n\nb")
    }

    @Test("as JSON each reply is one object on one line")
    func objects() {
        #expect(json(.simple("OK"), "SET", "foo", "bar", seq: 7) == "{\"ok\":true,\"key\":\"foo\",\"seq\":7}\n")
        #expect(json(bulk("b\"ar\n"), "GET", "foo") == "{\"ok\":true,\"key\":\"foo\",\"value\":\"b\\\"ar\\n\"}\n")
        #expect(json(.bulk([0xff]), "GET", "foo") == "{\"ok\":true,\"key\":\"foo\",\"value64\":\"/w==\"}\n")
        #expect(json(.null, "GET", "foo") == "{\"ok\":false,\"key\":\"foo\",\"error\":\"Key not found\"}\n")
        #expect(
            json(.error(code: "OOM", message: "no"), "SET", "k", "v", line: 3)
                == "{\"ok\":false,\"line\":3,\"key\":\"k\",\"error\":\"no\",\"code\":\"OOM\"}\n")
        #expect(
            json(.array([bulk("a"), .null, .bulk([0xff])]), "MGET", "a", "b", "c")
                == "{\"ok\":true,\"value\":[\"a\",null,{\"value64\":\"/w==\"}]}\n")
        #expect(
            json(.array([bulk("pairs"), bulk("3"), bulk("role"), bulk("leader")]), "STATS")
                == "{\"ok\":true,\"value\":{\"pairs\":3,\"role\":\"leader\"}}\n")
        #expect(json(.integer(2), "EXISTS", "a", "b") == "{\"ok\":true,\"value\":2}\n")
        #expect(json(.simple("PONG"), "PING") == "{\"ok\":true,\"value\":\"PONG\"}\n")
    }
}
