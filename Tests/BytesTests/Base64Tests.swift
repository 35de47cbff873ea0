import Bytes
import Foundation
import TestSupport
import Testing

@Suite("Base64")
struct Base64Tests {
    private func encoded(_ bytes: [UInt8]) -> String {
        var buffer = ByteBuffer()
        buffer.append(base64: bytes.span)
        return String(buffer.bytes)
    }

    private func decoded(_ text: String) -> [UInt8]? {
        var buffer = ByteBuffer()
        let source = Array(text.utf8)
        return buffer.append(decodedBase64: source.span) ? Array(buffer.bytes) : nil
    }

    @Test("the examples of RFC 4648, section 10")
    func examples() {
        let examples = [
            "": "", "f": "Zg==", "fo": "Zm8=", "foo": "Zm9v", "foob": "Zm9vYg==", "fooba": "Zm9vYmE=",
            "foobar": "Zm9vYmFy",
        ]
        for (text, expected) in examples {
            #expect(encoded(Array(text.utf8)) == expected)
            #expect(decoded(expected) == Array(text.utf8))
        }
    }

    @Test("bytes of every length come back, and are written as a standard encoder writes them")
    func roundTrip() {
        var random = SeededRandom(seed: 1)
        for count in 0...300 {
            let bytes = random.bytes(count)
            #expect(encoded(bytes) == Data(bytes).base64EncodedString())
            #expect(decoded(encoded(bytes)) == bytes)
        }
        let all: [UInt8] = Array(0...255)
        #expect(decoded(encoded(all)) == all)
    }

    @Test(
        "invalid base64 is refused",
        arguments: [
            "A", "AA", "AAA", "A===", "====", "AA=A", "A=AA", "=AAA", "AA==AAAA", "AAA=AAAA", "AAAAA", "AA A", "AAA\n",
            "AA-_", "AAA!", "AAÄ", "AAA\u{0}", "AAAA=", "AAAA====",
        ])
    func refused(text: String) {
        #expect(decoded(text) == nil)
    }
}
