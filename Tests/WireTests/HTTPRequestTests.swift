import Bytes
import FuzzChecks
import TestSupport
import Testing
import Wire

/// One valid request, and what it has to give.
struct HTTPCase: CustomTestStringConvertible, Sendable {
    let name: String
    let input: [UInt8]
    var expected = HTTPTranscript.Request()

    init(_ name: String, _ input: String, _ change: (inout HTTPTranscript.Request) -> Void) {
        self.name = name
        self.input = input.bytes
        change(&expected)
    }

    var testDescription: String { name }

    static let all: [HTTPCase] = [
        HTTPCase("GET", "GET /v1/keys/a%2Fb?x=1&y HTTP/1.1\r\nHost: localhost:9090\r\n\r\n") {
            $0.method = .get
            $0.line("GET", "/v1/keys/a%2Fb?x=1&y", path: "/v1/keys/a%2Fb", query: "x=1&y")
            $0.hosts("localhost:9090", "localhost")
            $0.fields = ["Host".bytes, "localhost:9090".bytes]
        },
        HTTPCase("fields of every kind, and blanks around values", fieldsOfEveryKind) {
            $0.method = .head
            $0.line("HEAD", "/", path: "/")
            $0.hosts("[::1]:80", "::1")
            $0.fields =
                ["hOST", "[::1]:80", "Accept", "a, b", "Accept", "c\td", "Empty", "", "X!#$%&'*+-.^_`|~9", "\u{e9}"]
                .map(\.bytes)
        },
        HTTPCase("an empty line before", "\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n") {
            $0.method = .get
            $0.line("GET", "/", path: "/")
            $0.host("h")
        },
        HTTPCase("PUT with a length", "PUT /k HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\n\r\n\0\u{7f}:\n") {
            $0.method = .put
            $0.line("PUT", "/k", path: "/k")
            $0.host("h", "Content-Length", "6")
            $0.contentLength = 6
            $0.body = [13, 10, 0, 0x7f, 0x3a, 10]
        },
        HTTPCase("a length of zero", "PUT /k HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nExpect: 100-continue\r\n\r\n")
        {
            $0.method = .put
            $0.line("PUT", "/k", path: "/k")
            $0.host("h", "Content-Length", "0", "Expect", "100-continue")
            $0.contentLength = 0
        },
        HTTPCase("a length with zeros before it", "POST /k HTTP/1.1\r\nHost: h\r\nContent-Length: 003\r\n\r\nabc") {
            $0.method = .post
            $0.line("POST", "/k", path: "/k")
            $0.host("h", "Content-Length", "003")
            $0.contentLength = 3
            $0.body = "abc".bytes
        },
        HTTPCase("Expect", "PUT /k HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\nx") {
            $0.method = .put
            $0.line("PUT", "/k", path: "/k")
            $0.host("h", "Expect", "100-Continue", "Content-Length", "1")
            $0.expectsContinue = true
            $0.contentLength = 1
            $0.body = "x".bytes
        },
        HTTPCase("Expect in HTTP/1.0", "PUT /k HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx") {
            $0.method = .put
            $0.line("PUT", "/k", path: "/k")
            $0.fields = ["Expect", "100-continue", "Content-Length", "1"].map(\.bytes)
            ($0.minorVersion, $0.persistence, $0.contentLength, $0.body) = (0, .close, 1, "x".bytes)
        },
        HTTPCase("absolute form", "GET HTTP://EXAMPLE.org:80/p?q HTTP/1.1\r\nHost: example.ORG:80\r\n\r\n") {
            $0.method = .get
            $0.line("GET", "HTTP://EXAMPLE.org:80/p?q", path: "/p", query: "q")
            $0.hosts("example.ORG:80", "example.ORG")
            $0.fields = ["Host".bytes, "example.ORG:80".bytes]
        },
        HTTPCase("asterisk form", "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n") {
            $0.method = .options
            $0.line("OPTIONS", "*", path: "*")
            $0.host("h")
        },
        HTTPCase("an empty query, and a second question mark", "DELETE /?? HTTP/1.1\r\nHost: h\r\n\r\n") {
            $0.method = .delete
            $0.line("DELETE", "/??", path: "/", query: "?")
            $0.host("h")
        },
        HTTPCase("a method in lower case", "get /? HTTP/1.1\r\nHost: h\r\n\r\n") {
            $0.line("get", "/?", path: "/", query: "")
            $0.host("h")
        },
        HTTPCase("an unknown method", "PROPFIND //a/../b HTTP/1.1\r\nHost: h\r\n\r\n") {
            $0.line("PROPFIND", "//a/../b", path: "//a/../b")
            $0.host("h")
        },
    ]

