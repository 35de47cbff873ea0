// A segment's lines:
//
//     segment = header *(durable / record)
//     header  = {"puffin":"log",VERSION,"history":ID,"seq":N,"chain":HEX,"crc":HEX}
//     VERSION = see Needs.swift
//     durable = {"durable":N[,"closed":true],"crc":HEX}                                    opens every batch
//     record  = see ChangeEncoding.swift

import Bytes

/// A segment's first line.
package struct LogHeader: Equatable, Sendable {
    /// Twelve hexadecimal digits, drawn once for each data set.
    package var history: String
    /// The number of the segment's first record.
    package var firstSeq: UInt64
    /// The checksum before that record.
    package var chain: UInt32
    /// What its records need, or may need.
    package var needs: Needs

    /// A segment can begin after the last possible change.
    package static let largestFirst = Number.largest + 1

    package init(history: String, firstSeq: UInt64, chain: UInt32, needs: Needs = []) {
        self.history = history
        self.firstSeq = firstSeq
        self.chain = chain
        self.needs = needs
    }

    /// Histories are ASCII, so their bytes are compared: Unicode's tables would take half of a module of WebAssembly.
    package static func == (one: LogHeader, other: LogHeader) -> Bool {
        one.history.utf8.elementsEqual(other.history.utf8) && one.firstSeq == other.firstSeq && one.chain == other.chain
            && one.needs == other.needs
    }
}

extension LogHeader: CustomStringConvertible {
    package var description: String {
        "history \(history) from seq \(firstSeq) on, behind crc \(hex(chain))"
    }
}

extension ByteBuffer {
    /// Appends a segment's first line.
    package mutating func append(header: LogHeader) {
        let start = count
        append(fileHeader: "log", needs: header.needs)
        append(",\"history\":\"")
        append(text: header.history)
        append("\",\"seq\":")
        append(decimal: header.firstSeq)
        append(",\"chain\":\"")
        append(hex: header.chain)
        append(UInt8(ascii: "\""))
        appendChecksum(bodyFrom: start, chain: 0)
    }
}

extension FieldReader {
    /// The fields after those of every header.
    @_lifetime(self: copy self)
    mutating func segmentHeader(_ needs: Needs) -> LogHeader? {
        guard skip(",\"history\":\""), let history = history(), skip(",\"seq\":"),
            let seq = number(upTo: LogHeader.largestFirst), skip(",\"chain\":\""), let chain = quotedHex()
        else { return nil }
        return LogHeader(history: history, firstSeq: seq, chain: chain, needs: needs)
    }
}
