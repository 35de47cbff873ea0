// The interface between the store and the operating system: every call that touches a file goes through it, so tests
// can make any of them fail, fall short, or lose what was not synced.
//
// Implementations make single attempts, which a signal may interrupt and which may write less than requested. The store
// calls the functions in the extensions, which repeat them until all is done.

import Bytes
import SystemPackage

/// What a file is opened for.
package enum FileAccess: Sendable {
    case reading
    case writing
}

/// The metadata of a file.
package struct FileStatus: Equatable, Sendable {
    /// Bytes.
    package var size: Int
    /// The time of the last write, in Unix milliseconds; 0 if it is before 1970.
    package var modified: UInt64

    package init(size: Int, modified: UInt64) {
        self.size = size
        self.modified = modified
    }
}

/// The kind of file at a path.
package enum FileKind: String, Sendable {
    case file = "a file"
    case folder = "a folder"
    case link = "a symbolic link"
    case fifo = "a fifo"
    case socket = "a socket"
    case device = "a device"
    case other = "something else"
}

/// The space of a file system.
package struct DiskSpace: Equatable, Sendable {
    /// Bytes available to this process.
    package var available: Int
    package var total: Int
    /// Files that can still be created; `.max` if the file system does not count them.
    package var files: Int
    /// The size that no file of this process may exceed, in bytes; `.max` if there is no limit.
    package var largestFile: Int

    package init(available: Int, total: Int, files: Int = .max, largestFile: Int = .max) {
        self.available = available
        self.total = total
        self.files = files
        self.largestFile = largestFile
    }
}

/// A place that holds files. Calls may come from any thread. Each function is one attempt: it throws `StoreError.disk`
/// with the system's error if it fails, `EINTR` included, and `StoreError.wrongKind` if a path leads to something other
/// than a file, or than the required folder.
package protocol Disk: Sendable {
    /// Creates a folder with mode 0700 if there is none, and makes its name durable. A link to a folder counts as one.
    func createFolder(_ path: FilePath) throws(StoreError)
    /// Opens a file that exists.
    func attemptOpen(_ path: FilePath, for access: FileAccess) throws(StoreError) -> any DiskFile
    /// Creates a file with mode 0600, which must not exist.
    func attemptCreate(_ path: FilePath) throws(StoreError) -> any DiskFile
    /// Renames a file, replacing any file with the new name.
    func attemptRename(_ path: FilePath, to name: FilePath) throws(StoreError)
    func attemptRemove(_ path: FilePath) throws(StoreError)
    /// Makes the names in a folder durable.
    func attemptSyncFolder(_ path: FilePath) throws(StoreError)
    /// The names in a folder, in no order.
    func names(in path: FilePath) throws(StoreError) -> [String]
    /// The metadata of a file; nil if there is none.
    func status(of path: FilePath) throws(StoreError) -> FileStatus?
    /// The space of the file system that holds `path`.
    func space(at path: FilePath) throws(StoreError) -> DiskSpace
    /// Locks a folder and the file at `path` in it, until the lock is released or the process ends, and writes the process's id
    /// into the file.
    /// - Throws: `StoreError.locked` if another process holds either lock.
    func lock(_ path: FilePath) throws(StoreError) -> any DiskLock
}

/// A lock on the files of a data set; released with this object. Used from any thread.
package protocol DiskLock: AnyObject, Sendable {
    /// Checks that the locked files are still those at the paths. A lock file that was removed is created again.
    /// - Throws: `StoreError.displaced` if the folder is not, `StoreError.locked` if another process has created a lock
    ///   file of its own.
    func check() throws(StoreError)
}

