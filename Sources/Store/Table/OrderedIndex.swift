// The table's pairs in the byte order of their keys: a B+tree (Bayer and McCreight, 1972; Comer, "The ubiquitous B-tree", 1979) whose
// leaves point to the pairs and to each other. It is kept beside the hash table where ranges are asked for, and costs 9 to 13 bytes a
// pair. A pair is found by its address, so removing one, or replacing its block, looks at no other pair.
//
// A node that is full splits in the middle. But where the last inserts of a leaf came in order, it splits at their place, so that those to
// come fill a leaf of their own. Nodes are joined once two neighbours together fill no more than three quarters of one.

import Bytes

/// The index. It does not own the pairs: the table tells it of each that it inserts, moves or removes.
@safe
final class OrderedIndex {
    private var root = IndexNode(isLeaf: true)
    /// Pairs.
    private(set) var count = 0
    /// Bytes of memory: nodes and separators.
    private(set) var size: Int

    /// Bytes of the index per pair, if keys come in no order.
    static let sizePerPair = 13
    /// Two neighbours with no more slots than this become one.
    private static let joinLimit = IndexNode.slotLimit * 3 / 4
    /// So many inserts in order, and more of them are expected.
    private static let orderedRun = 32

    init() { size = root.size }

    deinit {
        var remains = takeAll()
        while remains.free(nodes: .max) {}
        root.free()
    }

    // MARK: Finding the place

    /// A node on the way to a key, and the separators it lies between.
    @safe
    private struct Step {
        let node: IndexNode
        /// Which of its children was taken.
        var place = 0
        var low: Pair?
        var high: Pair?
    }

    /// The nodes on the way from the root to a leaf. Only a full root gets another above it, and half of a node's content is new then:
    /// ten levels would take 62^9 inserts.
    private struct Way {
        private(set) var steps: InlineArray<10, Step>
        private(set) var depth = 0

        init(root: IndexNode) { steps = InlineArray(repeating: Step(node: root)) }

        mutating func append(_ step: Step) {
            steps[depth] = step
            depth += 1
        }

        var leaf: Step { steps[depth - 1] }
    }

    /// The way to the leaf of a key; its last step is the leaf.
    private func way(to key: Span<UInt8>) -> Way {
        var way = Way(root: root)
        var step = Step(node: root)
        while !step.node.isLeaf {
            let node = step.node
            step.place = node.place(of: key, countsEqual: true)
            way.append(step)
            step = child(step.place, of: step)
        }
        way.append(step)
        return way
    }

    /// A child of a step's node, with its separators.
    private func child(_ index: Int, of step: Step) -> Step {
        let node = step.node
        return Step(
            node: node.child(at: index), low: index > 0 ? node.pair(at: index - 1) : step.low,
            high: index < node.count ? node.pair(at: index) : step.high)
    }

    private func leaf(of key: Span<UInt8>) -> IndexNode {
        var node = root
        while !node.isLeaf { node = node.child(at: node.place(of: key, countsEqual: true)) }
        return node
    }

    // MARK: Changing

    /// Adds a pair whose key is not there.
    func insert(_ pair: Pair) {
        let isNew = insertIfMissing(pair)
        precondition(isNew, "a pair is indexed twice")
    }

    /// Adds a pair, unless it is there.
    /// - Returns: whether it was added.
    func insertIfMissing(_ pair: Pair) -> Bool {
        let key = pair.key
        let way = way(to: key)
        let leaf = way.leaf.node
        let place = place(of: key, in: leaf)
        let slot = leaf.slot(of: pair)
        if place < leaf.count, leaf.slot(at: place) == slot { return false }
        assert(place == leaf.count || !leaf.pair(at: place).key.equals(key), "two pairs of one key")
        let run = leaf.run(withInsertAt: place)
        if leaf.count < IndexNode.slotLimit {
            leaf.insert(slot, at: place)
            leaf.note(run: run, at: place)
        } else {
            split(way, inserting: slot, at: place, run: run)
        }
        count += 1
        return true
    }

