// Where the readers of segments and snapshots get their bytes from: a file, or memory. They know no disk, so whatever has the
// bytes of a log can read it.

import Bytes

/// The bytes of one segment or snapshot. Offsets and sizes are in bytes.
public protocol ByteSource {
    associatedtype Failure: ReadFailure
    /// Names the source in errors.
    var path: String { get }
    func size() throws(Failure) -> Int
    /// Appends up to `size` bytes from `offset` on to `buffer`; fewer may come before the end.
    /// - Returns: how many; 0 at the end.
    func read(_ size: Int, at offset: Int, into buffer: inout ByteBuffer) throws(Failure) -> Int
}

/// What a reader throws: what its source does, and what it finds in the bytes.
public protocol ReadFailure: Error {
    /// The bytes are not as they were written.
    static func corruption(_ damage: Damage) -> Self
    /// The first line is that of a file which this version cannot read.
    static func unknownVersion(path: String, found: String) -> Self
}

/// Where a file is damaged. Lines count from 1, offsets are in bytes from 0.
public struct Damage: Error, Equatable, Sendable {
    package let path: String
    package let line: Int
    package let offset: Int
    package let expected: String
    package let found: String
    /// Whether the line has its right checksum: it says what was written, and no crash made it.
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
