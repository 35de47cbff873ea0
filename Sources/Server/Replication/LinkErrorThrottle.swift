// What is wrong with a link, for the log: said when it comes up, and again where it lasts, but not as often as it happens. A
// link that fails is tried again within seconds, perhaps for days.

/// Decides which complaints about links are said. Times are in milliseconds of the monotonic clock.
package struct LinkErrorThrottle {
    private struct Kind {
        /// When it was said for the first time in this interval.
        var since: Int
        var said = 0
        var unsaid = 0
        /// Whether the link has worked since it was said.
        var isNews = true
    }

    private var kinds: [String: Kind] = [:]
    /// Whether something was said since `takeSpoken` was last asked.
    private var hasSpoken = true

    /// What lasts is said again after so long.
    package static let interval = 600_000
    /// What comes back each time the link has worked for a while is said so often in that time.
    package static let burst = 5
    /// Kinds that are remembered: a peer that sends a new text each time is not logged each time.
    package static let kindLimit = 16

    package init() {}

    /// Notes a complaint.
    /// - Parameter peer: whom it is about.
    /// - Returns: what to log; nil if it was logged lately.
    package mutating func raise(_ complaint: String, about peer: String, at now: Int) -> String? {
        // Figures move while the complaint remains the same.
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
        let text = kind.unsaid == 0 ? complaint : "\(complaint) (\(kind.unsaid) times more since this was last said)"
        kind = Kind(since: kind.since, said: kind.said + 1, unsaid: 0, isNews: false)
        hasSpoken = true
        return text
    }

    /// Notes that the link works: what goes wrong from now on is news.
    package mutating func settle() {
        for name in kinds.keys { kinds[name]?.isNews = true }
    }

    /// Whether something was said since this was last asked, or nothing at all yet: then it is worth saying that the link is up.
    package mutating func takeSpoken() -> Bool {
        defer { hasSpoken = false }
        return hasSpoken
    }
}
