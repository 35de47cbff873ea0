// Zipf's law, as YCSB draws it: few items are requested often, most seldom. The method is that of Gray, Sundaresan,
// Englert, Baclawski and Weinberger, "Quickly generating billion-record synthetic databases" (SIGMOD 1994).

import Bytes
import Glibc

/// Draws ranks: rank r has a probability proportional to 1 / (r + 1)^theta.
package struct Zipf: Sendable {
    /// YCSB's exponent.
    package static let theta = 0.99

    private let count: Double
    private let zeta: Double
    private let alpha: Double
    private let eta: Double
    private let secondRank: Double

    /// - Parameter count: the number of ranks, at least 1.
    package init(count: Int) {
        let theta = Zipf.theta
        self.count = Double(count)
        zeta = Zipf.zeta(count)
        alpha = 1 / (1 - theta)
        secondRank = 1 + pow(0.5, theta)
        eta = (1 - pow(2 / Double(count), 1 - theta)) / (1 - Zipf.zeta(2) / zeta)
    }

    /// A rank from 0, the most frequent, to count - 1.
    package func next(_ random: inout SplitMix64) -> Int {
        let fraction = random.fraction()
        let position = fraction * zeta
        if position < 1 || count < 2 { return 0 }
        if position < secondRank || count < 3 { return 1 }
        return min(Int(count * pow(eta * fraction - eta + 1, alpha)), Int(count) - 1)
    }

    /// The probability of a rank.
    package func probability(of rank: Int) -> Double {
        pow(Double(rank + 1), -Zipf.theta) / zeta
    }

    /// The sum of 1 / i^theta for i from 1 to `count`. Beyond a hundred thousand terms the rest is an integral
    /// (Euler-Maclaurin formula), exact to more digits than are used.
    static func zeta(_ count: Int) -> Double {
        let exact = min(count, 100_000)
        var sum = 0.0
        for item in 1...max(exact, 1) { sum += pow(Double(item), -theta) }
        guard count > exact else { return sum }
        let (low, high) = (Double(exact), Double(count))
        let integral = (pow(high, 1 - theta) - pow(low, 1 - theta)) / (1 - theta)
        return sum + integral + (pow(high, -theta) - pow(low, -theta)) / 2
    }
}
