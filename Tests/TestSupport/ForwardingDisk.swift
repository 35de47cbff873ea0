// The common part of the tests' disks: each is another disk with a difference. A call passes a check, which may refuse
// it, and is then forwarded; a disk implements only its difference.

import Bytes
import Store
import SystemPackage

/// A disk that hands calls on to another one.
package protocol ForwardingDisk: Disk {
    associatedtype Base: Disk
    var base: Base { get }
    /// A check that every call must pass, calls to files too if `wrap` provides that.
    func pass(_ operation: DiskOperation, _ path: FilePath) throws(StoreError)
    /// The wrapper of a file that was opened or created.
    func wrap(_ file: any DiskFile) -> any DiskFile
}

extension ForwardingDisk {
    package func createFolder(_ path: FilePath) throws(StoreError) {
        try pass(.createFolder, path)
        try base.createFolder(path)
    }

    package func attemptOpen(_ path: FilePath, for access: FileAccess) throws(StoreError) -> any DiskFile {
        try pass(.open, path)
        return wrap(try base.attemptOpen(path, for: access))
    }

    package func attemptCreate(_ path: FilePath) throws(StoreError) -> any DiskFile {
        try pass(.create, path)
        return wrap(try base.attemptCreate(path))
    }

    package func attemptRename(_ path: FilePath, to name: FilePath) throws(StoreError) {
        try pass(.rename, path)
        try base.attemptRename(path, to: name)
    }

    package func attemptRemove(_ path: FilePath) throws(StoreError) {
        try pass(.remove, path)
        try base.attemptRemove(path)
    }

    package func attemptSyncFolder(_ path: FilePath) throws(StoreError) {
        try pass(.syncFolder, path)
        try base.attemptSyncFolder(path)
    }

    package func names(in path: FilePath) throws(StoreError) -> [String] {
        try pass(.list, path)
        return try base.names(in: path)
    }

    package func status(of path: FilePath) throws(StoreError) -> FileStatus? {
        try pass(.status, path)
        return try base.status(of: path)
    }

    package func space(at path: FilePath) throws(StoreError) -> DiskSpace {
        try pass(.space, path)
        return try base.space(at: path)
    }

    package func lock(_ path: FilePath) throws(StoreError) -> any DiskLock {
        try pass(.lock, path)
        return try base.lock(path)
    }
}

/// A file that hands calls on to another one.
package protocol ForwardingFile: DiskFile {
    associatedtype Owner: ForwardingDisk
    var base: any DiskFile { get }
    /// Whose check calls have to pass.
    var disk: Owner { get }
}

extension ForwardingFile {
    package var path: FilePath { base.path }
    package func size() throws(StoreError) -> Int { try base.size() }
    package func sizeInPlace() -> Int? { base.sizeInPlace() }

    package func attemptRead(
        _ size: Int, at offset: Int, into buffer: inout ByteBuffer
    ) throws(StoreError) -> Int {
        try disk.pass(.read, path)
        return try base.attemptRead(size, at: offset, into: &buffer)
    }

    package func attemptWrite(
        _ first: Span<UInt8>, _ second: Span<UInt8>, at offset: Int
    ) throws(StoreError) -> Int {
        try disk.pass(.write, path)
        return try base.attemptWrite(first, second, at: offset)
    }

    package func attemptSync() throws(StoreError) {
        try disk.pass(.sync, path)
        try base.attemptSync()
    }

    package func attemptTruncate(to size: Int) throws(StoreError) {
        try disk.pass(.truncate, path)
        try base.attemptTruncate(to: size)
    }

    package func attemptAllocate(_ size: Int) throws(StoreError) {
        try disk.pass(.allocate, path)
        try base.attemptAllocate(size)
    }
}
