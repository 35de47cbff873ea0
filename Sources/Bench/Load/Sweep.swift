// The rates of a sweep, and its end. It starts from the server's closed-loop rate, its capacity for these clients, and
// rises from a tenth of that.

import Bytes

/// One rate of a sweep.
package struct SweepStep: Sendable {
    package let rate: Double
    package let achieved: Double
    package let latency: LatencyFigures
    /// Why this rate is beyond the knee; nil while the server keeps up.
    package let excess: String?

    /// - Parameter limit: the p99 that ends the sweep, in nanoseconds.
    package init(rate: Double, _ result: RunResult, limit: Int) {
        self.init(rate: rate, achieved: result.total.rate, latency: result.total.latency, limit: limit)
    }

    package init(rate: Double, achieved: Double, latency: LatencyFigures, limit: Int) {
        self.rate = rate
        self.achieved = achieved
        self.latency = latency
        if achieved < rate * Sweep.least {
            excess = "only \(fixed(achieved * 100 / rate, 0)) % of the rate was reached"
        } else if latency.p99 > UInt64(limit) {
            excess = "p99 is above \(duration(UInt64(limit)))"
        } else {
            excess = nil
        }
    }
}

/// The state of a sweep.
package struct Sweep: Sendable {
    /// The share of a rate that must be reached.
    static let least = 0.95
    /// Shares of the capacity.
    private static let shares = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 1, 1.1, 1.25, 1.5, 2, 3, 4]

    /// Requests a second in the closed loop.
    package let capacity: Double
    package private(set) var steps: [SweepStep] = []

    package init(capacity: Double) { self.capacity = max(capacity, 10) }

    /// The rate to try next; nil when the knee is passed.
    package var next: Double? {
        guard steps.count < Sweep.shares.count, steps.last?.excess == nil else { return nil }
        return (capacity * Sweep.shares[steps.count]).rounded()
    }

    package mutating func add(_ step: SweepStep) { steps.append(step) }

    /// The highest rate that the server kept up with.
    package var knee: SweepStep? { steps.last { $0.excess == nil } }
}
