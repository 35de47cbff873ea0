// A snapshot: every pair as it was after one change, in the order of the keys' bytes. The same data at the same change
// is the same file, byte for byte.
//
//     snapshot = header *pair end
//     header   = {"puffin":"snapshot","version":1,"history":ID,"seq":N,"ts":MS,"chain":HEX,"crc":HEX}
//     pair     = {KEY,VALUE,"crc":HEX}             KEY and VALUE as in a record
//     end      = {"end":true,"count":N,"crc":HEX}
//
// `seq`, `ts` and `chain` are the number, time and checksum of the last change that the snapshot holds. The header's sum
// stands alone; each line behind it continues the sum of the line before, so that the last one covers the whole file,
// and damage is found in the line that has it.

import Bytes

/// A snapshot's first line.
package struct SnapshotHeader: Equatable, Sendable {
    /// Twelve hexadecimal digits, drawn once for each data set.
    package var history: String
    /// The last change that the snapshot holds.
    package var position: LogPosition
    /// When that change was made, in Unix milliseconds.
    package var timestamp: UInt64

    package init(history: String, position: LogPosition, timestamp: UInt64) {
        self.history = history
        self.position = position
        self.timestamp = timestamp
    }
}

extension ByteBuffer {
    /// Appends a snapshot's first line.
    /// - Returns: its checksum, which the first pair's continues.
    package mutating func append(snapshotHeader header: SnapshotHeader) -> UInt32 {
        let start = count
        append("{\"puffin\":\"snapshot\",\"version\":1,\"history\":\"")
        append(text: header.history)
        append("\",\"seq\":")
        append(decimal: header.position.seq)
        append(",\"ts\":")
        append(decimal: header.timestamp)
        append(",\"chain\":\"")
        append(hex: header.position.crc)
        append(UInt8(ascii: "\""))
        return appendChecksum(bodyFrom: start, chain: 0)
    }

    /// Appends a pair's line; in a file of sorted changes, a line without a value for a key that is removed.
    /// - Returns: its checksum, which continues `chain`.
    package mutating func append(pairLine key: Span<UInt8>, value: Span<UInt8>?, chain: UInt32) -> UInt32 {
        let start = count
        append(UInt8(ascii: "{"))
        append(field: "key", key)
        if let value {
            append(UInt8(ascii: ","))
            append(field: "value", value)
        }
        return appendChecksum(bodyFrom: start, chain: chain)
    }

    /// Appends a snapshot's last line.
    package mutating func append(snapshotEnd pairs: Int, chain: UInt32) {
        let start = count
        append("{\"end\":true,\"count\":")
        append(decimal: pairs)
        _ = appendChecksum(bodyFrom: start, chain: chain)
    }
}
