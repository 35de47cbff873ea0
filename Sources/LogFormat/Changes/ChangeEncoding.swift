// Encodes changes. Field order is fixed, there are no spaces, and the last field is the checksum:
//
//     record  = {"seq":N,"ts":MS,CHANGE[,"by":TEXT],"crc":HEX}                             a line of a segment
//     CHANGE  = "op":"set",KEY,VALUE[,EXPIRES] / "op":"delete",KEY / "op":"clear" / "op":"ttl",KEY[,EXPIRES]
//             / "op":"multi","changes":[{CHANGE} *("," {CHANGE})]        no multi or expired inside another
//             / "op":"expired","changes":[{KEY} *("," {KEY})]            removes these keys, because they have expired
//             / "op":"meta",NOTE                                   see Note.swift; not inside a multi
//     pair    = {KEY,VALUE[,EXPIRES],"crc":HEX}                                            a line of a snapshot
//     KEY     = "key":TEXT / "key64":BASE64       the second where the bytes are not valid UTF-8
//     VALUE   = "value":TEXT / "value64":BASE64
//     EXPIRES = "expires":MS                      1 to 2^53 - 1; without it the pair never expires
//
// A record continues the checksum of the record before it, a pair that of the line before it. EXPIRES, `ttl` and `expired`
// need `expiry`, `meta` needs `notes` (see Needs.swift). `by` is the author (see Author.swift).

import Bytes

extension ByteBuffer {
    /// Appends the fields before a record's change.
    package mutating func append(recordHead seq: UInt64, timestamp: UInt64) {
        append("{\"seq\":")
        append(decimal: seq)
        append(",\"ts\":")
        append(decimal: timestamp)
        append(UInt8(ascii: ","))
    }

    /// Appends the fields of one change.
    @inline(__always)
    package mutating func append(change: borrowing Change) {
        switch change.kind {
        case .set: append("\"op\":\"set\",")
        case .delete: append("\"op\":\"delete\",")
        case .clear: return append("\"op\":\"clear\"")
        case .ttl: append("\"op\":\"ttl\",")
        case .note: return append(fieldsOf: change)
        }
        assert(!change.isExpiry, "a pair that has expired is removed by a record of its own kind")
        append(pairOf: change)
        if change.expires != 0 { append(expires: change.expires) }
    }

    /// Appends one of the several changes of a record, which all are expiries or none is.
    @inline(__always)
    package mutating func append(multiPart change: borrowing Change, isFirst: Bool) {
        append(isFirst ? "{" : ",{")
        if change.isExpiry { append(key: change.key) } else { append(change: change) }
        append("}")
    }

    /// Appends the line of a pair.
    /// - Parameter isPlain: whether key and value are known to need no escapes in JSON.
    /// - Returns: its checksum, which continues `chain`.
    package mutating func append(
        pairLine change: borrowing Change, isPlain: Bool = false, chain: UInt32
    ) -> UInt32 {
        let start = count
        append(UInt8(ascii: "{"))
        if isPlain { append(plainPairOf: change) } else { append(pairOf: change) }
        if change.expires != 0 { append(expires: change.expires) }
        return appendChecksum(bodyFrom: start, chain: chain)
    }

    /// Appends the line of a pair with its value as it is, which must be canonical.
    /// - Parameter change: its key, and when the pair expires.
    /// - Returns: its checksum, which continues `chain`.
    package mutating func append(
        pairLine change: borrowing Change, text: borrowing ValueText, chain: UInt32
    ) -> UInt32 {
        let start = count
        beginPairLine(key: change.key, text.form)
        append(text.quoted)
        return endPairLine(from: start, expires: change.expires, chain: chain)
    }

    /// Begins the line of a pair. The caller appends the value's text, which must be canonical, and ends the line.
    package mutating func beginPairLine(key: Span<UInt8>, _ form: ValueText.Form) {
        append(UInt8(ascii: "{"))
        append(key: key)
        append(form == .base64 ? ",\"value64\":" : ",\"value\":")
    }

    /// Ends the line of a pair that begins at offset `start`.
    /// - Returns: its checksum, which continues `chain`.
    package mutating func endPairLine(from start: Int, expires: UInt64, chain: UInt32) -> UInt32 {
        if expires != 0 { append(expires: expires) }
        return appendChecksum(bodyFrom: start, chain: chain)
    }

    /// Appends a pair's line from the body of another line of the same pair.
    /// - Returns: its checksum, which continues `chain`.
    package mutating func append(pairBody: Span<UInt8>, chain: UInt32) -> UInt32 {
        append(pairBody)
        let crc = CRC32C.extend(chain, with: pairBody)
        append(checksumField: crc)
        return crc
    }

    @inline(never)
    private mutating func append(expires: UInt64) {
        assert(expires <= Number.largest, "a time beyond every parser of JSON")
        append(",\"expires\":")
        append(decimal: expires)
    }

