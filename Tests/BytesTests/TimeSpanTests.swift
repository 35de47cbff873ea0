import Bytes
import Testing

/// Times as people write them.
@Suite("Time spans")
struct TimeSpanTests {
    @Test("they are read with their units; a number alone is seconds")
    func reading() {
        let cases = [
            ("1us", 1000), ("500ms", 500_000_000), ("10s", 10_000_000_000), ("10", 10_000_000_000),
            ("2m", 120_000_000_000), ("1h", 3_600_000_000_000), ("1000h", 3_600_000_000_000_000), ("0s", 0),
        ]
        for (text, nanoseconds) in cases {
            #expect(TimeSpan(text)?.nanoseconds == nanoseconds)
            #expect(TimeSpan(text)?.duration == .nanoseconds(nanoseconds))
        }
    }

    @Test("anything else is refused, and so is more than a thousand hours")
    func refusing() {
        for text in ["", "s", "1d", "-1s", "1.5s", "10 s", "1001h", "3600001s", "99999999999999999999h", "١s"] {
            #expect(TimeSpan(text) == nil, "\(text)")
        }
    }

    @Test("they are written in the largest unit that leaves no fraction")
    func writing() {
        for text in ["1us", "1500us", "500ms", "10s", "90s", "2m", "1h", "0s"] {
            #expect(TimeSpan(text)?.description == text)
        }
        #expect(TimeSpan("60s")?.description == "1m")
        #expect(TimeSpan(nanoseconds: 1).description == "1ns")
        #expect(TimeSpan(milliseconds: 2000) == TimeSpan(seconds: 2))
    }
}
