// Measured round trips in a few figures.

import Bytes
import Histogram

/// How long requests took.
package struct LatencySummary: Sendable {
    /// Longer times count as this, in nanoseconds.
    private static let longest: UInt64 = 60_000_000_000
    private var histogram = Histogram<UInt64>(
        highestTrackableValue: longest, numberOfSignificantValueDigits: .three)

    package init() {}

    package mutating func record(nanoseconds: Int) {
        histogram.record(UInt64(min(max(nanoseconds, 1), Int(LatencySummary.longest))))
    }

    package var count: Int { Int(histogram.totalCount) }

    private var figures: [(name: String, nanoseconds: UInt64)] {
        [
            ("min", histogram.min), ("avg", UInt64(max(0, histogram.mean))), ("p50", histogram.valueAtPercentile(50)),
            ("p90", histogram.valueAtPercentile(90)), ("p99", histogram.valueAtPercentile(99)),
            ("p99.9", histogram.valueAtPercentile(99.9)), ("max", histogram.max),
        ]
    }

    /// `1,234 pings: min 41.2 µs, avg 60.1 µs, …`.
    package var text: String {
        let pings = "\(grouped(count)) \(count == 1 ? "ping" : "pings")"
        guard count > 0 else { return pings }
        return "\(pings): " + figures.map { "\($0.name) \(duration($0.nanoseconds))" }.joined(separator: ", ")
    }

    /// One object, times in microseconds.
    package var json: String {
        String(json: .compact) { json in
            json.object { json in
                json.member("pings", count)
                for figure in count == 0 ? [] : figures {
                    json.name(figure.name)
                    json.plain(fixed(Double(figure.nanoseconds) / 1e3, 1))
                }
            }
        }
    }
}
