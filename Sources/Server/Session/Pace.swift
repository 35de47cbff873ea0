/// Since when a connection's peer has moved next to no bytes: has not taken replies, nor sent the rest of a request. It is only looked
/// at while memory is short.
struct Pace {
    private var marked = 0
    /// In milliseconds of the monotonic clock; nil before the first look.
    private var markTime: Int?

    /// Less than this is next to nothing, in bytes.
    private static let leastSize = 16 << 10

    /// Looks what has moved.
    /// - Parameters:
    ///   - sent: bytes that were handed to the stream so far.
    ///   - unsent: bytes of them that the peer has not taken.
    ///   - held: bytes that it has sent and that are not used.
    ///   - now: in milliseconds of the monotonic clock.
    /// - Returns: for how long next to nothing has moved, in milliseconds.
    mutating func look(sent: Int, unsent: Int, held: Int, now: Int) -> Int {
        let moved = sent - unsent + held
        if let markTime, abs(moved - marked) < Pace.leastSize { return now - markTime }
        (marked, markTime) = (moved, now)
        return 0
    }

    /// Forgets what was seen.
    mutating func reset() { markTime = nil }
}
