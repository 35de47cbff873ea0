import Bytes
import FuzzChecks
import TestSupport
import Testing
import Wire

@Suite("The line dialect")
struct LineDialectTests {
    /// A line and its arguments. SET takes a value after one word, ECHO after none.
    static let lines: [(input: String, arguments: [String])] = [
        ("PING\n", ["PING"]),
        ("ping\r\n", ["ping"]),
        ("GET greeting\n", ["GET", "greeting"]),
        ("  GET   greeting  \r\n", ["GET", "greeting"]),
        ("DEL a b  c\n", ["DEL", "a", "b", "c"]),
        ("GET\tgreeting\n", ["GET", "greeting"]),
        (" \t GET \t greeting\t\r\n", ["GET", "greeting"]),
        ("DEL a\tb \t c\n", ["DEL", "a", "b", "c"]),
        ("SET\tk\tv\tw\n", ["SET", "k", "v\tw"]),
        ("SET k \tv\n", ["SET", "k", "\tv"]),
        ("SET k\t\n", ["SET", "k", ""]),
        ("ECHO\tx\n", ["ECHO", "x"]),
        ("SET \"a\"\t\"b\"\n", ["SET", "a", "b"]),
        ("\t\n", []),
        ("SET greeting Hello, world!\n", ["SET", "greeting", "Hello, world!"]),
        ("SET k  two  spaces \n", ["SET", "k", " two  spaces "]),
        ("SET   k v\n", ["SET", "k", "v"]),
        ("SET k v\r\n", ["SET", "k", "v"]),
        ("SET k v\r\r\n", ["SET", "k", "v\r"]),
        ("SET k v\rw\n", ["SET", "k", "v\rw"]),
        ("SET\n", ["SET"]),
        ("SET \n", ["SET"]),
        ("SET k\n", ["SET", "k"]),
        ("SET k \n", ["SET", "k", ""]),
        ("SET k \r\n", ["SET", "k", ""]),
        ("SET k  \n", ["SET", "k", " "]),
        ("SET k a\"b\"\n", ["SET", "k", "a\"b\""]),
        ("SET k  \"a\"\n", ["SET", "k", " \"a\""]),
        ("SET k a\\nb\n", ["SET", "k", "a\\nb"]),
        ("SET k *1\n", ["SET", "k", "*1"]),
        ("SET k grüße 🐧\n", ["SET", "k", "grüße 🐧"]),
        (#"SET "two words" "line one\nline two""# + "\n", ["SET", "two words", "line one\nline two"]),
        (#"SET k """# + "\n", ["SET", "k", ""]),
        (#"SET "" v"# + "\n", ["SET", "", "v"]),
        (#"SET "" """# + "\n", ["SET", "", ""]),
        (#"SET "a b" rest of it"# + "\r\n", ["SET", "a b", "rest of it"]),
        (#"SET "a b" "# + "\n", ["SET", "a b", ""]),
        (#"SET "a b""# + "\n", ["SET", "a b"]),
        (#"SET k "\u0000\ud83d\udc27\/""# + "\n", ["SET", "k", "\u{0}🐧/"]),
        (#"DEL a "b c" d "" "\"" e"# + "\n", ["DEL", "a", "b c", "d", "", "\"", "e"]),
        (#"DEL   "a"   "b"  "# + "\n", ["DEL", "a", "b"]),
        (#"DEL a"b c"# + "\n", ["DEL", "a\"b", "c"]),
        ("ECHO hello  world \n", ["ECHO", "hello  world "]),
        ("ECHO\n", ["ECHO"]),
        ("ECHO \n", ["ECHO", ""]),
        ("ECHO  \n", ["ECHO", " "]),
        (#"ECHO "a\tb""# + "\n", ["ECHO", "a\tb"]),
        ("\n", []),
        ("\r\n", []),
        ("   \r\n", []),
    ]

    @Test("a line gives its arguments, fed whole, byte by byte and cut anywhere", arguments: lines.indices)
    func table(index: Int) {
        let (input, arguments) = LineDialectTests.lines[index]
        expect(input.bytes, gives: arguments.map(\.bytes), in: .line)
    }

    @Test("consecutive lines are requests in order, wherever they are cut")
    func backToBack() {
        let input = LineDialectTests.lines.flatMap(\.input.bytes)
        let expected = LineDialectTests.lines.map { $0.arguments.map(\.bytes) }
        for cut in 0...input.count { #expect(Transcript(input, cuts: [cut]).requests == expected) }
        #expect(Transcript(input, cuts: Array(1..<input.count)).requests == expected)
    }

    @Test(
        "a quote begins a JSON string, and an invalid one is refused with the reason",
        arguments: [
            (#"SET k "abc"#, "without its closing quote"), (#"SET k "abc\""#, "without its closing quote"),
            (#"SET k "a" b"#, "up to the end of the line"), (#"SET k "a" "#, "up to the end of the line"),
            (#"SET k "a"b"#, "up to the end of the line"), (#"SET "k"v w"#, "a space after the closing quote"),
            (#"GET "a"b"#, "a space after the closing quote"), (#"GET "a""b""#, "a space after the closing quote"),
            (#"SET k "\q""#, "unknown escape"), (#"SET k "\ud800""#, "half of a surrogate pair"),
            (#"GET "\udc00 ""#, "half of a surrogate pair"),
            ("SET k \"a\tb\"", "bare control character"), (#"ECHO "a" b"#, "up to the end of the line"),
        ])
    func quotingErrors(line: String, reason: String) {
        let transcript = Transcript((line + "\nPING\n").bytes)
        let first = transcript.requests.first?.first.map { String($0.span) } ?? ""
        #expect(first.hasPrefix("refused: ") && first.contains(reason), "\(first)")
        #expect(transcript.requests.count == 2)
        #expect(transcript.requests.last == [Array("PING".utf8)])
    }

    @Test(
        "options follow a value only where it is a JSON string, and a bare value is the rest of the line",
        arguments: [
            (#"SETIF k "a b" NX"#, ["SETIF", "k", "a b", "NX"]), (#"SETIF k "a" "#, ["SETIF", "k", "a"]),
            (#"SETIF k "a"  IFEQ  "b c" GET "#, ["SETIF", "k", "a", "IFEQ", "b c", "GET"]),
            ("SETIF k a NX", ["SETIF", "k", "a NX"]), (#"SETIF k  "a" NX"#, ["SETIF", "k", #" "a" NX"#]),
            (#"SETIF "k" a "b" NX"#, ["SETIF", "k", #"a "b" NX"#]), (#"SETIF k """#, ["SETIF", "k", ""]),
            ("SETIF k ", ["SETIF", "k", ""]), ("SETIF k", ["SETIF", "k"]),
            (#"SETIF k "a"NX"#, ["refused: Expected a space after the closing quote of a JSON string"]),
            (#"SETIF k "a" "b"#, ["refused: A JSON string without its closing quote"]),
        ])
    func options(line: String, arguments: [String]) {
        let bytes = (line + "\n").bytes
        for cut in 0...bytes.count { #expect(Transcript(bytes, cuts: [cut]).requests == [arguments.map(\.bytes)]) }
    }

    @Test("a quoted argument does not affect later lines")
    func decodedIsForgotten() {
        let input = #"SET "a b" "c d""# + "\nGET plain\n" + #"GET "x"y"# + "\nGET a b\n"
        let transcript = Transcript(input.bytes)
        #expect(transcript.requests[0] == ["SET", "a b", "c d"].map(\.bytes))
        #expect(transcript.requests[1] == ["GET", "plain"].map(\.bytes))
        #expect(transcript.requests[3] == ["GET", "a", "b"].map(\.bytes))
    }

    @Test("a byte order mark at the beginning is skipped, before requests of either dialect")
    func byteOrderMark() {
        let mark: [UInt8] = [0xef, 0xbb, 0xbf]
        for request in ["SET k v\n", "\n", "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n"] {
            let plain = Transcript(request.bytes)
            let input = mark + request.bytes
            for cut in 0...input.count {
                let transcript = Transcript(input, cuts: [cut])
                #expect(transcript.requests == [[]] + plain.requests)
                #expect(transcript.dialects.dropFirst().elementsEqual(plain.dialects))
                #expect(transcript.ending == .drained)
            }
            #expect(Transcript(input, cuts: Array(1..<input.count)).requests == [[]] + plain.requests)
        }
        // Anywhere else it is ordinary data.
        #expect(Transcript("GET ".bytes + mark + "\n".bytes).requests == [["GET".bytes, mark]])
    }

    @Test("bytes of 0x80 and above, and a NUL, pass through")
    func binary() {
        let value: [UInt8] = [0xff, 0x00, 0x80, 0x7f, 0xc3]
        #expect(Transcript("SET k ".bytes + value + [0x0a]).requests == [["SET".bytes, "k".bytes, value]])
        let quoted = #"SET "k " ""#.bytes + [0xff, 0x80] + "\"\n".bytes
        #expect(Transcript(quoted).requests == [["SET".bytes, "k ".bytes, [0xff, 0x80]]])
    }

    @Test("before it is split, a line is its verb and the rest")
    func unsplit() {
        let bytes = #"  SET k "a b" "#.bytes + [0x0a]
        var parser = RequestParser(limits: Transcript.limits)
        let intake = parser.parse(bytes.span)
        let found = {
            let arguments = parser.arguments(in: bytes.span)
            return (0..<arguments.count).map { Array(arguments[$0]) }
        }()
        #expect(intake == .complete(used: bytes.count))
        #expect(found == ["SET".bytes, #"k "a b" "#.bytes])
    }

    @Test("a line may be as long as the limit, and not a byte longer")
    func limit() {
        let limits = RequestLimits(lineSize: 20, bulkSize: 500, argumentCount: 8, requestSize: 2_000)
        let longest = "SET k ".bytes + [UInt8](repeating: 0x61, count: 14)
        for cuts in [[], Array(1...20)] {
            let transcript = Transcript(longest + [0x0a], cuts: cuts, limits: limits)
            #expect(transcript.requests == [["SET".bytes, "k".bytes, Array(longest[6...])]])
            let tooLong = Transcript(longest + [0x61, 0x0a], cuts: cuts, limits: limits)
            #expect(tooLong.ending == .malformed(.lineTooLong(size: 21, limit: 20)))
            #expect(tooLong.requests.isEmpty)
        }
        #expect(Transcript(longest, limits: limits).ending == .incomplete)
        #expect(Transcript(longest + [0x61], limits: limits).ending == .malformed(.lineTooLong(size: 21, limit: 20)))
    }

    @Test("many short lines do not add up to a long one")
    func limitIsPerLine() {
        let limits = RequestLimits(lineSize: 4, bulkSize: 4, argumentCount: 4, requestSize: 40)
        let transcript = Transcript(Array(repeating: "PING\n".bytes, count: 100).flatMap { $0 }, limits: limits)
        #expect(transcript.requests.count == 100)
        #expect(transcript.ending == .drained)
    }
}
