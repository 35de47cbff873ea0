// A snapshot: every note and every pair as it was after one change, notes by kind and name, pairs in the order of the keys'
// bytes. The same data at the same change is the same file, byte for byte.
//
//     snapshot = header *note *pair end
//     header   = {"puffin":"snapshot",VERSION,"history":ID,"seq":N,"ts":MS,"chain":HEX,"crc":HEX}
//     VERSION  = see Needs.swift
//     note     = {"meta":KIND,"name":NAME,"value":OBJECT,"crc":HEX}     see Note.swift
//     pair     = {KEY,VALUE,"crc":HEX}             see ChangeEncoding.swift
//     end      = {"end":true,"count":N[,"notes":N],"crc":HEX}           the pairs, and the notes if there are any
//
// `seq`, `ts` and `chain` are the number, time and checksum of the last change in the snapshot. The header's checksum
// is independent; each later line continues the checksum of the line before it, so the last one covers the whole file,
// and damage is found in its line.

import Bytes

/// A snapshot's first line.
package struct SnapshotHeader: Equatable, Sendable {
    /// Twelve hexadecimal digits, drawn once for each data set.
    package var history: String
    /// The last change in the snapshot.
    package var position: ChainPosition
    /// When that change was made, in Unix milliseconds.
    package var timestamp: UInt64
    /// What the changes up to that one need together, whether or not a pair still shows it: so files of the same change
    /// are the same, however they were made.
    package var needs: Needs

    package init(history: String, position: ChainPosition, timestamp: UInt64, needs: Needs = []) {
        self.history = history
        self.position = position
        self.timestamp = timestamp
        self.needs = needs
    }
}

extension ByteBuffer {
    /// Appends a snapshot's first line.
    /// - Returns: its checksum, which the next line continues.
    package mutating func append(snapshotHeader header: SnapshotHeader) -> UInt32 {
        let start = count
        append(fileHeader: "snapshot", needs: header.needs)
        append(",\"history\":\"")
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

    /// Appends a snapshot's last line.
    package mutating func append(snapshotEnd pairs: Int, notes: Int = 0, chain: UInt32) {
        let start = count
        append("{\"end\":true,\"count\":")
        append(decimal: pairs)
        if notes > 0 {
            append(",\"notes\":")
            append(decimal: notes)
        }
        appendChecksum(bodyFrom: start, chain: chain)
    }
}

extension FieldReader {
    /// The fields after those of every header.
    @_lifetime(self: copy self)
    mutating func snapshotHeader(_ needs: Needs) -> SnapshotHeader? {
        guard skip(",\"history\":\""), let history = history(), skip(",\"seq\":"),
            let seq = number(), skip(",\"ts\":"), let timestamp = number(), skip(",\"chain\":\""),
            let chain = quotedHex()
        else { return nil }
        return SnapshotHeader(
            history: history, position: ChainPosition(seq: seq, crc: chain), timestamp: timestamp, needs: needs)
    }

    /// The fields after the first one's name, in a snapshot's last line.
    mutating func end() -> LogLine? {
        guard skip("true,\"count\":"), let count = number().flatMap({ Int(exactly: $0) }) else { return nil }
        guard skip(",\"notes\":") else { return .end(count: count, notes: 0) }
        return number().flatMap { Int(exactly: $0) }.map { .end(count: count, notes: $0) }
    }
}

/// The number of pairs that a snapshot's last line claims, from the last bytes of the file: an unverified hint.
package func expectedPairCount(tail: Span<UInt8>, fileSize: Int) -> Int {
    let text = String(tail)
    guard let line = text.split(separator: "\n").last, line.hasPrefix("{\"end\":true,\"count\":"),
        let count = Int(line.dropFirst(20).prefix { $0.isNumber })
    else { return 0 }
    // No pair is shorter than this.
    return min(count, fileSize / 30)
}
