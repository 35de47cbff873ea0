// A disk whose first read of one file is not of one moment: in its middle stands what was there before the last writes,
// line feeds, and behind that what they have written.

import Bytes
import Store
import Synchronization
import SystemPackage
import TestSupport

/// The disk of this machine, with one stale read.
final class StaleDisk: Disk {
    private let local = LocalDisk()
    private let segment: String
    private let random: Mutex<SeededRandom>
    private let stale = Mutex(false)

    /// - Parameter segment: the name of the file.
    init(segment: String, seed: UInt64) {
        self.segment = segment
        random = Mutex(SeededRandom(seed: seed))
    }

    var wasStale: Bool { stale.withLock { $0 } }

    func attemptOpen(_ path: FilePath, for access: FileAccess) throws(StoreError) -> any DiskFile {
        let file = try local.attemptOpen(path, for: access)
        return path.lastComponent?.string == segment ? StaleFile(file, self) : file
    }

    /// A copy of what was read, with a part of it as it was before; only once.
    fileprivate func aged(_ bytes: [UInt8]) -> [UInt8] {
        let isFirst = stale.withLock { stale in
            defer { stale = true }
            return !stale
        }
        let lines = bytes.split(separator: 0x0a)
        guard isFirst, lines.count > 3 else { return bytes }
        return random.withLock { random in
            var bytes = bytes
            let start = lines[1].startIndex + random.below(lines[lines.count - 2].startIndex - lines[1].startIndex)
            let end = start + 1 + random.below(bytes.count - start - 1)
            for index in start..<end { bytes[index] = 0x0a }
            return bytes
        }
    }

    func createFolder(_ path: FilePath) throws(StoreError) { try local.createFolder(path) }
    func attemptCreate(_ path: FilePath) throws(StoreError) -> any DiskFile { try local.attemptCreate(path) }
    func attemptRename(_ path: FilePath, to name: FilePath) throws(StoreError) {
        try local.attemptRename(path, to: name)
    }
    func attemptRemove(_ path: FilePath) throws(StoreError) { try local.attemptRemove(path) }
    func attemptSyncFolder(_ path: FilePath) throws(StoreError) { try local.attemptSyncFolder(path) }
    func names(in path: FilePath) throws(StoreError) -> [String] { try local.names(in: path) }
    func status(of path: FilePath) throws(StoreError) -> FileStatus? { try local.status(of: path) }
    func space(at path: FilePath) throws(StoreError) -> DiskSpace { try local.space(at: path) }
    func lock(_ path: FilePath) throws(StoreError) -> any DiskFile { try local.lock(path) }
}

private final class StaleFile: DiskFile {
    private let file: any DiskFile
    private let disk: StaleDisk

    init(_ file: any DiskFile, _ disk: StaleDisk) {
        self.file = file
        self.disk = disk
    }

    var path: FilePath { file.path }
    func size() throws(StoreError) -> Int { try file.size() }
    func isInPlace() -> Bool { file.isInPlace() }

    func attemptRead(_ size: Int, at offset: Int, into buffer: inout ByteBuffer) throws(StoreError) -> Int {
        var read = ByteBuffer()
        let count = try file.attemptRead(size, at: offset, into: &read)
        let bytes = offset == 0 ? disk.aged(Array(read.bytes)) : Array(read.bytes)
        buffer.append(bytes.span)
        return count
    }

    func attemptWrite(_ first: Span<UInt8>, _ second: Span<UInt8>, at offset: Int) throws(StoreError) -> Int {
        try file.attemptWrite(first, second, at: offset)
    }

    func attemptSync() throws(StoreError) { try file.attemptSync() }
    func attemptTruncate(to size: Int) throws(StoreError) { try file.attemptTruncate(to: size) }
    func attemptAllocate(_ size: Int) throws(StoreError) { try file.attemptAllocate(size) }
}
