// The clock that includes the machine's sleep.

import Glibc

/// Monotonic time that includes the machine's sleep.
package enum BootClock {
    /// Nanoseconds since the machine booted (`CLOCK_BOOTTIME`). Read without a system call, as `MonotonicClock` is.
    package static var nanoseconds: Int { timespec.nanoseconds(of: CLOCK_BOOTTIME) }
}
