// Common parts of the replication stream's texts: one-line JSON objects with fields in a fixed order. Parsers skip
// unknown fields before the closing brace, and accept nothing else.

import Bytes
import LogFormat

extension FieldReader {
    /// Skips `text`, which is fixed.
    @_lifetime(self: copy self)
    mutating func expect(_ text: StaticString) throws(ReplicationError) {
        guard skip(text) else { throw malformed("\(text)") }
    }

    /// Parses a number.
    @_lifetime(self: copy self)
    mutating func expectNumber(_ name: String) throws(ReplicationError) -> UInt64 {
        guard let number = number() else { throw malformed("\(isBeyondBound ? Number.bound : "a number") as \(name)") }
        return number
    }

    /// Parses a history's name and the closing quote.
    mutating func expectHistory() throws(ReplicationError) -> String {
        guard let history = history() else { throw malformed("a history's name") }
        return history
    }

    /// Parses the text after a field's name and colon: `7,"crc":"…"`.
    mutating func expectPosition() throws(ReplicationError) -> ChainPosition {
        let seq = try expectNumber("seq")
        try expect(",\"crc\":\"")
        guard let crc = quotedHex() else { throw malformed("eight hexadecimal digits as crc") }
        return ChainPosition(seq: seq, crc: crc)
    }

    /// Parses the rest of an object: nothing, or unknown fields, and the brace.
    func expectEnd() throws(ReplicationError) {
        guard isAt("}") || isAt(",\""), body[body.count - 1] == UInt8(ascii: "}") else {
            throw malformed("another field or the object's end")
        }
        if isAt("}") && !isLast { throw malformed("nothing behind the object") }
    }

    func malformed(_ expected: String) -> ReplicationError {
        .malformed(expected: expected, found: excerpt(of: body))
    }
}

extension ByteBuffer {
    /// Appends `7,"crc":"…"`.
    mutating func append(position: ChainPosition) {
        append(decimal: position.seq)
        append(",\"crc\":\"")
        append(hex: position.crc)
        append(UInt8(ascii: "\""))
    }
}
