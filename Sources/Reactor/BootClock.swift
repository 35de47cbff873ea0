// The clock that goes on while the machine sleeps.

import Glibc

/// Time that only goes forward, also while the machine sleeps.
package enum BootClock {
    /// Nanoseconds since the machine was started (`CLOCK_BOOTTIME`). Read without a system call, as `MonotonicClock` is.
    package static var nanoseconds: Int {
        var time = timespec()
        unsafe _ = clock_gettime(CLOCK_BOOTTIME, &time)
        return time.tv_sec &* 1_000_000_000 &+ time.tv_nsec
    }
}