    /// As `IndexNode.place`. In the last leaf, which has no prefix, a key behind all others is found at once.
    @inline(__always)
    private func place(of key: Span<UInt8>, in leaf: IndexNode) -> Int {
        let count = leaf.count
        if leaf.prefixSize == 0, count > 0, leaf.pair(at: count - 1).key.compared(with: key) < 0 { return count }
        return leaf.place(of: key, countsEqual: false)
    }

    /// Another block holds a pair from now on.
    /// - Returns: false if the pair is not there.
    func replace(_ old: Pair, by new: Pair) -> Bool {
        let key = new.key
        let leaf = leaf(of: key)
        guard let index = leaf.index(of: old, key: key) else { return false }
        leaf.store(leaf.slot(of: new), at: index)
        return true
    }

    /// Removes a pair, which still exists.
    /// - Returns: false if it is not there.
    func remove(_ pair: Pair) -> Bool {
        let key = pair.key
        let way = way(to: key)
        let leaf = way.leaf.node
        guard let index = leaf.index(of: pair, key: key) else { return false }
        leaf.remove(at: index)
        leaf.endRun()
        count -= 1
        // Not each time: a neighbour's count is mostly a cache miss.
        if leaf.count & 7 == 0, leaf.count < IndexNode.slotLimit / 2, way.depth > 1 { joinLeaf(way) }
        return true
    }

    // MARK: Splitting

    private func makeNode(_ node: IndexNode) -> IndexNode {
        size += node.size
        return node
    }

    private func freeNode(_ node: IndexNode) {
        size -= node.size
        node.free()
    }

    /// Splits a full leaf.
    /// - Parameter run: the inserts in order, this one included; see `IndexNode.run`.
    private func split(_ way: Way, inserting slot: IndexNode.Slot, at place: Int, run: Int) {
        let limit = IndexNode.slotLimit
        let (low, high) = (way.leaf.low, way.leaf.high)
        let left = way.leaf.node
        let right = makeNode(left.emptyCopy())
        let cut = cut(at: place, run: run)
        left.endRun()
        if place < cut {
            right.append(cut - 1..<limit, of: left)
            left.count = cut - 1
            left.insert(slot, at: place)
            left.note(run: run, at: place)
        } else {
            right.append(cut..<limit, of: left)
            left.count = cut
            right.insert(slot, at: place - cut)
            right.note(run: run, at: place - cut)
        }
        right.next = left.next
        right.previous = left
        left.next?.previous = right
        left.next = right
        let separator = separator(left.pair(at: left.count - 1).key, right.pair(at: 0).key)
        left.setPrefixSize(prefixSize(low, separator))
        right.setPrefixSize(prefixSize(separator, high))
        let isInOrder = run > OrderedIndex.orderedRun
        insert(right, behind: separator, in: way, at: way.depth - 2, isInOrder: isInOrder)
    }

    /// How many slots are on the left of a split, the new one included.
    private func cut(at place: Int, run: Int) -> Int {
        // More are expected behind the new one: it is the last on the left, or, where that is full, the first on the right.
        if run > OrderedIndex.orderedRun { return min(place + 1, IndexNode.slotLimit) }
        // More are expected before it: it is the first on the right, or alone on the left.
        if run < -OrderedIndex.orderedRun { return max(place, 1) }
        return IndexNode.slotLimit / 2
    }

    /// The shortest key that is above one and not above the other.
    private func separator(_ last: Span<UInt8>, _ first: Span<UInt8>) -> Pair {
        let shared = last.sharedSize(with: first, atMost: .max)
        let separator = Pair(
            key: first.extracting(0..<shared + 1), value: first.extracting(0..<0), expires: 0)
        size += separator.size
        return separator
    }

    private func freeSeparator(_ separator: Pair) {
        size -= separator.size
        separator.free()
    }

    /// What all keys between two separators begin with.
    private func prefixSize(_ low: Pair?, _ high: Pair?) -> Int {
        guard let low, let high else { return 0 }
        return low.key.sharedSize(with: high.key, atMost: .max)
    }

