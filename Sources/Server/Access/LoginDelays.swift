// How long a failed login is answered late: a guesser is slowed down, and nobody is locked out, which would let a stranger keep
// users away. A successful login is never late.

/// The failures of the last minutes, by network and user. Times are in milliseconds.
package struct LoginDelays {
    /// Whose failures count together.
    package struct Guesser: Hashable, Sendable {
        let network: UInt64
        let user: String

        package init(network: UInt64, user: String) { (self.network, self.user) = (network, user) }
    }

    private struct Failures {
        var count = 0
        var last = 0
    }

    private var failures: [Guesser: Failures] = [:]

    /// The least and the greatest delay.
    package static let least = 400
    package static let greatest = 8000
    /// How long a failure counts.
    package static let memory = 600_000
    /// The greatest number of guessers that are remembered. A further one displaces the one that failed longest ago.
    package static let capacity = 4096

    package init() {}

    /// Counts a failure.
    /// - Returns: how late it is answered: 400 ms the first time, then twice as late each time, up to 8 s.
    package mutating func failed(_ guesser: Guesser, at now: Int) -> Int {
        var known = failures[guesser] ?? Failures()
        if known.last < now - LoginDelays.memory { known.count = 0 }
        if failures[guesser] == nil, failures.count >= LoginDelays.capacity { forgetOldest() }
        known = Failures(count: known.count + 1, last: now)
        failures[guesser] = known
        return min(LoginDelays.least << min(known.count - 1, 10), LoginDelays.greatest)
    }

    /// Forgets a guesser's failures: it knew the password.
    package mutating func succeeded(_ guesser: Guesser) { failures[guesser] = nil }

    package var count: Int { failures.count }

    private mutating func forgetOldest() {
        guard let oldest = failures.min(by: { $0.value.last < $1.value.last }) else { return }
        failures[oldest.key] = nil
    }
}
