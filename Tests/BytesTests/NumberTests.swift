import Bytes
import Testing

@Suite("The bound of numbers")
struct NumberTests {
    private func number(_ text: String) -> UInt64? { Array(text.utf8).span.number }
    private func signed(_ text: String) -> Int? { Array(text.utf8).span.signedNumber }

    @Test("numbers up to 2^53 - 1 are read, and nothing above")
    func bound() {
        #expect(Number.largest == 9_007_199_254_740_991)
        #expect(number("0") == 0 && number("9007199254740991") == Number.largest)
        for text in [
            "9007199254740992", "9223372036854775807", "9223372036854775808", "18446744073709551615",
            "18446744073709551616",
            String(repeating: "9", count: 30), "-1", "", "01", "+1", " 1", "1x",
        ] {
            #expect(number(text) == nil, "\(text)")
        }
    }

    @Test("below 0 the bound is the same")
    func negative() {
        #expect(signed("-9007199254740991") == -9_007_199_254_740_991 && signed("-1") == -1 && signed("7") == 7)
        #expect(signed("9007199254740991") == 9_007_199_254_740_991)
        for text in ["-9007199254740992", "9007199254740992", "-9223372036854775808", "9223372036854775807", "-0", "-"]
        {
            #expect(signed(text) == nil, "\(text)")
        }
    }

    @Test("the system's figures are clamped to the bound")
    func bounded() {
        #expect(UInt64(bounded: -1) == 0 && UInt64(bounded: 5) == 5)
        #expect(UInt64(bounded: UInt64.max) == Number.largest && UInt64(bounded: Int.min) == 0)
    }
}
