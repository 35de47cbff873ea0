// The most requested keys, counted in bounded memory: Space-Saving (Metwally, Agrawal and El Abbadi, "Efficient Computation of
// Frequent and Top-k Elements in Data Streams", 2005), with counts that decay, so that the present weighs more than the past.

import Bytes

/// Counts of keys. Each key whose true count exceeds the total divided by `capacity` is in it.
package struct KeyCounts {
    /// A key and its counts.
    package struct Entry: Equatable, Sendable {
        /// The first `keySize` bytes of the key. Keys that have them in common are counted as one.
        package fileprivate(set) var key: [UInt8]
        /// An upper bound of the requests, and how much of it may belong to keys that were here before.
        package fileprivate(set) var bound: Double
        package fileprivate(set) var error: Double
        /// The requests that were changes, of those since the key is here.
        package fileprivate(set) var changes: Double

        /// A lower bound of the requests.
        package var requests: Double { bound - error }
    }

    /// The number of keys that are counted.
    package static let capacity = 256
    /// The size up to which keys are compared, in bytes.
    package static let keySize = 256

    private var entries: [Entry] = []
    private var places: [[UInt8]: Int] = [:]
    /// All requests, those of keys that are not here any more included.
    package private(set) var total = 0.0
    /// The time that was counted, in seconds, decayed like the counts.
    package private(set) var time = 0.0

    package init() {}

    /// Counts requests for a key.
    /// - Parameter weight: how many requests this one stands for.
    package mutating func add(_ key: [UInt8], weight: Double, isChange: Bool) {
        total += weight
        let place: Int
        if let known = places[key] {
            place = known
        } else if entries.count < KeyCounts.capacity {
            place = entries.count
            entries.append(Entry(key: key, bound: 0, error: 0, changes: 0))
            places[key] = place
        } else {
            // The key with the least count makes room; the new one may have been requested as often before.
            place = leastPlace
            places[entries[place].key] = nil
            places[key] = place
            let least = entries[place].bound
            entries[place] = Entry(key: key, bound: least, error: least, changes: 0)
        }
        entries[place].bound += weight
        if isChange { entries[place].changes += weight }
    }

    private var leastPlace: Int {
        var least = 0
        for place in entries.indices where entries[place].bound < entries[least].bound { least = place }
        return least
    }

    /// Counts time, and multiplies what was counted before by `factor`.
    package mutating func decay(by factor: Double, after seconds: Double) {
        time = time * factor + seconds
        total *= factor
        for place in entries.indices {
            entries[place].bound *= factor
            entries[place].error *= factor
            entries[place].changes *= factor
        }
    }

    /// The keys with the largest lower bounds, the largest first.
    package func top(_ count: Int) -> [Entry] {
        Array(
            entries.filter { $0.requests > 0 }.sorted { ($1.requests, $0.key.count) < ($0.requests, $1.key.count) }
                .prefix(count))
    }
}
