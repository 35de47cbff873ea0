// The disk of this machine, by system calls. `unsafe` is allowed here: pointers to a span's or a buffer's memory are
// passed to one system call with their exact size, and are not kept.

import Bytes
import CMachine
import Glibc
import SystemPackage

/// Files of the operating system.
package struct LocalDisk: Disk {
    package init() {}

    package func createFolder(_ path: FilePath) throws(StoreError) {
        let result = unsafe path.withPlatformString { unsafe mkdir($0, 0o700) }
        if result == 0 { return try syncFolder(path.folder) }
        let errno = Errno(rawValue: Glibc.errno)
        guard errno == .fileExists else { throw failure(.createFolder, path, errno) }
        // A link to a folder is accepted.
        guard FileKind(following: path) == .folder else { throw wrongKind(path, expected: .folder) }
    }

    package func attemptOpen(_ path: FilePath, for access: FileAccess) throws(StoreError) -> any DiskFile {
        try open(path, .open, access == .reading ? .readOnly : .readWrite, [])
    }

    package func attemptCreate(_ path: FilePath) throws(StoreError) -> any DiskFile {
        try open(path, .create, .readWrite, [.create, .exclusiveCreate])
    }

    /// Opens the file, or makes it.
    func openOrCreate(_ path: FilePath) throws(StoreError) -> LocalFile {
        try open(path, .open, .readWrite, .create)
    }

    /// Links are not followed: renaming over a file would replace the link. Opening a fifo does not wait for its other
    /// end.
    private func open(
        _ path: FilePath, _ operation: DiskOperation, _ mode: FileDescriptor.AccessMode,
        _ options: FileDescriptor.OpenOptions
    ) throws(StoreError) -> LocalFile {
        let file: LocalFile
        do {
            let descriptor = try FileDescriptor.open(
                path, mode, options: options.union([.closeOnExec, .noFollow, .nonBlocking]),
                permissions: [.ownerReadWrite], retryOnInterrupt: false)
            file = LocalFile(path: path, descriptor: descriptor)
        } catch {
            if let kind = FileKind(of: path), kind != .file, error as? Errno != .fileExists {
                throw wrongKind(path, expected: .file)
            }
            throw failure(operation, path, error)
        }
        guard file.kind == .file else { throw wrongKind(path, expected: .file) }
        return file
    }

    /// Opens a folder, so that it can be locked.
    func openFolder(_ path: FilePath) throws(StoreError) -> LocalFile {
        do {
            let descriptor = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .directory])
            return LocalFile(path: path, descriptor: descriptor)
        } catch {
            throw failure(.openFolder, path, error)
        }
    }

    private func wrongKind(_ path: FilePath, expected: FileKind) -> StoreError {
        let found = FileKind(of: path) ?? .other
        return .wrongKind(
            path: path.string, expected: expected, found: found, target: found == .link ? LocalDisk.target(path) : nil)
    }

    /// The target of a symbolic link.
    private static func target(_ path: FilePath) -> String? {
        let size = Int(PATH_MAX)
        return unsafe path.withPlatformString { path in
            unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: size) { target in
                let count = unsafe readlink(path, target.baseAddress.unsafelyUnwrapped, size)
                guard count > 0 else { return nil }
                return unsafe String(
                    decoding: UnsafeRawBufferPointer(target).prefix(count), as: UTF8.self)
            }
        }
    }

    package func attemptRename(_ path: FilePath, to name: FilePath) throws(StoreError) {
        let result = unsafe path.withPlatformString { path in
            unsafe name.withPlatformString { name in unsafe Glibc.rename(path, name) }
        }
        if result != 0 { throw failure(.rename, path, Errno(rawValue: Glibc.errno)) }
    }

    package func attemptRemove(_ path: FilePath) throws(StoreError) {
        let result = unsafe path.withPlatformString { unsafe unlink($0) }
        if result != 0 { throw failure(.remove, path, Errno(rawValue: Glibc.errno)) }
    }

    package func attemptSyncFolder(_ path: FilePath) throws(StoreError) {
        do {
            let descriptor = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .directory])
            defer { try? descriptor.close() }
            if fsync(descriptor.rawValue) != 0 { throw Errno(rawValue: Glibc.errno) }
        } catch {
            throw failure(.syncFolder, path, error)
        }
    }

    package func names(in path: FilePath) throws(StoreError) -> [String] {
        guard let folder = unsafe path.withPlatformString({ unsafe opendir($0) }) else {
            throw failure(.list, path, Errno(rawValue: Glibc.errno))
        }
        defer { unsafe _ = closedir(folder) }
        var names: [String] = []
        while let entry = unsafe readdir(folder) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }

    package func status(of path: FilePath) throws(StoreError) -> FileStatus? {
        var status = stat()
        if unsafe path.withPlatformString({ unsafe lstat($0, &status) }) == 0 {
            guard FileKind(mode: status.st_mode) == .file else { throw wrongKind(path, expected: .file) }
            let time = status.st_mtim
            // A file may have been given any time, before 1970 or absurdly late.
            let milliseconds = UInt64(bounded: min(max(time.tv_sec, 0), Int(Number.largest) / 1000) * 1000)
            return FileStatus(
                size: Int(UInt64(bounded: status.st_size)),
                modified: milliseconds + UInt64(clamping: time.tv_nsec) / 1_000_000)
        }
        let errno = Errno(rawValue: Glibc.errno)
        if errno == .noSuchFileOrDirectory { return nil }
        throw failure(.status, path, errno)
    }

    package func space(at path: FilePath) throws(StoreError) -> DiskSpace {
        var status = statvfs()
        guard unsafe path.withPlatformString({ unsafe statvfs($0, &status) }) == 0 else {
            throw failure(.space, path, Errno(rawValue: Glibc.errno))
        }
        // Unlimited file systems report numbers near 2^64.
        let largest = Number.largest / max(UInt64(status.f_frsize), 1)
        func size(_ blocks: UInt) -> Int { Int(min(UInt64(blocks), largest) * UInt64(status.f_frsize)) }
        return DiskSpace(
            available: size(status.f_bavail), total: size(status.f_blocks),
            // File systems that create inodes on demand report zero of them.
            files: status.f_files == 0 ? .max : Int(clamping: status.f_favail), largestFile: LocalDisk.largestFile)
    }

    /// The process's limit on the size of a file (`ulimit -f`), in bytes.
    private static var largestFile: Int {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0 else { return .max }
        return Int(clamping: limit.rlim_cur)
    }

    package func lock(_ path: FilePath) throws(StoreError) -> any DiskLock {
        try LocalLock(path, on: self)
    }

    /// The error for a failed call; if permission is missing, with the ids that explain it.
    private func failure(_ operation: DiskOperation, _ path: FilePath, _ error: any Error) -> StoreError {
        let errno = error as? Errno ?? .ioError
        var status = stat()
        let isThere = unsafe path.withPlatformString { unsafe access($0, F_OK) } == 0
        let folder = isThere && operation != .create ? path : path.folder
        guard errno == .permissionDenied || errno == .readOnlyFileSystem,
            unsafe folder.withPlatformString({ unsafe stat($0, &status) }) == 0
        else { return .disk(operation: operation, path: path.string, errno: errno) }
        return .notWritable(
            path: folder.string, uid: geteuid(), owner: status.st_uid, mode: status.st_mode & 0o7777)
    }
}

