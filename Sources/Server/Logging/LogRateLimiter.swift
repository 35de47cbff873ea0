// What is said again and again is said a few times, then counted, and summed up in one line: a log is read by people, and a
// disk that fills with it is a second trouble beside the first.

/// Decides which messages are said. Times are in milliseconds of the monotonic clock.
package struct LogRateLimiter {
    /// A message, or all messages of one place in the source.
    private struct Kind: Hashable {
        let file: String
        let line: UInt
        /// With its fields; nil for all of the place.
        let text: String?
    }

    private struct Count {
        /// When it was said for the first time in this interval.
        let since: Int
        var said = 0
        var unsaid = 0
        let level: String
        /// Of a place, the last one that was not said.
        var message: String
    }

    /// What was not said.
    package struct Summary: Equatable {
        package let level: String
        /// The message; where `isOfPlace`, the last of several.
        package let message: String
        package let count: Int
        package let isOfPlace: Bool
    }

    private var counts: [Kind: Count] = [:]
    private var nextEnd = Int.max

    /// Counting begins anew after so long.
    package static let interval = 10_000
    /// The same message from the same place is said so often in that time.
    package static let burst = 5
    /// And different ones from the same place so often, as when each has a number of its own.
    package static let placeBurst = 50

    package init() {}

    /// Whether to log a message now; if not, it is counted.
    /// - Parameters:
    ///   - fields: what else the line says: with others it is another message.
    ///   - level: its level's name.
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

    /// What was not said in intervals that are over, oldest first; these begin anew.
    /// - Parameter all: whether in every interval.
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
