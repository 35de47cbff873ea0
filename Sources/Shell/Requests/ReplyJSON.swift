// Replies as JSON: one object per line. Values that are not UTF-8 are base64, with `64` appended to their name, as in
// the log.

import Bytes
import Commands
import Wire

/// What is known about a reply besides itself.
package struct ReplyContext: Sendable {
    package var key: [UInt8]?
    /// A number for AFTER that covers this change.
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
        append(json: .compact) { json in
            json.object { $0.members(of: outcome, isPairs: spec?.answer == .pairs, context) }
        }
        append("\n")
    }
}

extension JSONWriter {
    fileprivate mutating func members(of outcome: Outcome, isPairs: Bool, _ context: ReplyContext) {
        if case .success = outcome { member("ok", true) } else { member("ok", false) }
        if let line = context.line { member("line", line) }
        if let key = context.key { member("key", bytes: key.span) }
        if let seq = context.seq { member("seq", seq) }
        switch outcome {
        case .success(.simple("OK")): break
        case .success(.bulk(let bytes)), .success(.verbatim(_, let bytes)): member("value", bytes: bytes.span)
        case .success(let reply):
            name("value")
            self.reply(reply, isPairs: isPairs)
        case .failure(let code, let message):
            member("error", message)
            if !code.isEmpty { member("code", code) }
        }
    }

    private mutating func reply(_ reply: Reply, isPairs: Bool = false) {
        switch reply {
        case .simple(let text): value(text)
        case .integer(let number): value(number)
        case .boolean(let isTrue): value(isTrue)
        case .null: plain("null")
        case .bigNumber(let digits): plain(digits.span)
        case .double(let number): plain(number.isFinite ? "\(number)" : "null")
        case .bulk(let bytes), .verbatim(_, let bytes):
            if bytes.span.isUTF8 { text(bytes.span) } else { object { $0.member("value", bytes: bytes.span) } }
        case .error: object { $0.member("error", reply.word) }
        case .array(let items) where isPairs && items.count % 2 == 0:
            pairs(stride(from: 0, to: items.count, by: 2).map { (items[$0], items[$0 + 1]) })
        case .array(let items), .set(let items), .push(let items):
            list { json in
                for item in items { json.reply(item) }
            }
        case .map(let entries): pairs(entries.map { ($0.key, $0.value) })
        }
    }

    /// Figures that are numbers are written as numbers, although RESP2 sends them as texts. A history's name,
    /// hexadecimal, may look like a number.
    private mutating func pairs(_ pairs: [(Reply, Reply)]) {
        object { json in
            for (key, value) in pairs {
                json.name(key.word)
                if case .bulk(let bytes) = value, bytes.span.decimal != nil, key.word != "history" {
                    json.plain(bytes.span)
                } else {
                    json.reply(value)
                }
            }
        }
    }
}
