// Points in time, for expiry. The library has no Foundation, so no `Date`.

import Reactor

/// A point in time, in milliseconds since 1970 in UTC.
///
/// From a Foundation date: `UnixTime(milliseconds: Int(date.timeIntervalSince1970 * 1000))`.
public struct UnixTime: Hashable, Comparable, Sendable {
    /// Milliseconds since 1970.
    public let milliseconds: Int

    /// A time in milliseconds since 1970.
    public init(milliseconds: Int) { self.milliseconds = milliseconds }

    /// A time in seconds since 1970.
    public init(seconds: Int) {
        let (product, isBeyond) = seconds.multipliedReportingOverflow(by: 1000)
        milliseconds = isBeyond ? (seconds < 0 ? .min : .max) : product
    }

    /// The time of this machine's clock. The server's own clock decides when a key expires.
    public static var now: UnixTime { UnixTime(milliseconds: Int(WallClock.milliseconds)) }

    /// Whether a time is earlier.
    public static func < (left: UnixTime, right: UnixTime) -> Bool { left.milliseconds < right.milliseconds }

    /// A later time, rounded up to whole milliseconds.
    public static func + (time: UnixTime, duration: Duration) -> UnixTime {
        let (sum, isBeyond) = time.milliseconds.addingReportingOverflow(duration.wholeMilliseconds)
        return UnixTime(milliseconds: isBeyond ? .max : sum)
    }
}

extension Duration {
    /// Whole milliseconds, rounded up.
    var wholeMilliseconds: Int {
        let nanoseconds = 0.adding(self)
        return nanoseconds / 1_000_000 + (nanoseconds % 1_000_000 > 0 ? 1 : 0)
    }
}
