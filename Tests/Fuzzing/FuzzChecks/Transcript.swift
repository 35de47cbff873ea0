// A connection without a socket: bytes arrive in pieces, requests are taken from the front, as a session does it.

import Bytes
import Wire

/// What came out of a run of bytes.
package struct Transcript: Equatable, CustomStringConvertible {
    /// How it ended.
    package enum Ending: Equatable {
        /// Everything was used.
        case drained
        case incomplete
        case malformed(ProtocolError)
    }

    /// Each request's arguments; a quoting error as one argument of its own.
    package private(set) var requests: [[[UInt8]]] = []
    package private(set) var dialects: [RequestDialect] = []
    /// Where each request ends, in bytes from the start of the input.
    package private(set) var ends: [Int] = []
    package private(set) var ending = Ending.drained
    /// False claims of the parser about itself; empty if all is well.
    package private(set) var untruths: [String] = []

    package static let limits = RequestLimits(lineSize: 1_000, bulkSize: 500, argumentCount: 8, requestSize: 2_000)

    /// Feeds `input` to a new parser: up to each of `cuts`, in order, then all of it.
    package init(_ input: [UInt8], cuts: [Int] = [], limits: RequestLimits = Transcript.limits) {
        var parser = RequestParser(limits: limits)
        var start = 0
        // The earliest end of the request in progress, as the parser claims.
        var earliestEnd = 0
        for fed in cuts + [input.count] {
            ending = .drained
            while case .drained = ending, start < fed {
                take(from: input.span.extracting(start..<fed), at: &start, &earliestEnd, with: &parser)
            }
            if case .malformed = ending { return }
        }
    }

    private mutating func take(
        from bytes: Span<UInt8>, at start: inout Int, _ earliestEnd: inout Int, with parser: inout RequestParser
    ) {
        switch parser.parse(bytes) {
        case .complete(let used):
            start += used
            if used < 1 || used > bytes.count { untruths.append("used \(used) of \(bytes.count) bytes") }
            if start < earliestEnd { untruths.append("complete at \(start), said to miss bytes up to \(earliestEnd)") }
            earliestEnd = 0
            requests.append(Transcript.arguments(of: &parser, in: bytes.extracting(0..<used)))
            dialects.append(parser.dialect)
            ends.append(start)
        case .incomplete(let missing):
            if missing < 1 { untruths.append("missing \(missing) bytes") }
            earliestEnd = max(earliestEnd, start + bytes.count + missing)
            ending = .incomplete
        case .malformed(let error):
            ending = .malformed(error)
        }
    }

    private static func arguments(of parser: inout RequestParser, in bytes: Span<UInt8>) -> [[UInt8]] {
        do {
            if parser.dialect == .line { try parser.splitLine(bytes, form: form(of: parser.arguments(in: bytes))) }
        } catch {
            return [Array("refused: \(error.message)".utf8)]
        }
        let arguments = parser.arguments(in: bytes)
        return (0..<arguments.count).map { Array(arguments[$0]) }
    }

    /// Verbs that take a value, one of which takes options behind it, and all the others.
    private static func form(of arguments: Arguments) -> LineForm {
        if arguments.count > 0, arguments[0].equalsIgnoringCase("SET") { return .rest(afterWords: 1) }
        if arguments.count > 0, arguments[0].equalsIgnoringCase("SETIF") { return .restOrOptions(afterWords: 1) }
        if arguments.count > 0, arguments[0].equalsIgnoringCase("ECHO") { return .rest(afterWords: 0) }
        return .words
    }

    package var description: String {
        let shown = requests.map { $0.map { String($0.span).debugDescription }.joined(separator: " ") }
        return "[\(shown.joined(separator: " | "))] ending at \(ends), then \(ending)"
            + (untruths.isEmpty ? "" : ", though \(untruths.joined(separator: ", "))")
    }
}
