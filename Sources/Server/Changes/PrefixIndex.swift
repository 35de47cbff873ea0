// Which prefixes a key begins with, of many: a sorted list, in which each prefix knows the longest other one that it
// begins with itself.

import Bytes

/// A set of prefixes.
package struct PrefixIndex: Sendable {
    /// In the order of their bytes.
    package private(set) var prefixes: [[UInt8]] = []
    /// The index of the longest other prefix that a prefix begins with; -1 if there is none.
    private var parents: [Int] = []

    package init() {}

    /// The index of a prefix; nil if it is not there.
    package func index(of prefix: [UInt8]) -> Int? {
        let index = count(notAfter: prefix.span) - 1
        return index >= 0 && prefixes[index] == prefix ? index : nil
    }

    /// Adds a prefix that is not there.
    /// - Returns: its index.
    package mutating func insert(_ prefix: [UInt8]) -> Int {
        let index = count(notAfter: prefix.span)
        prefixes.insert(prefix, at: index)
        link()
        return index
    }

    package mutating func remove(at index: Int) {
        prefixes.remove(at: index)
        link()
    }

    private mutating func link() {
        var open: [Int] = []
        parents = prefixes.indices.map { index in
            while let last = open.last, !prefixes[index].starts(with: prefixes[last]) { open.removeLast() }
            defer { open.append(index) }
            return open.last ?? -1
        }
    }

    /// Visits the indices of the prefixes that a key begins with.
    package func visitMatches(of key: Span<UInt8>, _ visit: (Int) -> Void) {
        // Whatever comes between one of its prefixes and the key begins with that prefix too: so all of them are among
        // the last one that is not after the key, and its parents.
        var index = count(notAfter: key) - 1
        while index >= 0 {
            if PrefixIndex.has(key, prefixes[index]) { visit(index) }
            index = parents[index]
        }
    }

    /// Whether a key begins with a prefix.
    package static func has(_ key: Span<UInt8>, _ prefix: [UInt8]) -> Bool {
        key.count >= prefix.count && key.extracting(0..<prefix.count).equals(prefix.span)
    }

    /// How many prefixes are not after a key, by binary search.
    private func count(notAfter key: Span<UInt8>) -> Int {
        var (low, high) = (0, prefixes.count)
        while low < high {
            let middle = (low + high) / 2
            if PrefixIndex.isAfter(prefixes[middle], key) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    private static func isAfter(_ text: [UInt8], _ other: Span<UInt8>) -> Bool {
        for index in 0..<min(text.count, other.count) where text[index] != other[index] {
            return text[index] > other[index]
        }
        return text.count > other.count
    }
}
