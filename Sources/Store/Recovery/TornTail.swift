// The end of a log that a crash left in the middle of a write.

import Bytes
import SystemPackage

/// The torn bytes at the end of the log, and where they were moved.
package struct TornTail: Equatable, Sendable {
    /// Bytes.
    package let size: Int
    package let path: String
    /// Their offset in the segment.
    package let offset: Int
    package let segment: String

    /// Moves everything from `end` on, without the preallocated space after it, to a file of its own. Nothing is
    /// deleted.
    /// - Parameters:
    ///   - word: `torn` or `damaged`, for the file's name.
    ///   - time: for the file's name; a later one if that file exists.
    /// - Returns: nil if there was only preallocated space.
    package static func setAside(
        _ file: any DiskFile, from end: Int, as word: String = "torn", time: UInt64, on disk: any Disk
    ) throws(StoreError) -> TornTail? {
        var tail = ByteBuffer()
        let size = try file.size() - end
        precondition(size >= 0, "a segment's last line ends behind its file")
        while tail.count < size, try file.read(size - tail.count, at: end + tail.count, into: &tail) > 0 {}
        var kept = tail.count
        while kept > 0, tail.bytes[kept - 1] == UInt8(ascii: "\n") { kept -= 1 }
        guard kept > 0 else {
            try file.truncate(to: end)
            return nil
        }
        // On a full disk, the preallocated space after it has room for the copy.
        if kept < size { try file.truncate(to: end + kept) }
        let path = try unusedName(file.path.string + ".\(word)-", time: time, on: disk)
        let copy = try disk.create(path)
        do throws(StoreError) {
            try copy.write(tail.bytes.extracting(0..<kept), Span(), at: 0)
            try copy.sync()
            try disk.syncFolder(path.folder)
        } catch {
            // An incomplete copy is useless: all of it is still in its old place.
            try? disk.remove(path)
            throw error
        }
        try file.truncate(to: end)
        try file.sync()
        return TornTail(size: kept, path: path.string, offset: end, segment: file.path.string)
    }

    /// A clock that stands still or was set back must not produce the name of an older file.
    package static func unusedName(_ prefix: String, time: UInt64, on disk: any Disk) throws(StoreError) -> FilePath {
        var time = time
        while try disk.exists(FilePath(prefix + "\(time)")) { time += 1 }
        return FilePath(prefix + "\(time)")
    }
}
