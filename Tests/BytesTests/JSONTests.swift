import Bytes
import FuzzChecks
import Testing

@Suite("JSON")
struct JSONTests {
    private func tokens(_ text: String, depthLimit: Int = 64) throws(JSONError) -> [JSONToken] {
        let bytes = Array(text.utf8)
        var reader = JSONReader(bytes.span, depthLimit: depthLimit)
        var tokens: [JSONToken] = []
        while true {
            let token = try reader.next()
            if token == .end { return tokens }
            tokens.append(token)
        }
    }

    @Test("a text is read part by part")
    func parts() throws {
        #expect(
            try tokens(" {\"a\" : [1, -2.5e+3, true], \"b\":{} ,\"\\u00e9\":\"x\\n\",\"c\":[],\"d\":null}\r\n") == [
                .beginObject, .name(Array("a".utf8)), .beginList, .number(Array("1".utf8)),
                .number(Array("-2.5e+3".utf8)), .boolean(true), .endList, .name(Array("b".utf8)), .beginObject,
                .endObject, .name(Array("é".utf8)), .text(Array("x\n".utf8)), .name(Array("c".utf8)), .beginList,
                .endList, .name(Array("d".utf8)), .null, .endObject,
            ])
        for value in ["0", "-0", "10", "0.5", "1e9", "1E-9", "false", "null", "\"\"", " [] "] {
            #expect(try tokens(value).count > 0, "\(value)")
        }
    }

    @Test(
        "invalid JSON is an error with its place",
        arguments: [
            ("", JSONError.expected(.value, offset: 0)), ("  ", .expected(.value, offset: 2)),
            ("{", .expected(.name, offset: 1)), ("{a:1}", .expected(.name, offset: 1)),
            ("{\"a\"}", .expected(.colon, offset: 4)), ("{\"a\":}", .expected(.value, offset: 5)),
            ("{\"a\":1,}", .expected(.name, offset: 7)), ("{\"a\":1 \"b\"", .expected(.comma, offset: 7)),
            ("[1", .expected(.comma, offset: 2)), ("[1,]", .expected(.value, offset: 3)),
            ("[1}", .expected(.comma, offset: 2)), ("[,1]", .expected(.value, offset: 1)),
            ("1 2", .expected(.end, offset: 2)), ("{}}", .expected(.end, offset: 2)),
            ("01", .expected(.value, offset: 0)), ("1.", .expected(.value, offset: 0)),
            (".5", .expected(.value, offset: 0)), ("+1", .expected(.value, offset: 0)),
            ("1e", .expected(.value, offset: 0)), ("-", .expected(.value, offset: 0)),
            ("0x1", .expected(.value, offset: 0)), ("tru", .expected(.value, offset: 0)),
            ("True", .expected(.value, offset: 0)), ("NaN", .expected(.value, offset: 0)),
            ("\"a", .string(.unterminated)), ("\"\u{1}\"", .string(.controlByte(offset: 1))),
            ("\"\\x\"", .string(.badEscape(offset: 1))), ("\"\\ud800\"", .string(.loneSurrogate(offset: 1))),
            ("[[[[1]]]]", .isTooDeep(offset: 3)),
        ])
    func errors(text: String, error: JSONError) {
        #expect(throws: error) { try tokens(text, depthLimit: 3) }
    }

    @Test("values are written with what stands between them, on one line or many")
    func layout() {
        func write(_ json: inout JSONWriter) {
            json.object { json in
                json.member("a", "x\"\u{1b}")
                json.member("none", String?.none)
                json.member("list", [1, 2])
                json.member("empty", object: { _ in })
                json.member(
                    "inner",
                    object: { json in
                        json.member("ratio", 0.25)
                        json.member("endless", Double.infinity)
                        json.member("large", 1e300)
                        json.member("key", bytes: [0xff].span)
                        json.member("isTrue", true)
                    })
            }
        }
        let line =
            "{\"a\":\"x\\\"\\u001b\",\"none\":null,\"list\":[1,2],\"empty\":{},\"inner\":{\"ratio\":0.25,\"endless\":null,\"large\":1e+300,\"key64\":\"/w==\",\"isTrue\":true}}"
        #expect(String(json: .compact, write) == line)
        #expect(
            String(json: .indented, write) == """
                {
                  "a": "x\\"\\u001b",
                  "none": null,
                  "list": [
                    1,
                    2
                  ],
                  "empty": {},
                  "inner": {
                    "ratio": 0.25,
                    "endless": null,
                    "large": 1e+300,
                    "key64": "/w==",
                    "isTrue": true
                  }
                }
                """)
        #expect(String(json: .indented) { $0.value([Int]()) } == "[]")
    }

    @Test("only what is shown on a terminal is escaped for one")
    func terminal() {
        let text = "é\u{7f}\u{202e}\u{9b}"
        #expect(String(json: .compact) { $0.value(text) } == "\"\(text)\"")
        #expect(String(json: .terminalSafe) { $0.value(text) } == "\"é\\u007f\\u202e\\u009b\"")
    }

    @Test("a text is appended to a buffer's content, even if writing it fails")
    func behind() throws {
        struct Stop: Error {}
        var buffer = ByteBuffer()
        buffer.append("a ")
        buffer.append(json: .compact) { $0.value(1) }
        #expect(throws: Stop.self) {
            try buffer.append(json: .compact) { json throws(Stop) in
                json.value(2)
                throw Stop()
            }
        }
        #expect(String(buffer.bytes) == "a 12")
    }

    @Test("texts that are changed at random are read as Foundation reads them")
    func noise() throws {
        var random = SplitMix64(seed: 13)
        let texts = [
            "{\"key\":\"a\\u00e9\",\"value64\":\"/w==\",\"expires\":1764000060123}", "1,-0.5e+7,[true,false,null],{}",
            "[[],[[]],{\"a\":[{\"b\":\"\\ud83d\\ude00\"}]}]", " { \"x\" : 0 } , \"\\\\\\\"\\/\" ",
        ].map { Array($0.utf8) }
        let special = Array("{}[]:,\"\\ 0-.eEtu\t\n".utf8)
        for round in 0..<20_000 {
            var bytes = texts[round % texts.count]
            for _ in 0..<1 + Int(random.next() % 3) {
                let index = Int(random.next() % UInt64(bytes.count))
                switch random.next() % 3 {
                case 0: bytes[index] = special[Int(random.next() % UInt64(special.count))]
                case 1: bytes.insert(special[Int(random.next() % UInt64(special.count))], at: index)
                default: bytes.remove(at: index)
                }
            }
            try FuzzCheck.json.run(bytes)
        }
    }
}
