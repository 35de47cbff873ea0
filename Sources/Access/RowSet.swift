// Sets of commands, as bits: whether a user may run a command is one load and one test of a bit.

import Commands

/// A set of rows of the catalog: one bit for each of `CommandNames.rowLimit` rows, those that no command has yet
/// included.
@frozen public struct RowSet: Equatable, Sendable {
    @usableFromInline var words: InlineArray<4, UInt64>

    /// No rows.
    public init() { words = InlineArray(repeating: 0) }

    /// The rows of some commands.
    package init(_ specs: [CommandSpec]) {
        self.init()
        for spec in specs { insert(spec.command.index) }
    }

    /// All rows, also those that later commands will have.
    package static let all = RowSet(words: InlineArray(repeating: .max))

    private init(words: InlineArray<4, UInt64>) { self.words = words }

    /// Whether a row is in the set. The hot test of a request: a load, a shift, a test.
    /// - Parameter row: a `Command.index`, below 256.
    @inlinable @inline(__always)
    public func contains(_ row: Int) -> Bool {
        // The mask tells the compiler that no bounds check is needed.
        words[row &>> 6 & 3] & (1 &<< UInt64(truncatingIfNeeded: row & 63)) != 0
    }

    /// Adds a row.
    package mutating func insert(_ row: Int) { words[row &>> 6 & 3] |= 1 &<< UInt64(row & 63) }

    /// Removes a row.
    package mutating func remove(_ row: Int) { words[row &>> 6 & 3] &= ~(1 &<< UInt64(row & 63)) }

    /// The rows of either set.
    package func union(_ other: RowSet) -> RowSet { RowSet(words: InlineArray { words[$0] | other.words[$0] }) }

    /// The rows of both sets.
    package func intersection(_ other: RowSet) -> RowSet { RowSet(words: InlineArray { words[$0] & other.words[$0] }) }

    /// The rows of this set that are not in the other one: how requests that are watched, such as those on prefixes that
    /// are audited, lose the short way.
    package func subtracting(_ other: RowSet) -> RowSet { RowSet(words: InlineArray { words[$0] & ~other.words[$0] }) }

    /// Whether there are no rows.
    package var isEmpty: Bool { self == RowSet() }

    public static func == (one: RowSet, other: RowSet) -> Bool {
        (0..<4).allSatisfy { one.words[$0] == other.words[$0] }
    }
}
