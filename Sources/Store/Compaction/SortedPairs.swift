// What compaction merges: the old snapshot, files of changes that were sorted before, and the last of the changes, which
// are still in memory. Each is looked at one pair at a time.

import Bytes

/// Pairs in the order of their keys, one of which is the current one.
class SortedPairs {
    fileprivate var key = KeyCopy()
    fileprivate(set) var isAtEnd = false

    /// Goes to the next pair.
    /// - Throws: `StoreError.corruption` where a file is damaged or out of order.
    func advance() throws(StoreError) { preconditionFailure("pairs of no kind") }

    /// Visits the current pair: as a change that sets it, or one that removes it.
    func change(_ body: (borrowing Change) -> Void) throws(StoreError) { preconditionFailure("pairs of no kind") }

    /// Below 0, 0 or above 0 where the current key comes before that of `other`, is the same, or comes behind it.
    final func compared(with other: SortedPairs) -> Int {
        key.compared(with: other.key)
    }
}

/// The pairs of a snapshot, or of a file of sorted changes.
final class PairsOfFile: SortedPairs {
    private var reader: SnapshotReader

    /// Goes to the first pair.
    init(_ reader: consuming SnapshotReader) throws(StoreError) {
        self.reader = reader
        super.init()
        try advance()
    }

    override func advance() throws(StoreError) {
        let isFirst = reader.count == 0
        guard try reader.next() else {
            isAtEnd = true
            return
        }
        var isAscending = true
        try reader.change { change in
            switch change {
            case .set(let key, _), .delete(let key):
                isAscending = isFirst || self.key.isBefore(key)
                self.key.become(key)
            case .clear:
                break
            }
        }
        if !isAscending { throw reader.damage(expected: "keys in their order", found: "one that comes earlier") }
    }

    override func change(_ body: (borrowing Change) -> Void) throws(StoreError) {
        try reader.change(apply: body)
    }
}

/// Changes that were sorted in memory.
final class PairsInMemory: SortedPairs {
    private var changes: ChangeSorter

    /// Sorts, and goes to the first pair.
    init(_ changes: consuming ChangeSorter) {
        self.changes = changes
        super.init()
        self.changes.sort()
        look()
    }

    override func advance() throws(StoreError) {
        changes.removeFirst()
        look()
    }

    private func look() {
        isAtEnd = changes.isEmpty
        if !isAtEnd { changes.visitFirst { change in key.become(of: change) } }
    }

    override func change(_ body: (borrowing Change) -> Void) throws(StoreError) {
        changes.visitFirst(body)
    }
}

/// A key that outlives the line it was read from.
private struct KeyCopy: ~Copyable {
    private var buffer = ByteBuffer()
    /// The first eight bytes, as a number that sorts as they do: most comparisons need no more.
    private var prefix: UInt64 = 0

    mutating func become(_ key: Span<UInt8>) {
        buffer.removeAll()
        buffer.append(key)
        prefix = key.sortingPrefix
    }

    mutating func become(of change: borrowing Change) {
        switch change {
        case .set(let key, _), .delete(let key): become(key)
        case .clear: break
        }
    }

    func isBefore(_ key: Span<UInt8>) -> Bool {
        buffer.bytes.compared(with: key) < 0
    }

    func compared(with other: borrowing KeyCopy) -> Int {
        if prefix != other.prefix { return prefix < other.prefix ? -1 : 1 }
        return buffer.bytes.compared(with: other.buffer.bytes)
    }
}
