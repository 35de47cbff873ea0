// Files of /proc and /sys, read whole.

import Bytes
import Glibc

/// The small texts by which the kernel tells of the machine, under /proc and /sys.
package enum SystemText {
    /// No such text that a server reads is longer; what is, is cut.
    private static let largestSize = 64 << 10

    /// The text at `path`; nil where there is none or it may not be read.
    package static func read(_ path: String) -> String? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        // Their size is not known beforehand: the kernel writes them while they are read.
        var text = ByteBuffer()
        while text.count < largestSize {
            var count = 0
            unsafe text.append(upTo: 4096) { room in
                unsafe count = Glibc.read(descriptor, room.baseAddress, room.count)
                return max(count, 0)
            }
            guard count >= 0 else { return nil }
            if count == 0 { break }
        }
        return String(text.bytes)
    }
}
