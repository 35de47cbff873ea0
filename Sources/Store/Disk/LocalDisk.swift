// The disk of this machine, by system calls. `unsafe` is allowed here: pointers to a span's or a buffer's memory are
// handed to one system call with their exact size, and are not kept.

import Bytes
import CMachine
import Glibc
import SystemPackage

/// Files by way of the operating system.
package struct LocalDisk: Disk {
    package init() {}

    package func createFolder(_ path: FilePath) throws(StoreError) {
        let result = unsafe path.withPlatformString { unsafe mkdir($0, 0o700) }
        if result == 0 { return try syncFolder(path.folder) }
        let errno = Errno(rawValue: Glibc.errno)
        if errno == .fileExists { return }
        throw failure("make the folder", path, errno)
    }

    package func attemptOpen(_ path: FilePath, for access: FileAccess) throws(StoreError) -> any DiskFile {
        try open(path, "open", access == .reading ? .readOnly : .readWrite, [])
    }

    package func attemptCreate(_ path: FilePath) throws(StoreError) -> any DiskFile {
        try open(path, "create", .readWrite, [.create, .exclusiveCreate])
    }

    private func open(
        _ path: FilePath, _ operation: String, _ mode: FileDescriptor.AccessMode,
        _ options: FileDescriptor.OpenOptions
    ) throws(StoreError) -> LocalFile {
        do {
            let descriptor = try FileDescriptor.open(
                path, mode, options: options.union(.closeOnExec), permissions: [.ownerReadWrite],
                retryOnInterrupt: false)
            return LocalFile(path: path, descriptor: descriptor)
        } catch {
            throw failure(operation, path, error)
        }
    }

    package func attemptRename(_ path: FilePath, to name: FilePath) throws(StoreError) {
        let result = unsafe path.withPlatformString { path in
            unsafe name.withPlatformString { name in unsafe Glibc.rename(path, name) }
        }
        if result != 0 { throw failure("rename", path, Errno(rawValue: Glibc.errno)) }
    }

    package func attemptRemove(_ path: FilePath) throws(StoreError) {
        let result = unsafe path.withPlatformString { unsafe unlink($0) }
        if result != 0 { throw failure("remove", path, Errno(rawValue: Glibc.errno)) }
    }

    package func attemptSyncFolder(_ path: FilePath) throws(StoreError) {
        do {
            let descriptor = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .directory])
            defer { try? descriptor.close() }
            if fsync(descriptor.rawValue) != 0 { throw Errno(rawValue: Glibc.errno) }
        } catch {
            throw failure("sync the folder", path, error)
        }
    }

    package func names(in path: FilePath) throws(StoreError) -> [String] {
        guard let folder = unsafe path.withPlatformString({ unsafe opendir($0) }) else {
            throw failure("list the folder", path, Errno(rawValue: Glibc.errno))
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
        if unsafe path.withPlatformString({ unsafe stat($0, &status) }) == 0 {
            let time = status.st_mtim
            // Anybody may have given a file a time before 1970, or one that no clock will come to.
            let milliseconds = UInt64(bounded: min(max(time.tv_sec, 0), Int(Number.largest) / 1000) * 1000)
            return FileStatus(
                size: Int(UInt64(bounded: status.st_size)), modified: milliseconds + UInt64(clamping: time.tv_nsec) / 1_000_000)
        }
        let errno = Errno(rawValue: Glibc.errno)
        if errno == .noSuchFileOrDirectory { return nil }
        throw failure("look at", path, errno)
    }

    package func space(at path: FilePath) throws(StoreError) -> DiskSpace {
        var status = statvfs()
        guard unsafe path.withPlatformString({ unsafe statvfs($0, &status) }) == 0 else {
            throw failure("read the free space of", path, Errno(rawValue: Glibc.errno))
        }
        // File systems that have no end say numbers near 2^64.
        let largest = Number.largest / max(UInt64(status.f_frsize), 1)
        func size(_ blocks: UInt) -> Int { Int(min(UInt64(blocks), largest) * UInt64(status.f_frsize)) }
        return DiskSpace(available: size(status.f_bavail), total: size(status.f_blocks))
    }

    package func lock(_ path: FilePath) throws(StoreError) -> any DiskFile {
        let file = try open(path, "open", .readWrite, .create)
        if flock(file.descriptor.rawValue, LOCK_EX | LOCK_NB) != 0 {
            var holder = ByteBuffer()
            let size = (try? file.read(20, at: 0, into: &holder)) ?? 0
            let process = size > 0 ? String(holder.bytes) : "unknown"
            throw .locked(
                path: path.string,
                holder: "the process " + process.prefix { $0.isNumber || $0.isLetter })
        }
        var line = ByteBuffer()
        line.append(decimal: Int(getpid()))
        line.append(UInt8(ascii: "\n"))
        try file.truncate(to: 0)
        try file.write(line.bytes, Span(), at: 0)
        return file
    }

    /// The error for a failed call; where permission is missing, with what it takes to see why.
    private func failure(_ operation: String, _ path: FilePath, _ error: any Error) -> StoreError {
        let errno = error as? Errno ?? .ioError
        var status = stat()
        let isThere = unsafe path.withPlatformString { unsafe access($0, F_OK) } == 0
        let folder = isThere && operation != "create" ? path : path.folder
        guard errno == .permissionDenied || errno == .readOnlyFileSystem,
            unsafe folder.withPlatformString({ unsafe stat($0, &status) }) == 0
        else { return .disk(operation: operation, path: path.string, errno: errno) }
        return .notWritable(
            path: folder.string, uid: geteuid(), owner: status.st_uid, mode: status.st_mode & 0o7777)
    }
}