    private static let fieldsOfEveryKind =
        "HEAD / HTTP/1.1\r\nhOST:[::1]:80\r\nAccept: \t a, b \t \r\nAccept:c\td\r\nEmpty:  \r\n"
        + "X!#$%&'*+-.^_`|~9:\u{e9}\r\n\r\n"

    static let chunked: [HTTPCase] = [
        ("one chunk", "3\r\nabc\r\n0\r\n\r\n", "abc"),
        ("no chunk", "0\r\n\r\n", ""),
        (
            "several chunks", "1\r\na\r\n002\r\nbc\r\nA\r\n0123456789\r\n0a\r\n\r\n\r\n\r\n\r\n\r\n\r\n00\r\n\r\n",
            "abc0123456789\r\n\r\n\r\n\r\n\r\n"
        ),
        ("extensions", "3;a=b;c=\"d;\t\\\"\\\\\";e;f=\"\"\r\nabc\r\n0;g\r\n\r\n", "abc"),
        ("trailers", "3\r\nabc\r\n0\r\nContent-MD5: 9\r\nX: \r\n\r\n", "abc"),
    ].map { name, body, decoded in
        HTTPCase(name, "POST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n\(body)") {
            $0.method = .post
            $0.line("POST", "/b", path: "/b")
            $0.host("h", "Transfer-Encoding", "Chunked")
            $0.isChunked = true
            $0.body = decoded.bytes
        }
    }

    static let connections: [HTTPCase] = [
        (1, "X: y", HTTPPersistence.open), (1, "Connection: close", .close), (1, "Connection: CLOSE", .close),
        (1, "Connection: keep-alive, ,te , close", .close), (1, "Connection: closed", .open), (1, "Connection:", .open),
        (1, "Connection: keep-alive\r\nConnection: close", .close), (0, "X: y", .close),
        (0, "Connection: Keep-Alive", .keepAlive), (0, "Connection: keep-alive, close", .close),
    ].map { version, lines, persistence in
        HTTPCase("\(lines) in HTTP/1.\(version)", "GET / HTTP/1.\(version)\r\nHost: h\r\n\(lines)\r\n\r\n") {
            $0.method = .get
            $0.line("GET", "/", path: "/")
            $0.host("h")
            let words = lines.split(separator: "\r\n").flatMap {
                $0.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            }
            $0.fields += words.map { String($0.drop { $0 == " " }).bytes }
            ($0.minorVersion, $0.persistence) = (version, persistence)
        }
    }
}

extension HTTPTranscript.Request {
    fileprivate mutating func line(_ method: String, _ target: String, path: String, query: String? = nil) {
        methodName = method.bytes
        self.target = target.bytes
        self.path = path.bytes
        self.query = query?.bytes
    }

    fileprivate mutating func hosts(_ authority: String, _ host: String) {
        (self.authority, self.host) = (authority.bytes, host.bytes)
    }

    /// Host as the first field, and others.
    fileprivate mutating func host(_ name: String, _ others: String...) {
        hosts(name, name)
        fields = (["Host", name] + others).map(\.bytes)
    }
}

@Suite("Requests of HTTP")
struct HTTPRequestTests {
    static let cases = HTTPCase.all + HTTPCase.chunked + HTTPCase.connections

    @Test("a valid request gives its parts, however it is cut", arguments: cases)
    func valid(_ one: HTTPCase) {
        let whole = HTTPTranscript(one.input)
        #expect(whole.requests == [one.expected])
        #expect(whole.ends == [one.input.count] && whole.ending == .drained && whole.untruths.isEmpty, "\(whole)")
        #expect(HTTPTranscript(one.input, cuts: Array(1..<one.input.count)) == whole)
        for cut in 1..<one.input.count {
            #expect(HTTPTranscript(one.input, cuts: [cut]) == whole, "cut at \(cut)")
            // A part is incomplete, and nothing else.
            let part = HTTPTranscript(Array(one.input[..<cut]))
            #expect(part.requests.isEmpty && part.ending == .incomplete, "\(cut) bytes: \(part)")
        }
    }

    @Test("pipelined requests are found one after the other")
    func pipelined() {
        let input = HTTPRequestTests.cases.flatMap(\.input)
        let whole = HTTPTranscript(input)
        #expect(whole.requests == HTTPRequestTests.cases.map(\.expected))
        #expect(whole.ending == .drained && whole.untruths.isEmpty)
        #expect(HTTPTranscript(input, cuts: Array(1..<input.count)) == whole)
    }

