// The disk of this machine, with syncs that wait until a test lets them go on, or makes them fail.

import Bytes
import Foundation
import Store
import SystemPackage

/// A disk whose syncs can be held.
final class HeldDisk: Disk {
    let gate = SyncGate()
    private let local = LocalDisk()

    func createFolder(_ path: FilePath) throws(StoreError) { try local.createFolder(path) }
    func open(_ path: FilePath) throws(StoreError) -> any DiskFile { HeldFile(try local.open(path), gate) }
    func create(_ path: FilePath) throws(StoreError) -> any DiskFile { HeldFile(try local.create(path), gate) }
    func syncFolder(_ path: FilePath) throws(StoreError) { try local.syncFolder(path) }
    func names(in path: FilePath) throws(StoreError) -> [String] { try local.names(in: path) }
    func exists(_ path: FilePath) -> Bool { local.exists(path) }
    func lock(_ path: FilePath) throws(StoreError) -> any DiskFile { try local.lock(path) }
}

private final class HeldFile: DiskFile {
    private let file: any DiskFile
    private let gate: SyncGate

    init(_ file: any DiskFile, _ gate: SyncGate) {
        self.file = file
        self.gate = gate
    }

    var path: FilePath { file.path }
    func size() throws(StoreError) -> Int { try file.size() }
    func read(_ size: Int, at offset: Int, into buffer: inout ByteBuffer) throws(StoreError) -> Int {
        try file.read(size, at: offset, into: &buffer)
    }
    func write(_ first: Span<UInt8>, _ second: Span<UInt8>, at offset: Int) throws(StoreError) {
        try file.write(first, second, at: offset)
    }
    func truncate(to size: Int) throws(StoreError) { try file.truncate(to: size) }

    func sync() throws(StoreError) {
        if let errno = gate.pass() { throw .disk(operation: "sync", path: path.string, errno: errno) }
        try file.sync()
    }
}

/// What syncs have to pass. Open at first.
final class SyncGate: @unchecked Sendable {
    private let condition = NSCondition()
    private var isClosed = false
    private var waiting = 0
    private var failure: Errno?

    /// Holds every sync from now on.
    func close() { condition.withLock { isClosed = true } }

    /// Lets every sync go on.
    func open() { change { isClosed = false } }

    /// Makes every sync fail, those that are held too.
    func fail(with errno: Errno) {
        change {
            failure = errno
            isClosed = false
        }
    }

    /// Waits until a sync is held: what it is to make durable has been written.
    func waitUntilHeld() {
        condition.withLock { while waiting == 0 { condition.wait() } }
    }

    /// Called by the sync.
    /// - Returns: what it has to fail with.
    func pass() -> Errno? {
        condition.withLock {
            waiting += 1
            condition.broadcast()
            while isClosed { condition.wait() }
            waiting -= 1
            return failure
        }
    }

    private func change(_ body: () -> Void) {
        condition.withLock {
            body()
            condition.broadcast()
        }
    }
}
