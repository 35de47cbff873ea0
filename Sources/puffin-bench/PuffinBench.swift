// The command line: options to settings, results to an exit code. Exit codes: 0 done, 1 the server answered with errors or
// with wrong values, 2 there was nothing to measure (wrong usage, no server, or one that went away). The report goes to
// stdout, everything else to stderr.

import ArgumentParser
import Bench
import Bytes
import PuffinClient
import SystemPackage

@main
struct PuffinBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "puffin-bench",
        abstract: "Loads a server that speaks Puffin's lines or RESP, and tells its throughput and latency.",
        discussion: """
            Without --rate each connection sends its next requests when the last are answered (closed loop). With --rate \
            requests begin on a fixed schedule whatever the server does, and latency counts from the moment at which a \
            request was to begin (open loop, no coordinated omission).

            puffin-bench --clients 50 --pipeline 16 --ratio 50:50
            puffin-bench --rate 20000 --duration 30s --html report.html
            puffin-bench --preset ycsb-b --dialect resp --addr localhost:6379
            puffin-bench --dialect resp --compare localhost:6379
            puffin-bench --sweep

            docs/bench.md says how each figure is measured. Exit codes: 0 done, 1 error replies or wrong values, 2 wrong \
            usage, no server, or a server that went away, 130 interrupted.
            """,
        version: "puffin-bench \(puffinVersion)")

    @OptionGroup(title: "Server") var server: ServerOptions
    @OptionGroup(title: "Workload") var workload: WorkloadOptions
    @OptionGroup(title: "Load") var load: LoadOptions
    @OptionGroup(title: "Several runs") var series: SeriesOptions
    @OptionGroup(title: "Report") var report: ReportOptions

    func run() throws {
        do {
            let plan = try BenchPlan(self)
            try plan.run()
        } catch let error as SettingsError {
            throw ValidationError(error.description)
        } catch let error as LoadError {
            printError("puffin-bench: \(error)")
            throw ExitCode.nothingMeasured
        }
    }

    static func main() {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch  where exitCode(for: error) == .validationFailure {
            printError(fullMessage(for: error))
            exit(withError: ExitCode.nothingMeasured)
        } catch {
            exit(withError: error)
        }
    }
}

extension ExitCode {
    /// The server answered with errors or with values that were never written.
    static let wrongReplies = ExitCode(1)
    /// Wrong usage, no server, or one that went away.
    static let nothingMeasured = ExitCode(2)
}
