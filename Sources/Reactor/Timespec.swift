// The kernel's times as numbers.

import Glibc

extension timespec {
    /// The time of a clock, in nanoseconds. Read without a system call (vdso(7)) for the machine's clocks.
    @inline(__always)
    static func nanoseconds(of clock: Int32) -> Int {
        var time = timespec()
        unsafe _ = clock_gettime(clock, &time)
        return time.tv_sec &* 1_000_000_000 &+ time.tv_nsec
    }
}
