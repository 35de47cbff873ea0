// Swift's durations as numbers.

extension Duration {
    /// Whole nanoseconds, clamped to `Int`.
    package var nanoseconds: Int {
        let (seconds, attoseconds) = components
        let (whole, isTooMany) = Int(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, isBeyond) = whole.addingReportingOverflow(Int(attoseconds / 1_000_000_000))
        return isTooMany || isBeyond ? (seconds < 0 ? .min : .max) : sum
    }

    /// Seconds, with fractions.
    package var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
