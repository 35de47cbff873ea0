import Shell
import Testing

/// Lines of batches and of the prompt.
struct RequestLineTests {
    private func split(_ line: String) throws -> [String] {
        var splitter = RequestLineSplitter()
        return try splitter.arguments(of: Array((line + "\n").utf8)).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test(
        "a line becomes the arguments that the server would find in it",
        arguments: [
            ("SET greeting Hello, world! ", ["SET", "greeting", "Hello, world! "]),
            ("set k  two  blanks", ["set", "k", " two  blanks"]),
            ("SET \"two words\" \"line one\\nline two\"", ["SET", "two words", "line one\nline two"]),
            ("SET k \"\"", ["SET", "k", ""]), ("SET k ", ["SET", "k", ""]), ("SET k", ["SET", "k"]),
            ("  GET   k  ", ["GET", "k"]), ("MGET a \"b c\" d", ["MGET", "a", "b c", "d"]),
            ("PING a  b", ["PING", "a  b"]), ("INCRBY n -5\r", ["INCRBY", "n", "-5"]),
            ("AFTER 42 GET \"two words\"", ["AFTER", "42", "GET", "two words"]),
            ("AFTER 42 SET k a  b", ["AFTER", "42", "SET", "k", "a  b"]),
            ("", []), ("   ", []), ("# SET k v", []), ("  # later", []),
        ])
    func lines(line: String, arguments: [String]) throws {
        #expect(try split(line) == arguments)
    }

    @Test(
        "an invalid line is refused with the reason",
        arguments: [
            ("GET \"k", "A JSON string without its closing quote"),
            ("APPEND k \"a\" b", "A value that begins with a quote is a JSON string up to the end of the line"),
            ("GET \"\\ud800\"", "A JSON string with half of a surrogate pair; write both halves"),
            ("GET \"\\x\"", "A JSON string with an unknown escape"), ("*1", "A command does not begin with \"*\""),
        ])
    func errors(line: String, message: String) throws {
        let error = try #require(throws: RequestLineError.self) { try split(line) }
        #expect(error.description.hasPrefix(message))
    }

    @Test("bytes that are not UTF-8 pass")
    func bytes() throws {
        var splitter = RequestLineSplitter()
        let line = Array("SET k ".utf8) + [0xff, 0x00, 0xfe, 0x0a]
        #expect(try splitter.arguments(of: line) == [Array("SET".utf8), Array("k".utf8), [0xff, 0x00, 0xfe]])
    }

    @Test("lines are numbered, however they come in", arguments: [1, 2, 7, 100])
    func numbers(pieceSize: Int) throws {
        var lines = BatchLineBuffer()
        var found: [String] = []
        let text = Array("one\n\nthree\nfour".utf8)
        for start in stride(from: 0, to: text.count, by: pieceSize) {
            lines.append(text.span.extracting(start..<min(start + pieceSize, text.count)))
            while let line = try lines.next(isAtEnd: false) {
                found.append("\(lines.number) " + String(decoding: line, as: UTF8.self))
            }
        }
        while let line = try lines.next(isAtEnd: true) {
            found.append("\(lines.number) " + String(decoding: line, as: UTF8.self))
        }
        #expect(found == ["1 one\n", "2 \n", "3 three\n", "4 four\n"])
    }

    @Test(
        "a byte order mark before the first line is skipped, however it arrives", arguments: [1, 2, 4, 100])
    func byteOrderMark(pieceSize: Int) throws {
        for (text, expected) in [
            ("\u{feff}GET a\n\u{feff}GET b\n", ["GET a\n", "\u{feff}GET b\n"]), ("\u{feff}", ["\n"]), ("é", ["é\n"]),
        ] {
            var lines = BatchLineBuffer()
            var found: [String] = []
            let bytes = Array(text.utf8)
            for start in stride(from: 0, to: bytes.count, by: pieceSize) {
                lines.append(bytes[start..<min(start + pieceSize, bytes.count)].span)
                while let line = try lines.next(isAtEnd: false) { found.append(String(decoding: line, as: UTF8.self)) }
            }
            while let line = try lines.next(isAtEnd: true) { found.append(String(decoding: line, as: UTF8.self)) }
            #expect(found == expected)
        }
    }

    @Test("an endless line is an error with its number, and takes bounded memory")
    func tooLong() throws {
        var lines = BatchLineBuffer(limit: 10)
        lines.append(Array("short\n12345678901".utf8).span)
        #expect(try lines.next(isAtEnd: false) == Array("short\n".utf8))
        let error = #expect(throws: RequestLineError.self) { _ = try lines.next(isAtEnd: false) }
        #expect(error?.description == "The line is longer than 10 bytes")
        #expect(lines.number == 2)
    }
}
