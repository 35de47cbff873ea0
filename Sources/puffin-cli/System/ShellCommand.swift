// Shell commands that get something to read. `unsafe` is allowed here because the stream that `popen` makes is used
// until `pclose`, and each text lives until its call returns.

import Glibc

/// Runs a command by `sh -c`, with these bytes as its standard input, and waits for its end.
/// - Returns: its exit status, or 128 and the number of the signal that ended it; nil if it cannot be run.
func runShell(_ command: String, input: [UInt8]) -> Int32? {
    guard let stream = unsafe popen(command, "we") else { return nil }
    // A command that does not read its input is no failure. Only now, because it would inherit this.
    let former = signal(SIGPIPE, SIG_IGN)
    defer { _ = signal(SIGPIPE, former) }
    // Not through the stream's buffer: pclose(3) would return the error of writing it in place of the status 0.
    unsafe input.withUnsafeBytes { unsafe write(allOf: $0, to: fileno(stream)) }
    let status = unsafe pclose(stream)
    guard status >= 0 else { return nil }
    return status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f
}

/// Writes as much as the reader takes.
private func write(allOf bytes: UnsafeRawBufferPointer, to descriptor: Int32) {
    var rest = unsafe bytes[...]
    while unsafe !rest.isEmpty {
        let count = unsafe Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        guard count > 0 || errno == EINTR else { return }
        unsafe rest = rest.dropFirst(max(count, 0))
    }
}
