// How far the log on this disk has certainly reached: the file DURABLE. A log that was truncated, or whose newest
// segment is gone, looks like a shorter log; this file reveals it at the start.
//
//     {"puffin":"durable","version":1,"number":N,"history":ID,"segment":N,"seq":N,"chain":HEX[,"closed":true],"crc":HEX}
//
// `seq` and `chain` name a change that was on the disk before the line was written, `segment` the segment that was open
// then. `closed` says that the log ended exactly there. The file has two lines, each in a sector of its own, padded
// with line feeds; they are overwritten alternately, and the one with the higher number counts. So writing one takes no
// space, and a crash leaves the other. Only the line of a clean stop is synced: an older line says less, but is still
// true.

import Bytes

/// The end of a log, or a position before its end.
package struct DurableMark: Equatable, Sendable {
    package let history: String
    /// The number that names the segment that was open.
    package let segment: UInt64
    /// A change that was on the disk, together with everything before it.
    package let position: ChainPosition
    /// Whether the log was closed cleanly there.
    package let isClosed: Bool

    package init(history: String, segment: UInt64, position: ChainPosition, isClosed: Bool) {
        self.history = history
        self.segment = segment
        self.position = position
        self.isClosed = isClosed
    }

    /// Parses a line, without its line feed.
    /// - Returns: the line's number and content; nil if it is not as `line` writes it.
    private static func parse(_ line: Span<UInt8>) -> (number: UInt64, mark: DurableMark)? {
        guard let body = line.soundBody else { return nil }
        var fields = FieldReader(body)
        guard fields.skip(fileHeader: "durable"), fields.skip(",\"number\":"), let number = fields.number(),
            fields.skip(",\"history\":\"")
        else { return nil }
        let history = fields.untilQuote()
        guard fields.skip("\",\"segment\":"), let segment = fields.number(), fields.skip(",\"seq\":"),
            let seq = fields.number(),
            fields.skip(",\"chain\":\""), let crc = fields.quotedHex()
        else { return nil }
        let isClosed = fields.skip(",\"closed\":true")
        guard fields.isAtFieldEnd, [number, segment, seq].allSatisfy({ $0 <= Number.largest }) else { return nil }
        let position = ChainPosition(seq: seq, crc: crc)
        return (number, DurableMark(history: history, segment: segment, position: position, isClosed: isClosed))
    }

    /// The line, with its line feed.
    package func line(_ number: UInt64) -> ByteBuffer {
        var line = ByteBuffer()
        line.append(fileHeader: "durable")
        line.append(",\"number\":")
        line.append(decimal: number)
        line.append(",\"history\":\"")
        line.append(text: history)
        line.append("\",\"segment\":")
        line.append(decimal: segment)
        line.append(",\"seq\":")
        line.append(decimal: position.seq)
        line.append(",\"chain\":\"")
        line.append(hex: position.crc)
        line.append(isClosed ? "\",\"closed\":true" : "\"")
        line.appendChecksum(bodyFrom: 0, chain: 0)
        return line
    }

    /// The name of the file.
    package static let fileName = "DURABLE"
    /// The size that a disk writes atomically, in bytes.
    package static let sectorSize = 512
    package static let fileSize = 2 * sectorSize

    /// The content of a data set's DURABLE.
    package enum Reading: Equatable {
        case missing
        /// Neither line is as it was written, which no crash can cause.
        case unreadable
        case found(number: UInt64, DurableMark)

        package var mark: DurableMark? { if case .found(_, let mark) = self { mark } else { nil } }
    }

    /// Reads the content of the file: its first `fileSize` bytes.
    package static func read(_ content: Span<UInt8>) -> Reading {
        var newest: (number: UInt64, mark: DurableMark)?
        for start in [0, sectorSize] {
            guard start < content.count, let end = content.newline(from: start),
                let found = parse(content.extracting(start..<end))
            else { continue }
            if let newest, newest.number > found.number { continue }
            newest = found
        }
        guard let newest else { return .unreadable }
        return .found(number: newest.number, newest.mark)
    }

    // MARK: What it proves

    /// For messages.
    package var reached: String { "change \(position.seq) was on the disk, as \(DurableMark.fileName) says" }

    /// Whether a segment must exist after `last`. If the log was closed cleanly, its last change says enough.
    package func names(segmentBehind last: UInt64?) -> Bool { !isClosed && (last ?? 0) < segment }

    /// Whether the header of a segment that begins after change `seq` was on the disk.
    package func hasBeenWhole(segment first: UInt64, behind seq: UInt64) -> Bool {
        isClosed ? seq < position.seq : first <= segment
    }
}
