// The one reader of log lines. It checks the sum before it believes a field, then takes the fields in their fixed order.
// It reads more than `Record.swift` writes: every JSON escape, and unknown fields before `crc`, which it passes over.

import Bytes

/// What a line of the log turned out to be.
package enum LogLine: Equatable, Sendable {
    case header(LogHeader)
    case durable(seq: UInt64, isClosed: Bool)
    /// A record; its changes are then visited with `RecordParser.changes`.
    case record(seq: UInt64, timestamp: UInt64, crc: UInt32)
}

/// Why a line cannot be used: what was expected, what was found.
package struct LineError: Error, Equatable, Sendable {
    package let expected: String
    package let found: String
    /// Whether the line has its right checksum: it says what was written, and no crash made it.
    package var isWhole = true
}

/// Reads one line at a time; its scratch memory is reused from line to line.
package struct RecordParser: ~Copyable {
    private var key = ByteBuffer()
    private var value = ByteBuffer()

    /// `,"crc":"` eight digits `"}`
    private static let checksumSize = 18

    package init() {}

    /// Reads a line, without its line feed, that follows a record whose checksum is `chain`.
    package func parse(_ line: Span<UInt8>, chain: UInt32) throws(LineError) -> LogLine {
        let bodySize = line.count - RecordParser.checksumSize
        guard bodySize > 0, line.starts(with: ",\"crc\":\"", at: bodySize),
            let crc = line.hex32(at: bodySize + 8), line.starts(with: "\"}", at: bodySize + 16)
        else { throw LineError(expected: "a line that ends with its crc", found: excerpt(of: line), isWhole: false) }
        let body = line.extracting(0..<bodySize)
        let isRecord = body.starts(with: "{\"seq\":")
        let sum = CRC32C.extend(isRecord ? chain : 0, with: body)
        guard sum == crc else {
            throw LineError(
                expected: "crc \(hex(sum))", found: "crc \(hex(crc)) in \(excerpt(of: line))", isWhole: false)
        }
        var fields = FieldReader(body)
        let parsed: LogLine? =
            if isRecord {
                fields.recordHead(crc: crc)
            } else if fields.skip("{\"durable\":") {
                fields.durable()
            } else {
                fields.header()
            }
        guard let parsed, isRecord || fields.isAtFieldEnd else {
            throw LineError(
                expected: "a record, header or durable line of version 1", found: excerpt(of: line))
        }
        return parsed
    }

    /// Visits the changes of a line that `parse` has found to be a record, in their order.
    package mutating func changes(
        of line: Span<UInt8>, apply: (borrowing Change) -> Void
    ) throws(LineError) {
        var fields = FieldReader(line.extracting(0..<line.count - RecordParser.checksumSize))
        guard fields.recordHead(crc: 0) != nil, try change(&fields, isNested: false, apply) else {
            throw LineError(expected: "a change of version 1", found: excerpt(of: line))
        }
        guard fields.isAtFieldEnd else {
            throw LineError(expected: "the end of the record", found: excerpt(of: line))
        }
    }

    private mutating func change(
        _ fields: inout FieldReader, isNested: Bool, _ apply: (borrowing Change) -> Void
    ) throws(LineError) -> Bool {
        guard fields.skip("\"op\":\"") else { return false }
        if fields.skip("set\",\"key") {
            guard let key = fields.text(into: &key), fields.skip(",\"value"),
                let value = fields.text(into: &value)
            else { return false }
            guard !fields.skip(",\"expires\":") else {
                throw LineError(
                    expected: "a pair that does not expire (this version has no expiry)",
                    found: excerpt(of: fields.body))
            }
            apply(
                .set(key: key.bytes(in: fields.body, or: self.key), value: value.bytes(in: fields.body, or: self.value))
            )
            return true
        }
        if fields.skip("delete\",\"key") {
            guard let key = fields.text(into: &key) else { return false }
            apply(.delete(key: key.bytes(in: fields.body, or: self.key)))
            return true
        }
        if fields.skip("clear\"") {
            apply(.clear)
            return true
        }
        if isNested { return false }
        guard fields.skip("multi\",\"changes\":[") else { return false }
        repeat {
            guard fields.skip("{"), try change(&fields, isNested: true, apply), fields.skip("}") else {
                return false
            }
        } while fields.skip(",")
        return fields.skip("]")
    }
}

/// Where the bytes of a text are: in the line as they stand, or unescaped in the parser's scratch memory.
private enum TextPlace {
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
private struct FieldReader: ~Escapable {
    let body: Span<UInt8>
    private var offset = 0

    @_lifetime(copy body)
    init(_ body: Span<UInt8>) {
        self.body = body
    }

    /// Whether nothing stands next, or another field: one that is not known.
    var isAtFieldEnd: Bool { offset == body.count || body.starts(with: ",\"", at: offset) }

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
        guard skip("{\"puffin\":\"log\",\"version\":1,\"history\":\"") else { return nil }
        let start = offset
        // No history has escapes or control characters: it can stand in a message as it is.
        offset = body.firstEscape(from: start)
        let history = String(body.extracting(start..<offset))
        guard skip("\",\"seq\":"), let seq = number(), skip(",\"chain\":\""),
            let chain = body.hex32(at: offset)
        else { return nil }
        offset += 8
        guard skip("\"") else { return nil }
        return .header(LogHeader(history: history, firstSeq: seq, chain: chain))
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

    private mutating func number() -> UInt64? {
        let start = offset
        while offset < body.count, body[offset] &- UInt8(ascii: "0") < 10 { offset += 1 }
        return body.extracting(start..<offset).unsignedDecimal
    }
}

/// Eight digits, as the log writes them.
func hex(_ crc: UInt32) -> String {
    let digits = String(crc, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
}

/// The first bytes of a line, safe to show.
private func excerpt(of line: Span<UInt8>) -> String {
    var shown = ByteBuffer()
    shown.append(jsonString: line.extracting(0..<min(line.count, 60)))
    return String(shown.bytes) + (line.count > 60 ? "…" : "")
}
