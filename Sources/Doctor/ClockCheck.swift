// The clock: expiry and the times of changes follow it.

/// The system's clock, beside the newest change. Times are Unix milliseconds.
package struct ClockReading: Sendable {
    /// Whether something keeps it right; nil if the system does not say.
    package let isSynchronised: Bool?
    /// The most that it may be wrong by, in microseconds, as what keeps it right estimates.
    package let error: Int?
    package let now: UInt64
    /// The newest change's time; nil if that is not known.
    package let newest: UInt64?

    package init(isSynchronised: Bool?, error: Int?, now: UInt64, newest: UInt64?) {
        (self.isSynchronised, self.error, self.now, self.newest) = (isSynchronised, error, now, newest)
    }

    /// A newest change this far ahead warns: clocks of two servers differ by less.
    private static let tolerance: UInt64 = 1000

    package var finding: Finding {
        if let newest, newest > now + ClockReading.tolerance {
            let ahead = newest - now
            return Finding(
                "clock", warning: "the newest change is stamped \(ahead / 1000) s ahead of this machine's clock",
                advice:
                    "set the clock if it is wrong; if that stamp is, new changes are stamped from there on, and expire late",
                figures: [Finding.Figure("ahead_ms", Int(clamping: ahead))])
        }
        switch isSynchronised {
        case nil: return Finding("clock", ok: "the system does not say whether it is synchronised")
        case false?:
            return Finding(
                "clock", warning: "not synchronised: expiry and the times of changes follow it",
                advice: "run chrony or systemd-timesyncd; in a container, on its host")
        case true?:
            let error = error.map { ", right to \($0 / 1000) ms" } ?? ""
            return Finding(
                "clock", ok: "synchronised\(error)",
                figures: self.error.map { [Finding.Figure("max_error_us", $0)] } ?? [])
        }
    }
}
