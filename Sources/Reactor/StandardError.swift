// Standard error as a file that never blocks its writer.

import Glibc

/// The program's messages. Their reader may be gone, or no longer read: neither may stop the program, so nothing here
/// blocks, and what cannot be written is dropped.
package enum StandardError {
    /// What a writable pipe takes at once (POSIX: a write of this size does not block then).
    private static let pieceSize = 4096

    /// Writes as many bytes as possible without blocking.
    /// - Returns: how many were written; fewer if nobody reads, or the file cannot be written.
    package static func write(_ bytes: [UInt8], to descriptor: Int32 = STDERR_FILENO) -> Int {
        var written = 0
        while written < bytes.count {
            var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            guard unsafe poll(&entry, 1, 0) == 1, Int32(entry.revents) & POLLOUT != 0 else { return written }
            let piece = Array(bytes[written..<min(written + pieceSize, bytes.count)])
            let count = unsafe Glibc.write(descriptor, piece, piece.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return written }
            written += count
        }
        return written
    }
}
