// Throttles log messages about links: a failure is logged when it first occurs and again if it persists. A
// failing link is retried within seconds, perhaps for days.

/// Decides which failures of links are logged. Times are in milliseconds of the monotonic clock.
package struct LinkErrorThrottle {
    private struct Kind {
        /// The time of the first message in this interval.
        var since: Int
        var said = 0
        var unsaid = 0
        /// Whether the link has worked since the message.
        var isNews = true
    }

    private var kinds: [String: Kind] = [:]
    /// Whether anything was logged since the last `takeSpoken`.
    private var hasSpoken = true

    /// The interval after which a persistent failure is logged again.
    package static let interval = 600_000
    /// How often a recurring failure is logged in an interval.
    package static let burst = 5
    /// The number of remembered messages. A peer that sends a different text each time is not logged each time.
    package static let kindLimit = 16

    package init() {}

    /// Notes a failure.
    /// - Parameter peer: the other server.
    /// - Returns: the message to log; nil if it was logged recently.
    package mutating func raise(_ complaint: String, about peer: String, at now: Int) -> String? {
        // Ignore figures: they change while the failure remains the same.
        let name = peer + " " + complaint.filter { !$0.isNumber }
        if kinds[name] == nil && kinds.count >= LinkErrorThrottle.kindLimit {
            kinds = kinds.filter { now - $0.value.since < LinkErrorThrottle.interval }
            if kinds.count >= LinkErrorThrottle.kindLimit { return nil }
        }
        var kind = kinds[name] ?? Kind(since: now)
        defer { kinds[name] = kind }
        if now - kind.since >= LinkErrorThrottle.interval { kind = Kind(since: now, unsaid: kind.unsaid) }
        guard kind.isNews, kind.said < LinkErrorThrottle.burst else {
            kind.unsaid += 1
            return nil
        }
        let text = kind.unsaid == 0 ? complaint : "\(complaint) (\(kind.unsaid) times more since this was last logged)"
        kind = Kind(since: kind.since, said: kind.said + 1, unsaid: 0, isNews: false)
        hasSpoken = true
        return text
    }

    /// Notes that the link works: the next failure is logged at once.
    package mutating func settle() {
        for name in kinds.keys { kinds[name]?.isNews = true }
    }

    /// Whether to log that the link is up: something was logged since the last call, or nothing ever was.
    package mutating func takeSpoken() -> Bool {
        defer { hasSpoken = false }
        return hasSpoken
    }
}
