// What the texts of the replication stream have in common: they are JSON objects of one line, written in one way, with their
// fields in a fixed order. Readers pass over fields that they do not know before the closing brace, and take nothing else.

import Bytes
import LogFormat

extension FieldReader {
    /// Passes over `text`, which is fixed.
    mutating func expect(_ text: StaticString) throws(ReplicationError) {
        guard skip(text) else { throw malformed("\(text)") }
    }

    /// Takes a number.
    mutating func expectNumber(_ name: String) throws(ReplicationError) -> UInt64 {
        guard let number = number() else { throw malformed("\(isBeyondBound ? Number.bound : "a number") as \(name)") }
        return number
    }

    /// Takes a history's name and the quote behind it.
    mutating func expectHistory() throws(ReplicationError) -> String {
        guard let history = history() else { throw malformed("a history's name") }
        return history
    }

    /// Takes what stands behind a field's name and colon: `7,"crc":"…"`.
    mutating func expectPosition() throws(ReplicationError) -> LogPosition {
        let seq = try expectNumber("seq")
        try expect(",\"crc\":\"")
        guard let crc = quotedHex() else { throw malformed("eight hexadecimal digits as crc") }
        return LogPosition(seq: seq, crc: crc)
    }

    /// Takes the rest of an object: nothing, or fields that are not known, and the brace.
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
    mutating func append(position: LogPosition) {
        append(decimal: position.seq)
        append(",\"crc\":\"")
        append(hex: position.crc)
        append(UInt8(ascii: "\""))
    }
}
