// Writes replies: a command states one once, and it is encoded in the dialect of the request.
//
//     line   one line; a value bare where that is unambiguous, a JSON string elsewhere; lists end with a line END
//     RESP2  +simple  -error  :integer  $bulk  *array
//     RESP3  the same, and _ for null, % for maps, = for texts of several lines
//     HTTP   errors only: everything else is written by the resource (`append(head:bodySize:date:)`)

import Bytes

/// The dialect in which a reply is written.
@frozen public enum ReplyDialect: Sendable {
    case line
    case resp2
    case resp3
    /// A whole answer of HTTP, and one to HEAD, which has no body.
    case http
    case httpHead
}

/// An error reply: what went wrong, without prefix and line end.
package struct ReplyError: Error, Equatable, Sendable {
    /// The RESP error code: `ERR`, `OOM`, … `ErrorCode` in Commands has all codes of a server.
    package let code: String
    package let line: String
    package let resp: String
    /// The kind under which it is counted: the code, or a more precise word if several kinds share a code.
    package let kind: String
    /// What it is in HTTP.
    package let problem: HTTPProblem

    /// An error that reads the same in both dialects.
    package init(_ message: String, code: String = "ERR", problem: HTTPProblem = .badRequest) {
        self.init(line: message, resp: message, code: code, problem: problem)
    }

    package init(
        line: String, resp: String, code: String = "ERR", kind: String? = nil, problem: HTTPProblem = .badRequest
    ) {
        self.code = code
        self.kind = kind ?? code
        self.line = line
        self.resp = resp
        self.problem = problem
    }
}

/// Appends the replies of one connection to its output.
public struct ReplyWriter: ~Copyable {
    public var buffer = ByteBuffer()
    public var dialect = ReplyDialect.line
    private var isInList = false
    /// Whether what is written is an element of a list that the caller began: then its own lists nest in that one.
    package var isElement = false

    package init() {}

    public var isLine: Bool {
        @inlinable @inline(__always)
        get { if case .line = dialect { true } else { false } }
    }

    @inlinable public mutating func ok() {
        if isLine { buffer.append("OK\n") } else { buffer.append("+OK\r\n") }
    }

    /// A fixed word, such as `PONG`.
    package mutating func simple(_ text: StaticString) {
        if !isLine { buffer.append(UInt8(ascii: "+")) }
        buffer.append(text)
        endLine()
    }

    package mutating func integer(_ value: Int) {
        if !isLine { buffer.append(UInt8(ascii: ":")) }
        buffer.append(decimal: value)
        endLine()
    }

    /// The bytes of a stored value or of a key.
    package mutating func value(_ bytes: Span<UInt8>) {
        if isLine { line(bytes) } else { bulk(bytes) }
    }

