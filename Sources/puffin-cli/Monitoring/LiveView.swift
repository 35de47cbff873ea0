// Lines that are refreshed in place on a terminal, and one block after another elsewhere.

import Bytes
import Glibc
import Program
import Shell

/// Shows the same few lines repeatedly.
struct LiveView {
    private let isLive = Terminal.isOutput && environment("TERM") != "dumb"
    private var shown = 0
    private let output = BufferedOutput()

    init() {}

    /// - Throws: an `ExitCode`, after the reason has been printed.
    mutating func show(_ lines: [String]) throws {
        if isLive {
            // Back to the first line shown; each line is cleared before it is written again.
            if shown > 0 { output.write(control: "\u{1b}[\(shown)A\r") }
            for line in lines {
                try output.write { $0.append(text: line) }
                output.write(control: "\u{1b}[K\n")
            }
            output.write(control: "\u{1b}[J")
        } else {
            if shown > 0, lines.count > 1 { try output.write { $0.append("\n") } }
            for line in lines { try output.write { $0.append(text: line + "\n") } }
        }
        shown = lines.count
        try output.flush()
    }
}

/// Waits.
func pause(for span: Duration) {
    let microseconds = span.nanoseconds / 1000
    var left = microseconds
    while left > 0 {
        let step = min(left, 500_000)
        usleep(UInt32(step))
        left -= step
    }
}
