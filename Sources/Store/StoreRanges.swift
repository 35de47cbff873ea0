// Ranges of keys, for which the table keeps the order of its keys: the ordered index, a setting that can be changed at any time.

import Bytes

extension Store {
    /// What is known of the order of keys. Ranges can be read once it is known.
    package var order: KeyOrder { table.order }

    /// Keeps the ordered index from now on, or no longer. It is built, and freed, by `advanceTable`.
    package func change(index: KeyIndex) { table.keepOrder(index == .ordered) }

    /// Pairs between two looks at the clock.
    private static let buildStep = 16

    /// Builds the ordered index for about 60 µs, if that is under way.
    /// - Returns: whether there is more.
    func buildIndex() -> Bool {
        guard case .building = table.order else { return false }
        let end = background.now + options.compaction.walkTime
        while table.buildIndex(pairs: Store.buildStep) {
            if background.now >= end { return true }
        }
        return false
    }

    /// Visits the pairs of a range that have not expired, in the byte order of their keys, or against it, until `visit` returns false. The
    /// order must be known. The result depends on the change `position`.
    /// - Parameters:
    ///   - expiredLimit: the most pairs that have expired and are not removed yet that are passed over.
    ///   - visit: gets a pair, which is valid until the next change.
    /// - Returns: false if it ended at `expiredLimit`.
    package func visit(
        _ range: KeyRange, isReversed: Bool = false, expiredLimit: Int = .max, _ visit: (Pair) -> Bool
    ) -> Bool {
        var expiredLeft = expiredLimit
        table.visit(range, isReversed: isReversed) { pair in
            guard pair.isDead(at: time) else { return visit(pair) }
            expiredLeft -= 1
            return expiredLeft > 0
        }
        return expiredLeft > 0
    }
}
