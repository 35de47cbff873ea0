// What the user sees. Values are bytes, not texts, so nothing here goes through Swift's `print`. Servers and other clients have
// written most of it, so on a terminal everything is `terminalSafe`, but for what this program writes to move the cursor.

import ArgumentParser
import Bytes
import Program
import SystemPackage

/// Standard output, gathered into pieces of 64 KiB. Whoever writes to it flushes it in the end.
final class Output {
    private var buffer = ByteBuffer()
    private let isSafe: Bool
    private static let pieceSize = 64 << 10

    /// - Parameter isRaw: whether every byte goes out as it is, on a terminal as well, because the user has asked for that.
    init(isRaw: Bool = false) { isSafe = Terminal.isOutput && !isRaw }

    /// Lets `fill` append something.
    /// - Throws: an `ExitCode`, after the reason has been printed.
    func write(_ fill: (inout ByteBuffer) -> Void) throws {
        if isSafe {
            var text = ByteBuffer()
            fill(&text)
            buffer.append(terminalSafe: text.bytes)
        } else {
            fill(&buffer)
        }
        if buffer.count >= Output.pieceSize { try flush() }
    }

    /// Adds a colour or a movement of the cursor.
    func write(control sequence: String) { buffer.append(text: sequence) }

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

/// Writes one line to stderr. If that fails, nobody is left to tell.
func printError(_ text: String) { writeError(text + "\n") }

/// Writes to stderr.
func writeError(_ text: String) { writeError(control: Terminal.isError ? text.terminalSafe : text) }

/// Writes to stderr as it is: movements of the cursor, and texts that are made here.
func writeError(control text: String) { _ = try? FileDescriptor.standardError.writeAll(Array(text.utf8)) }

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

extension Terminal {
    /// Whether colours may be shown: https://no-color.org, and not on a terminal that has none.
    static var hasColours: Bool {
        isOutput && (environment("NO_COLOR") ?? "").isEmpty && environment("TERM") != "dumb"
    }
}
