import Bytes
import FuzzChecks
import Testing
import Wire

/// Bytes that are refused: with which status, and a word of the reason.
struct HTTPRefusal: CustomTestStringConvertible, Sendable {
    let status: Int
    let word: String
    let input: [UInt8]

    var testDescription: String {
        "\(status) \(word): \(String(Array(input.prefix(100)).span).debugDescription)"
    }

    init(_ status: Int, _ word: String, _ input: [UInt8]) {
        (self.status, self.word, self.input) = (status, word, input)
    }

    init(_ status: Int, _ word: String, _ input: String) { self.init(status, word, input.bytes) }

    /// A request line before a valid field.
    static func line(_ status: Int, _ word: String, _ line: String) -> HTTPRefusal {
        HTTPRefusal(status, word, "\(line)\r\nHost: h\r\n\r\n")
    }

    /// Lines after a valid Host, then an empty line and a short body.
    static func field(_ status: Int, _ word: String, _ lines: String) -> HTTPRefusal {
        HTTPRefusal(status, word, "PUT /k HTTP/1.1\r\nHost: h\r\n\(lines)\r\n\r\nhello")
    }

    /// The lines of Host themselves.
    static func host(_ word: String, _ lines: String) -> HTTPRefusal {
        HTTPRefusal(400, word, "GET / HTTP/1.1\r\n\(lines)\r\n")
    }

    /// A chunked body.
    static func chunks(_ status: Int, _ word: String, _ body: String) -> HTTPRefusal {
        HTTPRefusal(status, word, "PUT /k HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n\(body)")
    }
}

extension HTTPRefusal {
    /// What evhttp accepted on the port of the metrics (libevent 2.1.12).
    static let probes: [HTTPRefusal] = [
        .field(400, "twice", "Content-Length: 5\r\nContent-Length: 5"),
        .field(400, "twice", "Content-Length: 5\r\nContent-Length: 0"),
        .field(400, "twice", "Content-Length: 0\r\ncontent-length: 44"),
        .field(400, "blank", "Content-Length : 5"),
        .field(400, "blank", "Content-Length\t: 5"),
        // A request smuggled in a body whose length is hidden.
        .field(400, "blank", "Content-Length : 40\r\n\r\nGET /admin HTTP/1.1\r\nHost: h"),
        .field(
            400, "exclude",
            "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\nGET /admin HTTP/1.1\r\nHost: h"),
        .field(400, "digits", "Content-Length: +5"),
        .field(400, "digits", "Content-Length: -1"),
        HTTPRefusal(400, "CR LF", "GET / HTTP/1.1\nHost: h\n\n"),
        HTTPRefusal(400, "CR LF", "GET / HTTP/1.1\r\nHost: h\r\n\n"),
        .field(400, "one line", "A: b\r\n c"),
        .field(400, "one line", "A: b\r\n\tc: d"),
        .field(400, "control", "A: b\0c"),
        .host("missing", ""),
        .host("twice", "Host: h\r\nHost: h\r\n"),
        .host("not valid", "Host: evil<script>\r\n"),
    ]

