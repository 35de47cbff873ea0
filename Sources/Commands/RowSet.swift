// A set of the catalog's rows, as a bit for each: whether a row is in it is a load and a test.

/// Some rows of the catalog.
@frozen public struct RowSet: Equatable, Sendable {
    @usableFromInline var words: InlineArray<4, UInt64>

    /// - Parameter rows: the indices of rows, from 0 to 255.
    package init(_ rows: some Sequence<Int>) {
        words = InlineArray(repeating: 0)
        for row in rows { words[row >> 6] |= 1 << UInt64(row & 63) }
    }

    /// Every row.
    package static let all = RowSet(0..<256)

    @inlinable @inline(__always)
    public func contains(_ row: Int) -> Bool { words[(row >> 6) & 3] & (1 << UInt64(row & 63)) != 0 }

    public static func == (left: RowSet, right: RowSet) -> Bool {
        left.words.indices.allSatisfy { left.words[$0] == right.words[$0] }
    }
}
