// One line that is refreshed in place during a run.

import Bytes

/// The text of the live line.
package enum LiveLine {
    /// Clears the current line.
    package static let clearing = "\r\u{1b}[K"

    /// - Parameter label: the current run, if there are several.
    package static func text(_ state: LiveState, label: String = "") -> String {
        var parts = [state.isWarmup ? "warm-up" : "\(grouped(Int(state.rate.rounded())))/s"]
        if state.isWarmup { parts.append("\(grouped(Int(state.rate.rounded())))/s") }
        parts.append("p99 \(duration(state.p99))")
        parts.append("\(grouped(state.errors)) errors")
        if let left = state.secondsLeft { parts.append("\(fixed(left.rounded(.up), 0)) s left") }
        return clearing + (label.isEmpty ? "" : "\(label): ") + parts.joined(separator: ", ")
    }
}
