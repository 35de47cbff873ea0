// Bytes in, numbered lines out, for files of any length.

import Bytes

/// Collects the lines of a stream that comes in pieces. A byte order mark at its start is skipped.
package struct BatchLineBuffer: ~Copyable {
    private var bytes = ByteBuffer()
    /// The offset before which there is no line feed.
    private var scanned = 0
    private let limit: Int
    /// The number of the line that `next` returned last, from 1.
    package private(set) var number = 0

    private static let byteOrderMark: [UInt8] = [0xef, 0xbb, 0xbf]

    /// - Parameter limit: the longest line, in bytes.
    package init(limit: Int = RequestLineSplitter.lineLimit) { self.limit = limit }

    /// Adds what was read.
    package mutating func append(_ piece: Span<UInt8>) { bytes.append(piece) }

    /// The next complete line with its line feed; at the stream's end also the rest, with one added.
    /// - Returns: nil if more must be read first, or nothing is left.
    /// - Throws: `RequestLineError` if a line is too long; no line can follow.
    package mutating func next(isAtEnd: Bool) throws(RequestLineError) -> [UInt8]? {
        if let feed = bytes.bytes.newline(from: scanned) {
            return take(feed + 1)
        }
        scanned = bytes.count
        guard scanned <= limit else {
            number += 1
            throw RequestLineError("The line is longer than \(limit) bytes")
        }
        guard isAtEnd, scanned > 0 else { return nil }
        bytes.append(UInt8(ascii: "\n"))
        return take(scanned + 1)
    }

    private mutating func take(_ size: Int) -> [UInt8] {
        var line = Array(bytes.bytes.extracting(0..<size))
        // A byte order mark, which some editors write, is not part of the text.
        if number == 0, line.starts(with: BatchLineBuffer.byteOrderMark) { line.removeFirst(3) }
        bytes.removeFirst(size)
        scanned = 0
        number += 1
        return line
    }
}