    @Test("inside a body all of its rest is reported as missing")
    func missing() {
        let sized = "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nabc".bytes
        var parser = HTTPParser(limits: HTTPTranscript.limits)
        #expect(parser.parse(sized.span) == .head)
        #expect(parser.contentLength == 100 && parser.isHeadComplete)
        #expect(parser.parse(sized.span) == .incomplete(missing: 97))
        #expect(parser.parse(sized.span) == .incomplete(missing: 97))
        // The chunk, its line end, and the last chunk with its empty line.
        let chunked = "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nabc".bytes
        parser = HTTPParser(limits: HTTPTranscript.limits)
        #expect(parser.parse(chunked.span) == .head)
        #expect(parser.parse(chunked.span) == .incomplete(missing: 97 + 7))
    }

    @Test("a head is announced before its body, and the caller may lower the limit then")
    func lowered() {
        let input = "PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 11\r\n\r\nhello world".bytes
        var parser = HTTPParser(limits: HTTPTranscript.limits)
        #expect(parser.parse(input.span) == .head)
        #expect(parser.expectsContinue && parser.method == .put)
        #expect(Array(parser.head(in: input.span).path) == "/".bytes)
        parser.limitBody(to: 11)
        #expect(parser.parse(input.span) == .complete(used: input.count))
        #expect(Array(parser.body(in: input.span)) == "hello world".bytes)
        // The limit is that of one request.
        #expect(parser.parse(input.span) == .head)
        parser.limitBody(to: 10)
        parser.limitBody(to: 20)
        #expect(status(parser.parse(input.span)) == 413)
        #expect(parser.parse(input.span) == .head)
        #expect(parser.parse(input.span) == .complete(used: input.count))
    }

    @Test("a lowered limit holds for chunks too", arguments: [(13, nil), (12, 413), (2, 413), (0, 413)])
    func loweredChunks(limit: Int, expected: Int?) {
        let input =
            "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\na\r\n0123456789\r\n0\r\n\r\n"
        let found = HTTPTranscript(input.bytes, routeLimit: limit)
        #expect(found.status == expected)
        #expect(HTTPTranscript(input.bytes, cuts: Array(1..<input.utf8.count), routeLimit: limit) == found)
    }

    @Test("fields are found whatever the case of their names, and one that is repeated is an error")
    func fields() throws {
        let input = HTTPCase.all[1].input
        var parser = HTTPParser(limits: HTTPTranscript.limits)
        #expect(parser.parse(input.span) == .complete(used: input.count))
        let head = parser.head(in: input.span)
        let host = if let host = try head.field(HTTPFieldName(upperCased: "HOST")) { Array(host) } else { [UInt8]() }
        #expect(host == "[::1]:80".bytes)
        let hasNoOrigin = try head.field(.origin) == nil
        #expect(hasNoOrigin)
        let error = #expect(throws: HTTPError.self) { _ = try self.field(.accept, of: input) }
        #expect(error?.status == 400)
        #expect(head.index(of: .accept) == 1 && head.index(of: .accept, from: 2) == 2)
        #expect(head.index(of: .accept, from: 3) == nil && head.index(of: .userAgent) == nil)
        #expect(head.fieldCount == 5)
    }

    private func field(_ name: HTTPFieldName, of input: [UInt8]) throws(HTTPError) -> [UInt8] {
        var parser = HTTPParser(limits: HTTPTranscript.limits)
        _ = parser.parse(input.span)
        let head = parser.head(in: input.span)
        guard let value = try head.field(name) else { return [] }
        return Array(value)
    }

    @Test("memory for many fields and a gathered body is counted, and freed by a trim")
    func memory() {
        let limits = HTTPLimits(targetSize: 100, fieldCount: 64, bodySize: 1 << 20)
        var parser = HTTPParser(limits: limits)
        let fields = (0..<60).map { "F\($0): v\r\n" }.joined()
        let chunk = "4000\r\n" + String(repeating: "x", count: 0x4000) + "\r\n"
        let head = "PUT / HTTP/1.1\r\nHost: h\r\n\(fields)Transfer-Encoding: chunked\r\n\r\n"
        let part = (head + chunk + chunk).bytes
        #expect(parser.parse(part.span) == .head)
        let heldByFields = parser.heldSize
        #expect(heldByFields >= 61 * 32 && heldByFields < 4096)
        #expect(parser.parse(part.span) == .incomplete(missing: 1))
        #expect(parser.heldSize >= heldByFields + 0x8000)
        parser.trim()
        #expect(parser.heldSize >= heldByFields + 0x8000)
        let input = part + "0\r\n\r\n".bytes
        #expect(parser.parse(input.span) == .complete(used: input.count))
        #expect(Array(parser.body(in: input.span)).count == 0x8000)
        parser.trim()
        #expect(parser.heldSize == 0)
        let next = HTTPCase.all[0].input
        #expect(parser.parse(next.span) == .complete(used: next.count))
    }