    /// Inserts a node behind the child that was taken at a level of the way; at level -1, makes a new root.
    /// - Parameter isInOrder: whether more are expected behind this one.
    private func insert(
        _ child: IndexNode, behind separator: Pair, in way: Way, at level: Int, isInOrder: Bool
    ) {
        guard level >= 0 else {
            let old = root
            root = makeNode(IndexNode(isLeaf: false))
            root.storeChild(old, at: 0)
            root.insert(root.slot(of: separator), at: 0, childBehind: child)
            return
        }
        let step = way.steps[level]
        let node = step.node
        guard node.count == IndexNode.slotLimit else {
            return node.insert(node.slot(of: separator), at: step.place, childBehind: child)
        }
        var content = Content(node)
        content.separators.insert(separator, at: step.place)
        content.children.insert(child, at: step.place + 1)
        let isAtEnd = isInOrder && step.place == IndexNode.slotLimit
        let cut = isAtEnd ? IndexNode.slotLimit - 1 : IndexNode.slotLimit / 2
        let middle = content.separators[cut]
        let right = makeNode(IndexNode(isLeaf: false))
        content.fill(node, 0..<cut, prefixSize: prefixSize(step.low, middle))
        content.fill(right, cut + 1..<content.separators.count, prefixSize: prefixSize(middle, step.high))
        insert(right, behind: middle, in: way, at: level - 1, isInOrder: isAtEnd)
    }

    /// Separators and children of an inner node, or of several.
    private struct Content {
        var separators: [Pair]
        var children: [IndexNode]

        init(_ node: IndexNode) {
            separators = (0..<node.count).map { node.pair(at: $0) }
            children = (0...node.count).map { node.child(at: $0) }
        }

        /// Both nodes, which `separator` divides.
        init(_ left: IndexNode, _ separator: Pair, _ right: IndexNode) {
            self.init(left)
            let other = Content(right)
            separators += [separator] + other.separators
            children += other.children
        }

        /// Makes a range of separators, with the children around them, the content of a node.
        func fill(_ node: IndexNode, _ range: Range<Int>, prefixSize: Int) {
            node.count = 0
            node.setPrefixSize(prefixSize)
            node.storeChild(children[range.lowerBound], at: 0)
            for index in range {
                let slot = node.slot(of: separators[index])
                node.insert(slot, at: node.count, childBehind: children[index + 1])
            }
        }
    }

    // MARK: Joining

    /// Joins a leaf that has become small, or empty, with a neighbour, if both fit well into one.
    private func joinLeaf(_ way: Way) {
        let level = way.depth - 2
        let step = way.steps[level]
        let leaf = way.leaf.node
        for left in [step.place, step.place - 1] where left >= 0 && left < step.node.count {
            let (one, other) = (child(left, of: step), child(left + 1, of: step))
            let total = one.node.count + other.node.count
            // An empty leaf fits into any.
            guard total <= OrderedIndex.joinLimit || leaf.count == 0 else { continue }
            let prefixSize = prefixSize(one.low, other.high)
            one.node.setPrefixSize(prefixSize)
            other.node.setPrefixSize(prefixSize)
            one.node.append(0..<other.node.count, of: other.node)
            one.node.next = other.node.next
            other.node.next?.previous = one.node
            freeNode(other.node)
            freeSeparator(step.node.pair(at: left))
            step.node.removeWithChildBehind(at: left)
            return joinInner(way, at: level)
        }
    }

