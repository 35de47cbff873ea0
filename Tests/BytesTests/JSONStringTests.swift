import Bytes
import Foundation
import TestSupport
import Testing

@Suite("JSON strings")
struct JSONStringTests {
    private func encoded(_ bytes: [UInt8]) -> [UInt8] {
        var buffer = ByteBuffer()
        buffer.append(jsonString: bytes.span)
        return Array(buffer.bytes)
    }

    /// The text of the JSON string at the start of `source`, and where it ends.
    private func decoded(_ source: [UInt8], at offset: Int = 0) throws(JSONStringError) -> (text: [UInt8], end: Int) {
        var buffer = ByteBuffer()
        let end = try buffer.append(decodedJSONString: source.span, at: offset)
        return (Array(buffer.bytes), end)
    }

    /// What is read of a JSON string, and where it ends or what is wrong with it.
    private func read(_ source: [UInt8], isPortable: Bool) -> [String] {
        var buffer = ByteBuffer()
        let result = Result { () throws(JSONStringError) in
            try buffer.append(decodedJSONString: source.span, at: 0, isPortable: isPortable)
        }
        return ["\(result)", "\(Array(buffer.bytes))"]
    }

    private func decoded(_ source: String) throws(JSONStringError) -> String {
        let (text, end) = try decoded(Array(source.utf8))
        #expect(end == source.utf8.count)
        return String(text.span)
    }

    @Test("a text is plain if it has no byte to escape and none beyond ASCII, at any position")
    func plainText() {
        for size in 0..<40 {
            let plain = [UInt8]((0..<size).map { UInt8(0x23 + $0 % 0x30) })
            let found = plain.span.isPlainText
            #expect(found)
            for place in 0..<size {
                for byte in UInt8.min...UInt8.max {
                    var bytes = plain
                    bytes[place] = byte
                    let isPlain = byte >= 0x20 && byte < 0x80 && byte != 0x22 && byte != 0x5c
                    let found = bytes.span.isPlainText
                    #expect(found == isPlain)
                }
            }
        }
    }

    @Test(
        "vectors and single bytes write the same text, and end at the same byte that is not UTF-8",
        arguments: SeededRandom.seeds(4))
    func vectors(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let special: [[UInt8]] = [
            [0x22], [0x5c], [0x00], [0x08], [0x0a], [0x1f], [0x7f], [0xc3, 0xa4], [0xe2, 0x82, 0xac],
            [0xf0, 0x9f, 0x98, 0x80], [0xed, 0x9f, 0xbf], [0xf4, 0x8f, 0xbf, 0xbf],
        ]
        let invalid: [[UInt8]] = [
            [0x80], [0xff], [0xc0, 0x80], [0xe0, 0x9f, 0xbf], [0xed, 0xa0, 0x80], [0xf0, 0x8f, 0xbf, 0xbf],
            [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82], [0xf0, 0x9f],
        ]
        for round in 0..<20_000 {
            var text: [UInt8] = []
            let size = random.below(round % 50 == 0 ? 9_000 : 80)
            let rarity = 1 + random.below(40)
            while text.count < size {
                if random.below(rarity) == 0 {
                    text += special[random.below(special.count)]
                } else if random.below(400) == 0 {
                    text += invalid[random.below(invalid.count)]
                } else {
                    text.append(UInt8(0x61 + random.below(26)))
                }
            }
            let isValid = text.span.isUTF8
            for checks in [true, false] {
                var fast = ByteBuffer()
                var plain = ByteBuffer()
                let isWritten = fast.append(jsonText: text.span, checksUTF8: checks)
                let isPlainWritten = plain.append(jsonText: text.span, checksUTF8: checks, isPortable: true)
                #expect(isWritten == isPlainWritten && isWritten == (isValid || !checks), "seed \(seed), \(text)")
                #expect(Array(fast.bytes) == Array(plain.bytes), "seed \(seed), \(text)")
                guard isWritten else { continue }
                let source = [0x22] + Array(fast.bytes) + [0x22]
                #expect((try? decoded(source).text) == text, "seed \(seed), \(text)")
                #expect(read(source, isPortable: false) == read(source, isPortable: true), "seed \(seed), \(text)")
                // Cut off, and with another byte somewhere.
                var other = Array(source.prefix(random.below(source.count) + 1))
                other[random.below(other.count)] = [0x5c, 0x22, 0x75, 0x0a, 0x30][random.below(5)]
                #expect(read(other, isPortable: false) == read(other, isPortable: true), "seed \(seed), \(other)")
                #expect(source.span.jsonTextEnd(from: 1) == (source.count - 1, true), "seed \(seed), \(source)")
                let end = other.span.jsonTextEnd(from: 1)
                #expect(end == other.span.jsonTextEnd(from: 1, isPortable: true), "seed \(seed), \(other)")
                var again = ByteBuffer()
                if let text = try? decoded(Array(other.prefix(end.end + 1))).text {
                    again.append(jsonString: text.span)
                }
                // The opening quote may be the other byte.
                let isMinimal = Array(again.bytes).dropFirst() == other.prefix(end.end + 1).dropFirst()
                // What does not end can be minimal so far.
                #expect(end.end == other.count || end.isMinimal == isMinimal, "seed \(seed), \(other)")
            }
        }
    }