    /// The number of bytes that `value` appends for it, or slightly more.
    package func size(ofValue bytes: Span<UInt8>) -> Int {
        guard isLine, !bytes.isPlainLineValue else { return bytes.count + 24 }
        var size = bytes.count + 24
        for index in 0..<bytes.count {
            let byte = bytes[index]
            if byte < 0x20 || byte == 0x7f {
                size += 5
            } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                size += 1
            }
        }
        return size
    }

    private mutating func line(_ bytes: Span<UInt8>) {
        if bytes.isPlainLineValue && !((isInList || isElement) && bytes.equals("END")) {
            buffer.reserve(bytes.count &+ 1)
            buffer.append(bytes)
        } else {
            buffer.append(lineQuoted: bytes)
        }
        buffer.append(UInt8(ascii: "\n"))
    }

    /// A text made by the server.
    package mutating func text(_ text: String) {
        let bytes = Array(text.utf8)
        value(bytes.span)
    }

    /// A text of several lines made by the server: RESP3 marks it as text for people.
    package mutating func verbatim(_ text: String) {
        guard dialect == .resp3 else { return self.text(text) }
        buffer.append(UInt8(ascii: "="))
        buffer.append(decimal: text.utf8.count + 4)
        buffer.append("\r\ntxt:")
        buffer.append(text: text)
        buffer.append("\r\n")
    }

    /// What a line gets where RESP has a null: lines have no codes, so this text is part of the protocol.
    package static var missingLine: StaticString { "ERROR: Key not found" }

    /// No value where one was requested.
    package mutating func missing() {
        switch dialect {
        case .line:
            buffer.append(ReplyWriter.missingLine)
            buffer.append(UInt8(ascii: "\n"))
        case .resp2: buffer.append("$-1\r\n")
        case .resp3: buffer.append("_\r\n")
        case .http, .httpHead: preconditionFailure("a resource of HTTP says itself what is missing")
        }
    }

    /// A null where a list was requested. In a line the caller writes an error that says why.
    package mutating func missingList() {
        assert(!isLine, "a line has no null list")
        buffer.append(dialect == .resp3 ? "_\r\n" : "*-1\r\n")
    }

    package mutating func error(_ error: ReplyError) {
        switch dialect {
        case .line:
            buffer.append("ERROR: ")
            buffer.append(text: error.line)
        case .resp2, .resp3:
            buffer.append(UInt8(ascii: "-"))
            buffer.append(text: error.code)
            buffer.append(UInt8(ascii: " "))
            buffer.append(text: error.resp)
        case .http: return buffer.append(error, isForHead: false)
        case .httpHead: return buffer.append(error, isForHead: true)
        }
        endLine()
    }

    /// Begins a list of `count` replies, each written by one of the calls above; `endList` ends it. In RESP lists nest.
    package mutating func list(_ count: Int) {
        header(UInt8(ascii: "*"), count)
    }

    /// Begins a list of `count` pairs of name and reply: a map in RESP3, otherwise a flat list.
    package mutating func map(_ count: Int) {
        if dialect == .resp3 {
            header(UInt8(ascii: "%"), count)
        } else {
            header(UInt8(ascii: "*"), count * 2)
        }
    }

    /// Begins a message of `count` elements that answers no request: a push in RESP3, an array in RESP2.
    package mutating func push(_ count: Int) {
        assert(!isLine, "a line's message has a form of its own")
        header(UInt8(ascii: dialect == .resp3 ? ">" : "*"), count)
    }

    package mutating func endList() {
        guard isLine else { return }
        isInList = false
        buffer.append("END\n")
    }

    /// Forgets an open list that was dropped.
    package mutating func forgetList() { isInList = false }

    private mutating func header(_ type: UInt8, _ count: Int) {
        guard !isLine else {
            isInList = true
            return
        }
        buffer.append(type)
        buffer.append(decimal: count)
        endLine()
    }

    private mutating func bulk(_ bytes: Span<UInt8>) {
        // A length has at most nineteen digits.
        buffer.reserve(bytes.count &+ 24)
        buffer.append(UInt8(ascii: "$"))
        buffer.append(decimal: bytes.count)
        buffer.append("\r\n")
        buffer.append(bytes)
        buffer.append("\r\n")
    }

    private mutating func endLine() {
        if isLine { buffer.append(UInt8(ascii: "\n")) } else { buffer.append("\r\n") }
    }
}

extension Span where Element == UInt8 {
    /// Whether a value may be unquoted in a reply line: it cannot be taken for an error, a JSON string, or two lines.
    package var isPlainLineValue: Bool {
        guard count > 0, self[0] != UInt8(ascii: "\""), !starts(with: "ERROR") else { return false }
        return !hasControlByte
    }
}

extension ByteBuffer {
    /// Appends `bytes` as a JSON string that is safe on a terminal: 0x7f is escaped too.
    package mutating func append(lineQuoted bytes: Span<UInt8>) {
        append(UInt8(ascii: "\""))
        var start = 0
        for index in 0..<bytes.count {
            let byte = bytes[index]
            let isSpecial =
                byte < 0x20 || byte == 0x7f || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
            guard isSpecial else { continue }
            append(bytes.extracting(start..<index))
            append(escapeOf: byte)
            start = index + 1
        }
        append(bytes.extracting(start..<bytes.count))
        append(UInt8(ascii: "\""))
    }
}
