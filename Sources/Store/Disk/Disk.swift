// The seam between the store and the operating system: every call that touches a file goes through here, so that tests
// can make any of them fail, fall short, or lose what was not synced.
//
// What an implementation offers are single attempts, which a signal may interrupt and which may write less than they
// were given. What the store calls are the functions in the extensions, which go on until all is done.

import Bytes
import SystemPackage

/// What a file is opened for.
package enum FileAccess: Sendable {
    case reading
    case writing
}

/// What a folder says of a file.
package struct FileStatus: Equatable, Sendable {
    /// Bytes.
    package var size: Int
    /// When it was last written to, in Unix milliseconds; 0 where that was before 1970.
    package var modified: UInt64

    package init(size: Int, modified: UInt64) {
        self.size = size
        self.modified = modified
    }
}

/// What a path leads to.
package enum FileKind: String, Sendable {
    case file = "a file"
    case folder = "a folder"
    case link = "a symbolic link"
    case fifo = "a fifo"
    case socket = "a socket"
    case device = "a device"
    case other = "something else"
}

/// The room on a file system.
package struct DiskSpace: Equatable, Sendable {
    /// Bytes that this process may still use.
    package var available: Int
    package var total: Int
    /// Files that can still be made; `.max` if the file system counts none.
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
/// with the system's error where it fails, `EINTR` included, and `StoreError.wrongKind` where a path leads to something else
/// than a file, or than the folder that it has to be.
package protocol Disk: Sendable {
    /// Makes a folder with mode 0700 where there is none, and makes its name durable. A link to a folder is one.
    func createFolder(_ path: FilePath) throws(StoreError)
    /// Opens a file that exists.
    func attemptOpen(_ path: FilePath, for access: FileAccess) throws(StoreError) -> any DiskFile
    /// Makes a file with mode 0600 that did not exist.
    func attemptCreate(_ path: FilePath) throws(StoreError) -> any DiskFile
    /// Gives a file another name, in the place of the file that had it.
    func attemptRename(_ path: FilePath, to name: FilePath) throws(StoreError)
    func attemptRemove(_ path: FilePath) throws(StoreError)
    /// Makes the names in a folder durable.
    func attemptSyncFolder(_ path: FilePath) throws(StoreError)
    /// The names in a folder, in no order.
    func names(in path: FilePath) throws(StoreError) -> [String]
    /// What is known of a file; nil where there is none.
    func status(of path: FilePath) throws(StoreError) -> FileStatus?
    /// The room on the file system that holds `path`.
    func space(at path: FilePath) throws(StoreError) -> DiskSpace
    /// Locks a folder and the file at `path` in it, until the lock is released or the process ends, and writes the process's id
    /// into the file.
    /// - Throws: `StoreError.locked` where another process holds either.
    func lock(_ path: FilePath) throws(StoreError) -> any DiskLock
}

/// A lock on the files of a data set; released when nobody holds this any more. Used from any thread.
package protocol DiskLock: AnyObject, Sendable {
    /// Looks whether what was locked is still what the paths lead to. A lock file that was removed is made anew.
    /// - Throws: `StoreError.displaced` where the folder is not, `StoreError.locked` where another process has made a lock file
    ///   of its own.
    func check() throws(StoreError)
}

/// An open file. Offsets and sizes are in bytes. Each function is one attempt, as on `Disk`.
package protocol DiskFile: AnyObject, Sendable {
    var path: FilePath { get }
    func size() throws(StoreError) -> Int
    /// The file's size, where `path` still leads to it; nil where it leads to another file or to none. Asked before each batch: it
    /// must not make the next write more expensive (see `LocalFile`).
    func sizeInPlace() -> Int?
    /// Appends up to `size` bytes from `offset` on to `buffer`.
    /// - Returns: how many; 0 at the end of the file.
    func attemptRead(_ size: Int, at offset: Int, into buffer: inout ByteBuffer) throws(StoreError) -> Int
    /// As `attemptRead`, where that takes no wait for the disk.
    /// - Returns: nil where it may have to wait, or cannot be known. Nothing was read then.
    func readCached(_ size: Int, at offset: Int, into buffer: inout ByteBuffer) -> Int?
    /// Writes the beginning of `first` followed by `second`.
    /// - Returns: how many bytes of the two together, at least 1.
    func attemptWrite(_ first: Span<UInt8>, _ second: Span<UInt8>, at offset: Int) throws(StoreError) -> Int
    /// Returns when the content, and the size where it has changed, are on the disk.
    func attemptSync() throws(StoreError)
    func attemptTruncate(to size: Int) throws(StoreError)
    /// Makes the file `size` bytes long, with room on the disk for all of them.
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

    /// As `attemptRead`; fewer bytes than asked for may come before the end of the file.
    package func read(_ size: Int, at offset: Int, into buffer: inout ByteBuffer) throws(StoreError) -> Int {
        while true {
            do throws(StoreError) {
                return try attemptRead(size, at: offset, into: &buffer)
            } catch {
                guard error.isInterruption else { throw error }
            }
        }
    }

    /// Writes all of `first`, then all of `second`, in one call where the system takes them in one.
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

/// Makes a call again for as long as a signal interrupts it.
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
