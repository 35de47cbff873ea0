// The report for people: a table and remarks.

import Bytes

/// Writes a run as a table.
package enum TableReport {
    private static let head = ["", "rate/s", "mean", "p50", "p90", "p99", "p99.9", "p99.99", "max", "errors"]

    package static func text(_ result: RunResult, _ context: RunContext) -> String {
        var lines = [
            "\(context.place)"
                + (context.durability.isEmpty ? "" : ", durability \(context.durability)"),
            context.workload,
            context.load,
            "",
        ]
        lines += table(rows(result))
        lines.append("")
        let remarks = remarks(result)
        lines += remarks.prefix(1) + (reconnects(result, context).map { [$0] } ?? []) + remarks.dropFirst()
        return lines.joined(separator: "\n") + "\n"
    }

    /// How often connections were opened anew, with their handshake and login.
    private static func reconnects(_ result: RunResult, _ context: RunContext) -> String? {
        let figures = result.reconnects
        guard figures.count > 0 else { return nil }
        let rate = Double(figures.count) / result.seconds
        let noun = context.security.isEmpty ? "new connections" : "\(context.security) handshakes"
        return "\(grouped(Int(rate.rounded()))) \(noun) a second, \(grouped(figures.count)) in all; each took "
            + "\(duration(UInt64(figures.mean))) from the end of the last connection on, \(duration(UInt64(figures.longest))) at most"
    }

    private static func rows(_ result: RunResult) -> [[String]] {
        let operations = result.operations.count > 1 ? result.operations + [result.total] : result.operations
        return [head]
            + (operations.isEmpty ? [result.total] : operations).map { row in
                let latency = row.latency
                let times = [latency.p50, latency.p90, latency.p99, latency.p999, latency.p9999, latency.max]
                return [row.name, grouped(Int(row.rate.rounded())), duration(UInt64(latency.mean))]
                    + times.map(duration)
                    + [grouped(row.errors)]
            }
    }

    /// Aligns columns: the first to the left, the others to the right.
    static func table(_ rows: [[String]]) -> [String] {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
        return rows.map { row in
            row.enumerated().map { padded($1, widths[$0], left: $0 == 0) }.joined(separator: "  ")
        }
    }

    /// Remarks besides the figures.
    static func remarks(_ result: RunResult) -> [String] {
        var lines = [
            "\(grouped(result.total.latency.count)) requests in \(fixed(result.seconds, 2)) s; client "
                + "\(fixed(result.client.microseconds, 2)) µs of processor a request, busiest thread "
                + "\(fixed(result.client.busiestThread * 100, 0)) %"
                + (result.serverMicroseconds.map {
                    "; server \(fixed($0, 2)) µs, \(fixed((result.serverUse ?? 0) * 100, 0)) % of a processor"
                } ?? "")
        ]
        if result.total.misses > 0 {
            lines.append("\(grouped(result.total.misses)) requests were for missing keys")
        }
        if result.unsent > 0 {
            lines.append(
                "\(grouped(result.unsent)) requests had not begun when the run ended, though due: the figures lack them"
            )
        }
        if let warning = result.client.warning(serverUse: result.serverUse) { lines += ["", "WARNING: \(warning)"] }
        return lines
    }
}
