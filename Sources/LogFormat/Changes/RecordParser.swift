// The strict parser of lines of logs and snapshots. It verifies the checksum before it trusts a field, then parses the
// fields in their fixed order. It accepts more than is written: every JSON escape, and unknown fields before `crc`,
// which it skips.

import Bytes

/// Parses one line at a time; its scratch memory is reused.
package struct RecordParser: ~Copyable {
    private var key = ByteBuffer()
    private var value = ByteBuffer()

    package init() {}

    /// Parses a line, without its line feed, whose checksum continues `chain`.
    package func parse(_ line: Span<UInt8>, chain: UInt32) throws(LineError) -> LogLine {
        guard let crc = line.lineChecksum else {
            throw LineError(expected: "a line that ends with its crc", found: excerpt(of: line), isWhole: false)
        }
        let body = line.lineBody
        let isRecord = body.starts(with: "{\"seq\":")
        let isChained = isRecord || body.starts(with: "{\"key") || body.starts(with: "{\"end\":")
        let sum = CRC32C.extend(isChained ? chain : 0, with: body)
        guard sum == crc else {
            throw LineError(
                expected: "crc \(hex(sum))", found: "crc \(hex(crc)) in \(excerpt(of: line))", isWhole: false)
        }
        var fields = FieldReader(body)
        let parsed: LogLine? =
            if isRecord {
                fields.recordHead().map { .record(seq: $0.seq, timestamp: $0.timestamp, crc: crc) }
            } else if fields.skip("{\"durable\":") {
                fields.durable()
            } else if fields.skip("{\"end\":") {
                fields.end()
            } else if isChained {
                .pair(crc: crc)
            } else {
                fields.fileHeader()
            }
        guard let parsed, isRecord || isPair(parsed) || fields.isAtFieldEnd else {
            throw LineError(
                expected: fields.isBeyondBound ? Number.bound : "a record, header or durable line of version 1",
                found: excerpt(of: line))
        }
        return parsed
    }

    /// `changes` parses its fields.
    private func isPair(_ line: LogLine) -> Bool {
        if case .pair = line { true } else { false }
    }

    /// Visits the changes of a line that `parse` has accepted: a record's in order, or for a pair the change that sets
    /// it, or that removes it if it has no value (in a file of sorted changes).
    package mutating func changes(
        of line: Span<UInt8>, apply: (borrowing Change) -> Void
    ) throws(LineError) {
        var fields = FieldReader(line.lineBody)
        let isRead: Bool
        if fields.recordHead() != nil {
            isRead = try change(&fields, isNested: false, apply)
        } else {
            guard fields.skip("{\"key") else {
                throw LineError(expected: "a change of version 1", found: excerpt(of: line))
            }
            isRead = try pair(&fields, canLackValue: true, apply)
        }
        guard isRead else { throw LineError(expected: "a change of version 1", found: excerpt(of: line)) }
        guard fields.isAtFieldEnd else {
            throw LineError(expected: "the end of the record", found: excerpt(of: line))
        }
    }

    private mutating func change(
        _ fields: inout FieldReader, isNested: Bool, _ apply: (borrowing Change) -> Void
    ) throws(LineError) -> Bool {
        guard fields.skip("\"op\":\"") else { return false }
        if fields.skip("set\",\"key") { return try pair(&fields, canLackValue: false, apply) }
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

    /// A key and its value, after the name `key`.
    private mutating func pair(
        _ fields: inout FieldReader, canLackValue: Bool, _ apply: (borrowing Change) -> Void
    ) throws(LineError) -> Bool {
        guard let key = fields.text(into: &key) else { return false }
        if canLackValue && fields.isAtEnd {
            apply(.delete(key: key.bytes(in: fields.body, or: self.key)))
            return true
        }
        guard fields.skip(",\"value"), let value = fields.text(into: &value) else { return false }
        guard !fields.skip(",\"expires\":") else {
            throw LineError(
                expected: "a pair that does not expire (this version has no expiry)", found: excerpt(of: fields.body))
        }
        apply(.set(key: key.bytes(in: fields.body, or: self.key), value: value.bytes(in: fields.body, or: self.value)))
        return true
    }
}
