// Replies as JSON: one object on one line for each. What is not UTF-8 stands as base64 under the name with `64` behind
// it, as in the log.

import Bytes
import Commands
import Wire

/// What is known about a reply besides itself.
package struct ReplyContext: Sendable {
    package var key: [UInt8]?
    /// A number for AFTER: this change is in it.
    package var seq: Int?
    /// The line of a batch that was answered.
    package var line: Int?

    package init(key: [UInt8]? = nil, seq: Int? = nil, line: Int? = nil) {
        self.key = key
        self.seq = seq
        self.line = line
    }
}

extension ByteBuffer {
    /// Appends one object and a line feed: `{"ok":true,"key":"foo","value":"bar"}`.
    package mutating func append(json outcome: Outcome, spec: CommandSpec?, _ context: ReplyContext) {
        if case .success = outcome { append("{\"ok\":true") } else { append("{\"ok\":false") }
        if let line = context.line { append(text: ",\"line\":\(line)") }
        if let key = context.key { append(field: "key", of: key) }
        if let seq = context.seq { append(text: ",\"seq\":\(seq)") }
        switch outcome {
        case .success(.simple("OK")): break
        case .success(.bulk(let bytes)), .success(.verbatim(_, let bytes)): append(field: "value", of: bytes)
        case .success(let reply):
            append(",\"value\":")
            append(json: reply, isPairs: spec?.answer == .pairs)
        case .failure(let code, let message):
            append(",\"error\":")
            append(json: message)
            if !code.isEmpty {
                append(",\"code\":")
                append(json: code)
            }
        }
        append("}\n")
    }

    /// Appends `,"name":"text"`, or `,"name64":"base64"` where the bytes are not UTF-8.
    package mutating func append(field name: String, of bytes: [UInt8]) {
        append(UInt8(ascii: ","))
        append(member: name, of: bytes)
    }

    /// As `append(field:of:)`, without the comma.
    package mutating func append(member name: String, of bytes: [UInt8]) {
        if bytes.span.isUTF8 {
            append(text: "\"\(name)\":")
            append(jsonString: bytes.span)
        } else {
            append(text: "\"\(name)64\":\"")
            append(base64: bytes.span)
            append(UInt8(ascii: "\""))
        }
    }

    private mutating func append(json text: String) {
        let bytes = Array(text.utf8)
        append(jsonString: bytes.span)
    }

    private mutating func append(json reply: Reply, isPairs: Bool = false) {
        switch reply {
        case .simple(let text): append(json: text)
        case .integer(let number): append(decimal: number)
        case .boolean(let value): append(text: value ? "true" : "false")
        case .null: append("null")
        case .bigNumber(let digits): append(digits.span)
        case .double(let value): append(text: value.isFinite ? "\(value)" : "null")
        case .bulk(let bytes), .verbatim(_, let bytes):
            if bytes.span.isUTF8 {
                append(jsonString: bytes.span)
            } else {
                append("{")
                append(member: "value", of: bytes)
                append("}")
            }
        case .error:
            append("{\"error\":")
            append(json: reply.word)
            append("}")
        case .array(let items) where isPairs && items.count % 2 == 0:
            append(jsonPairs: stride(from: 0, to: items.count, by: 2).map { (items[$0], items[$0 + 1]) })
        case .array(let items), .set(let items), .push(let items): append(jsonItems: items)
        case .map(let entries): append(jsonPairs: entries.map { ($0.key, $0.value) })
        }
    }

    private mutating func append(jsonItems items: [Reply]) {
        append("[")
        for (index, item) in items.enumerated() {
            if index > 0 { append(",") }
            append(json: item)
        }
        append("]")
    }

    /// Figures that are numbers are written as numbers, although RESP2 sends them as texts. A history's name, hexadecimal,
    /// may look like one.
    private mutating func append(jsonPairs pairs: [(Reply, Reply)]) {
        append("{")
        for (index, (name, value)) in pairs.enumerated() {
            if index > 0 { append(",") }
            append(json: name.word)
            append(":")
            if case .bulk(let bytes) = value, bytes.span.decimal != nil, name.word != "history" {
                append(bytes.span)
            } else {
                append(json: value)
            }
        }
        append("}")
    }
}
