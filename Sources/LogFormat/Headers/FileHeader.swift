// The beginning of every file of a data set: `{"puffin":KIND,"version":1`. Only this file writes and reads it, so
// requirements on readers beyond the version have one place.

import Bytes

extension ByteBuffer {
    /// Appends the header fields of a kind of file.
    package mutating func append(fileHeader kind: StaticString) {
        append("{\"puffin\":\"")
        append(kind)
        append("\",\"version\":1")
    }
}

extension FieldReader {
    /// Skips the header fields of a kind of file, if this version can read it.
    @_lifetime(self: copy self)
    package mutating func skip(fileHeader kind: StaticString) -> Bool {
        var ahead = self
        guard ahead.skip("{\"puffin\":\""), ahead.skip(kind), ahead.skip("\",\"version\":1") else { return false }
        self = ahead
        return true
    }

    /// The header of a segment or a snapshot.
    mutating func fileHeader() -> LogLine? {
        if skip(fileHeader: "log") { return segmentHeader().map { .header($0) } }
        return skip(fileHeader: "snapshot") ? snapshotHeader().map { .snapshot($0) } : nil
    }
}

extension Span where Element == UInt8 {
    /// Whether the line is the first one of a file that this version cannot read, of any kind.
    package func isOtherVersion(than kind: StaticString) -> Bool {
        guard starts(with: "{\"puffin\":\"") else { return false }
        var expected = ByteBuffer()
        expected.append(fileHeader: kind)
        expected.append(",")
        return count < expected.count || !extracting(0..<expected.count).equals(expected.bytes)
    }
}
