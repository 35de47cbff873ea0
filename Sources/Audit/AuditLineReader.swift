// The lines of one segment, with every byte accounted for: unlike the log's reader it skips no empty lines, because a seal covers
// them too.

import Bytes
import LogFormat

/// Reads lines from a file's beginning to its end.
struct AuditLineReader: ~Copyable {
    private let file: any AuditFile
    private let path: String
    private var buffer = ByteBuffer()
    private var scanned = 0
    private var (lineSize, feedSize) = (0, 0)
    /// The offset of the current line, in bytes.
    private(set) var offset = 0
    /// The current line's number, from 1.
    private(set) var number = 0

    private static let chunkSize = 256 << 10

    /// - Parameter path: the file's, for messages.
    init(_ file: any AuditFile, path: String) { (self.file, self.path) = (file, path) }

    /// The current line, without its line feed.
    var line: Span<UInt8> {
        @_lifetime(borrow self)
        get { buffer.bytes.extracting(0..<lineSize) }
    }

    /// The current line with its line feed, if it has one.
    var wholeLine: Span<UInt8> {
        @_lifetime(borrow self)
        get { buffer.bytes.extracting(0..<lineSize + feedSize) }
    }

    /// Whether the current line ends with a line feed: the last line of a file may not.
    var isTerminated: Bool { feedSize == 1 }
    /// The offset behind the current line.
    var end: Int { offset + lineSize + feedSize }

    /// Goes to the next line.
    /// - Returns: false at the end of the file.
    /// - Throws: also `AuditError.otherVersion`, at the first line.
    mutating func next() throws(AuditError) -> Bool {
        offset = end
        buffer.removeFirst(lineSize + feedSize)
        (lineSize, feedSize, scanned) = (0, 0, 0)
        while true {
            if let feed = buffer.bytes.newline(from: scanned) {
                (lineSize, feedSize) = (feed, 1)
                break
            }
            scanned = buffer.count
            if try file.read(AuditLineReader.chunkSize, at: offset + buffer.count, into: &buffer) == 0 {
                lineSize = buffer.count
                break
            }
        }
        guard lineSize + feedSize > 0 else { return false }
        number += 1
        if number == 1, isTerminated, line.isHeaderOfOtherVersion {
            throw .otherVersion(path: path, found: excerpt(of: line))
        }
        return true
    }
}

extension Span where Element == UInt8 {
    /// Whether the line is the intact header of a segment of another version: what follows it may look like damage, and is none.
    fileprivate var isHeaderOfOtherVersion: Bool {
        guard let body = soundBody else { return false }
        var fields = FieldReader(body)
        return fields.skip("{\"puffin\":\"audit\",\"version\":") && !fields.isAt("1,")
    }
}
