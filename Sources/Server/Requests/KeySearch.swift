// The incremental key search of KEYS and SCAN. Its cost is counted in steps: comparing one byte of a pattern is one
// step, reaching a key is many. If the steps run out during a match, the key is copied and the match continues in a
// later turn, even if the key is deleted meanwhile.

import Bytes
import Store
import Wire

/// A search for the keys that match a pattern.
struct KeySearch: ~Copyable {
    private let pattern: GlobPattern
    private let matchesAll: Bool
    private(set) var cursor: ScanCursor
    /// The keys that match.
    var keys: KeyList
    /// Keys that were reached and not matched to the end; the match of the first is in progress.
    private var undecided: [[UInt8]] = []
    private var undecidedSize = 0
    private var progress = GlobPattern.Progress()
    private var memory = CountedMemory()

    /// The cost of reaching a key, mostly a cache miss, and of visiting the slots of a bucket.
    private static let keySteps = 64
    private static let bucketSteps = 512

    init(_ pattern: GlobPattern, from cursor: ScanCursor, dialect: ReplyDialect) {
        self.pattern = pattern
        matchesAll = pattern.matchesAll
        self.cursor = cursor
        keys = KeyList(dialect: dialect)
        memory.set(pattern.size)
    }

    /// Whether every key that was reached is decided.
    var isSettled: Bool { undecided.isEmpty }

    /// Bytes of memory in use.
    var heldSize: Int { memory.size + keys.size }

    /// Searches until the steps are used up, the table is exhausted, or one of the limits is reached.
    /// - Parameters:
    ///   - count: keys to visit; a few more if they share a tag.
    ///   - buckets: buckets to visit.
    ///   - size: bytes of keys to collect.
    mutating func advance(
        in store: Store, count: Int = .max, buckets: Int = .max, size: Int, steps: inout Int
    ) {
        decide(&steps)
        var (keysLeft, bucketsLeft) = (count, buckets)
        while undecided.isEmpty, steps > 0, keysLeft > 0, bucketsLeft > 0, keys.size < size, !cursor.isAtEnd {
            var cursor = self.cursor
            store.scan(from: &cursor, size: 1, buckets: 1) { key in
                look(at: key, &steps)
                keysLeft &-= 1
                return steps <= 0 || keysLeft <= 0 || keys.size >= size ? 1 : 0
            }
            self.cursor = cursor
            steps -= KeySearch.bucketSteps
            bucketsLeft &-= 1
        }
        noteMemory()
    }

    private mutating func look(at key: Span<UInt8>, _ steps: inout Int) {
        steps -= KeySearch.keySteps + key.count >> 3
        if matchesAll { return keys.append(key) }
        guard undecided.isEmpty else { return keep(key) }
        guard let isMatch = pattern.matches(key, &progress, steps: &steps) else { return keep(key) }
        progress = GlobPattern.Progress()
        if isMatch { keys.append(key) }
    }

    private mutating func keep(_ key: Span<UInt8>) {
        undecided.append([UInt8](key))
        undecidedSize += key.count
    }

    /// Continues with the undecided keys.
    private mutating func decide(_ steps: inout Int) {
        var done = 0
        while done < undecided.count, steps > 0 {
            let key = undecided[done]
            guard let isMatch = pattern.matches(key.span, &progress, steps: &steps) else { break }
            progress = GlobPattern.Progress()
            steps -= KeySearch.keySteps
            undecidedSize -= key.count
            if isMatch { keys.append(key.span) }
            done += 1
        }
        undecided.removeFirst(done)
        assert(
            undecidedSize >= 0 && (undecidedSize == 0 || !undecided.isEmpty), "the size counts keys that are decided")
    }

    private mutating func noteMemory() {
        let size = pattern.size + undecidedSize
        if size != memory.size { memory.set(size) }
    }
}
