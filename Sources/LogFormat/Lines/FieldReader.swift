// Parses the fields of a line, in the order in which they are written.

import Bytes

/// Where the bytes of a text are: in the line itself, or unescaped in the parser's scratch memory.
package enum TextPlace {
    case line(Range<Int>)
    case scratch

    @_lifetime(copy line, borrow scratch)
    package func bytes(in line: Span<UInt8>, or scratch: borrowing ByteBuffer) -> Span<UInt8> {
        switch self {
        case .line(let range): return line.extracting(range)
        case .scratch: return scratch.bytes
        }
    }
}

/// Parses the fields of a line's body from left to right.
package struct FieldReader: ~Escapable {
    package let body: Span<UInt8>
    private var offset = 0
    /// Whether `number` has found digits that exceed `Number.largest`.
    package private(set) var isBeyondBound = false

    @_lifetime(copy body)
    package init(_ body: Span<UInt8>) {
        self.body = body
    }

    package var isAtEnd: Bool { offset == body.count }
    /// Whether exactly one byte is left.
    package var isLast: Bool { offset + 1 == body.count }
    /// Whether the body ends here, or an unknown field follows.
    package var isAtFieldEnd: Bool { isAtEnd || body.starts(with: ",\"", at: offset) }

    /// Whether `text` is next.
    package func isAt(_ text: StaticString) -> Bool { body.starts(with: text, at: offset) }

    /// Skips `text` if it is next.
    @_lifetime(self: copy self)
    package mutating func skip(_ text: StaticString) -> Bool {
        guard body.starts(with: text, at: offset) else { return false }
        offset += text.utf8CodeUnitCount
        return true
    }

    /// The fields before a record's change.
    package mutating func recordHead() -> (seq: UInt64, timestamp: UInt64)? {
        guard skip("{\"seq\":"), let seq = number(), skip(",\"ts\":"), let timestamp = number(), skip(",")
        else { return nil }
        return (seq, timestamp)
    }

    /// The fields after the first one's name.
    mutating func durable() -> LogLine? {
        guard let seq = number() else { return nil }
        return .durable(seq: seq, isClosed: skip(",\"closed\":true"))
    }

    /// A history's name and the closing quote: 1 to 64 printable ASCII characters, so messages can contain it
    /// unescaped.
    package mutating func history() -> String? {
        let history = untilQuote()
        guard (1...64).contains(history.utf8.count), history.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }), skip("\"")
        else { return nil }
        return history
    }

    package mutating func untilQuote() -> String {
        let start = offset
        offset = body.firstEscape(from: start)
        return String(body.extracting(start..<offset))
    }

    /// Eight digits and the closing quote.
    package mutating func quotedHex() -> UInt32? {
        guard let value = body.hex32(at: offset) else { return nil }
        offset += 8
        return skip("\"") ? value : nil
    }

    /// A JSON string with its quotes, decoded.
    package mutating func jsonString() -> String? {
        guard isAt("\"") else { return nil }
        var text = ByteBuffer()
        guard let end = try? text.append(decodedJSONString: body, at: offset) else { return nil }
        offset = end
        return String(text.bytes)
    }

    /// `size` bytes and the closing quote.
    @_lifetime(copy self)
    package mutating func quoted(_ size: Int) -> Span<UInt8>? {
        guard offset + size < body.count, body[offset + size] == UInt8(ascii: "\"") else { return nil }
        let text = body.extracting(offset..<offset + size)
        offset += size + 1
        return text
    }

    /// The rest of a field after its name, which has the suffix `64` for base64: `":"…"`. Text that must be decoded is
    /// written to `scratch`.
    @_lifetime(self: copy self)
    package mutating func text(into scratch: inout ByteBuffer) -> TextPlace? {
        let isBase64 = skip("64")
        guard skip("\":\"") else { return nil }
        let start = offset
        let end = body.firstEscape(from: start)
        guard end < body.count else { return nil }
        if body[end] == UInt8(ascii: "\"") && !isBase64 {
            offset = end + 1
            return .line(start..<end)
        }
        scratch.removeAll()
        scratch.trim(above: 1 << 20)
        if isBase64 {
            guard body[end] == UInt8(ascii: "\""),
                scratch.append(decodedBase64: body.extracting(start..<end))
            else { return nil }
            offset = end + 1
        } else {
            guard let next = try? scratch.append(decodedJSONString: body, at: start - 1) else { return nil }
            offset = next
        }
        return .scratch
    }

    /// As `text`, left as it is if it has `size` bytes or more; nil if it has fewer, or is not text and is left to `text`.
    @_lifetime(copy self)
    package mutating func longText(atLeast size: Int) -> ValueText? {
        let isBase64 = isAt("64")
        let start = offset + (isBase64 ? 4 : 2)
        guard size < body.count - start, body.starts(with: "\":\"", at: start - 2) else { return nil }
        var (end, form) = (0, ValueText.Form.base64)
        if isBase64 {
            end = body.firstEscape(from: start + 1)
        } else {
            let found = body.jsonTextEnd(from: start + 1)
            (end, form) = (found.end, found.isMinimal ? .minimal : .escaped)
        }
        guard end < body.count, body[end] == UInt8(ascii: "\""), end - start > size else { return nil }
        offset = end + 1
        return ValueText(body.extracting(start..<offset), at: start, form)
    }

    /// 1 to `limit` bytes that all satisfy `isValid`, and the closing quote.
    @_lifetime(copy self)
    mutating func quoted(upTo limit: Int, where isValid: (UInt8) -> Bool) -> Span<UInt8>? {
        var size = 0
        while size < limit, offset + size < body.count, isValid(body[offset + size]) { size += 1 }
        return size > 0 ? quoted(size) : nil
    }

    /// What may be a JSON object of up to `limit` bytes: from a brace to the one that closes it. What is between them is not
    /// checked.
    @_lifetime(copy self)
    mutating func jsonObject(upTo limit: Int) -> Span<UInt8>? {
        guard isAt("{") else { return nil }
        var (end, depth) = (offset, 0)
        let last = min(body.count, offset + limit)
        while end < last {
            switch body[end] {
            case UInt8(ascii: "{"): depth += 1
            case UInt8(ascii: "}"): depth -= 1
            case UInt8(ascii: "\""): end = stringEnd(from: end + 1)
            default: break
            }
            end += 1
            if depth == 0 { break }
        }
        guard depth == 0, end <= last else { return nil }
        let object = body.extracting(offset..<end)
        offset = end
        return object
    }

    /// The offset of the quote that ends a string; the end of the body if there is none.
    private func stringEnd(from start: Int) -> Int {
        var end = start
        while end < body.count, body[end] != UInt8(ascii: "\"") { end += body[end] == UInt8(ascii: "\\") ? 2 : 1 }
        return end
    }

    /// A number up to `largest`; nil for anything else, and for a larger one, which is recorded.
    @_lifetime(self: copy self)
    package mutating func number(upTo largest: UInt64 = Number.largest) -> UInt64? {
        let start = offset
        while offset < body.count, body[offset] &- UInt8(ascii: "0") < 10 { offset += 1 }
        let digits = body.extracting(start..<offset)
        if let number = digits.unsignedDecimal, number <= largest { return number }
        isBeyondBound = isBeyondBound || digits.count > 1 && digits[0] != UInt8(ascii: "0")
        return nil
    }
}
