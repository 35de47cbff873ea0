// Prefetching for later requests. A table of many megabytes is hardly ever in the processor's cache: finding a pair
// means two cache misses, for the bucket and then for the pair. Clients that send many requests at once let us start
// both early: a key's bucket two requests ahead, and its pair one request ahead, when the bucket has arrived (group
// prefetching: Chen, Ailamaki, Gibbons and Mowry, "Improving hash join performance through prefetching", 2004).

import Bytes
import CMachine

/// The keys prefetched last, in the order of their requests, with their hashes: each is hashed once.
struct PrefetchedKeys {
    private var keys = InlineArray<4, PrefetchedKey>(repeating: PrefetchedKey())
    /// The index of the newest key in `keys`, and of the one likely to be requested next.
    private var newest = 0
    private var next = 0
    /// Whether the newest key's pair is still to be prefetched.
    private var isHalfDone = false

    /// Adds a key and its hash.
    @inline(__always)
    mutating func note(_ key: Span<UInt8>, hash: UInt64) {
        newest = (newest &+ 1) & 3
        keys[newest] = PrefetchedKey(key, hash: hash)
        isHalfDone = true
    }

    /// The hash of the newest key, once: its bucket was prefetched a request ago.
    @inline(__always)
    mutating func takeHalfDone() -> UInt64? {
        guard isHalfDone else { return nil }
        isHalfDone = false
        return keys[newest].hash
    }

    /// The hash of an added key.
    @inline(__always)
    mutating func hash(of key: Span<UInt8>) -> UInt64? {
        if keys[next].isSame(key) {
            let hash = keys[next].hash
            next = (next &+ 1) & 3
            return hash
        }
        return search(for: key)
    }

    @inline(never)
    private mutating func search(for key: Span<UInt8>) -> UInt64? {
        for index in 0..<4 where keys[index].isSame(key) {
            next = (index &+ 1) & 3
            return keys[index].hash
        }
        return nil
    }
}

/// A key of 8 to 32 bytes, and its hash.
private struct PrefetchedKey {
    /// Its bytes: the first sixteen and the last sixteen, which may overlap.
    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    /// -1 if there is no key, or one of another size.
    private var size = -1
    private(set) var hash: UInt64 = 0

    init() {}

    @inline(__always)
    init(_ key: Span<UInt8>, hash: UInt64) {
        self.hash = hash
        guard key.count >= 8, key.count <= 32 else { return }
        size = key.count
        words = PrefetchedKey.words(of: key)
    }

    @inline(__always)
    func isSame(_ key: Span<UInt8>) -> Bool {
        guard key.count == size else { return false }
        let other = PrefetchedKey.words(of: key)
        return (words.0 ^ other.0) | (words.1 ^ other.1) | (words.2 ^ other.2) | (words.3 ^ other.3) == 0
    }

    @inline(__always)
    private static func words(of key: Span<UInt8>) -> (UInt64, UInt64, UInt64, UInt64) {
        let last = key.count &- 8
        return (key.word(at: 0), key.word(at: min(8, last)), key.word(at: max(last &- 8, 0)), key.word(at: last))
    }
}

extension Table {
    /// Prefetches for a key that will be requested soon: its bucket, and the pair of the key before it.
    package func prefetch(_ key: Span<UInt8>) {
        prefetchPair()
        let hash = sipHash.hash(key)
        prefetchedKeys.note(key, hash: hash)
        bucket(for: hash).prefetchSlots(tag: Bucket.tag(of: hash))
    }

    /// Prefetches the pair of the last key, if no further key is known.
    @inline(__always)
    package func prefetchPair() {
        guard let hash = prefetchedKeys.takeHalfDone() else { return }
        bucket(for: hash).prefetchPair(tag: Bucket.tag(of: hash))
    }
}

extension Bucket {
    /// Prefetches the slots in which a tag is searched.
    @inline(__always)
    func prefetchSlots(tag: UInt64) {
        // A cache line has eight slots; most searches end within four.
        let first = Bucket.headerSize &+ home(of: tag) &* 8
        unsafe prefetch(memory + first)
        unsafe prefetch(memory + first + 32)
    }

    /// Prefetches the first pair with this tag, most likely the one.
    @inline(__always)
    func prefetchPair(tag: UInt64) {
        let slot = slot(at: firstIndex(notBelow: tag))
        guard slot != 0 else { return }
        let block = unsafe Bucket.pair(ofSlot: slot).block
        unsafe prefetch(block)
        unsafe prefetch(block + 64)
    }
}