/// An open file of this machine; closed when nobody holds it any more.
final class LocalFile: DiskFile {
    let path: FilePath
    let descriptor: FileDescriptor

    init(path: FilePath, descriptor: FileDescriptor) {
        self.path = path
        self.descriptor = descriptor
    }

    deinit {
        // A lock belongs to the open file, not to this descriptor: a child that is just being started holds a copy of it.
        _ = flock(descriptor.rawValue, LOCK_UN)
        try? descriptor.close()
    }

    func size() throws(StoreError) -> Int {
        var status = stat()
        guard unsafe fstat(descriptor.rawValue, &status) == 0 else { throw failure("read the size of") }
        return Int(UInt64(bounded: status.st_size))
    }

    func isInPlace() -> Bool {
        var (named, opened) = (stat(), stat())
        guard unsafe path.withPlatformString({ unsafe stat($0, &named) }) == 0,
            unsafe fstat(descriptor.rawValue, &opened) == 0
        else { return false }
        return named.st_ino == opened.st_ino && named.st_dev == opened.st_dev
    }

    func attemptRead(_ size: Int, at offset: Int, into buffer: inout ByteBuffer) throws(StoreError) -> Int {
        var count = 0
        unsafe buffer.append(upTo: size) { room in
            unsafe count = pread(descriptor.rawValue, room.baseAddress, size, offset)
            return max(count, 0)
        }
        if count < 0 { throw failure("read") }
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
        if count < 0 { throw failure("write") }
        return count
    }

    func attemptSync() throws(StoreError) {
        if fdatasync(descriptor.rawValue) != 0 { throw failure("sync") }
    }

    func attemptTruncate(to size: Int) throws(StoreError) {
        if ftruncate(descriptor.rawValue, size) != 0 { throw failure("truncate") }
    }

    func attemptAllocate(_ size: Int) throws(StoreError) {
        // It returns its error instead of setting errno.
        let result = posix_fallocate(descriptor.rawValue, 0, size)
        if result != 0 { throw .disk(operation: "reserve space in", path: path.string, errno: Errno(rawValue: result)) }
    }

    private func failure(_ operation: String) -> StoreError {
        .disk(operation: operation, path: path.string, errno: Errno(rawValue: Glibc.errno))
    }
}
