// The table's pairs in the order of their keys, where that is asked for. The index is told of every pair by the table's three primitives:
// insert, replace and remove. An index that is begun while there are pairs is built by a walk through the table, a few pairs at a time.
// Meanwhile those primitives tell it of every pair already: one that is new is then in the index before the walk comes to it, and one
// that the walk has not reached need not be there.

import Bytes

/// What a table knows of the order of its keys.
package enum KeyOrder: Equatable, Sendable {
    case unknown
    /// Being built: pairs in the index, and all pairs.
    case building(done: Int, total: Int)
    case known
}

/// The index, if there is one.
struct TableIndex {
    var tree: OrderedIndex?
    /// How far the walk has come that builds it; nil if it is complete.
    fileprivate(set) var walk: ScanCursor?
    /// Of indexes that were dropped.
    fileprivate var remains: [OrderedIndex.Remains] = []

    var size: Int { tree?.size ?? 0 }
    var hasRemains: Bool { !remains.isEmpty }
    /// Whether `buildIndex` or `giveBackIndex` has something to do.
    var hasWork: Bool { walk != nil || hasRemains }
}

extension Table {
    /// What is known of the order of keys.
    package var order: KeyOrder {
        guard let tree = keyIndex.tree else { return .unknown }
        return keyIndex.walk == nil ? .known : .building(done: tree.count, total: count)
    }

    /// Keeps the order of keys from now on, or no longer. Without pairs it is known at once, otherwise when `buildIndex` has built it.
    package func keepOrder(_ keeps: Bool) {
        guard keeps != (keyIndex.tree != nil) else { return }
        if keeps {
            keyIndex.tree = OrderedIndex()
            keyIndex.walk = count == 0 ? nil : ScanCursor()
        } else {
            dropIndex()
            (keyIndex.tree, keyIndex.walk) = (nil, nil)
        }
    }

    /// Takes the building of the index some pairs further.
    /// - Returns: whether there is more to do.
    package func buildIndex(pairs: Int) -> Bool {
        guard var walk = keyIndex.walk, let tree = keyIndex.tree else { return false }
        touchPairs(at: walk)
        scan(from: &walk, size: pairs, buckets: 1) { pair in
            _ = tree.insertIfMissing(pair)
            return 1
        }
        keyIndex.walk = walk.isAtEnd ? nil : walk
        return !walk.isAtEnd
    }

    /// Visits pairs, those that have expired included, in the order of their keys, or against it, until `visit` returns false. The order
    /// must be known.
    package func visit(_ range: KeyRange, isReversed: Bool, _ visit: (Pair) -> Bool) {
        guard let tree = keyIndex.tree, keyIndex.walk == nil else {
            preconditionFailure("a range is read without the ordered index")
        }
        tree.visit(range, isReversed: isReversed, visit)
    }

    // MARK: The primitives

    @inline(never)
    func indexInserted(_ pair: Pair) { keyIndex.tree?.insert(pair) }

    @inline(never)
    func indexReplaced(_ old: Pair, by new: Pair) {
        let isThere = keyIndex.tree?.replace(old, by: new) ?? true
        precondition(isThere || keyIndex.walk != nil, "the index lacks a pair")
    }

    /// To be called while the pair still exists.
    @inline(never)
    func indexRemoved(_ pair: Pair) {
        let isThere = keyIndex.tree?.remove(pair) ?? true
        precondition(isThere || keyIndex.walk != nil, "the index lacks a pair")
    }

    // MARK: Giving back

    /// Empties the index; what it was is freed by `giveBackIndex`.
    func dropIndex() {
        guard let tree = keyIndex.tree else { return }
        let remains = tree.takeAll()
        remainingSize += remains.size
        keyIndex.remains.append(remains)
        keyIndex.walk = nil
    }

    /// Frees up to `nodes` nodes of indexes that were dropped.
    func giveBackIndex(nodes: Int) {
        guard var last = keyIndex.remains.popLast() else { return }
        remainingSize -= last.size
        if last.free(nodes: nodes) { keyIndex.remains.append(last) }
        remainingSize += last.size
    }

    // MARK: Self-check

    func checkIndex() -> [String] {
        guard let tree = keyIndex.tree else {
            return keyIndex.walk == nil ? [] : ["an index is being built that is not there"]
        }
        var problems = tree.check { pair in
            unsafe self.pair(for: pair.key, hash: sipHash.hash(pair.key), at: 0)?.block == pair.block
        }
        if keyIndex.walk == nil, tree.count != count {
            problems.append("\(tree.count) of \(count) pairs are in the index")
        }
        return problems
    }
}
