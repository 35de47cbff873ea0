// The result of a run: all threads together.

import Histogram

/// The latencies of some requests, in nanoseconds.
package struct LatencyFigures: Equatable, Sendable {
    package let count: Int
    package let mean: Double
    package let p50: UInt64
    package let p90: UInt64
    package let p99: UInt64
    package let p999: UInt64
    package let p9999: UInt64
    package let max: UInt64

    package init(_ latencies: LatencyHistogram) {
        count = Int(latencies.totalCount)
        func value(at percentile: Double) -> UInt64 {
            latencies.totalCount == 0 ? 0 : Swift.min(latencies.valueAtPercentile(percentile), latencies.maxRecorded)
        }
        mean = latencies.mean
        (p50, p90, p99) = (value(at: 50), value(at: 90), value(at: 99))
        (p999, p9999) = (value(at: 99.9), value(at: 99.99))
        max = latencies.totalCount == 0 ? 0 : latencies.maxRecorded
    }
}

/// One kind of request, or all.
package struct OperationResult: Sendable {
    package let name: String
    package let latency: LatencyFigures
    /// Every latency, in nanoseconds.
    package let latencies: LatencyHistogram
    /// Requests a second.
    package let rate: Double
    package let misses: Int
    package let errors: Int
}

/// A short interval of the run.
package struct TimelinePoint: Sendable {
    /// Seconds since the measurement began.
    package let second: Double
    package let rate: Double
    /// In nanoseconds.
    package let p50: UInt64
    package let p99: UInt64
    package let max: UInt64
    package let errors: Int
}

/// The result of a run.
package struct RunResult: Sendable {
    /// The requested operations, in the order of `LoadOperation`, and all together.
    package let operations: [OperationResult]
    package let total: OperationResult
    package let timeline: [TimelinePoint]
    /// From the start of the measurement to the last reply.
    package let seconds: Double
    package let mismatches: Int
    package let complaints: [String]
    /// Requests without a reply when the run ended, and those of the open loop that could not begin.
    package let unanswered: Int
    package let unsent: Int
    /// What ended the run early.
    package let failure: String?
    package let isInterrupted: Bool
    package let client: ClientUse
    /// The server's share of one processor; nil if unknown.
    package let serverUse: Double?
    /// The connections that were opened anew.
    package let reconnects: ReconnectFigures

    /// Processor microseconds of the server per request; nil if unknown.
    package var serverMicroseconds: Double? {
        guard let serverUse, total.rate > 0 else { return nil }
        return serverUse * 1e6 / total.rate
    }

    /// Whether everything was answered correctly.
    package var isClean: Bool { total.errors == 0 && mismatches == 0 && unanswered == 0 }

    init(_ progress: LoadProgress, settings: LoadSettings, started: Bool, isInterrupted: Bool, server: Double?) {
        let results = progress.results
        var all = Recorder()
        for result in results { all.add(result.recorder) }
        let begin = results.map(\.measureStart).filter { $0 > 0 }.min() ?? 0
        let end = results.map(\.end).max() ?? 0
        let seconds = max(Double(end - begin) / 1e9, 1e-9)
        var latencies = Recorder.latencyHistogram()
        for one in all.latencies { latencies.add(one) }
        self.seconds = started ? seconds : 0
        operations = LoadOperation.allCases.compactMap { operation in
            let index = Int(operation.rawValue)
            guard all.latencies[index].totalCount > 0 else { return nil }
            return OperationResult(
                name: operation.name, latency: LatencyFigures(all.latencies[index]),
                latencies: all.latencies[index], rate: Double(all.latencies[index].totalCount) / seconds,
                misses: all.misses[index],
                errors: all.errors[index])
        }
        total = OperationResult(
            name: "total", latency: LatencyFigures(latencies), latencies: latencies,
            rate: Double(latencies.totalCount) / seconds,
            misses: operations.reduce(0) { $0 + $1.misses }, errors: operations.reduce(0) { $0 + $1.errors })
        timeline = progress.timeline.points
        mismatches = all.mismatches
        complaints = all.complaints
        unanswered = results.reduce(0) { $0 + $1.unanswered }
        unsent = results.reduce(0) { $0 + $1.unsent }
        failure = results.compactMap(\.failure).first
        self.isInterrupted = isInterrupted
        client = ClientUse(results, isOpenLoop: settings.rate != nil, count: Int(latencies.totalCount))
        serverUse = server
        reconnects = results.reduce(into: ReconnectFigures()) { $0.add($1.reconnects) }
    }
}

extension WorkerResult {
    /// A thread that could not begin.
    init(failure: String) {
        self.init(
            recorder: Recorder(), failure: failure, end: 0, measureStart: 0, unanswered: 0, unsent: 0,
            lateness: Lateness(), processor: ProcessorUse(), reconnects: ReconnectFigures())
    }
}
