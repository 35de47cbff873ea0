// The position of a scan of the table. Buckets are visited in the order of the hashes that lead to them, and the pairs
// of a bucket in the order of their tags, so a position is the leading bits of a hash and a tag.
//
// A bucket may split between two calls of a scan that has stopped inside it. Below the tag where it stopped, the pairs
// of both halves have been visited; so the cursor remembers the size of the region for which that holds, and each
// bucket inside that region is visited from the tag on. If the scan stops again inside a smaller region, the larger one
// is kept in `outer`.

/// A position in a table from which a scan continues.
package struct ScanCursor {
    /// All pairs whose hash is below this, in the first `depth` bits, have been visited.
    private(set) var prefix: UInt64 = 0
    /// In the region of hashes that share `depth` leading bits with `prefix`, pairs with a tag below this have been visited.
    private(set) var tag: UInt64 = 0
    private var depth = 0
    /// Larger regions around that one, each with its tag, the largest first.
    private var outer: [(depth: Int, tag: UInt64)] = []
    /// Whether every pair has been visited.
    package private(set) var isAtEnd = false

    /// The deepest bucket of a table: a directory of 2^36 entries takes 512 GiB.
    static let depthLimit = 36

    /// The beginning of a table.
    package init() {}

    // MARK: As a number

    /// The largest number of a cursor: what clients can hold that keep numbers as floating point (2^53 - 1).
    package static let largestNumber: UInt64 = 1 << 53 - 1

    /// From a number that `number` returned. Any other number is a valid position, too.
    package init(number: UInt64) {
        tag = number & 0xffff
        let field = number >> 16 & (1 << 37 - 1)
        guard field != 0 else { return }
        depth = ScanCursor.depthLimit - field.trailingZeroBitCount
        prefix = (field & (field - 1)) << 27
    }

    /// The position as a number of at most 53 bits; 0 at the end, and nowhere else. From the top: `depth` bits of the
    /// prefix, a set bit, zeros up to 37 bits in all, 16 bits of the tag. It has no room for `outer`: a scan that
    /// continues from it may visit pairs again if a bucket has split twice.
    package var number: UInt64 {
        guard !isAtEnd else { return 0 }
        let end: UInt64 = 1 << UInt64(ScanCursor.depthLimit - depth)
        return (prefix >> 27 | end) << 16 | tag
    }

    // MARK: Moving

    /// Stops in the bucket of `prefix`, before the pairs with `tag`.
    mutating func stop(before tag: UInt64, inBucketOf bucketDepth: Int) {
        if bucketDepth < depth {
            // Only if the table has been cleared meanwhile: the bucket is larger than the region.
            prefix &= ScanCursor.mask(bucketDepth)
            outer.removeAll { $0.depth >= bucketDepth }
        } else if bucketDepth > depth, self.tag > 0 {
            outer.append((depth, self.tag))
        }
        (depth, self.tag) = (bucketDepth, tag)
    }

    /// Goes to the bucket after that of `prefix`.
    mutating func pass(bucketOf bucketDepth: Int) {
        assert(bucketDepth <= ScanCursor.depthLimit, "a bucket deeper than a cursor can tell")
        guard bucketDepth > 0 else { return end() }
        let step: UInt64 = 1 << UInt64(64 - bucketDepth)
        prefix = prefix & ScanCursor.mask(bucketDepth) &+ step
        guard prefix != 0 else { return end() }
        // A region is left where the bits below it are all zero.
        while tag > 0, prefix & ~ScanCursor.mask(depth) == 0 { (depth, tag) = outer.popLast() ?? (0, 0) }
        if tag == 0 { depth = bucketDepth }
    }

    private mutating func end() {
        self = ScanCursor()
        isAtEnd = true
    }

    /// The leading bits that a bucket of this depth shares.
    private static func mask(_ depth: Int) -> UInt64 {
        depth == 0 ? 0 : ~0 << UInt64(64 - depth)
    }
}
