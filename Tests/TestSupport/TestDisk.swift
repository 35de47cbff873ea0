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
        var failing: (operation: String, errno: Errno)?
        var syncs = 0
    }

    private let local = LocalDisk()
    private let plan = Mutex(Plan())

    package init() {}

    /// Makes every `operation` fail from now on: open, create, read, write, sync, truncate, lock, list, sync the folder.
    package func fail(_ operation: String, with errno: Errno) {
        plan.withLock { $0.failing = (operation, errno) }
    }

    /// How often a file was synced.
    package var syncs: Int { plan.withLock { $0.syncs } }

    fileprivate func check(_ operation: String, _ path: FilePath) throws(StoreError) {
        let errno = plan.withLock { plan in
            if operation == "sync" { plan.syncs += 1 }
            return plan.failing.flatMap { $0.operation == operation ? $0.errno : nil }
        }
        if let errno { throw .disk(operation: operation, path: path.string, errno: errno) }
    }

    package func createFolder(_ path: FilePath) throws(StoreError) { try local.createFolder(path) }

    package func open(_ path: FilePath) throws(StoreError) -> any DiskFile {
        try check("open", path)
        return TestFile(try local.open(path), self)
    }

    package func create(_ path: FilePath) throws(StoreError) -> any DiskFile {
        try check("create", path)
        return TestFile(try local.create(path), self)
    }

    package func syncFolder(_ path: FilePath) throws(StoreError) { try check("sync the folder", path) }

    package func names(in path: FilePath) throws(StoreError) -> [String] {
        try check("list", path)
        return try local.names(in: path)
    }

    package func exists(_ path: FilePath) -> Bool { local.exists(path) }

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

    func read(_ size: Int, at offset: Int, into buffer: inout ByteBuffer) throws(StoreError) -> Int {
        try disk.check("read", path)
        return try file.read(size, at: offset, into: &buffer)
    }

    func write(_ first: Span<UInt8>, _ second: Span<UInt8>, at offset: Int) throws(StoreError) {
        try disk.check("write", path)
        try file.write(first, second, at: offset)
    }

    func sync() throws(StoreError) {
        try disk.check("sync", path)
        if let errno = disk.gate.pass() { throw .disk(operation: "sync", path: path.string, errno: errno) }
    }

    func truncate(to size: Int) throws(StoreError) {
        try disk.check("truncate", path)
        try file.truncate(to: size)
    }
}
