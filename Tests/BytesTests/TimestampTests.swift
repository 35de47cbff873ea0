import Bytes
import Foundation
import TestSupport
import Testing

@Suite("Moments")
struct TimestampTests {
    private func text(_ milliseconds: UInt64) -> String {
        var buffer = ByteBuffer()
        buffer.append(time: Timestamp(milliseconds: milliseconds))
        return String(buffer.bytes)
    }

    @Test(
        "a moment is written in UTC with milliseconds, and read back as the same",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (1, "1970-01-01T00:00:00.001Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z"), (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (951_868_800_000, "2000-03-01T00:00:00.000Z"), (1_764_000_000_123, "2025-11-24T16:00:00.123Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"), (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        ] as [(UInt64, String)])
    func written(milliseconds: UInt64, expected: String) {
        #expect(text(milliseconds) == expected)
        #expect(Timestamp(parsing: expected) == Timestamp(milliseconds: milliseconds))
    }

    @Test("any moment is written as Foundation writes it", arguments: SeededRandom.seeds(20))
    func compared(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        for _ in 0..<200 {
            let seconds = random.next() % 253_402_300_800
            // Foundation rounds the fraction: halves are exact.
            let milliseconds = seconds * 1000 + (random.below(2) == 0 ? 0 : 500)
            #expect(text(milliseconds) == Date(timeIntervalSince1970: Double(milliseconds) / 1000).formatted(style))
            #expect(Timestamp(parsing: text(milliseconds))?.milliseconds == milliseconds)
        }
    }

    @Test(
        "offsets, fractions, dates alone and Unix times are read too",
        arguments: [
            ("2025-11-24T16:00:00Z", 1_764_000_000_000), ("2025-11-24t16:00:00z", 1_764_000_000_000),
            ("2025-11-24 16:00:00Z", 1_764_000_000_000), ("2025-11-24T18:30:00+02:30", 1_764_000_000_000),
            ("2025-11-24T08:00:00-08:00", 1_764_000_000_000), ("2025-11-24T16:00:00.1Z", 1_764_000_000_100),
            ("2025-11-24T16:00:00.123456789Z", 1_764_000_000_123), ("2025-11-24", 1_763_942_400_000),
            ("2016-12-31T23:59:60Z", 1_483_228_800_000), ("1764000000", 1_764_000_000_000),
            ("1764000000123", 1_764_000_000_123), ("0", 0), ("99999999999", 99_999_999_999_000),
            ("100000000000", 100_000_000_000), ("1970-01-01T01:00:00+01:00", 0),
        ] as [(String, UInt64)])
    func read(text: String, milliseconds: UInt64) {
        #expect(Timestamp(parsing: text)?.milliseconds == milliseconds)
    }

    @Test(
        "invalid moments are refused",
        arguments: [
            "", "yesterday", "-1", "1.5", "01", "2025-11", "2025-11-24T", "2025-11-24T16:00:00",
            "2025-11-24T16:00Z", "2025-11-24T24:00:00Z", "2025-11-24T16:60:00Z", "2025-11-24T16:00:61Z",
            "2025-11-24T16:00:00.Z", "2025-11-24T16:00:00+02", "2025-11-24T16:00:00+24:00", "2025-11-24T16:00:00Zx",
            "2025-02-29", "2024-02-30", "2025-13-01", "2025-00-01", "2025-01-00", "2100-02-29", "1969-12-31",
            "1970-01-01T00:00:00+00:01", "2025-11-24T16:00:00\u{ff}Z", "9007199254740992",
            "18446744073709551615", "184467440737095516160",
        ])
    func refused(text: String) {
        #expect(Timestamp(parsing: text) == nil)
    }
}
