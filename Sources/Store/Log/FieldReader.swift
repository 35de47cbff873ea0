// The fields of a line, in the order in which they are written.

import Bytes

/// Where the bytes of a text are: in the line as they stand, or unescaped in the parser's scratch memory.
enum TextPlace {
    case line(Range<Int>)
    case scratch

    @_lifetime(copy line, borrow scratch)
    func bytes(in line: Span<UInt8>, or scratch: borrowing ByteBuffer) -> Span<UInt8> {
        switch self {
        case .line(let range): return line.extracting(range)
        case .scratch: return scratch.bytes
        }
    }
}

/// Takes the fields of a line's body from left to right.
struct FieldReader: ~Escapable {
    let body: Span<UInt8>
    private var offset = 0
    /// Whether `number` has met digits that say more than `Number.largest`.
    private(set) var isBeyondBound = false

    @_lifetime(copy body)
    init(_ body: Span<UInt8>) {
        self.body = body
    }

    var isAtEnd: Bool { offset == body.count }
    /// Whether one byte is left.
    var isLast: Bool { offset + 1 == body.count }
    /// Whether nothing stands next, or another field: one that is not known.
    var isAtFieldEnd: Bool { isAtEnd || body.starts(with: ",\"", at: offset) }

    /// Whether `text` stands next.
    func isAt(_ text: StaticString) -> Bool { body.starts(with: text, at: offset) }

    /// Passes over `text` where it stands next.
    mutating func skip(_ text: StaticString) -> Bool {
        guard body.starts(with: text, at: offset) else { return false }
        offset += text.utf8CodeUnitCount
        return true
    }

    mutating func recordHead(crc: UInt32) -> LogLine? {
        guard skip("{\"seq\":"), let seq = number(), skip(",\"ts\":"), let timestamp = number(), skip(",")
        else { return nil }
        return .record(seq: seq, timestamp: timestamp, crc: crc)
    }

    /// What stands behind the first field's name.
    mutating func durable() -> LogLine? {
        guard let seq = number() else { return nil }
        return .durable(seq: seq, isClosed: skip(",\"closed\":true"))
    }

    mutating func header() -> LogLine? {
        guard skip("{\"puffin\":\"log\",\"version\":1,\"history\":\""), let history = history(), skip(",\"seq\":"),
            let seq = number(upTo: LogHeader.largestFirst), skip(",\"chain\":\""), let chain = quotedHex()
        else { return nil }
        return .header(LogHeader(history: history, firstSeq: seq, chain: chain))
    }

    mutating func snapshotHeader() -> LogLine? {
        guard skip("{\"puffin\":\"snapshot\",\"version\":1,\"history\":\""), let history = history(), skip(",\"seq\":"),
            let seq = number(), skip(",\"ts\":"), let timestamp = number(), skip(",\"chain\":\""),
            let chain = quotedHex()
        else { return nil }
        return .snapshot(
            SnapshotHeader(history: history, position: LogPosition(seq: seq, crc: chain), timestamp: timestamp))
    }

    /// What stands behind the first field's name.
    mutating func end() -> LogLine? {
        guard skip("true,\"count\":"), let count = number() else { return nil }
        return .end(count: Int(count))
    }

    /// A history's name and the quote behind it: 1 to 64 printable ASCII characters, so it can stand in a message as it is.
    mutating func history() -> String? {
        let history = untilQuote()
        guard (1...64).contains(history.utf8.count), history.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }), skip("\"")
        else { return nil }
        return history
    }

    mutating func untilQuote() -> String {
        let start = offset
        offset = body.firstEscape(from: start)
        return String(body.extracting(start..<offset))
    }

    /// Eight digits and the quote behind them.
    mutating func quotedHex() -> UInt32? {
        guard let value = body.hex32(at: offset) else { return nil }
        offset += 8
        return skip("\"") ? value : nil
    }

    /// A JSON string with its quotes, decoded.
    mutating func jsonString() -> String? {
        guard isAt("\"") else { return nil }
        var text = ByteBuffer()
        guard let end = try? text.append(decodedJSONString: body, at: offset) else { return nil }
        offset = end
        return String(text.bytes)
    }

    /// Sixteen digits and the quote behind them.
    mutating func serverID() -> ServerID? {
        guard offset + 16 <= body.count, let id = ServerID(body.extracting(offset..<offset + 16)) else { return nil }
        offset += 16
        return skip("\"") ? id : nil
    }

    /// The rest of a field whose name ends here, with `64` where it is base64: `":"…"`. What has to be decoded is
    /// written to `scratch`.
    mutating func text(into scratch: inout ByteBuffer) -> TextPlace? {
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

    /// Takes digits that are a number up to `largest`; nil for all else, and for more, which is noted.
    mutating func number(upTo largest: UInt64 = Number.largest) -> UInt64? {
        let start = offset
        while offset < body.count, body[offset] &- UInt8(ascii: "0") < 10 { offset += 1 }
        let digits = body.extracting(start..<offset)
        if let number = digits.unsignedDecimal, number <= largest { return number }
        isBeyondBound = isBeyondBound || digits.count > 1 && digits[0] != UInt8(ascii: "0")
        return nil
    }
}
