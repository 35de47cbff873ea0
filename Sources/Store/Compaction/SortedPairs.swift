// One of the files that compaction merges: the old snapshot, or changes that were sorted before.

import Bytes

/// Pairs in the order of their keys, one of which is looked at, at a time.
final class SortedPairs {
    private var reader: SnapshotReader
    private var key = KeyCopy()
    private(set) var isAtEnd = false

    /// Goes to the first pair.
    init(_ reader: consuming SnapshotReader) throws(StoreError) {
        self.reader = reader
        try advance()
    }

    /// Bytes read so far.
    var offset: Int { reader.offset }

    /// Goes to the next pair.
    /// - Throws: `StoreError.corruption` where the file is damaged or out of order.
    func advance() throws(StoreError) {
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

    /// Below 0, 0 or above 0 where the current key comes before that of `other`, is the same, or comes behind it.
    func compared(with other: SortedPairs) -> Int {
        key.compared(with: other.key)
    }

    /// Visits the current pair: as a change that sets it, or one that removes it.
    func change(_ body: (borrowing Change) -> Void) throws(StoreError) {
        try reader.change(apply: body)
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

    func isBefore(_ key: Span<UInt8>) -> Bool {
        buffer.bytes.compared(with: key) < 0
    }

    func compared(with other: borrowing KeyCopy) -> Int {
        if prefix != other.prefix { return prefix < other.prefix ? -1 : 1 }
        return buffer.bytes.compared(with: other.buffer.bytes)
    }
}
