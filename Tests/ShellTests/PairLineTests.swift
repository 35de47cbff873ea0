import Bytes
import Shell
import Testing

/// Pairs as lines of JSON.
struct PairLineTests {
    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test(
        "a pair that is written is read again",
        arguments: [
            TransferPair(key: Array("k".utf8), value: Array("v".utf8)),
            TransferPair(key: [], value: []),
            TransferPair(key: [0xff, 0], value: [0x0a, 0x22, 0x5c, 0x1f], expires: 1_764_000_060_123),
            TransferPair(key: Array("ü \"q\"".utf8), value: Array(0...255)),
        ])
    func roundTrip(pair: TransferPair) throws {
        var buffer = ByteBuffer()
        buffer.append(jsonLine: pair)
        let line = Array(buffer.bytes)
        #expect(line.last == 0x0a && line.dropLast().allSatisfy { $0 != 0x0a })
        #expect(try TransferPair(line: line) == pair)
    }

    @Test("fields come in any order, with blanks")
    func loose() throws {
        let pair = TransferPair(key: bytes("k"), value: bytes("\u{e9}\n"), expires: 5)
        #expect(
            try TransferPair(line: bytes(" { \"expires\" : 5 ,\t\"value\":\"\\u00e9\\n\", \"key\" : \"k\" } \r\n"))
                == pair)
        #expect(try TransferPair(line: bytes("  \n")) == nil)
        #expect(try TransferPair(line: bytes("{\"key\":\"k\",\"value\":\"v\",\"expires\":null}"))?.expires == nil)
    }

    @Test(
        "an invalid pair is refused with the reason",
        arguments: [
            ("SET k v", "The line is not a JSON object"), ("{\"key\":\"k\"}", "There is no \"value\""),
            ("{\"value\":\"v\"}", "There is no \"key\""), ("{}", "There is no \"key\""),
            ("{\"key\":1,\"value\":\"v\"}", "\"key\" is not a string"),
            ("{\"key\":\"k\",\"value\":[1]}", "A field is a list, an object or invalid JSON"),
            ("{\"key\":\"k\",\"value\":\"v\"", "The JSON object has no end"),
            ("{\"key\":\"k\",\"value\":\"v", "A JSON string has no closing quote"),
            (
                "{\"key\":\"k\",\"value\":\"\\ud800\"}",
                "A JSON string has half of a surrogate pair (\\ud800), which is no character"
            ),
            ("{\"key\":\"\\uDFFFx\",\"value\":\"v\"}", "A JSON string has half of a surrogate pair (\\uDFFF)"),
            ("{\"key\":\"k\",\"value\":\"\\ud800\\u0041\"}", "A JSON string has half of a surrogate pair (\\ud800)"),
            ("{\"key\":\"k\",\"value\":\"\\u12g4\"}", "A JSON string has an unknown escape"),
            ("{\"key\":\"k\",\"value\":\"v\"} x", "There is text after the JSON object"),
            ("{\"key\":\"k\",\"key64\":\"aw==\",\"value\":\"v\"}", "There are two of \"key64\""),
            ("{\"key\":\"k\",\"value64\":\"?\"}", "\"value64\" is not base64"),
            ("{\"key\":\"k\",\"value\":\"v\",\"exp\":1}", "Unknown field \"exp\""),
            ("{\"key\":\"k\",\"value\":\"v\",\"expires\":\"soon\"}", "\"expires\" is not a time in Unix milliseconds"),
            ("{\"key\" \"k\"}", "There is no colon after \"key\""),
            ("{\"key\":}", "A field is a list, an object or invalid JSON"),
            ("{key:1}", "The name of a field is not a JSON string"),
        ])
    func errors(line: String, message: String) throws {
        let error = #expect(throws: RequestLineError.self) { try TransferPair(line: bytes(line)) }
        #expect(error?.description.hasPrefix(message) == true, "\(String(describing: error))")
    }

    @Test("the request that stores a pair keeps its end")
    func request() {
        let words = TransferPair(key: bytes("k"), value: bytes("v"), expires: 12).request
        #expect(words.map { String(decoding: $0, as: UTF8.self) } == ["SET", "k", "v", "PXAT", "12"])
    }
}
