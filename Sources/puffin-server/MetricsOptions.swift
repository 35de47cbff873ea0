// Options about what a server tells of itself to those who watch it.

import ArgumentParser
import Bytes
import Server

/// Metrics over HTTP, and slow requests in the log.
struct MetricsOptions: ParsableArguments {
    @Flag(
        name: [.customLong("metrics", withSingleDash: true), .customLong("metrics")],
        help: "Answer /metrics (for Prometheus), /healthz and /readyz over HTTP. There is no password.")
    var metrics = false

    @Option(name: "-metrics-port --metrics-port", help: "The port for that; 0 takes a free one.")
    var metricsPort: UInt16 = 9090

    @Option(name: "-metrics-bind --metrics-bind", help: "The address or host name for that.")
    var metricsBind = "127.0.0.1"

    @Option(
        name: "-slow-log-threshold --slow-log-threshold",
        help: """
            Tell requests in the log that take longer, waits for disk and followers included, such as 20ms; off for none. \
            SLOWLOG GET lists the last of them.
            """)
    var slowLogThreshold: SlowLogThreshold = .init(SlowLogSettings().threshold)

    func apply(to configuration: inout Configuration) {
        configuration.metrics.isEnabled = metrics
        configuration.metrics.host = metricsBind
        configuration.metrics.port = metricsPort
        configuration.slowLog.threshold = slowLogThreshold.duration
    }
}

/// A time, or `off`.
struct SlowLogThreshold: ExpressibleByArgument, CustomStringConvertible {
    /// nil for off.
    let duration: Duration?

    init(_ duration: Duration?) { self.duration = duration }

    /// `500us`, `20ms`, `1s`; a number alone is seconds; `off` for none.
    init?(argument: String) {
        if argument == "off" {
            duration = nil
        } else if let time = TimeSpan(argument) {
            duration = time.duration
        } else {
            return nil
        }
    }

    var description: String { duration.map { "\(TimeSpan(nanoseconds: Int($0 / .nanoseconds(1))))" } ?? "off" }
    var defaultValueDescription: String { description }
}
