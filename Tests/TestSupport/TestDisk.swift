// The disk of this machine with two differences. It does not wait for it: what a test calls a crash loses nothing that
// was written, so thousands of syncs would only take time. And it fails where it is told to.

import Bytes
import Store
import Synchronization
import SystemPackage

/// A disk that can be made to fail.
package final class TestDisk: Disk {
    /// What each sync of a file has to pass.
    package let gate = SyncGate()
    private struct Plan {
        var failing: [String: Errno] = [:]
        var syncs = 0
    }

    private let local = LocalDisk()
    private let plan = Mutex(Plan())

    package init() {}

    /// Makes every `operation` fail from now on: open, create, read, write, sync, truncate, allocate, rename, remove, lock,
    /// list, sync the folder.
    package func fail(_ operation: String, with errno: Errno) {
        plan.withLock { $0.failing[operation] = errno }
    }

    /// Makes everything work again.
    package func mend() { plan.withLock { $0.failing = [:] } }

    /// Makes the disk full: whatever needs space fails, and none is free.
    package func fill() {
        for operation in ["create", "write", "allocate"] { fail(operation, with: .noSpace) }
    }

    /// How often a file was synced.
    package var syncs: Int { plan.withLock { $0.syncs } }

    fileprivate func check(_ operation: String, _ path: FilePath) throws(StoreError) {
        let errno = plan.withLock { plan in
            if operation == "sync" { plan.syncs += 1 }
            return plan.failing[operation]
        }
        if let errno { throw .disk(operation: operation, path: path.string, errno: errno) }
    }

    package func createFolder(_ path: FilePath) throws(StoreError) { try local.createFolder(path) }

    package func attemptOpen(_ path: FilePath, for access: FileAccess) throws(StoreError) -> any DiskFile {
        try check("open", path)
        return TestFile(try local.attemptOpen(path, for: access), self)
    }

    package func attemptCreate(_ path: FilePath) throws(StoreError) -> any DiskFile {
        try check("create", path)
        return TestFile(try local.attemptCreate(path), self)
    }

    package func attemptRename(_ path: FilePath, to name: FilePath) throws(StoreError) {
        try check("rename", path)
        try local.attemptRename(path, to: name)
    }

    package func attemptRemove(_ path: FilePath) throws(StoreError) {
        try check("remove", path)
        try local.attemptRemove(path)
    }

    package func attemptSyncFolder(_ path: FilePath) throws(StoreError) { try check("sync the folder", path) }

    package func names(in path: FilePath) throws(StoreError) -> [String] {
        try check("list", path)
        return try local.names(in: path)
    }

    package func status(of path: FilePath) throws(StoreError) -> FileStatus? { try local.status(of: path) }

    package func space(at path: FilePath) throws(StoreError) -> DiskSpace {
        var space = try local.space(at: path)
        if plan.withLock({ $0.failing["write"] == .noSpace }) { space.available = 0 }
        return space
    }

    package func lock(_ path: FilePath) throws(StoreError) -> any DiskFile {
        try check("lock", path)
        return try local.lock(path)
    }
}

private final class TestFile: DiskFile {
    private let file: any DiskFile
    private let disk: TestDisk

    init(_ file: any DiskFile, _ disk: TestDisk) {
        self.file = file
        self.disk = disk
    }

    var path: FilePath { file.path }
    func size() throws(StoreError) -> Int { try file.size() }
    func isInPlace() -> Bool { file.isInPlace() }

    func attemptRead(_ size: Int, at offset: Int, into buffer: inout ByteBuffer) throws(StoreError) -> Int {
        try disk.check("read", path)
        return try file.attemptRead(size, at: offset, into: &buffer)
    }

    func attemptWrite(_ first: Span<UInt8>, _ second: Span<UInt8>, at offset: Int) throws(StoreError) -> Int {
        try disk.check("write", path)
        return try file.attemptWrite(first, second, at: offset)
    }

    func attemptSync() throws(StoreError) {
        try disk.check("sync", path)
        if let errno = disk.gate.pass() { throw .disk(operation: "sync", path: path.string, errno: errno) }
    }

    func attemptTruncate(to size: Int) throws(StoreError) {
        try disk.check("truncate", path)
        try file.attemptTruncate(to: size)
    }

    func attemptAllocate(_ size: Int) throws(StoreError) {
        try disk.check("allocate", path)
        try file.attemptAllocate(size)
    }
}