/// An open file. Offsets and sizes are in bytes. Each function is one attempt, as on `Disk`.
package protocol DiskFile: AnyObject, Sendable {
    var path: FilePath { get }
    func size() throws(StoreError) -> Int
    /// The file's size if `path` still leads to it; nil if it leads to another file or to none. Called before each
    /// batch: it must not make the next write more expensive (see `LocalFile`).
    func sizeInPlace() -> Int?
    /// Appends up to `size` bytes at `offset` to `buffer`.
    /// - Returns: how many; 0 at the end of the file.
    func attemptRead(_ size: Int, at offset: Int, into buffer: inout ByteBuffer) throws(StoreError) -> Int
    /// As `attemptRead`, if that does not block on the disk.
    /// - Returns: nil if it might block, or this cannot be determined. Nothing was read then.
    func readCached(_ size: Int, at offset: Int, into buffer: inout ByteBuffer) -> Int?
    /// Writes the beginning of `first` followed by `second`.
    /// - Returns: how many bytes of the two together, at least 1.
    func attemptWrite(_ first: Span<UInt8>, _ second: Span<UInt8>, at offset: Int) throws(StoreError) -> Int
    /// Returns when the content, and a changed size, are on the disk.
    func attemptSync() throws(StoreError)
    func attemptTruncate(to size: Int) throws(StoreError)
    /// Makes the file `size` bytes long, with disk space for all of them.
    func attemptAllocate(_ size: Int) throws(StoreError)
}

extension Disk {
    package func open(_ path: FilePath, for access: FileAccess) throws(StoreError) -> any DiskFile {
        try uninterrupted { () throws(StoreError) in try attemptOpen(path, for: access) }
    }

    package func create(_ path: FilePath) throws(StoreError) -> any DiskFile {
        try uninterrupted { () throws(StoreError) in try attemptCreate(path) }
    }

    package func rename(_ path: FilePath, to name: FilePath) throws(StoreError) {
        try uninterrupted { () throws(StoreError) in try attemptRename(path, to: name) }
    }

    package func remove(_ path: FilePath) throws(StoreError) {
        try uninterrupted { () throws(StoreError) in try attemptRemove(path) }
    }

    package func syncFolder(_ path: FilePath) throws(StoreError) {
        try uninterrupted { () throws(StoreError) in try attemptSyncFolder(path) }
    }

    package func exists(_ path: FilePath) throws(StoreError) -> Bool {
        try status(of: path) != nil
    }
}

extension DiskFile {
    /// Whether `path` still leads to this file, rather than to another or to none.
    package func isInPlace() -> Bool { sizeInPlace() != nil }

    package func readCached(_ size: Int, at offset: Int, into buffer: inout ByteBuffer) -> Int? { nil }

    /// As `attemptRead`; fewer bytes may be returned before the end of the file.
    package func read(_ size: Int, at offset: Int, into buffer: inout ByteBuffer) throws(StoreError) -> Int {
        while true {
            do throws(StoreError) {
                return try attemptRead(size, at: offset, into: &buffer)
            } catch {
                guard error.isInterruption else { throw error }
            }
        }
    }

    /// Writes all of `first`, then all of `second`, in one call if the system takes them in one.
    package func write(_ first: Span<UInt8>, _ second: Span<UInt8>, at offset: Int) throws(StoreError) {
        let total = first.count + second.count
        var done = 0
        while done < total {
            let left = first.extracting(min(done, first.count)..<first.count)
            let right = second.extracting(max(done - first.count, 0)..<second.count)
            do throws(StoreError) {
                done += try attemptWrite(left, right, at: offset + done)
            } catch {
                guard error.isInterruption else { throw error }
            }
        }
    }

    package func sync() throws(StoreError) {
        try uninterrupted { () throws(StoreError) in try attemptSync() }
    }

    package func truncate(to size: Int) throws(StoreError) {
        try uninterrupted { () throws(StoreError) in try attemptTruncate(to: size) }
    }

    package func allocate(_ size: Int) throws(StoreError) {
        try uninterrupted { () throws(StoreError) in try attemptAllocate(size) }
    }
}

/// Repeats a call while signals interrupt it.
private func uninterrupted<Result>(_ call: () throws(StoreError) -> Result) throws(StoreError) -> Result {
    while true {
        do throws(StoreError) {
            return try call()
        } catch {
            guard error.isInterruption else { throw error }
        }
    }
}

extension FilePath {
    /// The folder that the file is in: `.` for a bare name.
    package var folder: FilePath {
        let folder = removingLastComponent()
        return folder.isEmpty ? "." : folder
    }
}
