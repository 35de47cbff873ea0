// Files of /proc and /sys, read whole, and links there.

import Bytes
import Glibc

/// Small texts of the kernel about the machine, under /proc and /sys.
package enum SystemText {
    /// No text that a server needs is longer; a longer one is truncated.
    private static let largestSize = 64 << 10

    /// The text at `path`; nil if it does not exist or may not be read.
    package static func read(_ path: String) -> String? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        // The size is unknown beforehand: the kernel generates the text while it is read.
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

    /// Where the link at `path` leads; nil if there is none, or it may not be read.
    package static func link(_ path: String) -> String? {
        var target = [CChar](repeating: 0, count: 4096)
        let count = unsafe readlink(path, &target, target.count)
        guard count >= 0 else { return nil }
        return String(decoding: target.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
