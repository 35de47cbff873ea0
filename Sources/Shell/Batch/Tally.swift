// The result of a batch or a transfer, for its last line.

import Bytes

/// Counts requests and replies.
package struct Tally: Sendable {
    /// Requests answered without an error.
    package var done = 0
    /// Requests answered with an error.
    package var refused = 0
    /// Lines that were not requests, or could not be sent.
    package var unusable = 0

    package init() {}

    package var answered: Int { done + refused }

    /// `commands.txt: 3 done, 1 error in 12 ms`.
    /// - Parameter noun: what was done, if not requests.
    package func summary(of name: String, noun: String? = nil, nanoseconds: Int) -> String {
        var parts = [noun.map { counted($0, done) } ?? "\(grouped(done)) done"]
        if refused + unusable > 0 || noun == nil { parts.append(counted("error", refused + unusable)) }
        let rate = nanoseconds > 1_000_000_000 ? ", \(grouped(Int(Double(done) * 1e9 / Double(nanoseconds))))/s" : ""
        return "\(name): \(parts.joined(separator: ", ")) in \(duration(UInt64(max(0, nanoseconds))))\(rate)"
    }

    private func counted(_ noun: String, _ number: Int) -> String {
        "\(grouped(number)) \(noun)\(number == 1 ? "" : "s")"
    }
}

/// `[#####-----]  50 %  1,234 done`: a progress line.
package func progressLine(done: Int, of total: Int?, counted count: Int) -> String {
    guard let total, total > 0 else { return "\(grouped(count)) done" }
    let share = min(1, Double(done) / Double(total))
    let filled = Int(share * 30)
    let bar = String(repeating: "#", count: filled) + String(repeating: "-", count: 30 - filled)
    return "[\(bar)] \(padded("\(Int(share * 100))", 3)) %  \(grouped(count)) done"
}
