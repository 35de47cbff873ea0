// Every pair, in memory. Extendible hashing (Fagin et al., 1979): a directory, indexed by a hash's leading bits, of
// buckets that grow a little at a time and split independently. The table as a whole is never rehashed, so no change
// takes longer than one bucket's split (about 900 pairs), and there is never an old copy beside a new one.
//
// `unsafe` is allowed in this folder: the directory, buckets and pairs are this folder's own memory; each pair is owned
// by exactly one slot, each bucket by the run of directory entries given by its depth, and `check` verifies it.

import Bytes
import LogFormat

/// A hash table of byte strings.
@safe
package final class Table {
    private var directory: UnsafeMutablePointer<UInt64>
    /// The number of leading bits that index the directory: it has 2^depth entries.
    private var depth = 0
    let sipHash: SipHash
    var prefetchedKeys = PrefetchedKeys()
    /// When pairs expire. Each pair that does has an entry that comes out by then.
    var wheel = DueWheel()
    /// Entries made since the start: see `register`.
    var registrations = 0
    /// The pairs in the order of their keys, where that is wanted.
    var keyIndex = TableIndex() {
        didSet {
            (hasIndex, hasIndexWork) = (keyIndex.tree != nil, keyIndex.hasWork)
            noteUpkeep()
        }
    }
    // What a change and a turn ask of it.
    private var hasIndex = false
    private(set) var hasIndexWork = false
    /// Whether there is cleared memory to free, or an index to build.
    private(set) var hasUpkeep = false

    // Stored properties that only this module reaches: Swift then sees that no two accesses overlap, and checks none at
    // run time.
    private var pairCount = 0
    private var expiringPairCount = 0
    private var usedSize = 0
    var remainingSize = 0

    /// The number of pairs, those included that have expired and are not removed yet.
    package var count: Int { pairCount }
    /// The number of pairs that expire at some time.
    package var expiringCount: Int { expiringPairCount }
    /// Bytes of memory: pairs, buckets, directory, due wheel and ordered index.
    package var size: Int { usedSize &+ wheel.size &+ keyIndex.size }
    /// Bytes of cleared memory, and of a dropped index, that are not freed yet.
    package var clearedSize: Int { remainingSize }

    /// What was cleared and is freed in steps: a directory, its depth, and the entries already freed; and a due wheel.
    @safe
    private struct Remains {
        let directory: UnsafeMutablePointer<UInt64>
        let depth: Int
        var wheel: DueWheel
        var done = 0
    }

    private var remains: [Remains] = [] { didSet { noteUpkeep() } }

    /// - Parameter sipHash: the hash of keys; with a fresh random key outside tests.
    package init(sipHash: SipHash = SipHash()) {
        self.sipHash = sipHash
        unsafe (directory, usedSize) = Table.emptyDirectory()
    }

    deinit {
        removeAll()
        while giveBackMemory(buckets: .max) {}
        unsafe Bucket(entry: directory[0]).free()
        unsafe directory.deallocate()
    }

    private static func emptyDirectory() -> (UnsafeMutablePointer<UInt64>, size: Int) {
        let directory = UnsafeMutablePointer<UInt64>.allocate(capacity: 1)
        let bucket = Bucket(capacity: Bucket.minimumCapacity, depth: 0)
        unsafe directory[0] = bucket.entry
        return unsafe (directory, bucket.size + directorySize(depth: 0))
    }

    /// Bytes of memory of a directory.
    private static func directorySize(depth: Int) -> Int {
        Allocation.size(of: 8 << depth)
    }

    /// Prepares an empty table for `count` pairs, so that it need not grow on the way.
    func reserve(_ count: Int) {
        precondition(self.count == 0, "a table is made ready while it is in use")
        guard count > Table.usualBucketCount else { return }
        var (entries, depth) = (1, 0)
        while entries * Table.usualBucketCount < count { (entries, depth) = (entries * 2, depth + 1) }
        unsafe Bucket(entry: directory[0]).free()
        unsafe directory.deallocate()
        unsafe directory = .allocate(capacity: entries)
        self.depth = depth
        usedSize = Table.directorySize(depth: depth)
        let capacity = Bucket.capacity(for: count / entries)
        for index in 0..<entries {
            let bucket = Bucket(capacity: capacity, depth: depth)
            unsafe directory[index] = bucket.entry
            usedSize += bucket.size
        }
    }

    /// Pairs of a bucket that is hardly ever full with random hashes: they vary by the square root of this.
    private static let usualBucketCount = 720

    /// The hash that all other calls take for a key.
    package func hash(_ key: Span<UInt8>) -> UInt64 {
        prefetchedKeys.hash(of: key) ?? sipHash.hash(key)
    }

    /// The pair of `key`; nil if there is none, or if it has expired at `time`.
    /// - Parameter time: Unix milliseconds; 0 for a pair whether it has expired or not.
    package func pair(for key: Span<UInt8>, hash: UInt64, at time: UInt64) -> Pair? {
        let bucket = bucket(for: hash)
        guard let index = bucket.index(of: key, tag: Bucket.tag(of: hash)) else { return nil }
        let pair = Bucket.pair(ofSlot: bucket.slot(at: index))
        return pair.isDead(at: time) ? nil : pair
    }

    /// Sets `key` to `value`.
    /// - Parameter expires: when the pair expires, in Unix milliseconds up to `Pair.latestExpiry`; 0 for never.
    package func set(_ key: Span<UInt8>, hash: UInt64, value: Span<UInt8>, expires: UInt64 = 0) {
        let bucket = bucket(for: hash)
        guard let index = bucket.index(of: key, tag: Bucket.tag(of: hash)) else {
            return insert(Pair(key: key, value: value, expires: expires), hash: hash)
        }
        replace(at: index, of: bucket, hash: hash, value: value, expires: expires)
    }

    /// Sets when the pair of `key` expires, in Unix milliseconds up to `Pair.latestExpiry`; 0 for never. Its value stays.
    /// - Returns: whether there is such a pair.
    package func setExpiry(of key: Span<UInt8>, hash: UInt64, to expires: UInt64) -> Bool {
        let bucket = bucket(for: hash)
        guard let index = bucket.index(of: key, tag: Bucket.tag(of: hash)) else { return false }
        let pair = Bucket.pair(ofSlot: bucket.slot(at: index))
        replace(at: index, of: bucket, hash: hash, value: pair.value, expires: expires)
        return true
    }

    /// The first pair at or behind a place in the table that has not expired at `time`, or the first of all where there is none
    /// behind it; nil where the table has none.
    package func pair(from place: ScanCursor, at time: UInt64) -> Pair? {
        guard count > 0 else { return nil }
        var found: Pair?
        for var cursor in [place, ScanCursor()] where found == nil {
            scan(from: &cursor, size: 1, buckets: .max, at: time) { pair in
                if found == nil { found = pair }
                return 1
            }
        }
        return found
    }

    /// Bytes of memory that a key and its value take, with one pair's share of the buckets and the index; nil where the key is not there
    /// at `time`.
    package func size(of key: Span<UInt8>, hash: UInt64, at time: UInt64) -> Int? {
        pair(for: key, hash: hash, at: time).map { $0.size + sharedSizePerPair }
    }

    /// The share of one pair in the memory that pairs have together.
    private var sharedSizePerPair: Int { Bucket.sizePerPair + (hasIndex ? OrderedIndex.sizePerPair : 0) }

    /// How many bytes the table would grow if `key` had a value of `valueSize` bytes that expires at `expires` (0 for never);
    /// 0 or less if its value is no smaller now. Of buckets and index it counts the share of one pair.
    package func growth(for key: Span<UInt8>, hash: UInt64, valueSize: Int, expires: UInt64 = 0) -> Int {
        let size = Pair.size(keySize: key.count, valueSize: valueSize, expires: expires)
        guard let pair = pair(for: key, hash: hash, at: 0) else { return size + sharedSizePerPair }
        return size - pair.size
    }

    /// Removes `key`.
    /// - Returns: whether it existed.
    package func remove(_ key: Span<UInt8>, hash: UInt64) -> Bool {
        let bucket = bucket(for: hash)
        guard let index = bucket.index(of: key, tag: Bucket.tag(of: hash)) else { return false }
        removePair(at: index, of: bucket)
        shrink(bucket, hash: hash)
        return true
    }

    // MARK: Scanning

    /// Visits pairs, those that have expired included, in the order of the table from `cursor` on, until those visited
    /// count `size` in total, in at most `buckets` buckets, and advances the cursor. Pairs with the same tag are visited
    /// together. A pair that exists for the whole of a scan is visited exactly once, even if buckets split meanwhile.
    /// - Parameter visit: returns how much a pair counts.
    package func scan(
        from cursor: inout ScanCursor, size: Int, buckets: Int, visit: (Pair) -> Int
    ) {
        var visited = 0
        for _ in 0..<buckets {
            let bucket = bucket(for: cursor.prefix)
            var last: UInt64?
            var index = bucket.firstIndex(notBelow: cursor.tag)
            while index < bucket.slotCount {
                let slot = bucket.slot(at: index)
                if slot != 0 {
                    let tag = Bucket.tag(ofSlot: slot)
                    if visited >= size, let last, last != tag {
                        return cursor.stop(before: tag, inBucketOf: bucket.depth)
                    }
                    visited += visit(Bucket.pair(ofSlot: slot))
                    last = tag
                }
                index += 1
            }
            cursor.pass(bucketOf: bucket.depth)
            if cursor.isAtEnd || visited >= size { return }
        }
    }

    /// As above, but pairs that have expired at `time` are passed over.
    package func scan(
        from cursor: inout ScanCursor, size: Int, buckets: Int, at time: UInt64, visit: (Pair) -> Int
    ) {
        scan(from: &cursor, size: size, buckets: buckets) { pair in pair.isDead(at: time) ? 0 : visit(pair) }
    }

    /// Visits pairs, those that have expired included, from a cursor's number (0 at first), and until at least `size` is visited. If buckets split, a pair
    /// may be visited more than once; if each call takes whole buckets (`size` is Int.max), exactly once.
    /// - Returns: the number of the next cursor; 0 at the end.
    func scan(
        from number: UInt64, size: Int, buckets: Int, visit: (Pair) -> Int
    ) -> UInt64 {
        var cursor = ScanCursor(number: number)
        scan(from: &cursor, size: size, buckets: buckets, visit: visit)
        return cursor.number
    }

    /// As above, where each pair counts one.
    package func scan(
        from number: UInt64, count: Int, buckets: Int, visit: (Pair) -> Void
    ) -> UInt64 {
        scan(from: number, size: count, buckets: buckets) { pair in
            visit(pair)
            return 1
        }
    }

    /// Brings the pairs of a scan's next bucket into the processor's cache, if the scan has not entered it yet.
    package func touchPairs(at cursor: ScanCursor) {
        if cursor.tag == 0 { bucket(for: cursor.prefix).touchPairs() }
    }

    // MARK: Applying

    /// Applies a change: for the store, for recovery, and for every other reader of a log.
    package func apply(_ change: borrowing Change) {
        apply(change, hash: hash(change.key))
    }

    /// As above, with the key's hash.
    func apply(_ change: borrowing Change, hash: UInt64) {
        switch change.kind {
        case .set: set(change.key, hash: hash, value: change.value, expires: change.expires)
        case .delete: _ = remove(change.key, hash: hash)
        case .clear: removeAll()
        // It is stated only for a pair that is there: compaction counts those that are not.
        case .ttl: _ = setExpiry(of: change.key, hash: hash, to: change.expires)
        // Notes are kept beside the table.
        case .note: break
        }
    }

    // MARK: Clearing

    private func noteUpkeep() { hasUpkeep = hasIndexWork || !remains.isEmpty }

    /// Removes every pair. Their memory is freed in steps, so that clearing a large table does not block.
    package func removeAll() {
        dropIndex()
        remainingSize += usedSize + wheel.size
        remains.append(unsafe Remains(directory: directory, depth: depth, wheel: wheel.removeAll()))
        unsafe (directory, usedSize) = Table.emptyDirectory()
        depth = 0
        (pairCount, expiringPairCount) = (0, 0)
    }

    /// Frees up to `buckets` buckets of what was cleared.
    /// - Returns: whether there is more.
    package func giveBackMemory(buckets: Int) -> Bool {
        if hasIndexWork { giveBackIndex(nodes: min(buckets, 1 << 20) * 64) }
        guard var last = remains.popLast() else { return hasIndexWork && keyIndex.hasRemains }
        remainingSize -= last.wheel.size
        let hasMore = last.wheel.giveBackMemory()
        remainingSize += last.wheel.size
        var budget = buckets
        while last.done < 1 << last.depth, budget > 0 {
            let bucket = unsafe Bucket(entry: last.directory[last.done])
            for index in 0..<bucket.slotCount {
                let slot = bucket.slot(at: index)
                guard slot != 0 else { continue }
                let pair = Bucket.pair(ofSlot: slot)
                remainingSize -= pair.size
                pair.free()
            }
            last.done += 1 << (last.depth - bucket.depth)
            remainingSize -= bucket.size
            bucket.free()
            budget -= 1
        }
        if last.done < 1 << last.depth || hasMore {
            remains.append(last)
        } else {
            unsafe last.directory.deallocate()
            remainingSize -= Table.directorySize(depth: last.depth)
        }
        let hasRemains = !remains.isEmpty || keyIndex.hasRemains
        assert(remainingSize >= 0 && (remainingSize == 0 || hasRemains), "cleared memory is counted wrong")
        return hasRemains
    }

    // MARK: Growth

    @inline(__always)
    func bucket(for hash: UInt64) -> Bucket {
        unsafe Bucket(entry: directory[Int(truncatingIfNeeded: hash >> UInt64(64 - depth))])
    }

    private func insert(_ pair: Pair, hash: UInt64) {
        let slot = Bucket.slot(pair, tag: Bucket.tag(of: hash))
        while true {
            let bucket = bucket(for: hash)
            if !bucket.isFull && bucket.insert(slot) { break }
            grow(bucket, hash: hash)
        }
        pairCount += 1
        usedSize += pair.size
        if hasIndex { indexInserted(pair) }
        noteExpiry(of: pair, hash: hash, insteadOf: 0)
    }

    /// Gives the pair of a slot another value and expiry: in its block where they take as much memory, else in another.
    @inline(__always)
    private func replace(at index: Int, of bucket: Bucket, hash: UInt64, value: Span<UInt8>, expires: UInt64) {
        let pair = Bucket.pair(ofSlot: bucket.slot(at: index))
        if expires == 0, pair.isPermanent(withValueOf: value.count) { return pair.overwrite(value) }
        let oldExpires = pair.markedExpires
        let growth = Pair.size(keySize: pair.keySize, valueSize: value.count, expires: expires) &- pair.size
        guard growth != 0 else {
            pair.overwrite(value, expires: expires)
            return noteExpiry(of: pair, hash: hash, insteadOf: oldExpires)
        }
        let replacement = Pair(key: pair.key, value: value, expires: expires)
        bucket.store(Bucket.slot(replacement, tag: Bucket.tag(of: hash)), at: index)
        usedSize += growth
        if hasIndex { indexReplaced(pair, by: replacement) }
        pair.free()
        noteExpiry(of: replacement, hash: hash, insteadOf: oldExpires)
    }

    /// Removes the pair of a slot. The bucket keeps its capacity.
    func removePair(at index: Int, of bucket: Bucket) {
        let pair = Bucket.pair(ofSlot: bucket.slot(at: index))
        bucket.remove(at: index)
        pairCount -= 1
        usedSize -= pair.size
        if pair.expires != 0 { expiringPairCount -= 1 }
        assert(pairCount >= 0 && expiringPairCount >= 0 && usedSize > 0, "more is removed than there was")
        if hasIndex { indexRemoved(pair) }
        pair.free()
    }

    /// Notes that a pair may expire at another time than before: `old` with its mark.
    @inline(__always)
    private func noteExpiry(of pair: Pair, hash: UInt64, insteadOf old: UInt64) {
        if pair.expires != 0 || old != 0 { changeExpiry(of: pair, hash: hash, insteadOf: old) }
    }

    private func changeExpiry(of pair: Pair, hash: UInt64, insteadOf old: UInt64) {
        let (new, oldTime) = (pair.expires, old & Pair.latestExpiry)
        expiringPairCount += (new == 0 ? 0 : 1) - (oldTime == 0 ? 0 : 1)
        guard new != 0 else { return }
        if oldTime != 0 && oldTime <= new {
            // Its entry comes out earlier, finds it alive and registers it again.
            pair.setMark(old & ~Pair.latestExpiry)
        } else {
            register(pair, hash: hash)
        }
    }

    private func grow(_ bucket: Bucket, hash: UInt64) {
        if bucket.capacity < Bucket.maximumCapacity {
            resize(bucket, to: bucket.nextCapacity, hash: hash)
        } else {
            split(bucket, hash: hash)
        }
    }

    /// Gives a bucket that pairs were removed from a smaller capacity if it is sparse.
    func shrink(_ bucket: Bucket, hash: UInt64) {
        if bucket.isSparse { resize(bucket, to: Bucket.capacity(for: bucket.count), hash: hash) }
    }

    private func resize(_ bucket: Bucket, to capacity: Int, hash: UInt64) {
        guard let copy = bucket.resized(to: capacity) else {
            if capacity > bucket.capacity { split(bucket, hash: hash) }
            return
        }
        usedSize += copy.size - bucket.size
        point(to: copy, hash: hash)
        bucket.free()
    }

    /// Replaces a bucket by two, distinguished by one more bit of the hash.
    private func split(_ bucket: Bucket, hash: UInt64) {
        if bucket.depth == depth { doubleDirectory() }
        let newDepth = bucket.depth + 1
        precondition(newDepth <= ScanCursor.depthLimit, "more equal leading bits of hashes than a cursor has room for")
        let bit: UInt64 = 1 << UInt64(64 - newDepth)
        let capacity = Bucket.capacity(for: (bucket.count + 1) / 2)
        var halves = (
            Bucket(capacity: capacity, depth: newDepth), Bucket(capacity: capacity, depth: newDepth)
        )
        bucket.touchPairs()
        for index in 0..<bucket.slotCount {
            let slot = bucket.slot(at: index)
            guard slot != 0 else { continue }
            if sipHash.hash(Bucket.pair(ofSlot: slot).key) & bit == 0 {
                Table.append(slot, to: &halves.0)
            } else {
                Table.append(slot, to: &halves.1)
            }
        }
        precondition(halves.0.count + halves.1.count == bucket.count, "a split has lost a pair")
        usedSize += halves.0.size + halves.1.size - bucket.size
        point(to: halves.0, hash: hash & ~bit)
        point(to: halves.1, hash: hash | bit)
        bucket.free()
    }

    /// Appends to a half of a split, which grows if the hash was uneven.
    private static func append(_ slot: Bucket.Slot, to half: inout Bucket) {
        var capacity = half.capacity
        while half.isFull || !half.insert(slot) {
            capacity += Bucket.minimumCapacity
            guard let larger = half.resized(to: capacity) else { continue }
            half.free()
            half = larger
        }
    }

    private func doubleDirectory() {
        let old = 1 << depth
        let larger = UnsafeMutablePointer<UInt64>.allocate(capacity: old * 2)
        for index in 0..<old {
            unsafe larger[index * 2] = directory[index]
            unsafe larger[index * 2 + 1] = directory[index]
        }
        unsafe directory.deallocate()
        unsafe directory = larger
        depth += 1
        usedSize += Table.directorySize(depth: depth) - Table.directorySize(depth: depth - 1)
    }

    /// Points every directory entry of the bucket of `hash` to `bucket`.
    private func point(to bucket: Bucket, hash: UInt64) {
        precondition(bucket.depth <= depth, "a bucket that the directory cannot tell from others")
        let run = 1 << (depth - bucket.depth)
        let first = Int(truncatingIfNeeded: hash >> UInt64(64 - depth)) & ~(run - 1)
        for index in first..<first + run { unsafe directory[index] = bucket.entry }
    }

    // MARK: Self-check

    /// Verifies every invariant: each bucket is reached by exactly the entries given by its depth, its slots are in
    /// order at or after their homes with no gap before them, each pair's hash leads to its slot, and the totals are
    /// right, that of the pairs that expire among them. Each of those has an entry in the due wheel that comes out in time. The ordered
    /// index, if there is one, has these pairs.
    /// - Returns: what is wrong; empty if all is well.
    package func check() -> [String] {
        var problems: [String] = []
        var pairs = 0
        var expiring = 0
        let (due, wheelProblems) = wheel.content()
        problems += wheelProblems
        problems += checkIndex()
        var bytes = Table.directorySize(depth: depth) + wheel.size + keyIndex.size
        var index = 0
        while index < 1 << depth {
            let bucket = unsafe Bucket(entry: directory[index])
            let run = 1 << (depth - bucket.depth)
            for other in index..<index + run where unsafe directory[other] != bucket.entry {
                problems.append("directory entry \(other) does not lead to its bucket")
            }
            pairs += bucket.count
            bytes +=
                bucket.size
                + check(
                    bucket, entry: index, due: due, expiring: &expiring, problems: &problems)
            index += run
        }
        if pairs != count { problems.append("\(pairs) pairs found, \(count) counted") }
        if expiring != expiringCount { problems.append("\(expiring) pairs expire, \(expiringCount) counted") }
        if bytes != size { problems.append("\(bytes) bytes found, \(size) counted") }
        if remains.isEmpty && !keyIndex.hasRemains && clearedSize != 0 {
            problems.append("\(clearedSize) bytes cleared that are nowhere")
        }
        return problems
    }

    private func check(
        _ bucket: Bucket, entry: Int, due: DueWheel.Content, expiring: inout Int, problems: inout [String]
    ) -> Int {
        var bytes = 0
        var found = 0
        var previous: UInt64 = 0
        if bucket.count * 8 > bucket.capacity * 7 { problems.append("a bucket is overfull") }
        if bucket.slot(at: bucket.slotCount - 1) != 0 { problems.append("a last slot is taken") }
        for index in 0..<bucket.slotCount {
            let slot = bucket.slot(at: index)
            guard slot != 0 else { continue }
            let pair = Bucket.pair(ofSlot: slot)
            let tag = Bucket.tag(ofSlot: slot)
            let hash = sipHash.hash(pair.key)
            bytes += pair.size
            found += 1
            if pair.expires != 0 { expiring += 1 }
            if pair.expires != 0, !due.covers(hash, pair.markedExpires) {
                problems.append("no entry of the due wheel finds a pair in time")
            }
            if tag != Bucket.tag(of: hash) { problems.append("a tag is not its key's") }
            if tag < previous { problems.append("tags are out of order") }
            if (bucket.home(of: tag)...index).contains(where: { bucket.slot(at: $0) == 0 }) {
                problems.append("an empty slot stands between a pair and its home")
            }
            let leading = Int(truncatingIfNeeded: hash >> UInt64(64 - depth))
            if leading >> (depth - bucket.depth) != entry >> (depth - bucket.depth) {
                problems.append("a pair is in another bucket than its hash says")
            }
            previous = tag
        }
        if found != bucket.count { problems.append("a bucket's count is wrong") }
        return bytes
    }
}
