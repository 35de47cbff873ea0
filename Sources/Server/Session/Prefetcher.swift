// Prefetch: while one of several pipelined requests runs, the keys of the next ones are prefetched, so that their
// memory is in the cache when they run.

import Bytes
import Store
import Wire

/// The prefetch position of a connection's pipelined requests.
struct Prefetcher {
    /// Requests that are prefetched and not run yet.
    private var count = 0
    /// The offset of the first request that is not prefetched.
    private var end = 0

    /// Two, because the store prefetches in two steps.
    private static let depth = 2

    /// Prefetches further requests, before the request that ends at `offset` runs.
    @inline(__always)
    mutating func pass(to offset: Int, in bytes: Span<UInt8>, _ store: Store) {
        assert(count >= 0 && count <= Prefetcher.depth, "more requests prefetched than the store has steps")
        if count > 0 { count &-= 1 }
        if count == 0 { end = offset }
        while count < Prefetcher.depth {
            guard let peeked = RequestParser.peek(in: bytes, at: end) else { return store.endPrefetch() }
            store.prefetch(bytes.extracting(peeked.key.offset..<peeked.key.offset &+ peeked.key.size))
            end = peeked.end
            count &+= 1
        }
    }
}
