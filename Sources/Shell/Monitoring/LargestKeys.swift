// Finds the largest of very many keys in little memory.

/// Keeps the `limit` largest keys of those added.
package struct LargestKeys: Sendable {
    package struct Entry: Equatable, Sendable {
        package let key: [UInt8]
        /// In bytes.
        package let size: Int
    }

    private let limit: Int
    /// How many keys were added, and their total size in bytes.
    package private(set) var count = 0
    package private(set) var size = 0
    /// The largest first.
    package private(set) var entries: [Entry] = []

    package init(limit: Int) { self.limit = limit }

    package mutating func add(_ key: [UInt8], size: Int) {
        // SCAN may return a key twice; only among the largest would it show.
        guard !entries.contains(where: { $0.size == size && $0.key == key }) else { return }
        count += 1
        self.size += size
        if entries.count == limit, let last = entries.last, size <= last.size { return }
        let place = entries.firstIndex { $0.size < size } ?? entries.count
        entries.insert(Entry(key: key, size: size), at: place)
        if entries.count > limit { entries.removeLast() }
    }
}
