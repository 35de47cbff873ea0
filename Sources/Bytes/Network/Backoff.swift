// The delay before another attempt: it doubles after each failure up to a limit, less a random part, so that clients
// that failed together do not return together.

/// Capped exponential back-off with jitter. Times are in milliseconds.
package struct Backoff {
    private var random: SplitMix64
    private var failures = 0
    private let first: UInt64
    private let longest: UInt64

    /// Default limits after the first failure and after many.
    package static let first: UInt64 = 100
    package static let longest: UInt64 = 5000

    /// - Parameters:
    ///   - seed: differs between instances that should not retry together.
    ///   - first: the limit after the first failure.
    ///   - longest: the highest limit.
    package init(seed: UInt64, first: UInt64 = first, longest: UInt64 = longest) {
        random = SplitMix64(seed: seed)
        self.first = first
        self.longest = longest
    }

    /// Counts a failure.
    /// - Returns: the delay: between half of the current limit and all of it.
    package mutating func next() -> UInt64 {
        let limit = min(first << UInt64(min(failures, 16)), longest)
        failures += 1
        return limit / 2 + random.next() % (limit / 2 + 1)
    }

    /// Resets the delay after a success.
    package mutating func reset() { failures = 0 }
}