    /// Joins an inner node that has become small with a neighbour, if both fit well into one, and gives it children of a neighbour
    /// where it has a single one. A root with a single child goes.
    private func joinInner(_ way: Way, at level: Int) {
        let node = way.steps[level].node
        guard level > 0 else {
            if node.count == 0 {
                root = node.child(at: 0)
                freeNode(node)
            }
            return
        }
        guard node.count == 0 || node.count & 7 == 0 && node.count < IndexNode.slotLimit / 4 else { return }
        let step = way.steps[level - 1]
        for left in [step.place, step.place - 1] where left >= 0 && left < step.node.count {
            let (one, other) = (child(left, of: step), child(left + 1, of: step))
            let total = one.node.count + other.node.count + 1
            guard total <= OrderedIndex.joinLimit || node.count == 0 else { continue }
            let separator = step.node.pair(at: left)
            let content = Content(one.node, separator, other.node)
            if total <= IndexNode.slotLimit {
                content.fill(one.node, 0..<total, prefixSize: prefixSize(one.low, other.high))
                freeNode(other.node)
                step.node.removeWithChildBehind(at: left)
                return joinInner(way, at: level - 1)
            }
            let middle = content.separators[total / 2]
            content.fill(one.node, 0..<total / 2, prefixSize: prefixSize(one.low, middle))
            content.fill(other.node, total / 2 + 1..<total, prefixSize: prefixSize(middle, other.high))
            step.node.store(step.node.slot(of: middle), at: left)
            return
        }
    }

    // MARK: Reading

    /// How many pairs ahead of the visited one are brought into the processor's cache.
    private static let lookAhead = 8

    /// Visits the pairs of a range in the order of their keys, or against it, until `visit` returns false. It must not change the table.
    func visit(_ range: KeyRange, isReversed: Bool, _ visit: (Pair) -> Bool) {
        guard !range.isEmpty else { return }
        let first = position(of: range.lower.span)
        let end = range.upper.map { position(of: $0.span) }
        if isReversed {
            visitDown(from: end ?? last, to: first, visit)
        } else {
            visitUp(from: first, to: end, visit)
        }
    }

    private typealias Position = (leaf: IndexNode, index: Int)

    /// The position of the first pair that is not below a key; it may be behind the last of its leaf.
    private func position(of key: Span<UInt8>) -> Position {
        let leaf = leaf(of: key)
        return (leaf, leaf.place(of: key, countsEqual: false))
    }

    private var last: Position {
        var node = root
        while !node.isLeaf { node = node.child(at: node.count) }
        return (node, node.count)
    }

    private func visitUp(from first: Position, to end: Position?, _ visit: (Pair) -> Bool) {
        var (leaf, index) = first
        while true {
            leaf.next?.prefetchSlots()
            let count = leaf == end?.leaf ? end?.index ?? 0 : leaf.count
            for ahead in index..<max(min(index + OrderedIndex.lookAhead, count), index) { leaf.prefetchPair(at: ahead) }
            while index < count {
                if index + OrderedIndex.lookAhead < count { leaf.prefetchPair(at: index + OrderedIndex.lookAhead) }
                guard visit(leaf.pair(at: index)) else { return }
                index += 1
            }
            guard leaf != end?.leaf, let next = leaf.next else { return }
            (leaf, index) = (next, 0)
        }
    }

    private func visitDown(from end: Position, to first: Position, _ visit: (Pair) -> Bool) {
        var (leaf, index) = end
        while true {
            leaf.previous?.prefetchSlots()
            let least = leaf == first.leaf ? first.index : 0
            for ahead in max(index - OrderedIndex.lookAhead, least)..<max(index, least) { leaf.prefetchPair(at: ahead) }
            while index > least {
                index -= 1
                if index - OrderedIndex.lookAhead >= least { leaf.prefetchPair(at: index - OrderedIndex.lookAhead) }
                guard visit(leaf.pair(at: index)) else { return }
            }
            guard leaf != first.leaf, let previous = leaf.previous else { return }
            (leaf, index) = (previous, previous.count)
        }
    }

    // MARK: Giving back

    /// The nodes of an index that is no longer used, to be freed in steps.
    @safe
    struct Remains {
        private var nodes: [IndexNode]
        /// Bytes of memory that are not freed yet.
        private(set) var size: Int

        fileprivate init(_ root: IndexNode, size: Int) {
            nodes = [root]
            self.size = size
        }

