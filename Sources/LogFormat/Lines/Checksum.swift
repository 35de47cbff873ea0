// The last field of every line: the CRC-32C of the bytes before `,"crc"`. A record continues the sum of the record
// before it, so (seq, crc) identifies the history up to it; the sums of headers and durable lines are independent.

import Bytes

/// A position in a history: the number of a change, and the checksum of all changes up to it. Two logs that agree on a
/// position agree on everything before it.
public struct ChainPosition: Equatable, Sendable {
    public var seq: UInt64
    public var crc: UInt32

    @inlinable public init(seq: UInt64, crc: UInt32) {
        self.seq = seq
        self.crc = crc
    }

    /// Before the first change.
    @inlinable public static var start: ChainPosition { ChainPosition(seq: 0, crc: 0) }
}

extension ByteBuffer {
    /// Ends a line that begins at `start` with its checksum, which continues `chain`.
    /// - Returns: the checksum.
    @discardableResult
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

    /// Appends the line that states which changes are on this disk.
    package mutating func append(durable seq: UInt64, isClosed: Bool = false) {
        let start = count
        append("{\"durable\":")
        append(decimal: seq)
        if isClosed { append(",\"closed\":true") }
        appendChecksum(bodyFrom: start, chain: 0)
    }
}

/// `,"crc":"` eight digits `"}`
private let checksumFieldSize = 18

extension Span where Element == UInt8 {
    /// The bytes before a line's checksum; empty if the line is too short for one.
    package var lineBody: Span<UInt8> {
        @_lifetime(copy self)
        get { extracting(0..<Swift.max(count - checksumFieldSize, 0)) }
    }

    /// The checksum at a line's end, not verified; nil if the line does not end with one.
    package var lineChecksum: UInt32? {
        let size = count - checksumFieldSize
        guard size > 0, starts(with: ",\"crc\":\"", at: size), starts(with: "\"}", at: size + 16) else { return nil }
        return checksumDigits
    }

    /// The digits of a line's checksum, whatever surrounds them.
    package var checksumDigits: UInt32? { count > checksumFieldSize ? hex32(at: count - 10) : nil }

    /// The bytes before the checksum of a line with an independent checksum; nil if that is wrong.
    package var soundBody: Span<UInt8>? {
        @_lifetime(copy self)
        get { lineChecksum == CRC32C.extend(0, with: lineBody) ? lineBody : nil }
    }
}
