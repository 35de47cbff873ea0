import Bytes
import TestSupport
import Testing
import Wire

@Suite("The reply writer")
struct ReplyWriterTests {
    /// What `write` writes in the three dialects.
    private func replies(_ write: (inout ReplyWriter) -> Void) -> [String] {
        [ReplyDialect.line, .resp2, .resp3].map { dialect in
            var writer = ReplyWriter()
            writer.dialect = dialect
            write(&writer)
            return String(writer.buffer.bytes)
        }
    }

    private func value(_ text: String) -> [String] {
        let bytes = text.bytes
        return replies { $0.value(bytes.span) }
    }

    @Test("words and numbers")
    func scalars() {
        #expect(replies { $0.ok() } == ["OK\n", "+OK\r\n", "+OK\r\n"])
        #expect(replies { $0.simple("PONG") } == ["PONG\n", "+PONG\r\n", "+PONG\r\n"])
        #expect(replies { $0.integer(0) } == ["0\n", ":0\r\n", ":0\r\n"])
        #expect(replies { $0.integer(-42) } == ["-42\n", ":-42\r\n", ":-42\r\n"])
        #expect(replies { $0.integer(.max) }[1] == ":9223372036854775807\r\n")
        #expect(replies { $0.missing() } == ["ERROR: Key not found\n", "$-1\r\n", "_\r\n"])
    }

    @Test("errors are prefixed in each dialect's way")
    func errors() {
        #expect(
            replies { $0.error(ReplyError("no such key")) }
                == ["ERROR: no such key\n", "-ERR no such key\r\n", "-ERR no such key\r\n"])
        let both = ReplyError(line: "Read-only follower", resp: "You can't write against a replica", code: "READONLY")
        #expect(
            replies { $0.error(both) }[..<2]
                == ["ERROR: Read-only follower\n", "-READONLY You can't write against a replica\r\n"])
    }

    @Test("a value is bare in a line where that is unambiguous, and a JSON string elsewhere")
    func values() {
        #expect(value("Hello, world!") == ["Hello, world!\n", "$13\r\nHello, world!\r\n", "$13\r\nHello, world!\r\n"])
        #expect(value("") == ["\"\"\n", "$0\r\n\r\n", "$0\r\n\r\n"])
        #expect(value("a\r\nb")[...1] == [#""a\r\nb""# + "\n", "$4\r\na\r\nb\r\n"])
        let bare = [
            " ", " a ", "a\"b", "a\\b", "error", "Error", "ERRO", " ERROR", "END", "OK", "grüße 🐧", "*1", "$-1",
            "\u{80}",
        ]
        for text in bare { #expect(value(text)[0] == text + "\n") }
        #expect(value("\"a\"")[0] == #""\"a\"""# + "\n")
        #expect(value("ERROR")[0] == "\"ERROR\"\n")
        #expect(value("ERROR: Key not found")[0] == "\"ERROR: Key not found\"\n")
        #expect(value("ERRORS\\")[0] == #""ERRORS\\""# + "\n")
        #expect(value("a\u{7f}")[0] == #""a\u007f""# + "\n")
        #expect(value("\t\u{1}\u{1b}")[0] == #""\t\u0001\u001b""# + "\n")
        #expect(replies { $0.text("grüße") } == value("grüße"))
    }

    @Test("a list is one line each and END, or an array with its count")
    func lists() {
        let list = replies { writer in
            writer.list(2)
            writer.text("a")
            writer.integer(1)
            writer.endList()
        }
        #expect(list == ["a\n1\nEND\n", "*2\r\n$1\r\na\r\n:1\r\n", "*2\r\n$1\r\na\r\n:1\r\n"])
        let empty = replies { writer in
            writer.list(0)
            writer.endList()
        }
        #expect(empty == ["END\n", "*0\r\n", "*0\r\n"])
    }

    @Test("in a list of lines a value END is quoted, and bare again after it")
    func endInList() {
        let list = replies { writer in
            writer.list(2)
            writer.text("END")
            writer.text("END.")
            writer.endList()
            writer.text("END")
        }
        #expect(list[0] == "\"END\"\nEND.\nEND\nEND\n")
        #expect(list[1] == "*2\r\n$3\r\nEND\r\n$4\r\nEND.\r\n$3\r\nEND\r\n")
    }

    @Test("a map is a map in RESP3 only")
    func maps() {
        let map = replies { writer in
            writer.map(1)
            writer.text("proto")
            writer.integer(3)
            writer.endList()
        }
        #expect(map == ["proto\n3\nEND\n", "*2\r\n$5\r\nproto\r\n:3\r\n", "%1\r\n$5\r\nproto\r\n:3\r\n"])
    }

    @Test("lists nest in RESP")
    func nested() {
        let list = replies { writer in
            writer.list(2)
            writer.text("0")
            writer.list(1)
            writer.missing()
            writer.endList()
            writer.endList()
        }
        #expect(list[1...] == ["*2\r\n$1\r\n0\r\n*1\r\n$-1\r\n", "*2\r\n$1\r\n0\r\n*1\r\n_\r\n"])
    }

    @Test("a text of several lines is marked as one in RESP3")
    func verbatim() {
        let found = replies { $0.verbatim("é\r\n") }
        #expect(found == ["\"é\\r\\n\"\n", "$4\r\né\r\n\r\n", "=8\r\ntxt:é\r\n\r\n"])
    }

    @Test("a bulk string carries any bytes unchanged")
    func binary() {
        let bytes: [UInt8] = Array(UInt8.min...UInt8.max)
        var writer = ReplyWriter()
        writer.dialect = .resp2
        writer.value(bytes.span)
        let reply = Array(writer.buffer.bytes)
        #expect(reply == "$256\r\n".bytes + bytes + "\r\n".bytes)
    }
}
