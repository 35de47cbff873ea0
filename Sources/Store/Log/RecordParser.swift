// The one reader of lines, those of the log and those of snapshots. It checks the sum before it believes a field, then
// takes the fields in their fixed order. It reads more than is written: every JSON escape, and unknown fields before
// `crc`, which it passes over.

import Bytes

/// What a line turned out to be.
package enum LogLine: Equatable, Sendable {
    case header(LogHeader)
    case durable(seq: UInt64, isClosed: Bool)
    /// A record; its changes are then visited with `RecordParser.changes`.
    case record(seq: UInt64, timestamp: UInt64, crc: UInt32)
    case snapshot(SnapshotHeader)
    /// A pair of a snapshot; visited with `RecordParser.changes` as the change that sets it.
    case pair(crc: UInt32)
    /// A snapshot's last line.
    case end(count: Int)
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

    /// Reads a line, without its line feed, that follows a record or pair whose checksum is `chain`.
    package func parse(_ line: Span<UInt8>, chain: UInt32) throws(LineError) -> LogLine {
        let bodySize = line.count - RecordParser.checksumSize
        guard bodySize > 0, line.starts(with: ",\"crc\":\"", at: bodySize),
            let crc = line.hex32(at: bodySize + 8), line.starts(with: "\"}", at: bodySize + 16)
        else { throw LineError(expected: "a line that ends with its crc", found: excerpt(of: line), isWhole: false) }
        let body = line.extracting(0..<bodySize)
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
                fields.recordHead(crc: crc)
            } else if fields.skip("{\"durable\":") {
                fields.durable()
            } else if fields.skip("{\"end\":") {
                fields.end()
            } else if isChained {
                .pair(crc: crc)
            } else {
                fields.isAt("{\"puffin\":\"snapshot") ? fields.snapshotHeader() : fields.header()
            }
        guard let parsed, isRecord || isPair(parsed) || fields.isAtFieldEnd else {
            throw LineError(
                expected: fields.isBeyondBound ? Number.bound : "a record, header or durable line of version 1",
                found: excerpt(of: line))
        }
        return parsed
    }

    /// Its fields are read by `changes`.
    private func isPair(_ line: LogLine) -> Bool {
        if case .pair = line { true } else { false }
    }

    /// Visits the changes of a line that `parse` has found to be a record, in their order; of a pair, the change that sets
    /// it, or removes it where it has no value (in a file of sorted changes).
    package mutating func changes(
        of line: Span<UInt8>, apply: (borrowing Change) -> Void
    ) throws(LineError) {
        var fields = FieldReader(line.extracting(0..<line.count - RecordParser.checksumSize))
        let isRead: Bool
        if fields.recordHead(crc: 0) != nil {
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

    /// A key and its value, from behind the name `key` on.
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

/// Eight digits, as the log writes them.
func hex(_ crc: UInt32) -> String {
    let digits = String(crc, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
}

/// The first bytes of a line, safe to show, and without a value: this is said in the server's log.
func excerpt(of line: Span<UInt8>) -> String {
    let end = line.valueStart(before: min(line.count, 60))
    var shown = ByteBuffer()
    shown.append(jsonString: line.extracting(0..<end))
    return String(shown.bytes) + (line.count > end ? "…" : "")
}

extension Span where Element == UInt8 {
    /// Where the first value behind `"value":` or `"value64":` begins; `end` where that is not earlier.
    fileprivate func valueStart(before end: Int) -> Int {
        var index = 0
        while index < end {
            for name: StaticString in ["\"value\":", "\"value64\":"] where starts(with: name, at: index) {
                return Swift.min(index + name.utf8CodeUnitCount, end)
            }
            index += 1
        }
        return end
    }
}
