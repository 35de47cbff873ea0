/// Writes the result of a comparison, for people.

import Bytes

package enum ComparisonReport {
    package static func text(_ comparison: Comparison, _ contexts: [RunContext]) -> String {
        var lines = contexts.map { context in
            "\(context.place), \(context.dialect)"
                + (context.durability.isEmpty ? "" : ", durability \(context.durability)")
        }
        lines += contexts.prefix(1).flatMap { [$0.workload, $0.load + ", \(comparison.rounds) rounds each, in turns"] }
        let head = ["", comparison.firstName, comparison.secondName, "times better", "in the rounds"]
        let rows = comparison.rows.map { row in
            [
                row.name, figure(row.first.median), figure(row.second.median), "x" + fixed(row.advantage.median, 2),
                "x\(fixed(row.advantage.least, 2)) to x\(fixed(row.advantage.most, 2))",
            ]
        }
        lines += [""] + TableReport.table([head] + rows)
        lines += ["", "Medians; times better: how much \(comparison.firstName) is ahead of \(comparison.secondName)."]
        for warning in comparison.warnings { lines += ["", "WARNING: \(warning)"] }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func figure(_ value: Double) -> String {
        value >= 10_000 ? grouped(Int(value.rounded())) : fixed(value, value < 10 ? 2 : 1)
    }
}
