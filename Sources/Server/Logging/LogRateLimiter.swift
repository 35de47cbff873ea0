// Log throttling: a repeated message is logged a few times, then counted, and summed up in one line. People read a log, and a
// disk filled by repetitions would be a second problem.

/// Decides which messages are logged. Times are in milliseconds of the monotonic clock.
package struct LogRateLimiter {
    /// A message, or all messages of one place in the source.
    private struct Kind: Hashable {
        let file: String
        let line: UInt
        /// The message with its fields; nil for all messages of the place.
        let text: String?
    }

    private struct Count {
        /// The time of the first message in this interval.
        let since: Int
        var said = 0
        var unsaid = 0
        let level: String
        /// The last suppressed message of a place.
        var message: String
    }

    /// A summary of suppressed messages.
    package struct Summary: Equatable {
        package let level: String
        /// The message; if `isOfPlace`, the last of several.
        package let message: String
        package let count: Int
        package let isOfPlace: Bool
    }

    private var counts: [Kind: Count] = [:]
    private var nextEnd = Int.max

    /// The length of an interval.
    package static let interval = 10_000
    /// How often the same message from the same place is logged in an interval.
    package static let burst = 5
    /// How many different messages from the same place are logged in an interval, such as messages that contain a number.
    package static let placeBurst = 50

    package init() {}

    /// Whether to log a message now; if not, it is counted.
    /// - Parameters:
    ///   - fields: the line's fields. With other fields it is another message.
    ///   - level: the name of the level.
    ///   - file: the place in the source, with `line`.
    package mutating func admits(
        _ message: String, fields: String = "", level: String, file: String, line: UInt, at now: Int
    ) -> Bool {
        let place = Kind(file: file, line: line, text: nil)
        let kind = Kind(file: file, line: line, text: message + " " + fields)
        let fresh = Count(since: now, level: level, message: message)
        nextEnd = min(nextEnd, now + LogRateLimiter.interval)
        if counts[place, default: fresh].said >= LogRateLimiter.placeBurst, counts[kind] == nil {
            counts[place]?.unsaid += 1
            counts[place]?.message = message
            return false
        }
        guard counts[kind, default: fresh].said < LogRateLimiter.burst else {
            counts[kind]?.unsaid += 1
            return false
        }
        counts[kind, default: fresh].said += 1
        counts[place, default: fresh].said += 1
        return true
    }

    /// The summaries of intervals that are over, oldest first. Those intervals restart.
    /// - Parameter all: whether to include every interval.
    package mutating func takeSummaries(at now: Int, all: Bool = false) -> [Summary] {
        guard now >= nextEnd || all else { return [] }
        let over = counts.filter { all || now - $0.value.since >= LogRateLimiter.interval }
        for kind in over.keys { counts[kind] = nil }
        nextEnd = counts.values.map { $0.since + LogRateLimiter.interval }.min() ?? .max
        return over.filter { $0.value.unsaid > 0 }.sorted { $0.value.since < $1.value.since }.map { kind, count in
            Summary(level: count.level, message: count.message, count: count.unsaid, isOfPlace: kind.text == nil)
        }
    }
}
