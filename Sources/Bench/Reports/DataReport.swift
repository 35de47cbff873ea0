// Reports for programs: JSON and CSV. Times are in microseconds, rates per second.

import Bytes

/// The format of a report.
package enum ReportFormat: String, CaseIterable, Sendable {
    case table
    case json
    case csv
}

/// Writes a run as JSON or CSV.
package enum DataReport {
    package static func json(_ result: RunResult, _ context: RunContext) -> String {
        String(json: .indented) { json in
            json.object { json in
                json.member("context", object: { $0.members(of: context) })
                json.member("seconds", result.seconds)
                json.member("total", object: { $0.members(of: result.total) })
                json.member(
                    "operations",
                    list: { json in
                        for operation in result.operations { json.object { $0.members(of: operation) } }
                    })
                json.member("mismatches", result.mismatches)
                json.member("unanswered", result.unanswered)
                json.member("unsent", result.unsent)
                json.member("interrupted", result.isInterrupted)
                json.member("failure", result.failure)
                json.member("client", object: { $0.members(ofClient: result) })
                json.member("server_cpu_microseconds", result.serverMicroseconds)
                if result.reconnects.count > 0 {
                    json.member("reconnects", object: { $0.members(ofReconnects: result) })
                }
                json.member(
                    "timeline",
                    list: { json in
                        for point in result.timeline { json.object { $0.members(of: point) } }
                    })
            }
        } + "\n"
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
        String(json: .indented) { json in
            json.object { json in
                json.member(
                    "servers",
                    list: { json in
                        for context in contexts { json.object { $0.members(of: context) } }
                    })
                json.member("rounds", comparison.rounds)
                json.member(
                    "rows",
                    list: { json in
                        for row in comparison.rows {
                            json.object { json in
                                json.member("name", row.name)
                                json.member("first", object: { $0.members(of: row.first) })
                                json.member("second", object: { $0.members(of: row.second) })
                                json.member("times_better", object: { $0.members(of: row.advantage) })
                            }
                        }
                    })
                json.member("warnings", comparison.warnings)
            }
        } + "\n"
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
        String(json: .indented) { json in
            json.object { json in
                json.member("context", object: { $0.members(of: context) })
                json.member("capacity", sweep.capacity)
                json.member("knee", sweep.knee?.rate)
                json.member(
                    "steps",
                    list: { json in
                        for step in sweep.steps {
                            json.object { json in
                                json.member("rate", step.rate)
                                json.member("reached", step.achieved)
                                json.members(of: step.latency)
                                json.member("excess", step.excess)
                            }
                        }
                    })
            }
        } + "\n"
    }

    package static func csv(_ sweep: Sweep) -> String {
        let rows = sweep.steps.map { step in
            ([step.rate, step.achieved]
                + [step.latency.p50, step.latency.p90, step.latency.p99, step.latency.p999].map { Double($0) / 1000 })
                .map { fixed($0, 3) }.joined(separator: ",")
        }
        return (["rate,reached,p50_us,p90_us,p99_us,p99.9_us"] + rows).joined(separator: "\n") + "\n"
    }
}

extension JSONWriter {
    fileprivate mutating func members(of context: RunContext) {
        for field in context.fields { member(field.name, field.value) }
    }

    fileprivate mutating func members(of row: OperationResult) {
        member("name", row.name)
        member("count", row.latency.count)
        member("rate", row.rate)
        member("misses", row.misses)
        member("errors", row.errors)
        members(of: row.latency)
    }

    fileprivate mutating func members(of latency: LatencyFigures) {
        member("mean_us", latency.mean / 1000)
        let times = [
            ("p50_us", latency.p50), ("p90_us", latency.p90), ("p99_us", latency.p99), ("p99.9_us", latency.p999),
            ("p99.99_us", latency.p9999), ("max_us", latency.max),
        ]
        for (name, nanoseconds) in times { member(name, Double(nanoseconds) / 1000) }
    }

    fileprivate mutating func members(ofClient result: RunResult) {
        member("cpu_microseconds", result.client.microseconds)
        member("busiest_thread", result.client.busiestThread)
        member("late_share", result.client.lateShare)
        member("longest_delay_us", Double(result.client.longestDelay) / 1000)
        member("warning", result.client.warning(serverUse: result.serverUse))
    }

    fileprivate mutating func members(ofReconnects result: RunResult) {
        member("count", result.reconnects.count)
        member("rate", Double(result.reconnects.count) / result.seconds)
        member("mean_us", result.reconnects.mean / 1000)
        member("max_us", Double(result.reconnects.longest) / 1000)
    }

    fileprivate mutating func members(of point: TimelinePoint) {
        member("second", point.second)
        member("rate", point.rate)
        member("p50_us", Double(point.p50) / 1000)
        member("p99_us", Double(point.p99) / 1000)
        member("max_us", Double(point.max) / 1000)
        member("errors", point.errors)
    }

    fileprivate mutating func members(of spread: Spread) {
        member("median", spread.median)
        member("min", spread.least)
        member("max", spread.most)
    }
}