    @Test("the first escape is where a byte by byte search finds it, for every byte, place and length up to 40")
    func firstEscape() {
        for count in 0...40 {
            for place in 0..<max(count, 1) {
                for byte in UInt8.min...UInt8.max {
                    var bytes = [UInt8](repeating: 0xa2, count: count)
                    if count > 0 { bytes[place] = byte }
                    let isEscape = count > 0 && (byte < 0x20 || byte == 0x22 || byte == 0x5c)
                    let found = bytes.span.firstEscape(from: 0)
                    if found != (isEscape ? place : count) {
                        Issue.record("byte \(byte) at \(place) of \(count): found at \(found)")
                    }
                }
            }
        }
    }

    @Test("of several bytes to escape the first is found, from every place", arguments: SeededRandom.seeds(10))
    func firstOfSeveral(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        // Neighbours of the bytes sought, in value, and with the high bit set: where borrows between bytes would show.
        let alphabet: [UInt8] = [
            0x00, 0x1f, 0x20, 0x21, 0x22, 0x23, 0x5b, 0x5c, 0x5d, 0x7f, 0x80, 0x9f, 0xa0, 0xa2, 0xdc, 0xff,
        ]
        for _ in 0..<2_000 {
            let bytes = random.bytes(random.below(40), from: alphabet)
            for start in 0...bytes.count {
                let found = bytes.span.firstEscape(from: start)
                let expected = bytes[start...].firstIndex { $0 < 0x20 || $0 == 0x22 || $0 == 0x5c } ?? bytes.count
                #expect(found == expected, "\(bytes) from \(start)")
            }
        }
    }

    @Test("decoding what was encoded gives the same bytes, valid UTF-8 or not", arguments: SeededRandom.seeds(10))
    func roundTrip(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        for _ in 0..<1_000 {
            let bytes = random.bytes(random.below(64))
            let source = encoded(bytes)
            let (text, end) = try decoded(source)
            #expect(text == bytes)
            #expect(end == source.count)
        }
    }

    @Test("every byte below 0x80 is written as a standard parser reads it")
    func standardParser() throws {
        for byte in UInt8.min..<0x80 {
            let source = encoded([0x61, byte, 0x7a])
            let text = try JSONSerialization.jsonObject(with: Data(source), options: .fragmentsAllowed) as? String
            #expect(text == String(decoding: [0x61, byte, 0x7a], as: UTF8.self))
        }
    }

    @Test("only a quote, a backslash and bytes below 0x20 are escaped, in the shortest way")
    func spelling() {
        let expected: [UInt8: String] = [
            0x22: "\\\"", 0x5c: "\\\\", 0x08: "\\b", 0x09: "\\t", 0x0a: "\\n", 0x0c: "\\f", 0x0d: "\\r",
        ]
        for byte in UInt8.min...UInt8.max {
            let control = "\\u00" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            let escape = expected[byte].map { Array($0.utf8) } ?? (byte < 0x20 ? Array(control.utf8) : [byte])
            #expect(encoded([byte]) == [0x22] + escape + [0x22])
        }
        #expect(encoded([]) == Array("\"\"".utf8))
    }

    @Test("every escape is read")
    func escapes() throws {
        #expect(try decoded(#""\"\\\/\b\f\n\r\t""#) == "\"\\/\u{8}\u{c}\n\r\t")
        #expect(try decoded(#""\u0041\u00e4\u00E4\u20ac\u0000""#) == "Aää€\u{0}")
        #expect(try decoded(#""\uD83D\uDC27 \ud800\udc00 \udbff\udfff""#) == "🐧 \u{10000} \u{10ffff}")
        #expect(try decoded(#""\ud7ff\ue000\uffff""#) == "\u{d7ff}\u{e000}\u{ffff}")
    }

    @Test("a string may begin anywhere, and ends at its own quote")
    func inTheMiddle() throws {
        let (text, end) = try decoded(Array(#"{"key":"a\"b","c"}"#.utf8), at: 7)
        #expect(text == Array("a\"b".utf8))
        #expect(end == 13)
    }

    @Test(
        "half of a surrogate pair is refused as such, with its place",
        arguments: [
            #""\ud800""#, #""\udbffx""#, #""\ud800\n""#, #""\ud800\u0041""#, #""\ud800\ud800""#, #""\udc00""#,
            #""\udfff\ud800""#, #""\ud83d\udc2""#, #""\ud83d\\dc27""#,
        ])
    func loneSurrogates(source: String) {
        #expect(throws: JSONStringError.loneSurrogate(offset: 1)) { try decoded(source) }
    }

    @Test(
        "an unknown escape is refused, with its place",
        arguments: [
            #""ab\x""#, #""ab\u""#, #""ab\u12""#, #""ab\u12g4""#, #""ab\U0041""#, #""ab\'""#, #""ab\0""#,
            #""ab\u 041""#,
            #""ab\u+041""#,
        ])
    func unknownEscapes(source: String) {
        #expect(throws: JSONStringError.badEscape(offset: 3)) { try decoded(source) }
    }

    @Test("a bare control byte is refused, with its place")
    func controlBytes() {
        for byte in UInt8.min..<0x20 {
            #expect(throws: JSONStringError.controlByte(offset: 2)) { try decoded([0x22, 0x61, byte, 0x22]) }
        }
    }

    @Test(
        "a string without its closing quote is refused",
        arguments: ["\"", "\"abc", "\"abc\\", "\"abc\\\"", "\"\\u0041"])
    func unterminated(source: String) {
        #expect(throws: JSONStringError.unterminated) { try decoded(Array(source.utf8)) }
    }

    @Test("a string cut at any place is refused, and never read past its end")
    func cut() {
        let source = Array(#""grüße \n \ud83d\udc27 end of it""#.utf8)
        for count in 1..<source.count {
            #expect(throws: JSONStringError.self) { try decoded(Array(source[..<count])) }
        }
    }
}
