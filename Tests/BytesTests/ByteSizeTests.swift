import Bytes
import Testing

@Suite("Sizes as people write them")
struct ByteSizeTests {
    private static let readable: [(String, Int)] = [
        ("0", 0), ("1", 1), ("1073741824", 1 << 30), ("512B", 512), ("64K", 64 << 10), ("64k", 64 << 10),
        ("64KB", 64 << 10), ("64KiB", 64 << 10), ("64kib", 64 << 10), ("512M", 512 << 20), ("512mb", 512 << 20),
        ("2G", 2 << 30), ("2GiB", 2 << 30), ("3T", 3 << 40), ("7P", 7 << 50), ("0G", 0), ("007K", 7 << 10),
        ("9007199254740991", 1 << 53 - 1), ("8796093022207K", 8_796_093_022_207 << 10), ("8191T", 8191 << 40),
    ]

    @Test("digits and a unit are read", arguments: readable)
    func read(text: String, size: Int) {
        #expect(ByteSize(text)?.bytes == size)
    }

    @Test(
        "invalid and excessive sizes are refused",
        arguments: [
            "", "K", "B", "-1", "+1", "1.5G", " 1", "1 ", "1 G", "1KK", "1Ki", "1iB", "1E", "0x10", "1_000", "١", "1é",
            "9007199254740992", "8796093022208K", "8192T", "8P", "9223372036854775807", "9223372036854775808", "8192P",
            "9007199254740992K", "99999999999999999999999",
        ])
    func refused(text: String) {
        #expect(ByteSize(text) == nil)
    }

    private static let printable: [(Int, String)] = [
        (0, "0 bytes"), (1, "1 byte"), (1023, "1023 bytes"), (1024, "1.0 KiB"), (1126, "1.0 KiB"), (1127, "1.1 KiB"),
        (1536, "1.5 KiB"), (2047, "1.9 KiB"), ((1 << 20) - 1, "1023.9 KiB"), (1 << 20, "1.0 MiB"),
        (18 << 30, "18.0 GiB"),
        (3 << 40, "3.0 TiB"), (7 << 50, "7.0 PiB"), (Int.max, "8191.9 PiB"),
    ]

    @Test("sizes are printed in the largest unit that fits, rounded down to a tenth", arguments: printable)
    func printed(size: Int, text: String) {
        #expect(ByteSize(size).description == text)
    }
}
