// From options to runs.

import ArgumentParser
import Bench
import BlockingClient
import Bytes

/// One invocation of the program.
struct BenchPlan {
    private let options: LoadCommand
    private let workload: Workload
    private let settings: LoadSettings

    /// - Throws: `SettingsError` if options make no sense.
    init(_ options: LoadCommand) throws(SettingsError) {
        self.options = options
        workload = try BenchPlan.workload(options.workload)
        settings = try BenchPlan.settings(options, workload)
        try settings.check(workload)
    }

    private static func workload(_ options: WorkloadOptions) throws(SettingsError) -> Workload {
        var workload = try Workload()
        if let preset = options.preset { workload = try preset.workload() }
        if options.ratio != nil && options.mix != nil {
            throw SettingsError("--ratio and --mix each say what the operations are; give one of them")
        }
        if let ratio = options.ratio { workload.mix = try OperationMix(parsing: ratio) }
        if let mix = options.mix { workload.mix = try OperationMix(parsingMix: mix) }
        if let size = options.valueSize { workload.valueSizes = try ValueSizes(parsing: size) }
        workload.keyCount = options.keys ?? workload.keyCount
        workload.keySize = options.keySize ?? workload.keySize
        workload.distribution = options.distribution ?? workload.distribution
        workload.seed = options.seed
        try workload.check()
        return workload
    }

    private static func settings(_ options: LoadCommand, _ workload: Workload) throws(SettingsError) -> LoadSettings {
        let (load, series) = (options.load, options.series)
        var settings = LoadSettings()
        settings.clients = load.clients
        settings.pipeline = load.pipeline
        settings.threads = load.threads
        settings.rate = load.rate
        settings.reconnect = load.reconnect
        settings.verifies = options.workload.verify
        settings.patience = load.timeout
        let isSeries = series.compare != nil || series.sweep
        settings.limit = .duration(load.duration ?? TimeSpan(seconds: isSeries ? 3 : 10))
        settings.warmup = load.warmup ?? TimeSpan(seconds: isSeries ? 1 : 2)
        if let requests = load.requests ?? (options.workload.preset == .load ? workload.keyCount : nil),
            load.duration == nil || load.requests != nil
        {
            guard load.duration == nil else {
                throw SettingsError("--requests and --duration each end the run; give one of them")
            }
            settings.limit = .requests(requests)
            settings.warmup = load.warmup ?? TimeSpan(seconds: 0)
        }
        if series.sweep && (series.compare != nil || load.rate != nil || load.requests != nil) {
            throw SettingsError(
                "--sweep finds the rates itself, for one server: leave out --compare, --rate and --requests")
        }
        let report = options.report
        if isSeries && (report.hdr != nil || report.html != nil) {
            throw SettingsError("--hdr and --html describe one run: leave them out with --compare and --sweep")
        }
        guard (1...100).contains(series.rounds) else {
            throw SettingsError("--rounds is a number from 1 to 100; found \(series.rounds)")
        }
        return settings
    }

    // MARK: Runs

    /// - Throws: `LoadError`, or the `ExitCode` to end with, after everything has been reported.
    func run() throws {
        let access = try checkedAccess(options.access)
        let target = try Target(options.server.addr, options.server.dialect, access)
        if let endpoint = options.series.compare {
            let second = try Target(endpoint, options.series.compareDialect ?? options.server.dialect, access)
            try compare(target, second)
        } else if options.series.sweep {
            try sweep(target)
        } else {
            try runOnce(target)
        }
    }

    private func runOnce(_ target: Target) throws {
        let space = KeySpace(count: workload.keyCount)
        try fill(target, space)
        let result = try observe(LoadRun(target, workload, settings, space))
        let context = RunContext(target, workload, settings, commandLine: commandLine)
        if result.total.latency.count > 0 {
            try printText(
                options.report.format == .json
                    ? DataReport.json(result, context)
                    : options.report.format == .csv
                        ? DataReport.csv(result) : TableReport.text(result, context))
            try options.report.hdr.map { try write(PercentileLog.text(result.total.latencies), to: $0) }
            try options.report.html.map { try write(HTMLReport.text(result, context), to: $0) }
        }
        try conclude(result, target)
    }

    private func compare(_ first: Target, _ second: Target) throws {
        let spaces = (KeySpace(count: workload.keyCount), KeySpace(count: workload.keyCount))
        try fill(first, spaces.0)
        try fill(second, spaces.1)
        var results: [(first: RunResult, second: RunResult)] = []
        for round in 0..<options.series.rounds {
            let label = "round \(round + 1) of \(options.series.rounds)"
            // The order alternates from round to round.
            if round % 2 == 0 {
                let one = try checked(first, spaces.0, label)
                results.append((one, try checked(second, spaces.1, label)))
            } else {
                let other = try checked(second, spaces.1, label)
                results.append((try checked(first, spaces.0, label), other))
            }
        }
        let names = Comparison.names(first, second)
        let comparison = Comparison(names.0, names.1, results)
        let contexts = [first, second].map { RunContext($0, workload, settings, commandLine: commandLine) }
        switch options.report.format {
        case .table: try printText(ComparisonReport.text(comparison, contexts))
        case .json: try printText(DataReport.json(comparison, contexts))
        case .csv: try printText(DataReport.csv(comparison))
        }
    }

    private func sweep(_ target: Target) throws {
        let space = KeySpace(count: workload.keyCount)
        try fill(target, space)
        var sweep = Sweep(capacity: try checked(target, space, "capacity").total.rate)
        while let rate = sweep.next {
            var step = settings
            step.rate = rate
            let label = "\(grouped(Int(rate)))/s"
            let result = try observe(LoadRun(target, workload, step, space), label: label)
            if result.failure != nil || result.isInterrupted || !result.isClean { try conclude(result, target) }
            sweep.add(SweepStep(rate: rate, result, limit: options.series.sweepLimit.nanoseconds))
        }
        let context = RunContext(target, workload, settings, commandLine: commandLine)
        switch options.report.format {
        case .table: try printText(SweepChart.text(sweep, context))
        case .json: try printText(DataReport.json(sweep, context))
        case .csv: try printText(DataReport.csv(sweep))
        }
    }

    /// One run of several: anything but a clean result ends them all.
    private func checked(_ target: Target, _ space: KeySpace, _ label: String) throws -> RunResult {
        let result = try observe(LoadRun(target, workload, settings, space), label: "\(target.endpoint), \(label)")
        try conclude(result, target)
        return result
    }

    private func fill(_ target: Target, _ space: KeySpace) throws {
        guard options.workload.fill ?? workload.mix.needsData else { return }
        try conclude(try observe(LoadRun.filling(target, workload, settings, space), label: "filling"), target)
    }

    /// Runs, with a live line on a terminal.
    private func observe(_ run: LoadRun, label: String = "") throws(LoadError) -> RunResult {
        guard isWatched else { return try run.run() }
        defer { printStatus(LiveLine.clearing) }
        return try run.run { printStatus(LiveLine.text($0, label: label)) }
    }

    /// Reports what went wrong in a run, and ends with that.
    private func conclude(_ result: RunResult, _ target: Target) throws {
        let findings = Findings(result, target.endpoint)
        for line in findings.lines { printError("puffin-bench: \(line)") }
        if findings.exitCode != 0 { throw ExitCode(findings.exitCode) }
    }

    private var commandLine: String {
        (["puffin-bench"] + PuffinBench.arguments).joined(separator: " ")
    }
}
