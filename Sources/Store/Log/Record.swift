// One line of the log. Field order is fixed, there are no blanks, and the last field is always the checksum:
//
//     line    = header / durable / record
//     header  = {"puffin":"log","version":1,"history":ID,"seq":N,"chain":HEX,"crc":HEX}    a segment's first line
//     durable = {"durable":N[,"closed":true],"crc":HEX}                                    opens every batch
//     record  = {"seq":N,"ts":MS,CHANGE,"crc":HEX}
//     CHANGE  = "op":"set",KEY,VALUE / "op":"delete",KEY / "op":"clear"
//             / "op":"multi","changes":[{CHANGE} *("," {CHANGE})]                          no multi inside another
//     KEY     = "key":TEXT / "key64":BASE64       the second where the bytes are not valid UTF-8
//     VALUE   = "value":TEXT / "value64":BASE64
//
// `crc` is the CRC-32C of the line's bytes before `,"crc"`. A record's continues the sum of the record before it, so
// (seq, crc) names everything up to there; a header's and a durable line's stand alone.

import Bytes

/// An absolute effect on the table: what a record says, what `apply` does. No clock, no chance.
package enum Change: ~Escapable {
    case set(key: Span<UInt8>, value: Span<UInt8>)
    case delete(key: Span<UInt8>)
    case clear
}

/// A place in a history: the number of a change, and the checksum of all changes up to it. Two logs that agree on it
/// agree on everything before it.
package struct LogPosition: Equatable, Sendable {
    package var seq: UInt64
    package var crc: UInt32

    package init(seq: UInt64, crc: UInt32) {
        self.seq = seq
        self.crc = crc
    }

    package static let start = LogPosition(seq: 0, crc: 0)
}

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
    package mutating func append(change: borrowing Change) {
        switch change {
        case .set(let key, let value):
            append("\"op\":\"set\",")
            append(field: "key", key)
            append(UInt8(ascii: ","))
            append(field: "value", value)
        case .delete(let key):
            append("\"op\":\"delete\",")
            append(field: "key", key)
        case .clear:
            append("\"op\":\"clear\"")
        }
    }

    @inline(__always)
    mutating func append(field name: StaticString, _ text: Span<UInt8>) {
        append(UInt8(ascii: "\""))
        if text.isPlainText {
            append(name)
            append("\":\"")
            append(text)
            return append(UInt8(ascii: "\""))
        }
        append(special: name, text)
    }

    /// A text that is not written as it is.
    @inline(never)
    private mutating func append(special name: StaticString, _ text: Span<UInt8>) {
        append(name)
        if text.isUTF8 {
            append("\":")
            append(jsonString: text)
        } else {
            append("64\":\"")
            append(base64: text)
            append(UInt8(ascii: "\""))
        }
    }

    /// Ends a line that begins at `start` with its checksum, which continues `chain`.
    /// - Returns: the checksum.
    package mutating func appendChecksum(bodyFrom start: Int, chain: UInt32) -> UInt32 {
        let crc = CRC32C.extend(chain, with: bytes.extracting(start..<count))
        append(checksumField: crc)
        return crc
    }

    /// Appends the last field of a line, with the line feed.
    @inline(__always)
    mutating func append(checksumField crc: UInt32) {
        append(",\"crc\":\"")
        append(hex: crc)
        append("\"}\n")
    }

    /// Appends the line that says what is on this disk.
    package mutating func append(durable seq: UInt64, isClosed: Bool = false) {
        let start = count
        append("{\"durable\":")
        append(decimal: seq)
        if isClosed { append(",\"closed\":true") }
        _ = appendChecksum(bodyFrom: start, chain: 0)
    }

    /// Appends a segment's first line.
    package mutating func append(header: LogHeader) {
        let start = count
        append("{\"puffin\":\"log\",\"version\":1,\"history\":\"")
        append(text: header.history)
        append("\",\"seq\":")
        append(decimal: header.firstSeq)
        append(",\"chain\":\"")
        append(hex: header.chain)
        append(UInt8(ascii: "\""))
        _ = appendChecksum(bodyFrom: start, chain: 0)
    }
}

/// A segment's first line.
package struct LogHeader: Equatable, Sendable {
    /// Twelve hexadecimal digits, drawn once for each data set.
    package var history: String
    /// The number of the segment's first record.
    package var firstSeq: UInt64
    /// The checksum before that record.
    package var chain: UInt32

    /// A segment can begin behind the last change that there can be.
    static let largestFirst = Number.largest + 1

    package init(history: String, firstSeq: UInt64, chain: UInt32) {
        self.history = history
        self.firstSeq = firstSeq
        self.chain = chain
    }
}
