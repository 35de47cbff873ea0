// A span of time as people write it in options.

import ArgumentParser

/// `100us`, `1ms`, `30s`, `5m`, `2h`: whole numbers with a unit, above 0.
struct TimeSpan: ExpressibleByArgument {
    let duration: Duration

    init(_ duration: Duration) { self.duration = duration }

    init?(argument: String) {
        let digits = argument.prefix { $0.isASCII && $0.isNumber }
        guard let count = Int(digits), count > 0, count < 1_000_000_000 else { return nil }
        switch argument.dropFirst(digits.count) {
        case "us": duration = .microseconds(count)
        case "ms": duration = .milliseconds(count)
        case "s": duration = .seconds(count)
        case "m": duration = .seconds(count * 60)
        case "h": duration = .seconds(count * 3600)
        default: return nil
        }
    }

    /// In the largest unit that leaves a whole number.
    var defaultValueDescription: String {
        let (seconds, attoseconds) = duration.components
        if attoseconds == 0 { return "\(seconds)s" }
        let microseconds = Int(seconds) * 1_000_000 + Int(attoseconds / 1_000_000_000_000)
        return microseconds % 1000 == 0 ? "\(microseconds / 1000)ms" : "\(microseconds)us"
    }
}
