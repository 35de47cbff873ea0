// A connection without a socket: bytes arrive in pieces, requests are taken from the front, as a session does it.

import Bytes
import Wire

/// What came out of a run of bytes.
struct Transcript: Equatable, CustomStringConvertible {
    enum Ending: Equatable {
        /// Everything was used.
        case drained
        case incomplete
        case malformed(ProtocolError)
    }

    /// Each request's dialect and arguments; a quoting error as one argument of its own.
    var requests: [[[UInt8]]] = []
    var dialects: [RequestDialect] = []
    var ending = Ending.drained

    static let limits = RequestLimits(lineSize: 1_000, bulkSize: 500, argumentCount: 8, requestSize: 2_000)

    /// Feeds `input` to a new parser: up to each of `cuts`, in order, then all of it.
    init(_ input: [UInt8], cuts: [Int] = [], limits: RequestLimits = Transcript.limits) {
        var parser = RequestParser(limits: limits)
        var buffer = ByteBuffer()
        var fed = 0
        for cut in cuts + [input.count] {
            let arrived = Array(input[fed..<cut])
            buffer.append(arrived.span)
            fed = cut
            ending = .drained
            while case .drained = ending, !buffer.isEmpty { take(from: &buffer, with: &parser) }
            if case .malformed = ending { return }
        }
    }

    init(_ requests: [[String]]) {
        self.requests = requests.map { $0.map { Array($0.utf8) } }
    }

    private mutating func take(from buffer: inout ByteBuffer, with parser: inout RequestParser) {
        switch parser.parse(buffer.bytes) {
        case .complete(let used):
            requests.append(Transcript.arguments(of: &parser, in: buffer.bytes))
            dialects.append(parser.dialect)
            buffer.removeFirst(used)
        case .incomplete:
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

    /// Two verbs that take a value, and all the others.
    private static func form(of arguments: Arguments) -> LineForm {
        if arguments.count > 0, arguments[0].equalsIgnoringCase("SET") { return .rest(afterWords: 1) }
        if arguments.count > 0, arguments[0].equalsIgnoringCase("ECHO") { return .rest(afterWords: 0) }
        return .words
    }

    var description: String {
        let shown = requests.map { $0.map { String($0.span).debugDescription }.joined(separator: " ") }
        return "[\(shown.joined(separator: " | "))] then \(ending)"
    }
}

extension String {
    var bytes: [UInt8] { Array(utf8) }
}
