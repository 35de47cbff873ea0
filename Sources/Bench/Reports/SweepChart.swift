// Latency against load in characters: one line per rate, on a logarithmic scale.

import Bytes
import Glibc

/// Writes the result of a sweep.
package enum SweepChart {
    private static let width = 48

    package static func text(_ sweep: Sweep, _ context: RunContext) -> String {
        var lines = ["\(context.place), durability \(context.durability)", context.workload, ""]
        lines += chart(sweep)
        lines.append("")
        if let knee = sweep.knee {
            let why = sweep.steps.last?.excess.map { "; beyond it \($0)" } ?? "; it was not passed"
            lines.append(
                "knee: \(grouped(Int(knee.rate)))/s with p99 \(duration(knee.latency.p99)), p99.9 "
                    + "\(duration(knee.latency.p999))\(why)")
        } else {
            lines.append("no rate was followed: \(sweep.steps.last?.excess ?? "nothing was measured")")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func chart(_ sweep: Sweep) -> [String] {
        let times = sweep.steps.flatMap { [$0.latency.p50, $0.latency.p999] }.filter { $0 > 0 }
        guard let least = times.min(), let most = times.max() else { return [] }
        let scale = Scale(from: least, to: most, width: width)
        let head = ["rate/s", "reached", "p50", "p99", "p99.9"]
        let figures =
            [head]
            + sweep.steps.map { step in
                [grouped(Int(step.rate)), grouped(Int(step.achieved))]
                    + [step.latency.p50, step.latency.p99, step.latency.p999].map(duration)
            }
        let widths = (0..<head.count).map { column in figures.map { $0[column].count }.max() ?? 0 }
        let lines = figures.map { row in row.enumerated().map { padded($1, widths[$0]) }.joined(separator: "  ") }
        let bars = ["  ─ up to p50  ━ to p99  · to p99.9 (logarithmic)"] + sweep.steps.map { "  " + bar($0, scale) }
        return zip(lines, bars).map { $0 + $1 }
    }

    private static func bar(_ step: SweepStep, _ scale: Scale) -> String {
        let (p50, p99, p999) = (
            scale.place(step.latency.p50), scale.place(step.latency.p99), scale.place(step.latency.p999)
        )
        let bar =
            String(repeating: "─", count: p50) + String(repeating: "━", count: max(p99 - p50, 0))
            + String(repeating: "·", count: max(p999 - p99, 0))
        return bar + (step.excess.map { "  \($0)" } ?? "")
    }

    /// Maps latencies to columns by their logarithms.
    private struct Scale {
        let least: Double
        let perColumn: Double

        init(from least: UInt64, to most: UInt64, width: Int) {
            self.least = log(Double(least) * 0.8)
            perColumn = max(log(Double(most)) - self.least, 1e-9) / Double(width)
        }

        func place(_ value: UInt64) -> Int { max(1, Int((log(Double(max(value, 1))) - least) / perColumn)) }
    }
}
