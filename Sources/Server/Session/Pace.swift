/// Measures how long a peer has been idle: it has neither taken replies nor sent more of a request. Checked only while
/// memory is short.
struct Pace {
    private var marked = 0
    /// In milliseconds of the monotonic clock; nil before the first check.
    private var markTime: Int?

    /// Fewer bytes than this count as none.
    private static let leastSize = 16 << 10

    /// Checks the transfer since the last check.
    /// - Parameters:
    ///   - sent: the bytes handed to the stream so far.
    ///   - unsent: those of them that the peer has not taken.
    ///   - held: the bytes received and not consumed.
    ///   - now: in milliseconds of the monotonic clock.
    /// - Returns: the idle time in milliseconds.
    mutating func look(sent: Int, unsent: Int, held: Int, now: Int) -> Int {
        let moved = sent - unsent + held
        if let markTime, abs(moved - marked) < Pace.leastSize { return now - markTime }
        (marked, markTime) = (moved, now)
        return 0
    }

    /// Restarts the measurement.
    mutating func reset() { markTime = nil }
}
