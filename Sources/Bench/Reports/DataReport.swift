// Reports for programs: JSON and CSV. Times are microseconds there, rates are per second.

import Bytes

/// How a report is printed.
package enum ReportFormat: String, CaseIterable, Sendable {
    case table
    case json
    case csv
}

/// Writes a run as JSON or CSV.
package enum DataReport {
    package static func json(_ result: RunResult, _ context: RunContext) -> String {
        JSON.object([
            ("context", fields(context)),
            ("seconds", .number(result.seconds)),
            ("total", row(result.total)),
            ("operations", .array(result.operations.map(row))),
            ("mismatches", .integer(result.mismatches)),
            ("unanswered", .integer(result.unanswered)),
            ("unsent", .integer(result.unsent)),
            ("interrupted", .boolean(result.isInterrupted)),
            ("failure", result.failure.map(JSON.text) ?? .null),
            ("client", client(result)),
            ("server_cpu_microseconds", result.serverMicroseconds.map(JSON.number) ?? .null),
            ("timeline", .array(result.timeline.map(point))),
        ]).text() + "\n"
    }

    package static func csv(_ result: RunResult) -> String {
        let head =
            "operation,count,rate,mean_us,p50_us,p90_us,p99_us,p99.9_us,p99.99_us,max_us,misses,errors"
        let rows = (result.operations + [result.total]).map { row in
            let latency = row.latency
            let times = [latency.p50, latency.p90, latency.p99, latency.p999, latency.p9999, latency.max]
            return
                ([row.name, "\(latency.count)", fixed(row.rate, 1), fixed(latency.mean / 1000, 3)]
                + times.map { fixed(Double($0) / 1000, 3) } + ["\(row.misses)", "\(row.errors)"])
                .joined(separator: ",")
        }
        return ([head] + rows).joined(separator: "\n") + "\n"
    }

    package static func json(_ comparison: Comparison, _ contexts: [RunContext]) -> String {
        JSON.object([
            ("servers", .array(contexts.map(fields))),
            ("rounds", .integer(comparison.rounds)),
            (
                "rows",
                .array(
                    comparison.rows.map { row in
                        .object([
                            ("name", .text(row.name)), ("first", spread(row.first)), ("second", spread(row.second)),
                            ("times_better", spread(row.advantage)),
                        ])
                    })
            ),
            ("warnings", .array(comparison.warnings.map(JSON.text))),
        ]).text() + "\n"
    }

    package static func csv(_ comparison: Comparison) -> String {
        let rows = comparison.rows.map { row in
            (["\"\(row.name)\""]
                + [row.first, row.second, row.advantage].flatMap { [$0.median, $0.least, $0.most] }.map { fixed($0, 3) })
                .joined(separator: ",")
        }
        let names = ["first", "second", "times_better"].flatMap { ["\($0)", "\($0)_min", "\($0)_max"] }
        return (["name," + names.joined(separator: ",")] + rows).joined(separator: "\n") + "\n"
    }

    package static func json(_ sweep: Sweep, _ context: RunContext) -> String {
        JSON.object([
            ("context", fields(context)),
            ("capacity", .number(sweep.capacity)),
            ("knee", sweep.knee.map { .number($0.rate) } ?? .null),
            (
                "steps",
                .array(
                    sweep.steps.map { step in
                        .object(
                            [("rate", .number(step.rate)), ("reached", .number(step.achieved))] + times(step.latency)
                                + [("excess", step.excess.map(JSON.text) ?? .null)])
                    })
            ),
        ]).text() + "\n"
    }

    package static func csv(_ sweep: Sweep) -> String {
        let rows = sweep.steps.map { step in
            ([step.rate, step.achieved]
                + [step.latency.p50, step.latency.p90, step.latency.p99, step.latency.p999].map { Double($0) / 1000 })
                .map { fixed($0, 3) }.joined(separator: ",")
        }
        return (["rate,reached,p50_us,p90_us,p99_us,p99.9_us"] + rows).joined(separator: "\n") + "\n"
    }

    private static func fields(_ context: RunContext) -> JSON {
        .object(context.fields.map { ($0.name, .text($0.value)) })
    }

    private static func row(_ row: OperationResult) -> JSON {
        .object(
            [
                ("name", .text(row.name)), ("count", .integer(row.latency.count)), ("rate", .number(row.rate)),
                ("misses", .integer(row.misses)), ("errors", .integer(row.errors)),
            ] + times(row.latency))
    }

    private static func times(_ latency: LatencySummary) -> [(String, JSON)] {
        [("mean_us", .number(latency.mean / 1000))]
            + [
                ("p50_us", latency.p50), ("p90_us", latency.p90), ("p99_us", latency.p99), ("p99.9_us", latency.p999),
                ("p99.99_us", latency.p9999), ("max_us", latency.max),
            ].map { ($0.0, .number(Double($0.1) / 1000)) }
    }

    private static func client(_ result: RunResult) -> JSON {
        .object([
            ("cpu_microseconds", .number(result.client.microseconds)),
            ("busiest_thread", .number(result.client.busiestThread)),
            ("late_share", .number(result.client.lateShare)),
            ("longest_delay_us", .number(Double(result.client.longestDelay) / 1000)),
            ("warning", result.client.warning(serverUse: result.serverUse).map(JSON.text) ?? .null),
        ])
    }

    private static func point(_ point: TimelinePoint) -> JSON {
        .object([
            ("second", .number(point.second)), ("rate", .number(point.rate)),
            ("p50_us", .number(Double(point.p50) / 1000)), ("p99_us", .number(Double(point.p99) / 1000)),
            ("max_us", .number(Double(point.max) / 1000)), ("errors", .integer(point.errors)),
        ])
    }

    private static func spread(_ spread: Spread) -> JSON {
        .object([
            ("median", .number(spread.median)), ("min", .number(spread.least)), ("max", .number(spread.most)),
        ])
    }
}
