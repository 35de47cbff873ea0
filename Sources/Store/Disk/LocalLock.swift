// The lock on a data set. Two things are locked: the log's folder, which cannot be removed or exchanged while it
// contains files, and the file LOCK in it, the only lock of older servers. `unsafe` is allowed here: system calls fill
// a structure that is passed to them.

import Bytes
import Glibc
import Synchronization
import SystemPackage

/// Holds the locks of one data set; they are released with this object, or with the process.
final class LocalLock: DiskLock {
    private let path: FilePath
    private let folder: LocalFile
    /// nil if the disk has no room for it.
    private let file: Mutex<LocalFile?>

    /// - Parameter path: the lock file's, in the folder that is locked with it.
    init(_ path: FilePath, on disk: LocalDisk) throws(StoreError) {
        folder = try disk.openFolder(path.folder)
        self.path = path
        // Some file systems cannot lock folders (NFS): there the file must suffice.
        let errno = LocalLock.lock(folder)
        if errno == .wouldBlock { throw LocalLock.refusal(path, try? disk.attemptOpen(path, for: .reading)) }
        do throws(StoreError) {
            file = Mutex(try LocalLock.take(path, on: disk))
        } catch {
            guard error.isDiskFull, errno == nil else { throw error }
            file = Mutex(nil)
        }
    }

    func check() throws(StoreError) {
        guard folder.isInPlace() else { throw .displaced(path: folder.path.string) }
        do throws(StoreError) {
            try file.withLock { file throws(StoreError) in
                guard file?.isInPlace() != true else { return }
                // It was removed: without it, an older server would start on the same files.
                file = try LocalLock.take(path, on: LocalDisk())
            }
        } catch {
            guard error.isDiskFull || error.isLimit else { throw error }
        }
    }

    /// Creates the file if it is missing, locks it and writes this process's id into it.
    private static func take(_ path: FilePath, on disk: LocalDisk) throws(StoreError) -> LocalFile {
        while true {
            let file = try disk.openOrCreate(path)
            switch lock(file) {
            case nil: break
            case .wouldBlock: throw refusal(path, file)
            case let errno?: throw .disk(operation: .lock, path: path.string, errno: errno)
            }
            // Someone may have removed it in between.
            guard file.isInPlace() else { continue }
            writeProcess(to: file)
            return file
        }
    }

    /// - Returns: why it cannot be locked; nil if it is locked.
    private static func lock(_ file: LocalFile) -> Errno? {
        while flock(file.descriptor.rawValue, LOCK_EX | LOCK_NB) != 0 {
            let errno = Errno(rawValue: Glibc.errno)
            if errno != .interrupted { return errno }
        }
        return nil
    }

    private static func refusal(_ path: FilePath, _ file: (any DiskFile)?) -> StoreError {
        var content = ByteBuffer()
        _ = try? file?.read(20, at: 0, into: &content)
        let process = String(content.bytes).prefix { $0.isNumber || $0.isLetter }
        return .locked(path: path.string, holder: process.isEmpty ? "another process" : "the process \(process)")
    }

    /// For people only: a full disk without a block for it prevents nothing.
    private static func writeProcess(to file: LocalFile) {
        var line = ByteBuffer()
        line.append(decimal: Int(getpid()))
        line.append(UInt8(ascii: "\n"))
        do throws(StoreError) {
            // In place: the block that a truncation frees could be taken a moment later.
            try file.write(line.bytes, Span(), at: 0)
            try file.truncate(to: line.count)
        } catch {
            try? file.truncate(to: 0)
        }
    }
}
