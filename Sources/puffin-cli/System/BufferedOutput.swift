// The program's output. Values are bytes, not texts, so nothing here uses Swift's `print`. Most of it comes from
// servers and other clients, so on a terminal everything is `terminalSafe`, except for this program's own cursor
// movements.

import ArgumentParser
import Bytes
import Program
import SystemPackage

/// Standard output, buffered in pieces of 64 KiB. The writer flushes it at the end.
final class BufferedOutput {
    private var buffer = ByteBuffer()
    private let isSafe: Bool
    private static let pieceSize = 64 << 10

    /// - Parameter isRaw: whether every byte is written unchanged, also to a terminal, because the user has asked for
    ///   that.
    init(isRaw: Bool = false) { isSafe = Terminal.isOutput && !isRaw }

    /// Lets `fill` append output.
    /// - Throws: an `ExitCode`, after the reason has been printed.
    func write(_ fill: (inout ByteBuffer) -> Void) throws {
        if isSafe {
            var text = ByteBuffer()
            fill(&text)
            buffer.append(terminalSafe: text.bytes)
        } else {
            fill(&buffer)
        }
        if buffer.count >= BufferedOutput.pieceSize { try flush() }
    }

    /// Appends a colour or cursor movement.
    func write(control sequence: String) { buffer.append(text: sequence) }

    /// Writes the buffer.
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
    let output = BufferedOutput()
    try output.write { $0.append(text: text + "\n") }
    try output.flush()
}

/// Writes one line to stderr, and ignores failures: there is nowhere to report them.
func printError(_ text: String) { writeError(text + "\n") }

/// Writes to stderr.
func writeError(_ text: String) { writeError(control: Terminal.isError ? text.terminalSafe : text) }

/// Writes to stderr unchanged: cursor movements, and this program's own texts.
func writeError(control text: String) { _ = try? FileDescriptor.standardError.writeAll(Array(text.utf8)) }

/// Reports why there is no answer.
/// - Returns: the error to end with.
func failed(_ reason: String) -> ExitCode {
    printError("puffin-cli: \(reason)")
    return .noAnswer
}

/// Prints an error reply.
/// - Returns: the error to end with.
func serverError(_ message: String) -> ExitCode {
    printError("ERROR: \(message)")
    return .errorReply
}

extension ExitCode {
    /// The server answered with an error.
    static let errorReply = ExitCode(1)
    /// No answer: wrong usage, no server, or one that does not speak RESP.
    static let noAnswer = ExitCode(2)
}

extension String {
    /// Without trailing spaces, which some servers' errors have.
    var trimmed: String {
        var text = self
        while text.last == " " { text.removeLast() }
        return text
    }
}

extension Terminal {
    /// Whether colours may be shown: https://no-color.org, and not on a terminal without colours.
    static var hasColours: Bool {
        isOutput && (environment("NO_COLOR") ?? "").isEmpty && environment("TERM") != "dumb"
    }
}
