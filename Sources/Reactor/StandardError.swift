// Standard error as a file that never makes its writer wait.

import Glibc

/// Where a program says what happens to it. Whoever reads that may be gone, or read nothing any more: neither may keep the
/// program from its work, so nothing here waits, and what cannot be written is not.
package enum StandardError {
    /// What a pipe that has room for anything takes at once (POSIX: no write of so much waits then).
    private static let pieceSize = 4096

    /// Writes bytes as far as that needs no waiting.
    /// - Returns: how many were written; fewer than there are where nobody reads, or the file cannot be written.
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