    static let lines: [HTTPRefusal] = [
        .line(400, "one space", "GET  / HTTP/1.1"), .line(400, "one space", "GET /  HTTP/1.1"),
        .line(400, "one space", "GET /a b HTTP/1.1"), .line(400, "one space", "GET\t/ HTTP/1.1"),
        .line(400, "one space", " / HTTP/1.1").withOther, .line(400, "speaks HTTP", "GET / HTTP/1.1 "),
        .line(400, "one space", "G@T / HTTP/1.1"), .line(400, "one space", "\rGET / HTTP/1.1"),
        .line(400, "control", "GET /\0 HTTP/1.1"), .line(400, "control", "GET /\u{7f} HTTP/1.1"),
        .line(400, "control", "GET /\r HTTP/1.1"), .line(400, "control", "GET /\ta HTTP/1.1"),
        .line(400, "not ASCII", "GET /\u{e9} HTTP/1.1"), .line(400, "fragment", "GET /a#b HTTP/1.1"),
        .line(400, "begins with /", "GET a HTTP/1.1"), .line(400, "begins with /", "GET ?a HTTP/1.1"),
        .line(400, "begins with /", "GET https://h/ HTTP/1.1"), .line(400, "begins with /", "GET http://h HTTP/1.1"),
        .line(400, "begins with /", "GET http://h?a HTTP/1.1"), .line(400, "another host", "GET http://i/ HTTP/1.1"),
        .line(400, "another host", "GET http:/// HTTP/1.1"), .line(400, "another host", "GET http://u@h/ HTTP/1.1"),
        .line(400, "another host", "GET http://h:80/ HTTP/1.1"), .line(400, "OPTIONS", "GET * HTTP/1.1"),
        HTTPRefusal(400, "another host", "GET http://h/ HTTP/1.0\r\n\r\n"),
        .line(400, "begins with /", "OPTIONS ** HTTP/1.1"), .line(400, "CONNECT", "CONNECT h:443 HTTP/1.1"),
        .line(400, "CONNECT", "CONNECT / HTTP/1.1"), .line(400, "speaks HTTP", "GET / http/1.1"),
        .line(505, "version", "GET / HTTP/2.0"), .line(505, "version", "GET / HTTP/0.9"),
        .line(505, "version", "GET / HTTP/1.2"), .line(505, "version", "PRI * HTTP/2.0"),
        .line(400, "one space", "GET / HTTP/1.x"), .line(400, "speaks HTTP", "GET / HTTP/1.10"),
        .line(400, "speaks HTTP", "GET / HTTP/11"), .line(400, "speaks HTTP", "GET /"),
        .line(400, "speaks HTTP", "GET"),
        // Two empty lines; the second one begins a request.
        HTTPRefusal(400, "one space", "\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n"),
        HTTPRefusal(400, "CR LF", "\nGET / HTTP/1.1\r\nHost: h\r\n\r\n"),
        // Other protocols.
        HTTPRefusal(400, "speaks HTTP", "*1\r\n$4\r\nPING\r\n"), HTTPRefusal(400, "speaks HTTP", "SET key value\r\n"),
        HTTPRefusal(400, "speaks HTTP", "PING\r\n"), HTTPRefusal(400, "TLS", [0x16, 3, 1, 2, 0, 1]),
        HTTPRefusal(400, "speaks HTTP", [0xef, 0xbb, 0xbf]), HTTPRefusal(400, "speaks HTTP", [0]),
    ]

    /// The same, though its reason is the one for other protocols.
    private var withOther: HTTPRefusal { HTTPRefusal(status, "speaks HTTP", input) }

    static let fields: [HTTPRefusal] = [
        .field(400, "name", ": v"), .field(400, "name", "a"), .field(400, "name", "a(b): c"),
        .field(400, "name", "\u{e9}: c"), .field(400, "name", "a\0: c"), .field(400, "name", "\u{7f}: c"),
        .field(400, "name", "a\r: c"), .field(400, "blank", "a b: c"), .field(400, "control", "a: \u{1}"),
        .field(400, "control", "a: b\u{7f}"), .field(400, "control", "a: 1234567\rb"), .field(400, "control", "a: b\r"),
        .field(400, "control", "a: \u{1f}23456789"),
        HTTPRefusal(400, "blank", "GET / HTTP/1.1\r\n Host: h\r\n\r\n"),
        .field(400, "Connection", "Connection: a b"), .field(400, "Connection", "Connection: close;x"),
        .field(417, "Expect", "Expect: 200-ok"), .field(417, "Expect", "Expect: 100-continue, x"),
        .field(417, "Expect", "Expect:"),
        .host("not valid", "Host:\r\n"), .host("not valid", "Host: a b\r\n"), .host("not valid", "Host: a,b\r\n"),
        .host("not valid", "Host: a/\r\n"), .host("not valid", "Host: u@a\r\n"), .host("not valid", "Host: a:\r\n"),
        .host("not valid", "Host: :80\r\n"), .host("not valid", "Host: a:99999\r\n"),
        .host("not valid", "Host: a:000080\r\n"), .host("not valid", "Host: a:8x\r\n"),
        .host("not valid", "Host: a:80:80\r\n"), .host("not valid", "Host: ::1\r\n"),
        .host("not valid", "Host: [::1\r\n"), .host("not valid", "Host: [::1]x\r\n"),
        .host("not valid", "Host: []\r\n"), .host("not valid", "Host: [::1%25lo]\r\n"),
        .host("not valid", "Host: \u{e9}\r\n"), .host("not valid", "Host: %41\r\n"),
        HTTPRefusal(400, "twice", "GET / HTTP/1.0\r\nHost: h\r\nHost: h\r\n\r\n"),
    ]

