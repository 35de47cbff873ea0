// Which keys a listing may show: KEYS, SCAN, RANGE and feeds leave out what their user may not read.

import Bytes
import Commands

/// The keys that a user may read through one command.
package final class KeyFilter: Sendable {
    /// Whether it lets every key pass, so that none need be asked about.
    package let passesAll: Bool
    /// The prefixes and keys that it lets pass, in byte order; they do not overlap.
    package let ranges: [(key: [UInt8], isPrefix: Bool)]
    private let tables: [KeyTable]

    /// Lets every key pass.
    package static let everything = KeyFilter([KeyTable([.all])])

    init(_ tables: [KeyTable]) {
        self.tables = tables
        passesAll = tables.contains { $0.everywhere.contains(.read) }
        let rules = tables.flatMap { table in
            table.outermost(.read).map { KeyRule(key: $0.key, isPrefix: $0.isPrefix, access: .read) }
        }
        ranges = KeyTable(rules).outermost(.read)
    }

    /// Whether nothing passes.
    package var isEmpty: Bool { ranges.isEmpty }

    /// Whether a key passes.
    package func passes(_ key: Span<UInt8>) -> Bool {
        if passesAll { return true }
        for table in tables where table.access(to: key).contains(.read) { return true }
        return false
    }

    /// Whether a key that matches a pattern could pass. If not, a search need not begin.
    package func mayMeet(_ pattern: GlobPattern) -> Bool {
        let beginning = pattern.literalPrefix
        return ranges.contains { range in
            if !range.isPrefix { return pattern.matches(range.key.span) }
            return range.key.starts(with: beginning) || beginning.starts(with: range.key)
        }
    }

    /// Whether every key that begins with a prefix passes.
    package func containsAll(withPrefix prefix: [UInt8]) -> Bool {
        passesAll || ranges.contains { $0.isPrefix && prefix.starts(with: $0.key) }
    }

    /// Whether a key that begins with a prefix could pass.
    package func mayMeet(prefix: [UInt8]) -> Bool {
        ranges.contains { $0.key.starts(with: prefix) || $0.isPrefix && prefix.starts(with: $0.key) }
    }
}
