// The keys of a set of rules, compiled: a sorted table of prefixes, in which the rules about a key are found by a binary
// search and a walk up to the containing prefixes.

import Commands

/// Key rules that do not change any more.
struct KeyTable: Sendable {
    private struct Entry {
        let start: Int
        let size: Int
        let isPrefix: Bool
        /// What the rule allows, and those of all prefixes that contain it.
        let access: KeyAccess
        /// The index of the longest prefix that contains this one; -1 for none.
        let container: Int
    }

    /// The keys and prefixes of all entries.
    private let arena: [UInt8]
    /// In byte order; a prefix comes before the key that is the same.
    private let entries: [Entry]
    /// What is allowed for every key: that of `~*`.
    let everywhere: KeyAccess

    init(_ rules: [KeyRule]) {
        var merged: [KeyRule] = []
        for rule in rules.sorted(by: KeyTable.comesBefore) {
            if let last = merged.last, last.key == rule.key, last.isPrefix == rule.isPrefix {
                merged[merged.count - 1].access.formUnion(rule.access)
            } else {
                merged.append(rule)
            }
        }
        var (arena, entries): ([UInt8], [Entry]) = ([], [])
        // The prefixes that contain the next entry, if it begins with them.
        var open: [Int] = []
        for (index, rule) in merged.enumerated() {
            while let last = open.last, !rule.key.starts(with: merged[last].key) { open.removeLast() }
            let inherited = open.last.map { entries[$0].access } ?? []
            entries.append(
                Entry(
                    start: arena.count, size: rule.key.count, isPrefix: rule.isPrefix,
                    access: rule.access.union(inherited), container: open.last ?? -1))
            arena += rule.key
            if rule.isPrefix { open.append(index) }
        }
        (self.arena, self.entries) = (arena, entries)
        everywhere = entries.first.map { $0.isPrefix && $0.size == 0 ? $0.access : [] } ?? []
    }

    private static func comesBefore(_ one: KeyRule, _ other: KeyRule) -> Bool {
        one.key == other.key ? one.isPrefix && !other.isPrefix : one.key.lexicographicallyPrecedes(other.key)
    }

    /// What the rules allow for a key. Takes O(log(N) + D) for N rules, D of which contain each other.
    func access(to key: Span<UInt8>) -> KeyAccess {
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if isBehind(entries[middle], key) { high = middle } else { low = middle + 1 }
        }
        // Every prefix of the key is the last entry that is not behind it, or contains that one.
        var index = low - 1
        while index >= 0 {
            let entry = entries[index]
            if entry.isPrefix ? entry.size <= key.count : entry.size == key.count, begins(key, entry) {
                return entry.access
            }
            index = entry.container
        }
        return []
    }

    /// Whether an entry is greater than a key.
    private func isBehind(_ entry: Entry, _ key: Span<UInt8>) -> Bool {
        for index in 0..<min(entry.size, key.count) {
            let byte = arena[entry.start + index]
            if byte != key[index] { return byte > key[index] }
        }
        return entry.size > key.count
    }

    /// Whether a key, which is long enough, begins with an entry.
    private func begins(_ key: Span<UInt8>, _ entry: Entry) -> Bool {
        for index in 0..<entry.size where arena[entry.start + index] != key[index] { return false }
        return true
    }

    /// The outermost prefixes and keys for which `access` is allowed, in byte order.
    func outermost(_ access: KeyAccess) -> [(key: [UInt8], isPrefix: Bool)] {
        entries.filter { entry in
            entry.access.isSuperset(of: access)
                && (entry.container < 0 || !entries[entry.container].access.isSuperset(of: access))
        }.map { (Array(arena[$0.start..<$0.start + $0.size]), $0.isPrefix) }
    }
}
