// A client's end of a connection without a socket, as `Transcript` is the server's.

import Bytes
import Wire

/// What came out of a run of bytes.
struct ReplyTranscript: Equatable, CustomStringConvertible {
    enum Ending: Equatable {
        case drained
        case incomplete
        case malformed(MalformedReply)
    }

    /// Each reply as RESP3, so that one with a NaN can be compared too.
    private(set) var replies: [[UInt8]] = []
    /// Where each reply ends, in bytes from the start of the input.
    private(set) var ends: [Int] = []
    /// How many lists the deepest part of each reply stands in.
    private(set) var depths: [Int] = []
    private(set) var ending = Ending.drained
    /// False claims of the parser about itself; empty if all is well.
    private(set) var untruths: [String] = []

    /// Feeds `input` to a new parser: up to each of `cuts`, in order, then all of it.
    init(_ input: [UInt8], cuts: [Int] = [], limits: ReplyLimits) {
        var parser = ReplyParser(limits: limits)
        var start = 0
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
        from bytes: Span<UInt8>, at start: inout Int, _ earliestEnd: inout Int, with parser: inout ReplyParser
    ) {
        switch parser.parse(bytes) {
        case .complete(let reply, let used):
            start += used
            if used < 1 || used > bytes.count { untruths.append("used \(used) of \(bytes.count) bytes") }
            if start < earliestEnd { untruths.append("complete at \(start), said to miss bytes up to \(earliestEnd)") }
            earliestEnd = 0
            var writer = ReplyWriter()
            writer.dialect = .resp3
            writer.write(reply)
            replies.append(Array(writer.buffer.bytes))
            depths.append(reply.depth)
            ends.append(start)
        case .incomplete(let missing):
            if missing < 1 { untruths.append("missing \(missing) bytes") }
            earliestEnd = max(earliestEnd, start + bytes.count + missing)
            ending = .incomplete
        case .malformed(let error):
            ending = .malformed(error)
        }
    }

    var description: String {
        "[\(replies.map(shown).joined(separator: " | "))] ending at \(ends), then \(ending)"
            + (untruths.isEmpty ? "" : ", though \(untruths.joined(separator: ", "))")
    }
}

extension Reply {
    /// An empty list is never open.
    fileprivate var depth: Int {
        switch self {
        case .array(let elements), .set(let elements), .push(let elements):
            elements.map { 1 + $0.depth }.max() ?? 0
        case .map(let entries): entries.map { 1 + max($0.key.depth, $0.value.depth) }.max() ?? 0
        default: 0
        }
    }
}

extension ReplyWriter {
    /// Writes what a client has parsed: with the server's own calls if it has them, by hand if it never sends such a
    /// reply.
    fileprivate mutating func write(_ reply: Reply) {
        switch reply {
        case .bulk(let bytes): value(bytes.span)
        case .integer(let value): integer(value)
        case .null: missing()
        case .array(let elements):
            list(elements.count)
            for element in elements { write(element) }
            endList()
        case .map(let entries):
            map(entries.count)
            for entry in entries {
                write(entry.key)
                write(entry.value)
            }
            endList()
        case .set(let elements): write("~", elements)
        case .push(let elements): write(">", elements)
        case .simple(let text): line("+", Array(text.utf8))
        case .boolean(let value): line(value ? "#t" : "#f", [])
        case .double(let value): line(",", Array("\(value)".utf8))
        case .bigNumber(let digits): line("(", digits)
        case .error(let code, let message): run("!", Array((code.isEmpty ? message : "\(code) \(message)").utf8))
        case .verbatim(let format, let text): run("=", format + [UInt8(ascii: ":")] + text)
        }
    }

    private mutating func write(_ type: StaticString, _ elements: [Reply]) {
        line(type, Array("\(elements.count)".utf8))
        for element in elements { write(element) }
    }

    private mutating func run(_ type: StaticString, _ bytes: [UInt8]) {
        line(type, Array("\(bytes.count)".utf8))
        line("", bytes)
    }

    private mutating func line(_ type: StaticString, _ bytes: [UInt8]) {
        buffer.append(type)
        buffer.append(bytes.span)
        buffer.append("\r\n")
    }
}
