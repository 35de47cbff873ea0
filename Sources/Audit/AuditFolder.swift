// The interface between the audit and the operating system. Every call that touches a file goes through it, so tests can make any of
// them fail. `AuditDisk` implements it with the disk of Store.

import Bytes
import OpenSSL

/// The metadata of a file.
package struct AuditFileStatus: Equatable, Sendable {
    /// Bytes.
    package var size: Int
    /// The time of the last write, in Unix milliseconds.
    package var modified: UInt64

    /// The metadata of a file: bytes, Unix milliseconds.
    package init(size: Int, modified: UInt64) {
        self.size = size
        self.modified = modified
    }
}

/// The folder of an audit. Names are those of files in it, without a path. Each function throws `AuditError` if it fails, and
/// repeats calls that a signal interrupts.
package protocol AuditFolder: Sendable {
    /// The folder's path, for messages.
    var path: String { get }
    /// Creates the folder with mode 0700 if there is none, and makes its name durable.
    func make() throws(AuditError)
    /// The names in the folder, in no order.
    func names() throws(AuditError) -> [String]
    /// The metadata of a file; nil if there is none.
    func status(of name: String) throws(AuditError) -> AuditFileStatus?
    /// Opens a file that exists, for reading and, if `isWritable`, writing.
    func open(_ name: String, isWritable: Bool) throws(AuditError) -> any AuditFile
    /// Creates a file with mode 0600, which must not exist.
    func create(_ name: String) throws(AuditError) -> any AuditFile
    /// Renames a file, replacing any file with the new name.
    func rename(_ name: String, to newName: String) throws(AuditError)
    /// Removes a file, which must exist.
    func remove(_ name: String) throws(AuditError)
    /// Makes the names in the folder durable.
    func sync() throws(AuditError)
}

/// An open file, closed with its last reference. Offsets and sizes are in bytes.
package protocol AuditFile: AnyObject, Sendable {
    /// Whether the file's name still leads to it, rather than to another file or to none.
    func isInPlace() -> Bool
    /// Appends up to `size` bytes at `offset` to `buffer`.
    /// - Returns: how many; 0 at the end of the file.
    func read(_ size: Int, at offset: Int, into buffer: inout ByteBuffer) throws(AuditError) -> Int
    /// Writes all bytes. After an error any number of them may be in the file.
    func write(_ bytes: Span<UInt8>, at offset: Int) throws(AuditError)
    /// Returns when the content, and a changed size, are on the disk.
    func sync() throws(AuditError)
    /// Makes the file `size` bytes long.
    func truncate(to size: Int) throws(AuditError)
}

/// The names of an audit's files.
package enum AuditNames {
    /// The key of the current epoch.
    package static let seal = "SEAL"
    /// Replaces `SEAL` by renaming.
    static let newSeal = "SEAL.tmp"
    /// Space for the time when the disk is full.
    package static let reserve = "RESERVE"

    /// The segment whose first event is `n`: 20 digits, so that names sort as numbers do.
    package static func segment(_ n: UInt64) -> String {
        let digits = String(n)
        return String(repeating: "0", count: max(0, 20 - digits.utf8.count)) + digits + ".jsonl"
    }

    /// The number in a segment's name; nil for other names.
    package static func number(of name: String) -> UInt64? {
        guard name.utf8.count == 26, name.hasSuffix(".jsonl") else { return nil }
        let digits = name.utf8.prefix(20)
        guard digits.allSatisfy((UInt8(ascii: "0")...UInt8(ascii: "9")).contains) else { return nil }
        return UInt64(String(decoding: digits, as: UTF8.self))
    }
}

extension AuditFolder {
    /// The path of a file, for messages.
    package func path(of name: String) -> String { path + "/" + name }

    /// The names of the segments, oldest first.
    package func segments() throws(AuditError) -> [String] {
        try names().filter { AuditNames.number(of: $0) != nil }.sorted()
    }

    /// A small file's whole content.
    /// - Parameter limit: a larger file is an error.
    /// - Throws: also if there is no such file.
    func content(of name: String, limit: Int) throws(AuditError) -> [UInt8] {
        let file = try open(name, isWritable: false)
        var buffer = ByteBuffer()
        // It may hold a key.
        buffer.reserve(limit + 1)
        defer { buffer.cleanse() }
        while try file.read(limit + 1 - buffer.count, at: buffer.count, into: &buffer) > 0 {
            guard buffer.count <= limit else { throw .refused("\(path(of: name)) is larger than \(limit) bytes") }
        }
        return Array(buffer.bytes)
    }
}
