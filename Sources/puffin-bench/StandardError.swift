// What is for people and not for the next program in a pipe.

import SystemPackage

/// Writes one line to standard error. Where that fails there is nobody left to tell.
func writeError(_ text: String) {
    _ = try? FileDescriptor.standardError.writeAll((text + "\n").utf8)
}

/// Writes to standard error, where it is a terminal.
func writeProgress(_ text: String) {
    _ = try? FileDescriptor.standardError.writeAll(text.utf8)
}
