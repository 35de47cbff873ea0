// The clock of the calendar, and its texts.

import Glibc

/// The time of day.
package enum WallClock {
    /// Milliseconds since 1970-01-01 UTC.
    package static var milliseconds: UInt64 { microseconds / 1000 }

    /// Microseconds since 1970-01-01 UTC.
    package static var microseconds: UInt64 {
        var time = timespec()
        unsafe _ = clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(time.tv_sec) * 1_000_000 + UInt64(time.tv_nsec) / 1000
    }

    /// The local time as people write it: `2026-01-15 10:30:00`.
    package static var localTime: String {
        unsafe format("%Y-%m-%d %H:%M:%S") { time, parts in unsafe _ = localtime_r(time, parts) }
    }

    /// The time in UTC, as RFC 3339: `2026-01-15T10:30:00Z`.
    package static var universalTime: String {
        unsafe format("%Y-%m-%dT%H:%M:%SZ") { time, parts in unsafe _ = gmtime_r(time, parts) }
    }

    /// This process's number.
    package static var processID: Int { Int(getpid()) }

    private static func format(
        _ pattern: String, split: (UnsafePointer<time_t>, UnsafeMutablePointer<tm>) -> Void
    ) -> String {
        var seconds = time_t(microseconds / 1_000_000)
        var parts = unsafe tm()
        unsafe split(&seconds, &parts)
        var text = [CChar](repeating: 0, count: 32)
        let size = unsafe strftime(&text, text.count, pattern, &parts)
        return String(decoding: text.prefix(size).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
