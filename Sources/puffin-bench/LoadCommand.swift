// `puffin-bench load`, also without the name: from options to settings, from results to an exit code.

import ArgumentParser
import Bench
import ConnectionOptions

struct LoadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load",
        abstract: "Loads a server that speaks Puffin's lines or RESP, and reports throughput and latency.",
        discussion: """
            Without --rate each connection sends its next requests when the last are answered (closed loop). With --rate \
            requests begin on a fixed schedule whatever the server does, and latency counts from the moment at which a \
            request was to begin (open loop, no coordinated omission).

            Exit codes: 0 done, 1 error replies or wrong values, 2 wrong usage, no server, or a server that went away, 130 \
            interrupted.
            """)

    @OptionGroup(title: "Server") var server: TargetOptions
    @OptionGroup(title: "Login and TLS") var access: AccessOptions
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
}
