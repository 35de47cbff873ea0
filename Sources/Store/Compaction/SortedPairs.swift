// The inputs of a merge: the old snapshot, spill files (`SpilledPairs`), and the last changes, which are still in memory. Each
// is read one pair at a time.

import Bytes
import LogFormat

/// A cursor over pairs in the order of their keys.
class SortedPairs {
    /// The current key; nil after the last one.
    final var head: KeyHead?
    /// When the current key's pair expires, if nothing else of it is known here; 0 for never. The rest is in an older
    /// source.
    final var newTime: UInt64?

    /// Goes to the next pair.
    /// - Throws: `StoreError.corruption` if a file is damaged or out of order.
    func advance() throws(StoreError) { preconditionFailure("pairs of no kind") }

    /// Writes the current pair, unless its key is removed.
    /// - Parameter time: when the pair expires, if a newer source says that; 0 for never.
    func write(
        to writer: inout PairWriter, expires time: UInt64?, _ values: inout ReferencedValues
    ) throws(StoreError) {
        preconditionFailure("pairs of no kind")
    }

    /// Below, at or above 0 if the current key sorts before, equals or sorts after that of `other`. Not needed if their
    /// heads differ.
    func compared(with other: SortedPairs) -> Int { preconditionFailure("pairs of no kind") }

    /// As above, with a given key.
    func compared(with key: Span<UInt8>) -> Int { preconditionFailure("pairs of no kind") }
}

/// The beginning of a key: most comparisons need no more.
struct KeyHead {
    /// The first eight bytes and the next eight, as numbers that sort as they do.
    private let first: UInt64
    private let second: UInt64
    private let size: Int

    @inline(__always)
    init(_ key: Span<UInt8>) {
        size = key.count
        first = key.sortingPrefix
        second = size > 8 ? key.extracting(8..<size).sortingPrefix : 0
    }

    /// As `SortedPairs.compared`; nil if the heads are equal and both keys continue after them.
    @inline(__always)
    func compared(with other: KeyHead) -> Int? {
        if first != other.first { return first < other.first ? -1 : 1 }
        if second != other.second { return second < other.second ? -1 : 1 }
        return size > 16 && other.size > 16 ? nil : size - other.size
    }
}

/// The pairs of a snapshot.
final class PairsOfFile: SortedPairs {
    private var file: PairFile

    /// Reads the first pair.
    init(_ reader: consuming SnapshotReader<FileSource>) throws(StoreError) {
        file = PairFile(reader)
        super.init()
        try advance()
    }

    override func advance() throws(StoreError) {
        head = try file.advance()
    }
    override func write(
        to writer: inout PairWriter, expires time: UInt64?, _ values: inout ReferencedValues
    ) throws(StoreError) {
        try file.write(to: &writer, expires: time)
    }
    override func compared(with other: SortedPairs) -> Int { file.key.compared(with: other) }
    override func compared(with key: Span<UInt8>) -> Int { file.key.compared(with: key) }
}

/// The state of a snapshot: a value, so that a pair costs one access to the object.
private struct PairFile: ~Copyable {
    private var reader: SnapshotReader<FileSource>
    private(set) var key = KeyCopy()

    init(_ reader: consuming SnapshotReader<FileSource>) {
        self.reader = reader
    }

    mutating func advance() throws(StoreError) -> KeyHead? {
        let isFirst = reader.count == 0
        guard try reader.next() else { return nil }
        var isAscending = true
        if let plain = reader.plain {
            isAscending = key.become(plain.key(in: reader.line), isFirst: isFirst)
        } else {
            try reader.pairText { change, _ in isAscending = key.become(change.key, isFirst: isFirst) }
        }
        if !isAscending { throw reader.damage(expected: "keys in their order", found: "one that comes earlier") }
        return key.head
    }

    mutating func write(to writer: inout PairWriter, expires time: UInt64?) throws(StoreError) {
        if let plain = reader.plain {
            guard let time else { return writer.append(plainBody: plain.body(of: reader.line)) }
            let change = plain.change(in: reader.line)
            return writer.append(.set(key: change.key, value: change.value, expires: time), isPlain: true)
        }
        var isValue = true
        try reader.pairText { change, text in
            isValue = writer.append(.set(key: change.key, value: Span(), expires: time ?? change.expires), text)
        }
        if !isValue { throw reader.damage(expected: "a value", found: "another text") }
    }
}

/// A copy of a key that outlives its line.
private struct KeyCopy: ~Copyable {
    private var buffer = ByteBuffer()

    var head: KeyHead { KeyHead(buffer.bytes) }

    /// - Returns: whether `next` sorts after the previous key.
    @inline(__always)
    mutating func become(_ next: Span<UInt8>, isFirst: Bool) -> Bool {
        let isAscending = isFirst || buffer.bytes.compared(with: next) < 0
        buffer.removeAll()
        buffer.append(next)
        return isAscending
    }

    func compared(with other: SortedPairs) -> Int { -other.compared(with: buffer.bytes) }
    func compared(with key: Span<UInt8>) -> Int { buffer.bytes.compared(with: key) }
}

/// Changes sorted in memory.
final class PairsInMemory: SortedPairs {
    private var changes: ChangeSorter

    /// Sorts, and goes to the first pair.
    init(_ changes: consuming ChangeSorter) {
        self.changes = changes
        super.init()
        self.changes.sort()
        (head, newTime) = (self.changes.keyHead, self.changes.newTime)
    }

    override func advance() throws(StoreError) {
        changes.removeFirst()
        (head, newTime) = (changes.keyHead, changes.newTime)
    }

    override func write(
        to writer: inout PairWriter, expires time: UInt64?, _ values: inout ReferencedValues
    ) throws(StoreError) {
        try changes.writeFirstPair(to: &writer, expires: time, &values)
    }

    override func compared(with other: SortedPairs) -> Int { changes.compared(with: other) }
    override func compared(with key: Span<UInt8>) -> Int { changes.compared(with: key) }
}

extension ChangeSorter {
    /// The head of the first key; nil if none is left.
    fileprivate var keyHead: KeyHead? { isEmpty ? nil : KeyHead(key) }
    fileprivate func compared(with other: SortedPairs) -> Int { -other.compared(with: key) }
    fileprivate func compared(with other: Span<UInt8>) -> Int { key.compared(with: other) }
}