/// An open file of this machine; closed when it is released.
final class LocalFile: DiskFile {
    let path: FilePath
    let descriptor: FileDescriptor
    /// The file's identity. Its inode cannot be reused while it is open.
    private let opened: file_identity

    init(path: FilePath, descriptor: FileDescriptor) {
        self.path = path
        self.descriptor = descriptor
        opened = unsafe file_identity(descriptor.rawValue, "")
    }

    deinit {
        // A lock belongs to the open file description, not to this descriptor: a child being started holds a copy of
        // it.
        _ = flock(descriptor.rawValue, LOCK_UN)
        try? descriptor.close()
    }

    func size() throws(StoreError) -> Int {
        var status = stat()
        guard unsafe fstat(descriptor.rawValue, &status) == 0 else { throw failure(.size) }
        return Int(UInt64(bounded: status.st_size))
    }

    func sizeInPlace() -> Int? {
        let named = unsafe path.withPlatformString { unsafe file_identity(AT_FDCWD, $0) }
        guard named.is_known, opened.is_known, named.inode == opened.inode, named.device == opened.device
        else { return nil }
        return Int(named.size)
    }

    /// The kind of what was opened.
    var kind: FileKind {
        var status = stat()
        return unsafe fstat(descriptor.rawValue, &status) == 0 ? FileKind(mode: status.st_mode) : .other
    }

