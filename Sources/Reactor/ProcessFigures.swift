// The process's own memory and processor time, from /proc/self/statm and clock_gettime(2).

import Glibc

/// What the kernel knows of this process.
package enum ProcessFigures {
    /// Bytes of memory that are in the machine's memory; nil where the kernel does not say.
    package static var residentSize: Int? {
        // size, resident, … in pages
        let words = SystemText.read("/proc/self/statm")?.split(separator: " ")
        guard let words, words.count > 1, let pages = Int(words[1]) else { return nil }
        return pages * sysconf(Int32(_SC_PAGESIZE))
    }

    /// Nanoseconds that all threads have been running on a processor, in user and in system mode.
    package static var processorNanoseconds: Int { timespec.nanoseconds(of: CLOCK_PROCESS_CPUTIME_ID) }
}
