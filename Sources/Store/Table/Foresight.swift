// The key that a later request will ask for. A table of many megabytes is hardly ever in the processor's cache: to find a
// pair is to wait for memory twice, for the bucket and then for the pair. Clients that send many requests at once let
// us begin with the next one's waits while this one is worked on.

import Bytes
import CMachine

/// The hashes of the two keys that were foreseen last, so that each is hashed once: the next request's key is foreseen
/// before this one's is asked for.
struct Foresight {
    private var previous = ForeseenKey()
    private var latest = ForeseenKey()

    /// Notes a key and its hash.
    @inline(__always)
    mutating func note(_ key: Span<UInt8>, hash: UInt64) {
        previous = latest
        latest = ForeseenKey(key, hash: hash)
    }

    /// The hash of a key that was noted.
    @inline(__always)
    func hash(of key: Span<UInt8>) -> UInt64? {
        if previous.isSame(key) { return previous.hash }
        return latest.isSame(key) ? latest.hash : nil
    }
}

/// A key of 8 to 32 bytes, and its hash.
private struct ForeseenKey {
    /// They say all: the first sixteen bytes and the last, which may be the same ones.
    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    /// -1 where there is no key, or one of another size.
    private var size = -1
    private(set) var hash: UInt64 = 0

    init() {}

    @inline(__always)
    init(_ key: Span<UInt8>, hash: UInt64) {
        guard key.count >= 8, key.count <= 32 else { return }
        size = key.count
        words = ForeseenKey.words(of: key)
        self.hash = hash
    }

    @inline(__always)
    func isSame(_ key: Span<UInt8>) -> Bool {
        guard key.count == size else { return false }
        let other = ForeseenKey.words(of: key)
        return (words.0 ^ other.0) | (words.1 ^ other.1) | (words.2 ^ other.2) | (words.3 ^ other.3) == 0
    }

    @inline(__always)
    private static func words(of key: Span<UInt8>) -> (UInt64, UInt64, UInt64, UInt64) {
        let last = key.count &- 8
        return (key.word(at: 0), key.word(at: min(8, last)), key.word(at: max(last &- 8, 0)), key.word(at: last))
    }
}

extension Table {
    /// Begins to bring the pair of a key that will be asked for soon, and its bucket, into the processor's cache.
    package func foresee(_ key: Span<UInt8>) {
        let hash = sipHash.hash(key)
        foresight.note(key, hash: hash)
        bucket(for: hash).prefetchPair(tag: Bucket.tag(of: hash))
    }
}

extension Bucket {
    /// Begins to bring the first pair with this tag into the processor's cache, most likely the one.
    @inline(__always)
    func prefetchPair(tag: UInt64) {
        let slot = slot(at: firstIndex(notBelow: tag))
        guard slot != 0 else { return }
        let block = unsafe Bucket.pair(ofSlot: slot).block
        unsafe prefetch(block)
        unsafe prefetch(block + 64)
    }
}
