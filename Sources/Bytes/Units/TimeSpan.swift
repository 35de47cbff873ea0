// Times as people write them in options and read them in messages: `500us`, `10s`, `2m`.

/// A duration of whole nanoseconds, not negative.
package struct TimeSpan: Equatable, Sendable, CustomStringConvertible {
    package let nanoseconds: Int

    package init(nanoseconds: Int) { self.nanoseconds = nanoseconds }
    package init(milliseconds: Int) { nanoseconds = milliseconds * 1_000_000 }
    package init(seconds: Int) { nanoseconds = seconds * 1_000_000_000 }

    package var seconds: Double { Double(nanoseconds) / 1e9 }
    package var duration: Duration { .nanoseconds(nanoseconds) }

    private static let units = [
        ("us", 1000), ("ms", 1_000_000), ("s", 1_000_000_000), ("m", 60_000_000_000), ("h", 3_600_000_000_000),
    ]

    /// Parses `500us`, `100ms`, `10s`, `2m`, `1h`; a bare number is seconds. nil for anything else, and for more than
    /// 1000 hours.
    package init?(_ text: String) {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let unit = String(text.dropFirst(digits.count))
        guard let number = Int(digits),
            let size = TimeSpan.units.first(where: { $0.0 == (unit.isEmpty ? "s" : unit) })?.1,
            number <= 3_600_000_000_000_000 / size
        else { return nil }
        nanoseconds = number * size
    }

    /// In the largest unit that leaves no fraction.
    package var description: String {
        if nanoseconds == 0 { return "0s" }
        for (unit, size) in TimeSpan.units.reversed() where nanoseconds % size == 0 {
            return "\(nanoseconds / size)\(unit)"
        }
        return "\(nanoseconds)ns"
    }
}