    static let bodies: [HTTPRefusal] = [
        .field(400, "digits", "Content-Length:"), .field(400, "digits", "Content-Length: 5, 5"),
        .field(400, "digits", "Content-Length: 0x5"), .field(400, "digits", "Content-Length: 5 5"),
        .field(400, "digits", "Content-Length: 1234567890123456789"), .field(400, "digits", "Content-Length: \u{0665}"),
        .field(413, "larger", "Content-Length: 501"), .field(413, "larger", "Content-Length: 123456789012345678"),
        .field(400, "exclude", "Content-Length: 5\r\nTransfer-Encoding: chunked"),
        .field(400, "exclude", "Transfer-Encoding: chunked\r\nContent-Length: 0"),
        .field(400, "once and alone", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
        .field(400, "once and alone", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity"),
        .field(400, "once and alone", "Transfer-Encoding: chunked, chunked"),
        .field(400, "once and alone", "Transfer-Encoding: gzip, chunked"),
        .field(400, "once and alone", "Transfer-Encoding: chunked;q=1"),
        .field(400, "once and alone", "Transfer-Encoding: , chunked"),
        .field(400, "once and alone", "Transfer-Encoding:"),
        .field(501, "coding", "Transfer-Encoding: gzip"), .field(501, "coding", "Transfer-Encoding: xchunked"),
        .field(501, "coding", "Transfer-Encoding: identity"),
        HTTPRefusal(400, "HTTP/1.0", "PUT /k HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        .chunks(400, "size", "\r\n"), .chunks(400, "size", "+3\r\nabc\r\n"), .chunks(400, "size", "-3\r\nabc\r\n"),
        .chunks(400, "size", " 3\r\nabc\r\n"), .chunks(400, "size", "3 \r\nabc\r\n"),
        .chunks(400, "size", "0x3\r\nabc\r\n"),
        .chunks(400, "size", "3 ;a\r\nabc\r\n"), .chunks(400, "size", "g\r\n"), .chunks(400, "size", ";a\r\n"),
        .chunks(400, "size", "0000000000000003\r\nabc\r\n"), .chunks(413, "larger", "fffffffffffffff\r\n"),
        .chunks(400, "CR LF", "3\nabc\r\n"), .chunks(400, "size", "3;a\rb\r\nabc\r\n"),
        .chunks(400, "CR LF", "3;\nxx\r\n"),
        .chunks(400, "size", "3;a=\0\r\nabc\r\n"), .chunks(400, "size is not", "3\r\nabcd\r\n0\r\n\r\n"),
        .chunks(400, "size is not", "3\r\nab\r\n0\r\n\r\n"), .chunks(400, "size is not", "3\r\nabc\n\n0\r\n\r\n"),
        .chunks(413, "larger", "1f4\r\n\(String(repeating: "x", count: 500))\r\n1\r\n"),
        .chunks(413, "larger", "1f5\r\n"),
        .chunks(400, "too long", "3;\(String(repeating: "a", count: 300))"),
        .chunks(400, "too small", String(repeating: "1\r\nx\r\n", count: 300)),
        .chunks(400, "too small", String(repeating: "1;\(String(repeating: "a", count: 240))\r\nx\r\n", count: 10)),
        .chunks(400, "one line", "0\r\n a: b\r\n\r\n"), .chunks(400, "name", "0\r\nabc\r\n\r\n"),
        .chunks(400, "blank", "0\r\na : b\r\n\r\n"), .chunks(400, "control", "0\r\na: \u{1}\r\n\r\n"),
        .chunks(400, "CR LF", "0\r\na: b\n\r\n"), .chunks(400, "CR LF", "0\r\n\n"),
        .chunks(400, "too late", "0\r\nContent-Length: 0\r\n\r\n"), .chunks(400, "too late", "0\r\nhost: h\r\n\r\n"),
        .chunks(400, "too late", "0\r\ntransfer-encoding: chunked\r\n\r\n"),
        .chunks(400, "size", "0;\r\n\r\n"), .chunks(400, "size", "0;a=\r\n\r\n"), .chunks(400, "size", "0;=b\r\n\r\n"),
        .chunks(400, "size", "0;a b\r\n\r\n"), .chunks(400, "size", "0;a;;b\r\n\r\n"),
        .chunks(400, "size", "0;a=\"b\r\n\r\n"), .chunks(400, "size", "0;a=\"b\\\"\r\n\r\n"),
        .chunks(400, "size", "0;a=\"\"b\r\n\r\n"), .chunks(400, "size", "0;a=\"\u{1}\"\r\n\r\n"),
        .chunks(400, "size", "0;a=\"b\\\u{1}\"\r\n\r\n"), .chunks(400, "size", "0;\u{e9}\r\n\r\n"),
        .chunks(431, "last chunk", "0\r\n" + String(repeating: "a: b\r\n", count: 200)),
    ]

    static let limits: [HTTPRefusal] = [
        .line(414, "target", "GET /\(String(repeating: "a", count: 200)) HTTP/1.1"),
        .line(414, "target", "GET /\(String(repeating: "a", count: 2_000)) HTTP/1.1"),
        .line(414, "target", "GET /\(String(repeating: "a", count: 2_000))"),
        HTTPRefusal(414, "target", String(repeating: "A", count: 500)),
        .field(431, "larger", "a: \(String(repeating: "b", count: 1_000))"),
        .field(
            431, "larger", (0..<4).map { "a\($0): \(String(repeating: "b", count: 300))" }.joined(separator: "\r\n")),
        .field(431, "more fields", (0..<8).map { "a\($0): b" }.joined(separator: "\r\n")),
    ]
}

@Suite("The strictness of HTTP")
struct HTTPStrictnessTests {
    private static let refusals =
        HTTPRefusal.probes + HTTPRefusal.lines + HTTPRefusal.fields + HTTPRefusal.bodies + HTTPRefusal.limits

    @Test("bytes that are not a request are refused, however they are cut", arguments: refusals)
    func refused(_ one: HTTPRefusal) {
        let whole = HTTPTranscript(one.input)
        #expect(whole.requests.isEmpty, "\(whole)")
        #expect(whole.status == one.status && whole.reason.contains(one.word), "\(whole)")
        #expect(HTTPTranscript(one.input, cuts: Array(1..<one.input.count)) == whole)
        for cut in 1..<one.input.count { #expect(HTTPTranscript(one.input, cuts: [cut]) == whole, "cut at \(cut)") }
    }

    @Test("every reason is one sentence in ASCII that does not end with a full stop")
    func reasons() {
        for one in HTTPStrictnessTests.refusals {
            let reason = HTTPTranscript(one.input).reason
            #expect(reason.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7f } && reason.count > 30 && !reason.hasSuffix("."))
            #expect(reason.first?.isUppercase == true, "\(reason)")
        }
    }

    @Test("a request that is as large as a limit is accepted")
    func limits() {
        let target = "/" + String(repeating: "a", count: 199)
        let start = "GET \(target) HTTP/1.1\r\nHost: h\r\n"
        let fields = (0..<6).map { "a\($0): b\r\n" }.joined()
        let rest = 1_000 - (start + fields + "c: \r\n\r\n").utf8.count
        for (change, status) in [(0, nil), (1, 431)] as [(Int, Int?)] {
            let head = start + fields + "c: \(String(repeating: "d", count: rest + change))\r\n\r\n"
            #expect(HTTPTranscript(head.bytes).status == status)
        }
        for (size, status) in [(500, nil), (501, 413)] as [(Int, Int?)] {
            let body = String(repeating: "x", count: size)
            let sized = "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: \(size)\r\n\r\n\(body)"
            #expect(HTTPTranscript(sized.bytes).status == status)
            let coded = "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
            let chunked = coded + "\(String(size, radix: 16))\r\n\(body)\r\n0\r\n\r\n"
            #expect(HTTPTranscript(chunked.bytes).status == status)
        }
    }

    @Test("a length beyond the limit is refused at the head, before it is announced")
    func earlyLength() {
        let input = "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 501\r\n\r\n".bytes
        var parser = HTTPParser(limits: HTTPTranscript.limits)
        #expect(status(parser.parse(input.span)) == 413)
    }

    /// The bytes that may be where `%` is in a request.
    private func bytes(acceptedIn request: String) -> [UInt8] {
        let input = request.bytes
        let place = input.firstIndex(of: UInt8(ascii: "%")) ?? 0
        return (UInt8.min...UInt8.max).filter { byte in
            var changed = input
            changed[place] = byte
            let found = HTTPTranscript(changed)
            return found.ending == .drained && found.requests.count == 1
        }
    }

    @Test("each byte is accepted where RFC 9110 and RFC 3986 have it, and nowhere else")
    func eachByte() {
        let names = Array("-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz".utf8)
        let token = (names + Array("!#$%&'*+^`|~".utf8)).sorted()
        #expect(bytes(acceptedIn: "A%A / HTTP/1.1\r\nHost: h\r\n\r\n") == token)
        #expect(bytes(acceptedIn: "GET / HTTP/1.1\r\nHost: h\r\nA%A: b\r\n\r\n") == (token + [0x3a]).sorted())
        let target = (UInt8(0x21)...0x7e).filter { $0 != UInt8(ascii: "#") }
        #expect(bytes(acceptedIn: "GET /a%a HTTP/1.1\r\nHost: h\r\n\r\n") == target)
        let value: [UInt8] = [9] + Array(0x20...0x7e) + Array(0x80...0xff)
        #expect(bytes(acceptedIn: "GET / HTTP/1.1\r\nHost: h\r\nA: b%b\r\n\r\n") == value)
        #expect(bytes(acceptedIn: "GET / HTTP/1.1\r\nHost: a%a\r\n\r\n") == names)
        #expect(bytes(acceptedIn: "GET / HTTP/1.1\r\nHost: a%8\r\n\r\n") == (names + [0x3a]).sorted())
        let address = Array(".0123456789:ABCDEFabcdef".utf8)
        #expect(bytes(acceptedIn: "GET / HTTP/1.1\r\nHost: [:%:]\r\n\r\n") == address)
        let digits = Array("0123456789".utf8)
        #expect(bytes(acceptedIn: "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 0%0\r\n\r\n") == [0x30])
        #expect(bytes(acceptedIn: "GET / HTTP/1.1\r\nHost: h:1%\r\n\r\n") == [9, 0x20] + digits)
    }

    @Test("a long method is a method, if its line is not too long")
    func longMethod() {
        let request = "\(String(repeating: "M", count: 100)) / HTTP/1.1\r\nHost: h\r\n\r\n"
        #expect(HTTPTranscript(request.bytes).requests.map(\.method) == [.other])
    }

    @Test(
        "valid hosts",
        arguments: [
            ("a", "a"), ("a.b-c_d:1", "a.b-c_d"), ("127.0.0.1:65535", "127.0.0.1"),
            ("[fe80::1.2.3.4]:0", "fe80::1.2.3.4"),
            ("LOCALHOST.", "LOCALHOST."),
        ])
    func hosts(authority: String, host: String) {
        let found = HTTPTranscript("GET / HTTP/1.1\r\nHost: \(authority)\r\n\r\n".bytes)
        #expect(found.requests.map(\.host) == [host.bytes] && found.requests.map(\.authority) == [authority.bytes])
    }
}
