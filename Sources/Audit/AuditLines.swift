// The lines of an audit's segment that are no events:
//
//     segment = header *(event / lost / seal)
//     header  = {"puffin":"audit","version":1,"node":TEXT,"history":ID,"n":N,"chain":HEX[,"epoch":E],"crc":HEX}
//     event   = see AuditBatch.swift
//     lost    = {"lost":COUNT,"since":MS,"ts":MS,"crc":HEX}
//     seal    = {"seal":N,"epoch":E,"sha256":HEX,"mac":HEX,"crc":HEX}
//
// Each checksum but a header's continues that of the line before it. A header's is independent; its `chain` is the checksum of the
// last line of the segment before, so the chain runs through all segments.

import Bytes
import LogFormat
import OpenSSL

/// A segment's first line.
package struct AuditHeader: Equatable, Sendable {
    /// The address of the server that wrote the segment.
    package var node: String
    /// The data set's history.
    package var history: String
    /// The number of the segment's first event.
    package var n: UInt64
    /// The checksum before that event.
    package var chain: UInt32
    /// The epoch that begins with this line; nil in an audit without seals.
    package var epoch: UInt64?

    /// `node` and `history` are texts of this server.
    package init(node: String, history: String, n: UInt64, chain: UInt32, epoch: UInt64?) {
        (self.node, self.history, self.n, self.chain, self.epoch) = (node, history, n, chain, epoch)
    }
}

/// What ends an epoch: a proof that its lines were like this when it ended.
package struct AuditSeal: Equatable, Sendable {
    /// The number of the last event before the seal.
    package var n: UInt64
    /// The epoch that ends.
    package var epoch: UInt64
    /// SHA-256 of the bytes between the seal before and this one.
    package var sha256: [UInt8]
    /// HMAC-SHA-256 of `sha256` with the epoch's key.
    package var mac: [UInt8]

    /// `sha256` and `mac` have 32 bytes each.
    package init(n: UInt64, epoch: UInt64, sha256: [UInt8], mac: [UInt8]) {
        (self.n, self.epoch, self.sha256, self.mac) = (n, epoch, sha256, mac)
    }

    /// The code as hexadecimal digits.
    package var macText: String { Digests.hexadecimal(mac) }
}

/// Events that could not be written.
package struct AuditLoss: Equatable, Sendable {
    /// How many.
    package var count: UInt64
    /// When the first was lost, and when the line was written, in Unix milliseconds.
    package var since: UInt64
    package var time: UInt64
}

extension ByteBuffer {
    mutating func append(auditHeader header: AuditHeader) {
        let start = count
        append(fileHeader: "audit")
        append(",\"node\":")
        append(jsonText: header.node)
        append(",\"history\":")
        append(jsonText: header.history)
        append(",\"n\":")
        append(decimal: header.n)
        append(",\"chain\":\"")
        append(hex: header.chain)
        append("\"")
        if let epoch = header.epoch {
            append(",\"epoch\":")
            append(decimal: epoch)
        }
        appendChecksum(bodyFrom: start, chain: 0)
    }

    /// - Returns: the checksum.
    mutating func append(auditSeal seal: AuditSeal, chain: UInt32) -> UInt32 {
        let start = count
        append("{\"seal\":")
        append(decimal: seal.n)
        append(",\"epoch\":")
        append(decimal: seal.epoch)
        append(",\"sha256\":\"")
        append(text: Digests.hexadecimal(seal.sha256))
        append("\",\"mac\":\"")
        append(text: Digests.hexadecimal(seal.mac))
        append("\"")
        return appendChecksum(bodyFrom: start, chain: chain)
    }

    /// - Returns: the checksum.
    mutating func append(auditLoss loss: AuditLoss, chain: UInt32) -> UInt32 {
        let start = count
        append("{\"lost\":")
        append(decimal: loss.count)
        append(",\"since\":")
        append(decimal: loss.since)
        append(",\"ts\":")
        append(decimal: loss.time)
        return appendChecksum(bodyFrom: start, chain: chain)
    }

    private mutating func append(jsonText text: String) {
        let bytes = Array(text.utf8)
        append(jsonString: bytes.span)
    }
}

extension [UInt8] {
    /// The bytes that `text` writes as hexadecimal digits in lower case; nil if it is anything else.
    package init?(hexadecimal text: String) {
        self.init(hexadecimal: Array(text.utf8).span)
    }

    /// As above.
    init?(hexadecimal digits: Span<UInt8>) {
        guard digits.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        // A key must not leave copies behind.
        bytes.reserveCapacity(digits.count / 2)
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = hexDigitValue(digits[index]), let low = hexDigitValue(digits[index + 1]) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        self = bytes
    }
}

private func hexDigitValue(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    default: nil
    }
}
