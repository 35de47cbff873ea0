// How long to wait before another attempt: twice as long after each failure, up to a limit, less a random part, so that
// many who failed together do not come back together.

import Bytes

/// Capped exponential back-off with jitter. Times are in milliseconds.
package struct Backoff {
    private var random: SplitMix64
    private var failures = 0

    /// The limit after the first failure, and the highest one.
    package static let first: UInt64 = 100
    package static let longest: UInt64 = 5000

    /// - Parameter seed: different ones for those that should not come back together.
    package init(seed: UInt64) { random = SplitMix64(seed: seed) }

    /// Notes a failure.
    /// - Returns: how long to wait now: between half of the limit for so many failures and all of it.
    package mutating func next() -> UInt64 {
        let limit = min(Backoff.first << UInt64(min(failures, 16)), Backoff.longest)
        failures += 1
        return limit / 2 + random.next() % (limit / 2 + 1)
    }

    /// Notes a success.
    package mutating func reset() { failures = 0 }
}
