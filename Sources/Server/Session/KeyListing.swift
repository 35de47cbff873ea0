// KEYS over a large table, a few buckets a turn, so that nobody else waits for it. Whole buckets are taken, so each key
// that is there all along appears once. Lines are sent as they are found; RESP wants the number of keys first, and a reply
// that waits for followers may become an error as a whole, so there they are gathered, up to a limit.

import Bytes
import Wire

/// One KEYS under way.
struct KeyListing: ~Copyable {
    private let pattern: GlobPattern
    private let dialect: ReplyDialect
    private var cursor: UInt64 = 0
    private var keys: KeyList

    /// About 3,500 keys: less than a millisecond.
    private static let bucketsPerStep = 4

    init(_ pattern: GlobPattern, dialect: ReplyDialect) {
        self.pattern = pattern
        self.dialect = dialect
        keys = KeyList(dialect: dialect)
    }

    /// Looks at some more keys and writes what can be said so far.
    /// - Returns: whether the listing is complete.
    mutating func step(_ server: Server, _ replies: inout ReplyQueue) -> Bool {
        let store = server.store
        let matchesAll = pattern.matchesAll
        let isStreamed = dialect == .line && !replies.keepsApart
        replies.begin(dialect)
        replies.depends(on: store.position.seq)
        cursor = store.scan(from: cursor, count: .max, buckets: KeyListing.bucketsPerStep) { key in
            if matchesAll || pattern.matches(key) { keys.append(key) }
        }
        let isTooLarge = !isStreamed && keys.size > server.limits.unsentSize
        let isComplete = cursor == 0 || isTooLarge
        if isTooLarge {
            replies.fail(.replyTooLarge(limit: server.limits.unsentSize))
        } else if isStreamed || isComplete {
            replies.writer.append(keys)
            keys.removeAll()
            if isComplete { replies.writer.endList() }
        }
        replies.end(committed: store.committed, isComplete: isComplete)
        return isComplete
    }
}
