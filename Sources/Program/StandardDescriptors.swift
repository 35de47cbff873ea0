// Standard input, output and error. If one of them is closed, the next file or socket gets its number, and output goes
// into that: into a connection, or into the data.
//
// `unsafe` is allowed in this file because open(2) and write(2) read a text for the duration of the call.

import Glibc

enum StandardDescriptors {
    /// Opens those that are closed. Reading standard input and writing standard output remain errors (EBADF), as on
    /// closed descriptors, because that input or output is wanted. Standard error is discarded: a server without one is
    /// started so on purpose.
    static func openClosed() {
        for (descriptor, mode) in [(STDIN_FILENO, O_WRONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_WRONLY)]
        where fcntl(descriptor, F_GETFD) < 0 {
            // The lowest free number is this one. Without /dev the root folder serves, which takes no bytes either.
            var opened = unsafe open("/dev/null", mode)
            if opened < 0 { opened = unsafe open("/", O_RDONLY) }
            guard opened == descriptor else { exit(2) }
        }
    }
}

/// Writes one line to standard error. A failure is ignored: there is no other place to report it.
func writeLine(_ text: String) {
    let bytes = Array((text + "\n").utf8)
    _ = unsafe write(STDERR_FILENO, bytes, bytes.count)
}
