// Replies as text and as raw bytes. In lists, batches and the prompt a value is written as in the line protocol: bare
// if that is unambiguous, otherwise as a JSON string, so each takes exactly one line.

import Bytes
import Commands
import Wire

/// How a reply becomes text.
package struct TextStyle: Sendable {
    /// Whether a value that is the whole reply is written as in a list.
    let quotesValues: Bool
    /// Whether a list ends with a line `END`.
    let endsLists: Bool
    /// Whether a text of several lines keeps its lines.
    let opensTexts: Bool
    /// Whether a value with terminal control characters is written as in a list, however other values are written.
    private(set) var isForTerminal = false

    /// A single command: a value is its bytes.
    package static let command = TextStyle(quotesValues: false, endsLists: false, opensTexts: true)
    /// A batch: each reply as in the line protocol.
    package static let batch = TextStyle(quotesValues: true, endsLists: true, opensTexts: false)
    /// The prompt.
    package static let prompt = TextStyle(quotesValues: true, endsLists: false, opensTexts: true).forTerminal

    private init(quotesValues: Bool, endsLists: Bool, opensTexts: Bool) {
        (self.quotesValues, self.endsLists, self.opensTexts) = (quotesValues, endsLists, opensTexts)
    }

    /// The same for a terminal: a value with control characters becomes a JSON string with escapes.
    package var forTerminal: TextStyle {
        var style = self
        style.isForTerminal = true
        return style
    }
}

extension ByteBuffer {
    /// Appends a reply, each of its lines with a line feed.
    package mutating func append(text reply: Reply, spec: CommandSpec?, style: TextStyle) {
        guard style.isForTerminal else { return append(reply, spec, style) }
        var text = ByteBuffer()
        text.append(reply, spec, style)
        append(terminalSafe: text.bytes)
    }

    private mutating func append(_ reply: Reply, _ spec: CommandSpec?, _ style: TextStyle) {
        switch reply {
        case .bulk(let bytes), .verbatim(_, let bytes):
            if spec?.answer == .text, style.opensTexts {
                append(lines: bytes)
            } else if style.quotesValues || style.isForTerminal && !bytes.span.isTerminalSafe {
                append(item: bytes.span, style)
            } else {
                append(bytes.span)
                append(UInt8(ascii: "\n"))
            }
        case .array(let items) where spec?.answer == .pairs && items.count % 2 == 0:
            append(pairs: stride(from: 0, to: items.count, by: 2).map { (items[$0], items[$0 + 1]) }, style)
        case .array(let rows) where spec?.answer == .rows:
            for row in rows { append(row: row, style) }
        case .map(let entries):
            append(pairs: entries.map { ($0.key, $0.value) }, style)
        default:
            append(items: reply, style)
        }
        if style.endsLists, reply.isList { append("END\n") }
    }

    /// Appends lines without carriage returns.
    private mutating func append(lines bytes: [UInt8]) {
        for byte in bytes where byte != UInt8(ascii: "\r") { append(byte) }
        if let last = bytes.last, last != UInt8(ascii: "\n") { append(UInt8(ascii: "\n")) }
    }

    private mutating func append(pairs: [(Reply, Reply)], _ style: TextStyle) {
        for (name, value) in pairs {
            append(text: "\(name.word) ")
            let before = count
            append(items: value, style)
            // An empty list still gets a line.
            if count == before { append(UInt8(ascii: "\n")) }
        }
    }

    /// Appends all values of a reply on one line, separated by spaces.
    private mutating func append(row: Reply, _ style: TextStyle) {
        var items = ByteBuffer()
        items.append(items: row, style)
        for index in 0..<items.count {
            let isBreak = items.bytes[index] == UInt8(ascii: "\n")
            append(isBreak && index < items.count - 1 ? UInt8(ascii: " ") : items.bytes[index])
        }
    }

    /// Appends each value of a reply on a line of its own.
    private mutating func append(items reply: Reply, _ style: TextStyle) {
        switch reply {
        case .array(let items), .set(let items), .push(let items): for item in items { append(items: item, style) }
        case .map(let entries): append(pairs: entries.map { ($0.key, $0.value) }, style)
        case .bulk(let bytes), .verbatim(_, let bytes): append(item: bytes.span, style)
        case .null: append(text: "\(ReplyWriter.missingLine)\n")
        case .error: append(text: "ERROR: \(Outcome(reply, spec: nil, arguments: []).errorText ?? "")\n")
        default: append(text: "\(reply.word)\n")
        }
    }

    private mutating func append(item bytes: Span<UInt8>, _ style: TextStyle) {
        let isBare = bytes.isPlainLineValue && !bytes.equals("END") && (!style.isForTerminal || bytes.isTerminalSafe)
        if isBare { append(bytes) } else { append(lineQuoted: bytes) }
        append(UInt8(ascii: "\n"))
    }

    /// Appends the bytes of a reply and nothing else; items of a list are separated by line feeds.
    package mutating func append(raw reply: Reply) {
        switch reply {
        case .bulk(let bytes), .verbatim(_, let bytes): append(bytes.span)
        case .array(let items), .set(let items), .push(let items): append(raw: items)
        case .map(let entries): append(raw: entries.flatMap { [$0.key, $0.value] })
        case .null: break
        default: append(text: reply.word)
        }
    }

    private mutating func append(raw items: [Reply]) {
        for (index, item) in items.enumerated() {
            if index > 0 { append(UInt8(ascii: "\n")) }
            append(raw: item)
        }
    }
}

extension Reply {
    /// Whether it is a list of any kind.
    package var isList: Bool {
        switch self {
        case .array, .set, .map, .push: true
        default: false
        }
    }

    /// A number, a name or a short text for display.
    package var word: String {
        switch self {
        case .simple(let text): text
        case .error(let code, let message): code.isEmpty ? message : "\(code) \(message)"
        case .integer(let number): String(number)
        case .bulk(let bytes), .verbatim(_, let bytes), .bigNumber(let bytes): String(decoding: bytes, as: UTF8.self)
        case .boolean(let value): value ? "true" : "false"
        case .double(let value): "\(value)"
        case .null: ""
        case .array, .map, .set, .push: "\(self)"
        }
    }
}
