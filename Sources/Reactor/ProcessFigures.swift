// The process's own memory and processor time, from /proc/self/statm and clock_gettime(2).

import Glibc

/// The kernel's figures of this process.
package enum ProcessFigures {
    /// Resident memory in bytes; nil if the kernel does not say.
    package static var residentSize: Int? {
        // size, resident, … in pages
        let words = SystemText.read("/proc/self/statm")?.split(separator: " ")
        guard let words, words.count > 1, let pages = Int(words[1]) else { return nil }
        return pages * sysconf(Int32(_SC_PAGESIZE))
    }

    /// Nanoseconds of processor time of all threads, user and system.
    package static var processorNanoseconds: Int { timespec.nanoseconds(of: CLOCK_PROCESS_CPUTIME_ID) }
}
