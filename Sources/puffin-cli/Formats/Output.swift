// What the user sees. Values are bytes, not texts, so nothing here goes through Swift's `print`.

import ArgumentParser
import Bytes
import Glibc
import SystemPackage

/// Standard output, gathered into pieces of 64 KiB. Whoever writes to it flushes it in the end.
final class Output {
    private var buffer = ByteBuffer()
    private static let pieceSize = 64 << 10

    /// Lets `fill` append something.
    /// - Throws: an `ExitCode`, after the reason has been printed.
    func write(_ fill: (inout ByteBuffer) -> Void) throws {
        fill(&buffer)
        if buffer.count >= Output.pieceSize { try flush() }
    }

    /// Writes what was gathered.
    /// - Throws: an `ExitCode`, after the reason has been printed.
    func flush() throws {
        guard !buffer.isEmpty else { return }
        let bytes = Array(buffer.bytes)
        buffer.removeAll()
        do {
            try FileDescriptor.standardOutput.writeAll(bytes)
        } catch {
            throw failed("cannot write the output: \(error)")
        }
    }
}

/// Writes one line to stdout.
/// - Throws: an `ExitCode`, after the reason has been printed.
func printLine(_ text: String) throws {
    let output = Output()
    try output.write { $0.append(text: text + "\n") }
    try output.flush()
}

/// Writes one line to stderr. Where that fails there is nobody left to tell.
func printError(_ text: String) { writeError(text + "\n") }

/// Writes to stderr.
func writeError(_ text: String) { _ = try? FileDescriptor.standardError.writeAll(Array(text.utf8)) }

/// Says why nothing was asked, or answered.
/// - Returns: the error to end with.
func failed(_ reason: String) -> ExitCode {
    printError("puffin-cli: \(reason)")
    return .noAnswer
}

/// Prints what the server objects to.
/// - Returns: the error to end with.
func serverError(_ message: String) -> ExitCode {
    printError("ERROR: \(message)")
    return .errorReply
}

extension ExitCode {
    /// The server answered with an error.
    static let errorReply = ExitCode(1)
    /// Nothing was answered: wrong usage, no server, or one that does not speak RESP.
    static let noAnswer = ExitCode(2)
}

extension String {
    /// Without blanks at the end, which some servers' errors have.
    var trimmed: String {
        var text = self
        while text.last == " " { text.removeLast() }
        return text
    }
}

/// Which of the standard streams are a terminal.
enum Terminal {
    static var isInput: Bool { isatty(0) == 1 }
    static var isOutput: Bool { isatty(1) == 1 }
    static var isError: Bool { isatty(2) == 1 }

    /// Whether colours may be shown: https://no-color.org, and not on a terminal that has none.
    static var hasColours: Bool {
        isOutput && (environment("NO_COLOR") ?? "").isEmpty && environment("TERM") != "dumb"
    }
}
