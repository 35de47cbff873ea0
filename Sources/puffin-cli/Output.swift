// What the user sees. Values are bytes, not texts, so nothing here goes through Swift's `print`.

import ArgumentParser
import SystemPackage

/// Writes one line to stdout.
/// - Throws: an `ExitCode`, after the reason has been printed.
func printLine(_ bytes: [UInt8]) throws {
    do {
        try FileDescriptor.standardOutput.writeAll(bytes + [UInt8(ascii: "\n")])
    } catch {
        printError("puffin-cli: cannot write the output: \(error)")
        throw ExitCode.noAnswer
    }
}

/// Writes one line to stderr. Where that fails there is nobody left to tell.
func printError(_ text: String) {
    _ = try? FileDescriptor.standardError.writeAll(Array((text + "\n").utf8))
}

/// Prints what the server objects to.
/// - Returns: the error to end with.
func serverError(_ message: String) -> ExitCode {
    printError("ERROR: \(message)")
    return .errorReply
}
