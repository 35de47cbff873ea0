// Of requests that have come together, those that come next are looked at while one is run: the memory that they will need
// is on its way when their turn comes.

import Bytes
import Store
import Wire

/// How far ahead of the request that is being run the bytes have been looked at.
struct Lookahead {
    /// Requests that were looked at and are not run yet.
    private var count = 0
    /// Where the first one begins that was not looked at.
    private var end = 0

    /// Two: the store fetches in two steps.
    private static let depth = 2

    /// Looks further, now that the request that ends at `offset` is about to be run.
    @inline(__always)
    mutating func pass(to offset: Int, in bytes: Span<UInt8>, _ parser: borrowing RequestParser, _ store: Store) {
        assert(count >= 0 && count <= Lookahead.depth, "more requests are looked at than the store can fetch for")
        if count > 0 { count &-= 1 }
        if count == 0 { end = offset }
        while count < Lookahead.depth {
            guard let glimpse = parser.glimpse(of: bytes, at: end) else { return store.foreseeNoMore() }
            store.foresee(bytes.extracting(glimpse.key.offset..<glimpse.key.offset &+ glimpse.key.size))
            end = glimpse.end
            count &+= 1
        }
    }
}
