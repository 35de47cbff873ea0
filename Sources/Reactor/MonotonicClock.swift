// The clock that measures.

import Glibc

/// Time that only goes forward, for measuring.
package enum MonotonicClock {
    /// Nanoseconds since some moment before the process began.
    package static var nanoseconds: Int { timespec.nanoseconds(of: CLOCK_MONOTONIC) }

    /// The same in milliseconds.
    package static var milliseconds: Int { nanoseconds / 1_000_000 }

    /// Nanoseconds that the calling thread has been running on a processor.
    package static var threadNanoseconds: Int { timespec.nanoseconds(of: CLOCK_THREAD_CPUTIME_ID) }
}
