// The clock for measuring.

import Glibc

/// Monotonic time, for measuring.
package enum MonotonicClock {
    /// Nanoseconds since some moment before the process started.
    package static var nanoseconds: Int { timespec.nanoseconds(of: CLOCK_MONOTONIC) }

    /// The same in milliseconds.
    package static var milliseconds: Int { nanoseconds / 1_000_000 }

    /// Nanoseconds of processor time of the calling thread.
    package static var threadNanoseconds: Int { timespec.nanoseconds(of: CLOCK_THREAD_CPUTIME_ID) }
}
