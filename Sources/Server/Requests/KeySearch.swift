// The incremental key search of KEYS and SCAN. Its cost is counted in steps: comparing one byte of a pattern is one
// step, reaching a key is many. If the steps run out during a match, the key is copied and the match continues in a
// later turn, even if the key is deleted meanwhile.
//
// Where all keys that match begin alike, KEYS reads that range of the ordered index. If the index is dropped meanwhile,
// the table is scanned for the rest of the range.

import Access
import Bytes
import Store
import Wire

/// A search for the keys that match a pattern.
struct KeySearch: ~Copyable {
    private let pattern: GlobPattern
    /// The keys that the user may read; nil for all.
    private let filter: KeyFilter?
    private let matchesAll: Bool
    private(set) var cursor: ScanCursor
    /// The keys that match.
    var keys: KeyList
    /// Keys that were reached so far.
    private(set) var reached = 0
    /// Keys that were reached and not matched to the end; the match of the first is in progress.
    private var undecided: [[UInt8]] = []
    private var undecidedSize = 0
    private var progress = GlobPattern.Progress()
    private var memory = CountedMemory()
    /// The range of keys that is left, if they are searched in their order; all others are done.
    private var range: KeyRange?
    private var readsRange: Bool
    /// Whether every key was reached.
    private(set) var isAtEnd = false

    /// The cost of reaching a key, mostly a cache miss, and of visiting the slots of a bucket.
    private static let keySteps = 64
    private static let bucketSteps = 512
    /// About as many keys as a bucket of a large table has.
    private static let bucketKeys = 700

    /// - Parameter isOrdered: whether the ordered index may be read, rather than from the cursor on.
    init(
        _ pattern: GlobPattern, from cursor: ScanCursor, isOrdered: Bool = false, filter: KeyFilter? = nil,
        dialect: ReplyDialect
    ) {
        self.filter = filter
        self.pattern = pattern
        readsRange = isOrdered && !pattern.literalPrefix.isEmpty
        if readsRange { range = KeyRange(prefix: pattern.literalPrefix) }
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
        if readsRange, store.order != .known { readsRange = false }
        if readsRange { readRange(in: store, size: size, &steps) } else { scan(store, count, buckets, size, &steps) }
        noteMemory()
    }

    private mutating func readRange(in store: Store, size: Int, _ steps: inout Int) {
        guard undecided.isEmpty, steps > 0, keys.size < size, !isAtEnd, let range else { return }
        var last: [UInt8]?
        store.visit(range) { pair, isExpired in
            if isExpired { steps -= KeySearch.keySteps } else { look(at: pair.key, &steps) }
            guard steps <= 0 || keys.size >= size else { return true }
            last = Array(pair.key)
            return false
        }
        if let last { self.range?.begin(behind: last) } else { isAtEnd = true }
    }

    private mutating func scan(_ store: Store, _ count: Int, _ buckets: Int, _ size: Int, _ steps: inout Int) {
        var (keysLeft, bucketsLeft) = (count, buckets)
        while undecided.isEmpty, steps > 0, keysLeft > 0, bucketsLeft > 0, keys.size < size, !isAtEnd {
            var cursor = self.cursor
            if keysLeft >= KeySearch.bucketKeys { store.touchKeys(at: cursor) }
            store.scan(from: &cursor, size: 1, buckets: 1) { key in
                look(at: key, &steps)
                keysLeft &-= 1
                return steps <= 0 || keysLeft <= 0 || keys.size >= size ? 1 : 0
            }
            self.cursor = cursor
            isAtEnd = cursor.isAtEnd
            steps -= KeySearch.bucketSteps
            bucketsLeft &-= 1
        }
    }

    private mutating func look(at key: Span<UInt8>, _ steps: inout Int) {
        steps -= KeySearch.keySteps + key.count >> 3
        reached += 1
        if let range, !readsRange, !range.contains(key) { return }
        if let filter, !filter.passes(key) { return }
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