    @Test("a part of a request is never read twice")
    func linear() {
        // Byte by byte, a parser that begins again each time would look at 10^10 bytes.
        let fields = (0..<60).map { "F\($0): \(String(repeating: "v", count: 900))\r\n" }.joined()
        let chunks = String(repeating: "64\r\n\(String(repeating: "x", count: 100))\r\n", count: 1_000)
        let input = "PUT / HTTP/1.1\r\nHost: h\r\n\(fields)Transfer-Encoding: chunked\r\n\r\n\(chunks)0\r\n\r\n".bytes
        var parser = HTTPParser(limits: HTTPLimits(targetSize: 100, headSize: 100_000, bodySize: 1 << 20))
        var heads = 0
        for size in 1..<input.count {
            switch parser.parse(input.span.extracting(0..<size)) {
            case .head: heads += 1
            case .incomplete: break
            case .complete, .malformed: Issue.record("not incomplete after \(size) bytes")
            }
        }
        #expect(heads == 1)
        #expect(parser.parse(input.span) == .complete(used: input.count))
        #expect(Array(parser.body(in: input.span)).count == 100_000)
    }

    @Test("lines that were read, and the part of a line without a line feed, are not searched again")
    func searchedOnce() {
        let head = "PUT / HTTP/1.1\r\nHost: h\r\nA: bbb".bytes
        // What stands in the place of bytes that were read, and how the request ends then.
        let changes: [(Range<Int>, HTTPTranscript.Ending)] = [
            (0..<head.count - 6, .drained), (head.count - 3..<head.count, .malformed(HTTPTranscript.controlByte)),
        ]
        for (range, ending) in changes {
            var parser = HTTPParser(limits: HTTPTranscript.limits)
            #expect(parser.parse(head.span) == .incomplete(missing: 1))
            var input = head + "\r\n\r\n".bytes
            for index in range { input[index] = 0x0a }
            switch parser.parse(input.span) {
            case .complete(let used): #expect(ending == .drained && used == input.count)
            case .malformed(let error): #expect(ending == .malformed(error))
            case .head, .incomplete: Issue.record("neither complete nor malformed")
            }
        }
    }

    @Test("the limits of a chunked body are those of one request")
    func limitsOfEach() {
        let body = "12c\r\n\(String(repeating: "x", count: 300))\r\n0\r\n\r\n"
        let one = "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n\(body)"
        let small = String(repeating: "1\r\nx\r\n", count: 200)
        let other = "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n\(small)0\r\n\r\n"
        let found = HTTPTranscript((one + one + other + other).bytes)
        #expect(found.requests.map(\.body.count) == [300, 300, 200, 200] && found.ending == .drained, "\(found)")
    }

    @Test("mutated requests are judged the same, however they are cut", arguments: SeededRandom.seeds(20))
    func mutated(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let alphabet = "\r\n \t:;,#%0159afAF+-/?=GETHTP.chunkedhost\0\u{7f}".bytes + [0x80, 0xff]
        var counts = (accepted: 0, incomplete: 0, malformed: 0)
        for _ in 0..<500 {
            var input = HTTPRequestTests.cases[random.below(HTTPRequestTests.cases.count)].input
            for _ in 0..<1 + random.below(3) {
                let place = random.below(input.count)
                switch random.below(3) {
                case 0: input[place] = alphabet[random.below(alphabet.count)]
                case 1: input.insert(alphabet[random.below(alphabet.count)], at: place)
                default: input.remove(at: place)
                }
            }
            let whole = HTTPTranscript(input)
            let cuts = (0..<random.below(4)).map { _ in random.below(input.count + 1) }.sorted()
            #expect(HTTPTranscript(input, cuts: Array(1..<input.count)) == whole)
            #expect(HTTPTranscript(input, cuts: cuts) == whole, "cut at \(cuts)")
            #expect(whole.untruths.isEmpty, "\(whole)")
            switch whole.ending {
            case .drained: counts.accepted += 1
            case .incomplete: counts.incomplete += 1
            case .malformed: counts.malformed += 1
            }
        }
        #expect(counts.accepted > 0 && counts.incomplete > 0 && counts.malformed > 0, "\(counts)")
    }
}

/// The status of a refusal.
func status(_ result: HTTPParseResult) -> Int? {
    if case .malformed(let error) = result { error.status } else { nil }
}

extension HTTPTranscript {
    /// The error of a control byte in a value.
    fileprivate static let controlByte = HTTPError(
        "A field's value has a control byte: expected printable text and tabs")

    /// The status of the refusal at its end.
    var status: Int? {
        if case .malformed(let error) = ending { error.status } else { nil }
    }

    /// Its reason.
    var reason: String {
        if case .malformed(let error) = ending { error.reason.description } else { "" }
    }
}
