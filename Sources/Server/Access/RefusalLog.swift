// What ACL LOG shows: the latest requests that were refused, and logins that failed.

/// A bounded list of refusals. Equal ones within a minute are one entry.
struct RefusalLog {
    struct Entry: Equatable {
        /// `auth`, `command` or `key`, as in Redis.
        let reason: String
        /// The command, or the beginning of the key.
        let object: String
        let user: String
        let client: String
    }

    /// The newest first.
    private(set) var entries: [(entry: Entry, count: Int, first: Int, last: Int)] = []

    /// The most entries.
    static let limit = 128
    /// How long equal refusals count together, in milliseconds.
    private static let time = 60_000

    /// - Parameter now: in milliseconds of the turn's clock.
    mutating func add(_ entry: Entry, at now: Int) {
        if let index = entries.firstIndex(where: { $0.entry == entry }), now - entries[index].last < RefusalLog.time {
            var known = entries.remove(at: index)
            (known.count, known.last) = (known.count + 1, now)
            return entries.insert(known, at: 0)
        }
        entries.insert((entry, 1, now, now), at: 0)
        if entries.count > RefusalLog.limit { entries.removeLast() }
    }
}
