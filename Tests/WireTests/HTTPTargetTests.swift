import Bytes
import Testing
import Wire

@Suite("Targets of HTTP")
struct HTTPTargetTests {
    private func decoded(_ text: String) throws(HTTPError) -> [UInt8] {
        var buffer = ByteBuffer()
        let bytes = text.bytes
        try buffer.append(percentDecoded: bytes.span)
        return Array(buffer.bytes)
    }

    @Test(
        "a path is decoded to bytes",
        arguments: [
            ("", []), ("/a/b", "/a/b".bytes), ("a%2Fb%2fc", "a/b/c".bytes), ("%00%ff%FF%7F", [0, 0xff, 0xff, 0x7f]),
            ("a+b", "a+b".bytes), ("%2525", "%25".bytes), ("..%2e", "...".bytes), ("%e2%82%ac", "€".bytes),
        ])
    func path(text: String, expected: [UInt8]) throws {
        #expect(try decoded(text) == expected)
    }

    @Test(
        "an escape without two hexadecimal digits is an error",
        arguments: ["%", "a%", "%2", "%g0", "%0g", "%%20", "%+1"])
    func badEscape(text: String) {
        let error = #expect(throws: HTTPError.self) { try decoded(text) }
        #expect(error?.status == 400)
        #expect(error?.reason.description.contains("two hexadecimal digits") == true)
        for query in [text, "a=\(text)", "\(text)=a"] { #expect(status(ofQuery: query) == 400, "\(query)") }
    }

    private func parameters(_ text: String) throws(HTTPError) -> [[UInt8]] {
        let bytes = text.bytes
        let query = try HTTPQuery(bytes.span)
        return (0..<query.count).flatMap { [Array(query.name(at: $0)), Array(query.value(at: $0))] }
    }

    private func status(ofQuery text: String) -> Int? {
        do {
            _ = try parameters(text)
            return nil
        } catch {
            return error.status
        }
    }

    @Test(
        "a query gives its parameters",
        arguments: [
            ("", []), ("a=1", ["a", "1"]), ("a", ["a", ""]), ("a=", ["a", ""]), ("a=b=c", ["a", "b=c"]),
            ("a=1&b=2&A=3", ["a", "1", "b", "2", "A", "3"]), ("p%26=%3D%2B+&q=?/", ["p&", "=++", "q", "?/"]),
        ])
    func query(text: String, expected: [String]) throws {
        #expect(try parameters(text) == expected.map(\.bytes))
    }

    @Test(
        "parameters that are nameless, repeated or too many are errors",
        arguments: [
            ("=1", "no name"), ("a&&b", "no name"), ("&a", "no name"), ("a&", "no name"), ("a=1&a=1", "twice"),
            ("a&%61=2", "twice"), ((0..<33).map { "p\($0)" }.joined(separator: "&"), "32"),
        ])
    func badQuery(text: String, word: String) {
        let error = #expect(throws: HTTPError.self) { try parameters(text) }
        #expect(error?.status == 400 && error?.reason.description.contains(word) == true)
    }

    @Test("parameters are found by name, and unknown ones are noticed")
    func names() throws {
        let text = "prefix=a%00&limit=5".bytes
        let query = try HTTPQuery(text.span)
        let prefix = if let value = query.value(of: "prefix") { Array(value) } else { [UInt8]() }
        #expect(prefix == [0x61, 0])
        let isMissing = query.value(of: "Limit") == nil
        #expect(isMissing)
        #expect(query.firstUnknown(besides: ["limit", "prefix"]) == nil)
        #expect(query.firstUnknown(besides: ["prefix", "cursor"]) == 1)
        #expect(try parameters((0..<32).map { "p\($0)" }.joined(separator: "&")).count == 64)
    }
}
