// The program's output.

import ArgumentParser
import Bench
import BlockingClient
import Bytes
import ConnectionOptions
import Program
import SystemPackage

/// Writes a text to stdout; see `terminalSafe` for a terminal.
/// - Throws: an `ExitCode`, after the reason has been printed.
func printText(_ text: String) throws {
    do {
        try FileDescriptor.standardOutput.writeAll(Array((Terminal.isOutput ? text.terminalSafe : text).utf8))
    } catch {
        printError("puffin-bench: cannot write the report: \(error)")
        throw ExitCode.nothingMeasured
    }
}

/// Writes one line to stderr, and ignores failures: there is nowhere to report them.
func printError(_ text: String) { printStatus((Terminal.isError ? text.terminalSafe : text) + "\n") }

/// Writes to stderr unchanged, including cursor movements, without a line end.
func printStatus(_ text: String) {
    _ = try? FileDescriptor.standardError.writeAll(Array(text.utf8))
}

/// The login and the TLS of options.
/// - Throws: an `ExitCode`, after the reason has been printed.
func checkedAccess(_ options: AccessOptions) throws -> ServerAccess {
    do throws(ConnectionOptionError) {
        return try options.access()
    } catch {
        printError("puffin-bench: \(error)")
        throw ExitCode.nothingMeasured
    }
}

/// Writes a file.
/// - Throws: an `ExitCode`, after the reason has been printed.
func write(_ text: String, to path: String) throws {
    do {
        let file = try FileDescriptor.open(
            FilePath(path), .writeOnly, options: [.create, .truncate, .closeOnExec],
            permissions: [.ownerReadWrite, .groupRead, .otherRead])
        try file.closeAfter { _ = try file.writeAll(Array(text.utf8)) }
    } catch {
        printError("puffin-bench: cannot write \(path): \(error); name a file in a folder that you may write to")
        throw ExitCode.nothingMeasured
    }
}

/// Whether stderr is a terminal.
var isWatched: Bool { Terminal.isError }
