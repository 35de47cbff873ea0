// Two servers in turns. On a shared machine absolute figures drift from minute to minute; what is measured side by side
// drifts together, so the ratios of one round hold when figures do not.

import Bytes

/// A figure over all rounds.
package struct Spread: Equatable, Sendable {
    package let median: Double
    package let least: Double
    package let most: Double

    /// - Parameter values: at least one.
    package init(_ values: [Double]) {
        let sorted = values.sorted()
        least = sorted[0]
        most = sorted[sorted.count - 1]
        let middle = sorted.count / 2
        median = sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }
}

/// The results of two servers, round by round.
package struct Comparison: Sendable {
    /// A figure of both servers.
    package struct Row: Sendable {
        package let name: String
        package let first: Spread
        package let second: Spread
        /// How many times better the first server was in a round: its throughput divided by the second's, or the
        /// second's time divided by its own.
        package let advantage: Spread
    }

    package let firstName: String
    package let secondName: String
    package let rounds: Int
    package let rows: [Row]
    /// Warnings about the client, once for each server.
    package let warnings: [String]

    /// - Parameter results: the first and the second server's results of each round; at least one round.
    package init(_ firstName: String, _ secondName: String, _ results: [(first: RunResult, second: RunResult)]) {
        self.firstName = firstName
        self.secondName = secondName
        rounds = results.count
        var rows = [Comparison.row("requests/s", results, isRate: true) { $0.total.rate }]
        let times: [(String, KeyPath<LatencyFigures, UInt64> & Sendable)] = [
            ("p50", \.p50), ("p99", \.p99), ("p99.9", \.p999),
        ]
        for (name, path) in times {
            rows.append(
                Comparison.row("\(name), µs", results, isRate: false) { Double($0.total.latency[keyPath: path]) / 1000 }
            )
        }
        if results.allSatisfy({ $0.first.serverMicroseconds != nil && $0.second.serverMicroseconds != nil }) {
            rows.append(
                Comparison.row("server CPU, µs/request", results, isRate: false) { $0.serverMicroseconds ?? 0 })
        }
        self.rows = rows
        warnings = [(firstName, results.map(\.first)), (secondName, results.map(\.second))].compactMap {
            name, results in
            results.lazy.compactMap { $0.client.warning(serverUse: $0.serverUse) }.first.map { "\(name): \($0)" }
        }
    }

    private static func row(
        _ name: String, _ results: [(first: RunResult, second: RunResult)], isRate: Bool,
        _ figure: (RunResult) -> Double
    ) -> Row {
        let pairs = results.map { (figure($0.first), figure($0.second)) }
        let ratios = pairs.map { isRate ? $0.0 / max($0.1, 1e-9) : $0.1 / max($0.0, 1e-9) }
        return Row(name: name, first: Spread(pairs.map(\.0)), second: Spread(pairs.map(\.1)), advantage: Spread(ratios))
    }
}

extension Comparison {
    /// The names of both: what they are, or their addresses if that is the same.
    package static func names(_ first: Target, _ second: Target) -> (String, String) {
        let (one, other) = (first.identity.name, second.identity.name)
        if one != other { return (one, other) }
        return ("\(first.endpoint)", "\(second.endpoint)")
    }
}
