// The progress of a batch or a transfer: a line that is refreshed in place on a terminal, if nothing else writes to it.

import Program
import Shell

/// Shows progress on stderr, at most ten times a second.
final class ProgressLine {
    private let total: Int?
    private let isShown: Bool
    private var next = ContinuousClock.now
    private var isThere = false

    /// - Parameters:
    ///   - total: the final value of `done`; nil if it is unknown.
    ///   - writesOutput: whether stdout gets output meanwhile; on the same terminal that shows enough progress.
    init(of total: Int?, writesOutput: Bool) {
        self.total = total
        isShown = Terminal.isError && !(writesOutput && Terminal.isOutput)
    }

    func show(done: Int, counted: Int) {
        guard isShown, ContinuousClock.now >= next else { return }
        next = .now + .milliseconds(100)
        isThere = true
        writeError(control: "\r\u{1b}[K" + progressLine(done: done, of: total, counted: counted))
    }

    /// Clears the line for other output.
    func clear() {
        guard isThere else { return }
        isThere = false
        writeError(control: "\r\u{1b}[K")
    }

    /// Writes a line to stderr.
    func say(_ text: String) {
        clear()
        printError(text)
    }
}
