// The strict parser of lines of logs and snapshots. It verifies the checksum before it trusts a field, then parses the
// fields in their fixed order. It accepts more than is written: every JSON escape, and unknown fields before `crc`,
// which it skips.

import Bytes

/// Parses one line at a time; its scratch memory is reused.
package struct RecordParser: ~Copyable {
    private var key = ByteBuffer()
    private var value = ByteBuffer()
    /// The size from which on the text of a value is not decoded, in bytes.
    private var textSize = Int.max

    package init() {}

    /// Parses a line, without its line feed, whose checksum continues `chain`.
    package func parse(_ line: Span<UInt8>, chain: UInt32) throws(LineError) -> LogLine {
        guard let crc = line.lineChecksum else {
            throw LineError(expected: "a line that ends with its crc", found: excerpt(of: line), isWhole: false)
        }
        let body = line.lineBody
        let isRecord = body.starts(with: "{\"seq\":")
        let isNote = body.starts(with: "{\"meta\":")
        let isChained = isRecord || isNote || body.starts(with: "{\"key") || body.starts(with: "{\"end\":")
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
            } else if isNote {
                .note(crc: crc)
            } else if isChained {
                .pair(crc: crc)
            } else {
                try fields.fileHeader()
            }
        guard let parsed, isRecord || isOfSnapshot(parsed) || fields.isAtFieldEnd else {
            throw LineError(
                expected: fields.isBeyondBound ? Number.bound : "a record, header or durable line of version 1",
                found: excerpt(of: line))
        }
        return parsed
    }

    /// `changes` parses its fields.
    private func isOfSnapshot(_ line: LogLine) -> Bool {
        switch line {
        case .pair, .note: true
        case .header, .durable, .record, .snapshot, .end: false
        }
    }

    /// Visits the changes of a line that `parse` has accepted: a record's in order, or the change that sets a pair or a note.
    /// - Parameter needs: what the first line of the file names: anything else is unknown.
    package mutating func changes(
        of line: Span<UInt8>, needs: Needs, apply: (borrowing Change) -> Void
    ) throws(LineError) {
        try changes(of: line, needs: needs, keepingTexts: .max) { change, _ in apply(change) }
    }

    /// As above. A value whose text has `size` bytes or more is not decoded: it is visited as that text, with a change whose
    /// value is empty.
    package mutating func changes(
        of line: Span<UInt8>, needs: Needs, keepingTexts size: Int,
        apply: (borrowing Change, borrowing ValueText) -> Void
    ) throws(LineError) {
        textSize = size
        var fields = FieldReader(line.lineBody)
        var isRead = false
        if fields.recordHead() != nil {
            isRead = try change(&fields, needs, isNested: false, apply)
        } else if fields.skip("{\"key") {
            isRead = try pair(&fields, needs, apply)
        } else if needs.contains(.notes), fields.skip("{\"meta\":\"") {
            isRead = note(&fields, isRecord: false, apply)
        }
        guard isRead else {
            let version = needs.isEmpty ? "version 1" : "version 2 with the needs \(needs)"
            throw LineError(expected: "a change of \(version)", found: excerpt(of: line))
        }
        guard fields.isAtFieldEnd else {
            throw LineError(expected: "the end of the record", found: excerpt(of: line))
        }
    }

    private mutating func change(
        _ fields: inout FieldReader, _ needs: Needs, isNested: Bool,
        _ apply: (borrowing Change, borrowing ValueText) -> Void
    ) throws(LineError) -> Bool {
        guard fields.skip("\"op\":\"") else { return false }
        if fields.skip("set\",\"key") { return try pair(&fields, needs, apply) }
        if fields.skip("delete\",\"key") { return delete(&fields, isExpiry: false, apply) }
        if fields.skip("clear\"") {
            apply(.clear, .none)
            return true
        }
        if needs.contains(.expiry), fields.skip("ttl\",\"key") {
            guard let key = fields.text(into: &key) else { return false }
            let expires = try expires(&fields, needs) ?? 0
            apply(.ttl(key: key.bytes(in: fields.body, or: self.key), expires: expires), .none)
            return true
        }
        if isNested { return false }
        if needs.contains(.notes), fields.skip("meta\",\"kind\":\"") {
            return note(&fields, isRecord: true, apply)
        }
        if needs.contains(.expiry), fields.skip("expired\",\"changes\":[") {
            repeat {
                guard fields.skip("{\"key"), delete(&fields, isExpiry: true, apply), fields.skip("}") else {
                    return false
                }
            } while fields.skip(",")
            return fields.skip("]")
        }
        guard fields.skip("multi\",\"changes\":[") else { return false }
        repeat {
            guard fields.skip("{"), try change(&fields, needs, isNested: true, apply), fields.skip("}") else {
                return false
            }
        } while fields.skip(",")
        return fields.skip("]")
    }

    /// A removal, after the name `key`.
    private mutating func delete(
        _ fields: inout FieldReader, isExpiry: Bool, _ apply: (borrowing Change, borrowing ValueText) -> Void
    ) -> Bool {
        guard let key = fields.text(into: &key) else { return false }
        apply(.delete(key: key.bytes(in: fields.body, or: self.key), isExpiry: isExpiry), .none)
        return true
    }

    /// A key and its value, after the name `key`.
    private mutating func pair(
        _ fields: inout FieldReader, _ needs: Needs, _ apply: (borrowing Change, borrowing ValueText) -> Void
    ) throws(LineError) -> Bool {
        guard let place = fields.text(into: &key), fields.skip(",\"value") else { return false }
        if let text = fields.longText(atLeast: textSize) {
            let expires = try expires(&fields, needs) ?? 0
            apply(.set(key: place.bytes(in: fields.body, or: key), value: Span(), expires: expires), text)
            return true
        }
        guard let value = fields.text(into: &value) else { return false }
        let expires = try expires(&fields, needs) ?? 0
        apply(
            .set(
                key: place.bytes(in: fields.body, or: key), value: value.bytes(in: fields.body, or: self.value),
                expires: expires), .none)
        return true
    }

    /// A note, from its kind on. Only a record can remove one.
    private mutating func note(
        _ fields: inout FieldReader, isRecord: Bool, _ apply: (borrowing Change, borrowing ValueText) -> Void
    ) -> Bool {
        guard fields.noteName(into: &key), fields.skip(",\"value\":") else { return false }
        if isRecord, fields.skip("null") {
            apply(.note(path: key.bytes, value: Span()), .none)
            return true
        }
        guard let value = fields.noteValue() else { return false }
        apply(.note(path: key.bytes, value: value), .none)
        return true
    }

    /// The field `expires`; nil if another one is next.
    private func expires(
        _ fields: inout FieldReader, _ needs: Needs
    ) throws(LineError) -> UInt64? {
        guard fields.skip(",\"expires\":") else { return nil }
        guard needs.contains(.expiry) else {
            throw LineError(
                expected: "a pair that does not expire (the file's first line does not name expiry)",
                found: excerpt(of: fields.body))
        }
        guard let time = fields.number(), time > 0 else {
            throw LineError(
                expected: fields.isBeyondBound ? Number.bound : "the time when a pair expires, in milliseconds",
                found: excerpt(of: fields.body))
        }
        return time
    }
}
