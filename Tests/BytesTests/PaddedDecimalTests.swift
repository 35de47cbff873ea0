import Bytes
import Testing

/// Numbers of a fixed width.
@Suite("Padded decimals")
struct PaddedDecimalTests {
    @Test("short numbers are padded with zeros, long ones cut to their last digits")
    func widths() {
        let cases = [
            (0, 1, "0"), (7, 3, "007"), (123, 3, "123"), (1234, 3, "234"), (5, 0, ""), (.max, 19, "\(Int.max)"),
        ]
        for (value, width, text) in cases {
            var buffer = ByteBuffer()
            buffer.append("x")
            buffer.append(decimal: value, width: width)
            buffer.append("y")
            #expect(String(buffer.bytes) == "x\(text)y")
        }
    }
}
