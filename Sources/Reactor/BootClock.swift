// The clock that goes on while the machine sleeps.

import Glibc

/// Time that only goes forward, also while the machine sleeps.
package enum BootClock {
    /// Nanoseconds since the machine was started (`CLOCK_BOOTTIME`). Read without a system call, as `MonotonicClock` is.
    package static var nanoseconds: Int { timespec.nanoseconds(of: CLOCK_BOOTTIME) }
}
