// How long to wait before another attempt: twice as long after each failure, up to a limit, less a random part, so that
// many who failed together do not come back together.

/// Capped exponential back-off with jitter. Times are in milliseconds.
package struct Backoff {
    private var random: SplitMix64
    private var failures = 0
    private let first: UInt64
    private let longest: UInt64

    /// The limit after the first failure, and the highest one, unless somebody says otherwise.
    package static let first: UInt64 = 100
    package static let longest: UInt64 = 5000

    /// - Parameters:
    ///   - seed: different ones for those that should not come back together.
    ///   - first: the limit after the first failure.
    ///   - longest: the highest limit.
    package init(seed: UInt64, first: UInt64 = first, longest: UInt64 = longest) {
        random = SplitMix64(seed: seed)
        self.first = first
        self.longest = longest
    }

    /// Notes a failure.
    /// - Returns: how long to wait now: between half of the limit for so many failures and all of it.
    package mutating func next() -> UInt64 {
        let limit = min(first << UInt64(min(failures, 16)), longest)
        failures += 1
        return limit / 2 + random.next() % (limit / 2 + 1)
    }

    /// Notes a success.
    package mutating func reset() { failures = 0 }
}
