// The cycles of one torture, and their reports.

import ArgumentParser
import Bench
import Bytes
import Glibc
import Synchronization
import Torture

/// Set by SIGINT and SIGTERM: the current cycle finishes, and then everything found is reported.
private let isInterrupted = Atomic<Bool>(false)

struct TortureRun {
    var loop: KillLoop
    let options: [String]
    let cycles: Int

    private var done = 0

    init(loop: KillLoop, options: [String], cycles: Int) {
        self.loop = loop
        self.options = options
        self.cycles = cycles
    }

    /// Runs the cycles and prints the result.
    /// - Throws: an `ExitCode` if something is lost or wrong.
    mutating func finish(within limit: Duration?, in folder: RunFolder) throws {
        for name in [SIGINT, SIGTERM] { signal(name) { _ in isInterrupted.store(true, ordering: .relaxed) } }
        var failure: TortureError?
        do throws(TortureError) {
            try runCycles(within: limit)
        } catch {
            failure = error
        }
        clearLine()
        report(keeping: failure != nil || !loop.findings.isEmpty ? folder : nil)
        if let failure { printError("puffin-bench: \(failure)") }
        guard loop.findings.isEmpty else { throw ExitCode.wrongReplies }
        guard failure == nil else { throw ExitCode.tortureEnded }
        folder.remove()
    }

    private mutating func runCycles(within limit: Duration?) throws(TortureError) {
        let start = ContinuousClock.now
        while done < cycles, loop.findings.isEmpty, !isInterrupted.load(ordering: .relaxed) {
            if let limit, ContinuousClock.now - start >= limit { break }
            try loop.run(options: options)
            done += 1
            showProgress()
        }
        guard loop.findings.isEmpty else { return }
        // Check what the last kill has left, too. A clean stop must not lose anything either.
        let code = try loop.check(options: options).stop()
        guard loop.findings.isEmpty, code == 0 else {
            if code != 0 { throw TortureError("the last server was asked to stop, and ended with \(code)") }
            return
        }
        try loop.check(options: options).kill()
    }

    /// Scripts may rely on the first line only.
    private func report(keeping folder: RunFolder?) {
        let lost = loop.findings.count { $0.kind == .lost }
        var lines = ["acknowledged \(loop.acknowledgedCount), lost \(lost)"]
        lines.append(
            "in flight at a kill \(loop.inFlightCount), wrong \(loop.findings.count - lost), \(counted(done, "cycle")), "
                + "torn ends set aside \(loop.tornCount), compactions \(loop.compactionCount), "
                + "of which cut short \(loop.interruptedCount)")
        for finding in loop.findings.prefix(50) { lines.append("\(finding.kind): \(finding)") }
        if loop.findings.count > 50 { lines.append("and \(loop.findings.count - 50) more") }
        if let folder {
            let text = loop.findings.map { "\($0.kind): \($0)\n" }.joined() + "\nThe last server said:\n" + loop.log
            folder.write(text, to: "findings.txt")
            lines.append("the files are kept, with what was found in findings.txt: \(folder.path)")
        }
        // The exit code carries the result, whether or not the report is read.
        try? printText(lines.map { $0 + "\n" }.joined())
    }

    private func showProgress() {
        guard isWatched else { return }
        let of = cycles == .max ? "" : " of \(cycles)"
        printStatus(LiveLine.clearing + "cycle \(done)\(of): acknowledged \(loop.acknowledgedCount), lost 0")
    }

    private func clearLine() {
        if isWatched { printStatus(LiveLine.clearing) }
    }
}
