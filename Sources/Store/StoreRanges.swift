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

    /// Visits the pairs of a range in the byte order of their keys, or against it, until `visit` returns false. The order must be known. The
    /// result depends on the change `position`.
    /// - Parameter visit: gets a pair, which is valid until the next change, and whether it has expired and is only not removed yet.
    package func visit(_ range: KeyRange, isReversed: Bool = false, _ visit: (Pair, _ isExpired: Bool) -> Bool) {
        table.visit(range, isReversed: isReversed) { pair in visit(pair, pair.isDead(at: time)) }
    }
}