        /// Frees up to `count` nodes.
        /// - Returns: whether there are more.
        mutating func free(nodes count: Int) -> Bool {
            for _ in 0..<count {
                guard let node = nodes.popLast() else { break }
                if !node.isLeaf {
                    for index in 0..<node.count {
                        let separator = node.pair(at: index)
                        size -= separator.size
                        separator.free()
                    }
                    for index in 0...node.count { nodes.append(node.child(at: index)) }
                }
                size -= node.size
                node.free()
            }
            assert(size >= 0 && (size == 0 || !nodes.isEmpty), "the index's memory is counted wrong")
            return !nodes.isEmpty
        }
    }

    /// Removes every pair.
    func takeAll() -> Remains {
        let remains = Remains(root, size: size)
        root = IndexNode(isLeaf: true)
        (count, size) = (0, root.size)
        return remains
    }
}

// MARK: - Self-check

extension OrderedIndex {
    /// Verifies every invariant: keys ascend, within a node and from leaf to leaf; every key of a node lies between its separators and
    /// begins as they do; heads are those of the keys; leaves are linked; and the totals are right.
    /// - Parameter isHeld: whether the table has this very pair.
    /// - Returns: what is wrong; empty if all is well.
    func check(where isHeld: (Pair) -> Bool) -> [String] {
        var check = Check()
        check.visit(root, low: nil, high: nil, isRoot: true)
        if check.last?.next != nil { check.problems.append("the index's last leaf has a next one") }
        if check.keys != count { check.problems.append("\(check.keys) pairs in the index, \(count) counted") }
        if check.size != size { check.problems.append("\(check.size) bytes in the index, \(size) counted") }
        if Set(check.depths).count > 1 { check.problems.append("the index's leaves are at different depths") }
        visit(KeyRange(from: [], to: nil), isReversed: false) { pair in
            if !isHeld(pair) { check.problems.append("the index points to a pair that is not in the table") }
            return check.problems.count < 10
        }
        return check.problems
    }

    private struct Check {
        var problems: [String] = []
        var keys = 0
        var size = 0
        var depths: [Int] = []
        var last: IndexNode?
        private var depth = 0
        private var previousKey: [UInt8]?

        mutating func visit(_ node: IndexNode, low: [UInt8]?, high: [UInt8]?, isRoot: Bool) {
            size += node.size
            if !isRoot, !node.isLeaf, node.count == 0 { problems.append("an inner node has a single child") }
            var prefix: [UInt8] = []
            if let low, let high {
                prefix = Array(low.prefix(low.span.sharedSize(with: high.span, atMost: .max)))
            }
            if node.prefixSize != prefix.count { problems.append("a node's prefix is not its separators'") }
            for index in 0..<node.count {
                let key = Array(node.pair(at: index).key)
                if !key.starts(with: prefix) { problems.append("a key does not begin as its node's separators") }
                if node.slot(of: node.pair(at: index)) != node.slot(at: index) {
                    problems.append("a head is not its key's")
                }
                if let low, key.span.compared(with: low.span) < (node.isLeaf ? 0 : 1) {
                    problems.append("a key is below its node's separator")
                }
                if let high, key.span.compared(with: high.span) >= 0 {
                    problems.append("a key is not below its node's separator")
                }
                if node.isLeaf { note(key) }
            }
            node.isLeaf ? link(node) : visitChildren(of: node, low: low, high: high)
        }

        private mutating func note(_ key: [UInt8]) {
            keys += 1
            if let previousKey, previousKey.span.compared(with: key.span) >= 0 {
                problems.append("keys are out of order")
            }
            previousKey = key
        }

        private mutating func link(_ leaf: IndexNode) {
            if leaf.previous != last || last.map({ $0.next != leaf }) ?? false {
                problems.append("a leaf is not linked to the one before it")
            }
            depths.append(depth)
            last = leaf
        }

        private mutating func visitChildren(of node: IndexNode, low: [UInt8]?, high: [UInt8]?) {
            depth += 1
            for index in 0...node.count {
                if index < node.count { size += node.pair(at: index).size }
                let (left, right) = (index - 1, index)
                visit(
                    node.child(at: index), low: left >= 0 ? Array(node.pair(at: left).key) : low,
                    high: right < node.count ? Array(node.pair(at: right).key) : high, isRoot: false)
            }
            depth -= 1
        }
    }
}
