// The HTML page: one self-contained file that can be sent and archived.

import Bytes
import Histogram

/// Writes a run as a page.
package enum HTMLReport {
    /// A curve over time with more points has no titles on them.
    private static let titledPoints = 150

    package static func text(_ result: RunResult, _ context: RunContext) -> String {
        let plots = [percentiles(result)] + (result.timeline.count > 1 ? [throughput(result), latency(result)] : [])
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>puffin-bench: \(escaped(context.server)), \(escaped(context.time))</title>
            <style>
            \(PageStyle.text)
            </style>
            </head>
            <body>
            <h1>\(escaped(context.server))</h1>
            <p class="lead">\(escaped(context.workload))<br>\(escaped(context.load))</p>
            \(warnings(result))
            \(tiles(result))
            \(plots.map(\.svg).joined(separator: "\n"))
            \(table(result))
            \(circumstances(context))
            </body>
            </html>

            """
    }

    private static func warnings(_ result: RunResult) -> String {
        [result.client.warning(serverUse: result.serverUse), result.failure].compactMap { $0 }
            .map { "<p class=\"warning\">\(escaped($0))</p>" }.joined(separator: "\n")
    }

    private static func tiles(_ result: RunResult) -> String {
        let latency = result.total.latency
        let tiles = [
            ("requests/s", grouped(Int(result.total.rate.rounded()))), ("p50", duration(latency.p50)),
            ("p99", duration(latency.p99)), ("p99.9", duration(latency.p999)), ("longest", duration(latency.max)),
            ("errors", grouped(result.total.errors + result.mismatches)),
        ]
        return "<div class=\"tiles\">"
            + tiles.map { "<div><span>\($0.0)</span><b>\($0.1)</b></div>" }.joined() + "</div>"
    }

    // MARK: Curves

    private static func percentiles(_ result: RunResult) -> Plot {
        let operations = result.operations.isEmpty ? [result.total] : result.operations
        let series = operations.map { operation in
            let points = operation.latencies.percentiles(ticksPerHalfDistance: 5).compactMap { step in
                let beyond = 1 - step.percentileLevelIteratedTo / 100
                return beyond > 0 ? (x: 1 / beyond, y: Double(max(step.value, 1))) : nil
            }
            return PlotSeries(name: operation.name, points: points)
        }
        let values = series.flatMap(\.points)
        let most = max(values.map(\.x).max() ?? 10, 10)
        let levels =
            [(1, "0 %"), (2, "50 %"), (10, "90 %"), (100, "99 %"), (1000, "99.9 %"), (1e4, "99.99 %")]
            + [(1e5, "99.999 %"), (1e6, "99.9999 %"), (1e7, "99.99999 %")]
        let x = PlotAxis(
            least: 1, most: most, isLogarithmic: true, ticks: levels.filter { $0.0 <= most }.map { ($0.0, $0.1) })
        let y = PlotAxis.latency(from: values.map(\.y).min() ?? 1000, to: values.map(\.y).max() ?? 1_000_000)
        return Plot(
            title: "Latency by percentile", x: x, y: y, xLabel: "share of requests that were faster", series: series)
    }

    private static func throughput(_ result: RunResult) -> Plot {
        let points = result.timeline.map { (x: $0.second, y: $0.rate) }
        let titles = titled(result) { "\(fixed($0.second, 1)) s: \(grouped(Int($0.rate.rounded())))/s" }
        return Plot(
            title: "Throughput over time", x: seconds(result),
            y: .linear(upTo: points.map(\.y).max() ?? 1, label: count), xLabel: "seconds",
            series: [PlotSeries(name: "requests/s", points: points, titles: titles)])
    }

    private static func latency(_ result: RunResult) -> Plot {
        let lines: [(String, KeyPath<TimelinePoint, UInt64>)] = [("p50", \.p50), ("p99", \.p99), ("longest", \.max)]
        let points = result.timeline.filter { $0.p50 > 0 }
        let series = lines.map { name, path in
            PlotSeries(
                name: name, points: points.map { (x: $0.second, y: Double($0[keyPath: path])) },
                titles: titled(result) { "\(fixed($0.second, 1)) s: \(name) \(duration($0[keyPath: path]))" })
        }
        let values = series.flatMap(\.points).map(\.y)
        return Plot(
            title: "Latency over time", x: seconds(result),
            y: .latency(from: values.min() ?? 1000, to: values.max() ?? 1_000_000), xLabel: "seconds", series: series)
    }

    private static func seconds(_ result: RunResult) -> PlotAxis {
        let most = result.timeline.last?.second ?? 1
        let axis = PlotAxis.linear(upTo: most) { fixed($0, 1, trimmed: true) }
        // The curve goes to the edge: its last step need not be a round one.
        return PlotAxis(least: 0, most: most, isLogarithmic: false, ticks: axis.ticks.filter { $0.value <= most })
    }

    private static func titled(_ result: RunResult, _ title: (TimelinePoint) -> String) -> [String] {
        let points = result.timeline.filter { $0.p50 > 0 }
        return points.count <= titledPoints && points.count == result.timeline.count ? points.map(title) : []
    }

    private static func count(_ value: Double) -> String {
        if value >= 1e6 { return "\(fixed(value / 1e6, 2, trimmed: true)) M" }
        return value >= 1000 ? "\(fixed(value / 1000, 1, trimmed: true)) k" : fixed(value, 1, trimmed: true)
    }

    // MARK: Tables

    private static func table(_ result: RunResult) -> String {
        let head = [
            "", "requests", "rate/s", "mean", "p50", "p90", "p99", "p99.9", "p99.99", "longest", "misses", "errors",
        ]
        let rows = (result.operations.count > 1 ? result.operations : []) + [result.total]
        let lines: [String] = rows.map { row in
            let latency = row.latency
            let times = [latency.p50, latency.p90, latency.p99, latency.p999, latency.p9999, latency.max]
            let cells =
                [grouped(latency.count), grouped(Int(row.rate.rounded())), duration(UInt64(latency.mean))]
                + times.map(duration) + [grouped(row.misses), grouped(row.errors)]
            return "<tr><th>\(row.name)</th>" + cells.map { "<td>\($0)</td>" }.joined() + "</tr>"
        }
        let names = head.map { "<th>\($0)</th>" }.joined()
        let remarks = TableReport.remarks(result).filter { !$0.isEmpty }.map(escaped).joined(separator: "<br>")
        return "<h2>Figures</h2><div class=\"wide\"><table><tr>\(names)</tr>\(lines.joined(separator: "\n"))"
            + "</table></div><p>\(remarks)</p>"
    }

    private static func circumstances(_ context: RunContext) -> String {
        "<h2>What was run where</h2><dl>"
            + context.fields.map { "<dt>\($0.name)</dt><dd>\(escaped($0.value))</dd>" }.joined(separator: "\n")
            + "</dl>"
    }
}
