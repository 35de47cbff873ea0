// Bodies that are JSON: read strictly, to a depth of eight, and no name twice in an object.

import Bytes
import Wire

/// Reads what a resource expects, item by item; anything else is an error that says where.
struct JSONBody: ~Escapable {
    private var reader: JSONReader
    /// The token that was looked at and not taken.
    private var next: JSONToken?

    /// How deep objects and lists may be nested.
    private static let depth = 8

    @_lifetime(copy text)
    init(_ text: Span<UInt8>) throws(HTTPRefusal) {
        guard text.isUTF8 else { throw JSONBody.invalid("it is not UTF-8") }
        reader = JSONReader(text, depthLimit: JSONBody.depth)
    }

    @_lifetime(self: copy self)
    mutating func take() throws(HTTPRefusal) -> JSONToken {
        if let token = next.take() { return token }
        do throws(JSONError) {
            return try reader.next()
        } catch {
            throw JSONBody.invalid(JSONBody.reason(error))
        }
    }

    @_lifetime(self: copy self)
    mutating func peek() throws(HTTPRefusal) -> JSONToken {
        let token = try take()
        next = token
        return token
    }

    @_lifetime(self: copy self)
    mutating func expect(_ token: JSONToken, _ what: String) throws(HTTPRefusal) {
        guard try take() == token else { throw JSONBody.invalid("expected \(what)") }
    }

    /// A text, for a member that is one.
    @_lifetime(self: copy self)
    mutating func text(_ name: String) throws(HTTPRefusal) -> [UInt8] {
        guard case .text(let bytes) = try take() else { throw JSONBody.invalid("\(name) is a text") }
        return bytes
    }

    /// A text of base64.
    @_lifetime(self: copy self)
    mutating func coded(_ name: String) throws(HTTPRefusal) -> [UInt8] {
        let text = try text(name)
        var decoded = ByteBuffer()
        guard decoded.append(decodedBase64: text.span) else { throw JSONBody.invalid("\(name) is not base64") }
        return Array(decoded.bytes)
    }

    /// An error in a body.
    static func invalid(_ reason: String) -> HTTPRefusal {
        HTTPRefusal(.badRequest, "The body is not valid: \(reason)")
    }

    private static func reason(_ error: JSONError) -> String {
        switch error {
        case .expected(let what, let offset): "expected \(name(what)) at byte \(offset)"
        case .string: "a string is not valid JSON"
        case .isTooDeep(let offset): "more than \(depth) objects and lists in each other at byte \(offset)"
        }
    }

    private static func name(_ expected: JSONError.Expected) -> String {
        switch expected {
        case .value: "a value"
        case .name: "a name in quotes"
        case .colon: "a colon"
        case .comma: "a comma, or the end of the object or list"
        case .end: "the end"
        }
    }
}

extension JSONWriter {
    /// Writes a reply of RESP: texts as strings, other bytes as `{"base64":…}`, errors as `{"error":{…}}`.
    mutating func reply(_ reply: Reply) {
        switch reply {
        case .simple(let text): value(text)
        case .integer(let number): value(number)
        case .bulk(let bytes): self.bytes(bytes)
        case .null: plain("null")
        case .boolean(let isTrue): value(isTrue)
        case .double(let number): number.isFinite ? plain("\(number)") : value("\(number)")
        case .bigNumber(let digits): plain(digits.span)
        case .verbatim(_, let text): bytes(text)
        case .array(let items), .set(let items), .push(let items):
            list { json in
                for item in items { json.reply(item) }
            }
        case .map(let entries): map(entries)
        case .error(let code, let message):
            object { json in
                json.member(
                    "error",
                    object: { json in
                        json.member("code", code)
                        json.member("message", message)
                    })
            }
        }
    }

    /// An object if each key is a text, and otherwise a list of pairs.
    private mutating func map(_ entries: [Reply.Entry]) {
        let names = entries.compactMap { entry -> String? in
            switch entry.key {
            case .simple(let text): text
            case .bulk(let bytes): String(validating: bytes, as: UTF8.self)
            default: nil
            }
        }
        guard names.count == entries.count, Set(names).count == names.count else {
            return list { json in
                for entry in entries {
                    json.list { json in
                        json.reply(entry.key)
                        json.reply(entry.value)
                    }
                }
            }
        }
        object { json in
            for (name, entry) in zip(names, entries) {
                json.name(name)
                json.reply(entry.value)
            }
        }
    }

    /// Writes bytes: a string if they are UTF-8.
    mutating func bytes(_ bytes: [UInt8]) {
        let span = bytes.span
        if span.isUTF8 { return text(span) }
        object { json in
            json.name("base64")
            var coded = ByteBuffer()
            coded.append(base64: span)
            json.text(coded.bytes)
        }
    }
}
