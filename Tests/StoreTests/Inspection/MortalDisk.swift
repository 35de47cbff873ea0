// A disk that changes something so many times, and then nothing any more: what a crash at that moment leaves.

import Bytes
import Store
import Synchronization
import SystemPackage

/// The disk of this machine, up to a number of changes.
final class MortalDisk: Disk {
    private let local = LocalDisk()
    private let left: Mutex<Int>

    init(changes: Int) { left = Mutex(changes) }

    fileprivate func change(_ path: FilePath) throws(StoreError) {
        let isAlive = left.withLock { left in
            left -= 1
            return left >= 0
        }
        if !isAlive { throw .disk(operation: "change", path: path.string, errno: .ioError) }
    }

    func createFolder(_ path: FilePath) throws(StoreError) { try local.createFolder(path) }

    func attemptOpen(_ path: FilePath, for access: FileAccess) throws(StoreError) -> any DiskFile {
        MortalFile(try local.attemptOpen(path, for: access), self)
    }

    func attemptCreate(_ path: FilePath) throws(StoreError) -> any DiskFile {
        try change(path)
        return MortalFile(try local.attemptCreate(path), self)
    }

    func attemptRename(_ path: FilePath, to name: FilePath) throws(StoreError) {
        try change(path)
        try local.attemptRename(path, to: name)
    }

    func attemptRemove(_ path: FilePath) throws(StoreError) {
        try change(path)
        try local.attemptRemove(path)
    }

    func attemptSyncFolder(_ path: FilePath) throws(StoreError) { try change(path) }
    func names(in path: FilePath) throws(StoreError) -> [String] { try local.names(in: path) }
    func status(of path: FilePath) throws(StoreError) -> FileStatus? { try local.status(of: path) }
    func space(at path: FilePath) throws(StoreError) -> DiskSpace { try local.space(at: path) }
    func lock(_ path: FilePath) throws(StoreError) -> any DiskFile { try local.lock(path) }
}

private final class MortalFile: DiskFile {
    private let file: any DiskFile
    private let disk: MortalDisk

    init(_ file: any DiskFile, _ disk: MortalDisk) {
        self.file = file
        self.disk = disk
    }

    var path: FilePath { file.path }
    func size() throws(StoreError) -> Int { try file.size() }
    func isInPlace() -> Bool { file.isInPlace() }

    func attemptRead(_ size: Int, at offset: Int, into buffer: inout ByteBuffer) throws(StoreError) -> Int {
        try file.attemptRead(size, at: offset, into: &buffer)
    }

    func attemptWrite(_ first: Span<UInt8>, _ second: Span<UInt8>, at offset: Int) throws(StoreError) -> Int {
        try disk.change(path)
        return try file.attemptWrite(first, second, at: offset)
    }

    func attemptSync() throws(StoreError) { try disk.change(path) }

    func attemptTruncate(to size: Int) throws(StoreError) {
        try disk.change(path)
        try file.attemptTruncate(to: size)
    }

    func attemptAllocate(_ size: Int) throws(StoreError) {
        try disk.change(path)
        try file.attemptAllocate(size)
    }
}
