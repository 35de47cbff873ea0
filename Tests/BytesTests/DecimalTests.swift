import Bytes
import TestSupport
import Testing

@Suite("Decimals")
struct DecimalTests {
    private func read(_ text: String) -> Int? {
        let bytes = Array(text.utf8)
        return bytes.span.decimal
    }

    private func readUnsigned(_ text: String) -> UInt64? {
        let bytes = Array(text.utf8)
        return bytes.span.unsignedDecimal
    }

    private func written(_ append: (inout ByteBuffer) -> Void) -> String {
        var buffer = ByteBuffer()
        append(&buffer)
        return String(buffer.bytes)
    }

    /// Every power of ten and of two with its neighbours: where a digit or a bit more is needed.
    private static let edges: [UInt64] = {
        var values: Set<UInt64> = [0, 1, .max, .max - 1]
        var power: UInt64 = 1
        for _ in 0..<20 {
            values.formUnion([power - 1, power, power + 1])
            power = power.multipliedReportingOverflow(by: 10).partialValue
        }
        for bit in 0..<64 { values.formUnion([1 << bit, 1 << bit - 1, 1 << bit + 1]) }
        return values.sorted()
    }()

    @Test("a number among other bytes is raised by one, until it needs one more digit")
    func increment() {
        for value in DecimalTests.edges where value < .max {
            let digits = "\(value)"
            let size = digits.utf8.count
            let isLonger = "\(value + 1)".utf8.count > size
            let text = written {
                $0.append(text: "xx" + digits + ",9")
                $0.removeFirst(1)
                let isRaised = $0.increment(decimalAt: 1, size: size)
                #expect(isRaised == !isLonger)
            }
            #expect(text == "x\(isLonger ? value : value + 1),9")
        }
    }

    @Test("every edge is written as Swift writes it, and read back")
    func edges() {
        for value in DecimalTests.edges {
            #expect(written { $0.append(decimal: value) } == "\(value)")
            #expect(readUnsigned("\(value)") == value)
            let signed = Int(truncatingIfNeeded: value)
            #expect(written { $0.append(decimal: signed) } == "\(signed)")
            #expect(String(DecimalText(signed).bytes) == "\(signed)")
            #expect(read("\(signed)") == signed)
        }
        #expect(read("\(Int.min)") == .min)
        #expect(read("\(Int.max)") == .max)
    }

    @Test("seeded numbers of every length are written and read back", arguments: SeededRandom.seeds(5))
    func seeded(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<5_000 {
            let value = random.next() >> UInt64(random.below(64))
            let signed = Int(truncatingIfNeeded: random.next()) >> random.below(64)
            #expect(written { $0.append(decimal: value) } == "\(value)")
            #expect(readUnsigned("\(value)") == value)
            #expect(written { $0.append(decimal: signed) } == "\(signed)")
            #expect(read("\(signed)") == signed)
        }
    }

    @Test(
        "invalid decimals and other spellings are refused",
        arguments: [
            "", "-", "+1", "-0", "00", "01", "-01", " 1", "1 ", "1.0", "1e3", "0x1", "--1", "1-", "a", "1a", "/", ":",
            "\u{0}", "１", "-+1", "1_000",
        ])
    func refused(text: String) {
        #expect(read(text) == nil)
        #expect(readUnsigned(text) == nil)
    }

    @Test(
        "what does not fit is refused",
        arguments: [
            "9223372036854775808", "-9223372036854775809", "9999999999999999999", "-9999999999999999999",
            "10000000000000000000", "18446744073709551616", "99999999999999999999", "-99999999999999999999",
            "184467440737095516150", "340282366920938463463374607431768211456",
        ])
    func tooLarge(text: String) {
        #expect(read(text) == nil)
        if text.hasPrefix("-") { #expect(readUnsigned(text) == nil) }
    }

    @Test(
        "an unsigned decimal ends at 2^64 - 1",
        arguments: ["18446744073709551616", "18446744073709551620", "20000000000000000000", "99999999999999999999"])
    func unsignedTooLarge(text: String) {
        #expect(readUnsigned(text) == nil)
    }

    @Test("an unsigned decimal has no sign", arguments: ["-1", "-18446744073709551615"])
    func unsignedSign(text: String) {
        #expect(readUnsigned(text) == nil)
    }

    @Test("hexadecimal is eight lower-case digits, and read back")
    func hex() {
        let values: [UInt32] = [0, 1, 0x0a, 0xdead_beef, 0x1234_5678, 0x9abc_def0, .max] + (0..<32).map { 1 << $0 }
        for value in values {
            let text = written { $0.append(hex: value) }
            let digits = String(value, radix: 16)
            #expect(text == String(repeating: "0", count: 8 - digits.count) + digits)
            let surrounded = Array("<\(text)>".utf8)
            let found = surrounded.span.hex32(at: 1)
            #expect(found == value)
        }
    }

    @Test("hexadecimal digits are 0-9 and a-f, and nothing else")
    func hexDigits() {
        for byte in UInt8.min...UInt8.max {
            let bytes = [UInt8](repeating: byte, count: 8)
            let found = bytes.span.hex32(at: 0)
            let character = Character(UnicodeScalar(byte))
            let digit = character.isASCII && !character.isUppercase ? character.hexDigitValue.map(UInt32.init) : nil
            #expect(found == digit.map { $0 * 0x1111_1111 })
        }
    }

    @Test("hexadecimal is not read past either end")
    func hexBounds() {
        let bytes = Array("0123456789".utf8)
        for (offset, expected) in [(-1, nil), (0, 0x0123_4567), (2, 0x2345_6789), (3, nil), (10, nil)]
            as [(Int, UInt32?)]
        {
            let found = bytes.span.hex32(at: offset)
            #expect(found == expected)
        }
    }
}
