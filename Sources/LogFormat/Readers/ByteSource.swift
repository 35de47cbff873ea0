// The source of bytes for the readers of segments and snapshots: a file, or memory. They know no disk, so anything that
// has the bytes of a log can read it.

import Bytes

/// The bytes of one segment or snapshot. Offsets and sizes are in bytes.
public protocol ByteSource {
    associatedtype Failure: ReadFailure
    /// Names the source in errors.
    var path: String { get }
    func size() throws(Failure) -> Int
    /// Appends up to `size` bytes at `offset` to `buffer`; it may append fewer before the end.
    /// - Returns: how many; 0 at the end.
    func read(_ size: Int, at offset: Int, into buffer: inout ByteBuffer) throws(Failure) -> Int
}

extension ByteSource {
    /// Bytes from `start` on, without the preallocated space after them.
    package func usedSize(from start: Int) throws(Failure) -> Int {
        var (position, last) = (start, start)
        var chunk = ByteBuffer()
        while true {
            chunk.removeAll()
            let count = try read(1 << 20, at: position, into: &chunk)
            if count == 0 { return last - start }
            for index in stride(from: count - 1, through: 0, by: -1) where chunk.bytes[index] != UInt8(ascii: "\n") {
                last = position + index + 1
                break
            }
            position += count
        }
    }
}

/// What a reader throws: errors of its source, and of the bytes.
public protocol ReadFailure: Error {
    /// The bytes are not what was written.
    static func corruption(_ damage: Damage) -> Self
    /// The first line belongs to a file that this version cannot read.
    static func unknownVersion(path: String, found: String) -> Self
    /// What `corruption` was made with; nil for another error.
    var damage: Damage? { get }
    /// What was `found` in a file of an unknown version; nil for another error.
    var otherVersion: String? { get }
}

/// Where a file is damaged. Lines count from 1, offsets from 0 in bytes.
public struct Damage: Error, Equatable, Sendable {
    package let path: String
    package let line: Int
    package let offset: Int
    package let expected: String
    package let found: String
    /// Whether the checksum is right: the line was written like this, and no crash made it.
    package let isWhole: Bool

    package init(
        path: String, line: Int, offset: Int, expected: String, found: String, isWhole: Bool = true
    ) {
        self.path = path
        self.line = line
        self.offset = offset
        self.expected = expected
        self.found = found
        self.isWhole = isWhole
    }
}
