import Bytes
import Testing

/// Texts that are safe on a terminal.
@Suite("Text for a terminal")
struct TerminalTextTests {
    private func safe(_ bytes: [UInt8]) -> [UInt8] {
        var buffer = ByteBuffer()
        buffer.append(terminalSafe: bytes.span)
        return Array(buffer.bytes)
    }

    private func isSafe(_ bytes: [UInt8]) -> Bool { bytes.span.isTerminalSafe }

    /// What no terminal may be sent: C0 but line feeds and tabs, DEL, C1, and what turns the direction of writing.
    private static let steering: [ClosedRange<UInt32>] = [
        0...8, 0xb...0x1f, 0x7f...0x9f, 0x61c...0x61c, 0x200e...0x200f, 0x2028...0x202e, 0x2066...0x2069,
    ]

    @Test("each terminal control character is escaped, and no other but the invisible ones")
    func scalars() {
        for range in TerminalTextTests.steering {
            for scalar in range.compactMap(Unicode.Scalar.init) {
                #expect(scalar.steersTerminal && !isSafe(Array(String(scalar).utf8)))
                let digits = String(scalar.value, radix: 16)
                let escape = "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                #expect(String(scalar).terminalSafe == escape)
            }
        }
        for text in ["", "plain", "a\tb\n", "Grüße", "日本語", "👩‍👩‍👧 🏴", "نمی‌خواهم", "e\u{301}", "\\u001b"] {
            #expect(text.terminalSafe == text && isSafe(Array(text.utf8)), "\(text)")
        }
    }

    @Test("bytes that are not UTF-8 are shown by their numbers, also half of a character and C1 as one byte")
    func notUTF8() {
        for (bytes, expected) in [
            ([0x61, 0x9b, 0x33, 0x31, 0x6d], "a\\x9b31m"), ([0xff], "\\xff"), ([0xe2, 0x80], "\\xe2\\x80"),
            ([0xc0, 0x9b], "\\xc0\\x9b"), ([0xed, 0xa0, 0x80, 0x0a], "\\xed\\xa0\\x80\n"),
        ] as [([UInt8], String)] {
            #expect(safe(bytes) == Array(expected.utf8))
        }
    }

    @Test("a carriage return stays in front of a line feed only")
    func lines() {
        #expect("a\r\nb\r".terminalSafe == "a\r\nb\\u000d")
        #expect("OK\rERROR".terminalSafe == "OK\\u000dERROR")
    }

    @Test("random bytes never yield control characters, and safe ones are unchanged")
    func random() {
        var random = SplitMix64(seed: 15)
        let pieces: [[UInt8]] = [
            [0x1b], [0xc2], [0x9b], [0xe2, 0x80, 0xae], [0x0d], [0x0a], [0x61], [0x7f], [0xf0, 0x9f], [0xa6],
            Array("é".utf8),
        ]
        for _ in 0..<5000 {
            let bytes = (0..<random.below(12)).flatMap { _ in pieces[random.below(pieces.count)] }
            let text = String(validating: safe(bytes), as: UTF8.self)
            let scalars = text.map { Array($0.unicodeScalars) } ?? ["\u{1b}"]
            for (index, scalar) in scalars.enumerated() {
                let isLineEnd = scalar == "\r" && index + 1 < scalars.count && scalars[index + 1] == "\n"
                let isHarmful = TerminalTextTests.steering.contains { $0.contains(scalar.value) } && !isLineEnd
                #expect(!isHarmful, "\(bytes)")
            }
            if isSafe(bytes) { #expect(safe(bytes) == bytes) }
        }
    }

    @Test("inside a JSON string the escapes mean the same")
    func json() throws {
        let text = "\u{1b}]0;x\u{7}\u{9b}31m\u{202e}\u{7f}\u{e0041}é\n"
        let bytes = Array(text.utf8)
        var string = ByteBuffer()
        string.append(jsonString: bytes.span)
        let shown = safe(Array(string.bytes))
        #expect(isSafe(shown))
        var decoded = ByteBuffer()
        let end = try decoded.append(decodedJSONString: shown.span, at: 0)
        #expect(end == shown.count)
        #expect(Array(decoded.bytes) == bytes)
    }
}