    func attemptRead(_ size: Int, at offset: Int, into buffer: inout ByteBuffer) throws(StoreError) -> Int {
        var count = 0
        unsafe buffer.append(upTo: size) { room in
            unsafe count = pread(descriptor.rawValue, room.baseAddress, size, offset)
            return max(count, 0)
        }
        if count < 0 { throw failure(.read) }
        return count
    }

    func readCached(_ size: Int, at offset: Int, into buffer: inout ByteBuffer) -> Int? {
        var count = 0
        unsafe buffer.append(upTo: size) { room in
            unsafe count = read_cached(descriptor.rawValue, room.baseAddress, size, offset)
            return max(count, 0)
        }
        return count < 0 ? nil : count
    }

    func attemptWrite(_ first: Span<UInt8>, _ second: Span<UInt8>, at offset: Int) throws(StoreError) -> Int {
        let count = unsafe first.withUnsafeBytes { first in
            unsafe second.withUnsafeBytes { second in
                var parts = unsafe (
                    iovec(iov_base: UnsafeMutableRawPointer(mutating: first.baseAddress), iov_len: first.count),
                    iovec(iov_base: UnsafeMutableRawPointer(mutating: second.baseAddress), iov_len: second.count)
                )
                return unsafe withUnsafeBytes(of: &parts) { parts in
                    unsafe pwritev(
                        descriptor.rawValue, parts.assumingMemoryBound(to: iovec.self).baseAddress, 2, offset)
                }
            }
        }
        if count < 0 { throw failure(.write) }
        return count
    }

    func attemptSync() throws(StoreError) {
        if fdatasync(descriptor.rawValue) != 0 { throw failure(.sync) }
    }

    func attemptTruncate(to size: Int) throws(StoreError) {
        if ftruncate(descriptor.rawValue, size) != 0 { throw failure(.truncate) }
    }

    func attemptAllocate(_ size: Int) throws(StoreError) {
        // It returns its error instead of setting errno.
        let result = posix_fallocate(descriptor.rawValue, 0, size)
        if result != 0 { throw .disk(operation: .allocate, path: path.string, errno: Errno(rawValue: result)) }
    }

    private func failure(_ operation: DiskOperation) -> StoreError {
        .disk(operation: operation, path: path.string, errno: Errno(rawValue: Glibc.errno))
    }
}

extension FileKind {
    /// The kind of what is at `path`, a symbolic link included; nil if nothing is.
    fileprivate init?(of path: FilePath) {
        var status = stat()
        guard unsafe path.withPlatformString({ unsafe lstat($0, &status) }) == 0 else { return nil }
        self.init(mode: status.st_mode)
    }

    /// The kind of what `path` leads to; nil if nothing.
    fileprivate init?(following path: FilePath) {
        var status = stat()
        guard unsafe path.withPlatformString({ unsafe stat($0, &status) }) == 0 else { return nil }
        self.init(mode: status.st_mode)
    }

    fileprivate init(mode: mode_t) {
        self =
            switch mode & S_IFMT {
            case S_IFREG: .file
            case S_IFDIR: .folder
            case S_IFLNK: .link
            case S_IFIFO: .fifo
            case S_IFSOCK: .socket
            case S_IFCHR, S_IFBLK: .device
            default: .other
            }
    }
}
