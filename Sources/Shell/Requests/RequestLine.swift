// A line of a batch file or of the prompt, as docs/protocol.md describes lines, as a request's arguments.

import Bytes
import Commands
import Wire

/// A line that is not a request.
package struct RequestLineError: Error, Equatable, CustomStringConvertible {
    /// The problem, without a prefix.
    package let description: String

    package init(_ description: String) { self.description = description }
}

/// Splits lines as the server does, with the server's own parser.
package struct RequestLineSplitter: ~Copyable {
    /// The longest line in bytes, as the server accepts it.
    package static let lineLimit = ProtocolLimits.lineSize

    private var parser = RequestParser(
        limits: RequestLimits(
            lineSize: lineLimit, bulkSize: lineLimit, argumentCount: ProtocolLimits.argumentCount,
            requestSize: lineLimit))

    package init() {}

    /// The arguments of a line, the command's name first; empty for a blank line or a comment, which begins with `#`.
    /// - Parameter line: its bytes, including the line feed.
    /// - Throws: `RequestLineError`.
    package mutating func arguments(of line: [UInt8]) throws(RequestLineError) -> [[UInt8]] {
        let isComment = line.first { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") } == UInt8(ascii: "#")
        if isComment { return [] }
        // The parser would take it for RESP.
        if line.first == UInt8(ascii: "*") { throw RequestLineError("A command does not begin with \"*\"") }
        let bytes = line.span
        guard case .complete = parser.parse(bytes) else { throw RequestLineError("The line is too long or has no end") }
        guard !parser.isBlank else { return [] }
        let form = Catalog.find(String(decoding: copies(of: bytes)[0], as: UTF8.self))?.lineForm ?? .words
        do {
            try parser.splitLine(bytes, form: form)
        } catch {
            throw RequestLineError(error.message)
        }
        return try unfolded(copies(of: bytes))
    }

    private func copies(of line: Span<UInt8>) -> [[UInt8]] {
        let found = parser.arguments(in: line)
        var arguments: [[UInt8]] = []
        for index in 0..<found.count { arguments.append(Array(found[index])) }
        return arguments
    }

    /// The text after `AFTER <seq>` is a request of its own.
    private mutating func unfolded(_ arguments: [[UInt8]]) throws(RequestLineError) -> [[UInt8]] {
        guard arguments.count == 3 else { return arguments }
        let name = arguments[0]
        guard name.span.equalsIgnoringCase("AFTER") else { return arguments }
        let request = arguments[2] + [UInt8(ascii: "\n")]
        return try Array(arguments[..<2]) + self.arguments(of: request)
    }
}
