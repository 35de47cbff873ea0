// How far a batch or a transfer is: a line on a terminal that is written over and over, where nothing else writes to it.

import Program
import Shell

/// Shows progress on stderr, ten times a second at most.
final class Progress {
    private let total: Int?
    private let isShown: Bool
    private var next = ContinuousClock.now
    private var isThere = false

    /// - Parameters:
    ///   - total: what `done` will be in the end; nil where nobody knows.
    ///   - writesOutput: whether other things go to stdout meanwhile; on the same terminal they are progress enough.
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

    /// Makes way for other lines.
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