    /// Appends the fields of a change's key and value.
    @inline(__always)
    private mutating func append(pairOf change: borrowing Change) {
        append(field: "key", change.key)
        guard change.kind == .set else { return }
        append(UInt8(ascii: ","))
        append(field: "value", change.value)
    }

    /// The same for a plain key.
    @inline(__always)
    private mutating func append(plainPairOf change: borrowing Change) {
        append("\"key\":\"")
        append(change.key)
        if change.kind == .set {
            append("\",\"value\":\"")
            append(change.value)
        }
        append(UInt8(ascii: "\""))
    }

    /// Appends the field of a key.
    private mutating func append(key: Span<UInt8>) { append(field: "key", key) }

    @inline(__always)
    private mutating func append(field name: StaticString, _ text: Span<UInt8>) {
        let start = count
        append(UInt8(ascii: "\""))
        append(name)
        append("\":\"")
        if append(jsonText: text) { return append(UInt8(ascii: "\"")) }
        truncate(to: start)
        append(binary: name, text)
    }

    /// A text that is not valid UTF-8.
    @inline(never)
    private mutating func append(binary name: StaticString, _ text: Span<UInt8>) {
        append(UInt8(ascii: "\""))
        append(name)
        append("64\":\"")
        append(base64: text)
        append(UInt8(ascii: "\""))
    }
}

/// Encodes records. Their numbers are consecutive and a turn's records have the same time, so the last record's head is
/// kept, and usually only the last digit of its number is incremented.
package struct RecordEncoder: ~Copyable, Sendable {
    /// `{"seq":N,"ts":MS,` of the last record.
    private var head = ByteBuffer()
    private var seq: UInt64 = 0
    private var timestamp: UInt64 = 0
    /// The number of digits of the sequence number.
    private var seqSize = 0
    /// The field of the author; empty for nobody. Here and not an argument, which would cost each record more.
    package var author = ByteBuffer()

    private static let seqOffset = 7

    package init() {}

    /// Appends the record of a change after `position`.
    /// - Returns: the position after it.
    package mutating func append(
        _ change: borrowing Change, after position: ChainPosition, timestamp: UInt64, to lines: inout ByteBuffer
    ) -> ChainPosition {
        let start = lines.count
        appendHead(seq: position.seq + 1, timestamp: timestamp, to: &lines)
        lines.append(change: change)
        if !author.isEmpty { lines.append(author.bytes) }
        return lines.endRecord(from: start, after: position)
    }

    /// Appends the beginning of a record of several changes.
    package mutating func beginMulti(after position: ChainPosition, timestamp: UInt64, to lines: inout ByteBuffer) {
        appendHead(seq: position.seq + 1, timestamp: timestamp, to: &lines)
        lines.append("\"op\":\"multi\",\"changes\":[")
    }

    /// Appends the beginning of a record that removes pairs because they have expired.
    package mutating func beginExpired(after position: ChainPosition, timestamp: UInt64, to lines: inout ByteBuffer) {
        appendHead(seq: position.seq + 1, timestamp: timestamp, to: &lines)
        lines.append("\"op\":\"expired\",\"changes\":[")
    }

    /// Appends one of the several changes of a record, which all are expiries or none is.
    package func append(multiPart change: borrowing Change, isFirst: Bool, to lines: inout ByteBuffer) {
        lines.append(multiPart: change, isFirst: isFirst)
    }

    /// Ends a record of several changes that begins at offset `start` and follows `position`.
    /// - Returns: the position after it.
    package func endMulti(from start: Int, after position: ChainPosition, to lines: inout ByteBuffer) -> ChainPosition {
        lines.append("]")
        lines.append(author.bytes)
        return lines.endRecord(from: start, after: position)
    }

    /// As above, for a record of expired pairs, which has no author.
    package func endExpired(
        from start: Int, after position: ChainPosition, to lines: inout ByteBuffer
    ) -> ChainPosition {
        lines.append("]")
        return lines.endRecord(from: start, after: position)
    }

    @inline(__always)
    private mutating func appendHead(seq: UInt64, timestamp: UInt64, to lines: inout ByteBuffer) {
        let isNext = seq == self.seq &+ 1 && timestamp == self.timestamp
        if !isNext || !head.increment(decimalAt: RecordEncoder.seqOffset, size: seqSize) {
            write(seq: seq, timestamp: timestamp)
        }
        self.seq = seq
        lines.append(head.bytes)
    }

    private mutating func write(seq: UInt64, timestamp: UInt64) {
        head.removeAll()
        head.append(recordHead: seq, timestamp: timestamp)
        seqSize = 0
        while head.bytes[RecordEncoder.seqOffset + seqSize] != UInt8(ascii: ",") { seqSize += 1 }
        self.timestamp = timestamp
    }
}

extension ByteBuffer {
    @inline(__always)
    fileprivate mutating func endRecord(from start: Int, after position: ChainPosition) -> ChainPosition {
        let crc = appendChecksum(bodyFrom: start, chain: position.crc)
        return ChainPosition(seq: position.seq + 1, crc: crc)
    }
}
