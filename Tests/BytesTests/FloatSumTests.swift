import Bytes
import TestSupport
import Testing

@Suite("Sums of numbers with decimals")
struct FloatSumTests {
    /// The sum, or what is wrong.
    private func sum(_ left: String, _ right: String) -> String {
        var buffer = ByteBuffer()
        buffer.append("before ")
        do throws(FloatSumError) {
            try buffer.append(floatSumOf: left.bytes.span, right.bytes.span)
        } catch {
            #expect(String(buffer.bytes) == "before ")
            return "\(error)"
        }
        return String(String(buffer.bytes).dropFirst(7))
    }

    @Test(
        "are decimals without zeros at the end",
        arguments: [
            ("0", "0.1", "0.1"), ("0.1", "0.2", "0.3"), ("5e3", "1", "5001"), ("3.0", "0", "3"), ("3", "-3", "0"),
            ("0", "-0.0", "0"), ("-1", "1e-30", "-1"), ("10", "90", "100"), ("0x10", "0x.8", "16.5"),
            ("1.00000000000000000001", "0", "1"), ("-1.5", "0.25", "-1.25"),
            ("9007199254740993", "1", "9007199254740994"),
            ("123456789012345678", "0.5", "123456789012345678.5"), ("+1", "1.", "2"),
        ])
    func sums(left: String, right: String, expected: String) { #expect(sum(left, right) == expected) }

    @Test("may have thousands of digits, and none is cut off")
    func large() {
        #expect(sum("0", "1e400").utf8.count == 401)
        let largest = sum("0", "1.18e4932")
        #expect(largest.utf8.count == 4933 && largest.hasPrefix("118"))
        #expect(sum(largest, "-" + largest) == "0")
    }

    @Test(
        "are refused where an argument is no number, or out of range",
        arguments: ["", " 1", "1 ", "x", "1x", "nan", "-nan", "1e5000", "0x", "1\0", "1e-5000", "--1"])
    func malformed(text: String) {
        #expect(sum(text, "1") == "malformed" && sum("1", text) == "malformed")
    }

    @Test("are refused where they are infinite or not a number, and where a text is longer than any number")
    func notFinite() {
        #expect(sum("inf", "1") == "notFinite" && sum("1", "-Infinity") == "notFinite")
        #expect(sum("1e4932", "1e4932") == "notFinite" && sum("inf", "-inf") == "notFinite")
        let zeros = String(repeating: "0", count: 5119)
        #expect(sum(zeros, "1") == "1" && sum(zeros + "0", "1") == "malformed")
    }
}

@Suite("The digest of a value")
struct ValueDigestTests {
    private func written(_ digest: ValueDigest) -> String {
        var buffer = ByteBuffer()
        digest.write(to: &buffer)
        return String(buffer.bytes)
    }

    @Test("is XXH3 of 64 bits, as Redis has it")
    func vectors() {
        // Of Redis' documentation of DIGEST, and of nothing.
        #expect(written(ValueDigest(of: "Hello world".bytes.span)) == "b6acb9d84a38ff74")
        #expect(written(ValueDigest(of: [UInt8]().span)) == "2d06800538d394c2")
    }

    @Test("is read back in either case, and nothing else is")
    func reading() {
        let digest = ValueDigest(of: "Hello world".bytes.span)
        #expect(ValueDigest("b6acb9d84a38ff74".bytes.span) == digest)
        #expect(ValueDigest("B6ACB9D84a38FF74".bytes.span) == digest)
        for text in ["", "b6acb9d84a38ff7", "b6acb9d84a38ff740", "b6acb9d84a38ff7g", "0x00000000000000"] {
            #expect(ValueDigest(text.bytes.span) == nil, "\(text)")
        }
    }
}

extension String {
    fileprivate var bytes: [UInt8] { Array(utf8) }
}
