import Bytes
import TestSupport
import Testing

@Suite("Text")
struct TextTests {
    @Test("a string is the bytes as UTF-8, with what is invalid replaced")
    func string() {
        let cases: [([UInt8], String)] = [
            ([], ""), (Array("grüße 🐧".utf8), "grüße 🐧"), ([0x61, 0xff, 0x62], "a\u{fffd}b"), ([0, 0x0a], "\u{0}\n"),
        ]
        for (bytes, expected) in cases {
            let text = String(bytes.span)
            #expect(text == expected)
        }
    }

    @Test("UTF-8 is recognized as by the standard library", arguments: SeededRandom.seeds(10))
    func seededUTF8(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        // Lead and continuation bytes of every kind, overlong forms, surrogates and beyond U+10FFFF among them.
        let alphabet: [UInt8] = [
            0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xed, 0xee, 0xef,
            0xf0,
            0xf1, 0xf4, 0xf5, 0xff,
        ]
        var valid = 0
        for _ in 0..<5_000 {
            var bytes =
                [UInt8](repeating: 0x61, count: random.below(20)) + random.bytes(random.below(4), from: alphabet)
            bytes += [UInt8](repeating: 0x7a, count: random.below(12))
            let isValid = bytes.span.isUTF8
            #expect(isValid == (String(validating: bytes, as: UTF8.self) != nil), "\(bytes)")
            if isValid { valid += 1 }
        }
        #expect(valid > 0 && valid < 5_000)
    }

    @Test("every scalar's encoding is UTF-8, and no encoding cut short is")
    func scalars() {
        for value in stride(from: 0 as UInt32, through: 0x10_ffff, by: 0x61) {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let bytes = Array(String(Character(scalar)).utf8)
            let isValid = bytes.span.isUTF8
            #expect(isValid)
            let cut = Array(bytes.dropLast())
            let isCutValid = cut.span.isUTF8
            #expect(isCutValid == cut.isEmpty)
        }
    }

    @Test("one is distinguished from none and several")
    func counting() {
        #expect([0, 1, 2].map { counted($0, "pair") } == ["0 pairs", "1 pair", "2 pairs"])
    }
}
