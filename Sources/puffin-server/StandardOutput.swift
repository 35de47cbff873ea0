// The output of the log commands. It may be gigabytes, so it is buffered and written in large pieces; and its reader
// may stop early, like `head`, which is not an error. On a terminal it is `terminalSafe`; in a pipe or a file it is the
// log's bytes unchanged.
//
// `unsafe` is allowed in one line: poll(2) gets one entry on the stack, and keeps nothing.

import ArgumentParser
import Bytes
import Glibc
import Program
import SystemPackage

/// Standard output, buffered.
struct StandardOutput: ~Copyable {
    private(set) var buffer = ByteBuffer()

    private static let pieceSize = 128 << 10

    /// A closed pipe becomes an error of a write, rather than the end of the process.
    init() {
        signal(SIGPIPE, SIG_IGN)
    }

    mutating func write(_ text: String) throws {
        buffer.append(text: text)
        try flushIfLarge()
    }

    /// Appends what `fill` writes.
    mutating func write<E: Error>(_ fill: (inout ByteBuffer) throws(E) -> Void) throws {
        try fill(&buffer)
        try flushIfLarge()
    }

    private mutating func flushIfLarge() throws {
        if buffer.count >= StandardOutput.pieceSize { try flush() }
    }

    /// Writes everything.
    /// - Throws: `ExitCode.success` if the reader is gone.
    mutating func flush() throws {
        guard !buffer.isEmpty else { return }
        if Terminal.isOutput { makeSafe() }
        let bytes = Array(buffer.bytes)
        buffer.removeAll()
        buffer.trim(above: 4 * StandardOutput.pieceSize)
        do {
            try FileDescriptor.standardOutput.writeAll(bytes)
        } catch Errno.brokenPipe {
            throw ExitCode.success
        } catch {
            writeError("Cannot write the output: \(error); check where it goes to")
            throw ExitCode(4)
        }
    }

    private mutating func makeSafe() {
        let bytes = Array(buffer.bytes)
        buffer.removeAll()
        buffer.append(terminalSafe: bytes.span)
    }

    /// Whether the reader is gone, which a write would notice only later.
    static var isClosed: Bool {
        var entry = pollfd(fd: 1, events: 0, revents: 0)
        return unsafe poll(&entry, 1, 0) > 0 && Int32(entry.revents) & (POLLERR | POLLHUP) != 0
    }
}

/// Writes one line to standard error, and ignores failures: there is nowhere to report them.
func writeError(_ text: String) {
    let text = Terminal.isError ? text.terminalSafe : text
    _ = try? FileDescriptor.standardError.writeAll((text + "\n").utf8)
}
