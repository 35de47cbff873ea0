// A histogram of the log's syncs: an average hides the one that took a second.

/// How many syncs took how long.
package struct SyncDurations: Sendable {
    /// The upper bounds in nanoseconds: 1, 2 and 5 times each power of ten from 10 µs to 50 s. One more count has the rest.
    package static let bounds = (4...10).flatMap { power in
        [1, 2, 5].map { digit in (0..<power).reduce(digit) { bound, _ in bound * 10 } }
    }

    /// How many took at most the bound with the same index, and more than the one before it.
    package private(set) var counts = [Int](repeating: 0, count: SyncDurations.bounds.count + 1)
    /// The sum, in nanoseconds.
    package private(set) var sum = 0

    package init() {}

    /// - Parameter time: in nanoseconds.
    package mutating func record(_ time: Int) {
        counts[SyncDurations.bounds.firstIndex { $0 >= time } ?? SyncDurations.bounds.count] += 1
        sum += time
    }
}
