// A disk that is a table of names: fast enough to open a store many thousand times, and easy to compare.

import Bytes
import Store
import Synchronization
import SystemPackage

/// Files in memory. Nothing fails, every sync succeeds at once, and a lock excludes nobody.
package final class MemoryDisk: Disk {
    private let files: Mutex<[String: MemoryFile]>

    private let readSize: Int

    /// - Parameters:
    ///   - contents: what each file holds at first, by its path.
    ///   - readSize: how many bytes a read gives at most.
    package init(_ contents: [String: [UInt8]] = [:], readSize: Int = .max) {
        var files: [String: MemoryFile] = [:]
        for (path, bytes) in contents { files[path] = MemoryFile(FilePath(path), bytes, readSize: readSize) }
        self.files = Mutex(files)
        self.readSize = readSize
    }

    /// What each file holds, by its path.
    package var contents: [String: [UInt8]] { files.withLock { $0.mapValues(\.bytes) } }

    package func createFolder(_ path: FilePath) throws(StoreError) {}
    package func attemptSyncFolder(_ path: FilePath) throws(StoreError) {}

    package func attemptOpen(_ path: FilePath, for access: FileAccess) throws(StoreError) -> any DiskFile {
        guard let file = files.withLock({ $0[path.string] }) else {
            throw .disk(operation: .open, path: path.string, errno: .noSuchFileOrDirectory)
        }
        return file
    }

    package func attemptCreate(_ path: FilePath) throws(StoreError) -> any DiskFile {
        guard try !exists(path) else { throw .disk(operation: .create, path: path.string, errno: .fileExists) }
        let file = MemoryFile(path, [], readSize: readSize)
        files.withLock { $0[path.string] = file }
        return file
    }

    package func names(in path: FilePath) throws(StoreError) -> [String] {
        files.withLock { $0.values.map(\.path) }.filter { $0.removingLastComponent() == path }
            .compactMap { $0.lastComponent?.string }
    }

    package func attemptRename(_ path: FilePath, to name: FilePath) throws(StoreError) {
        files.withLock { $0[name.string] = $0.removeValue(forKey: path.string)?.renamed(name) }
    }

    package func attemptRemove(_ path: FilePath) throws(StoreError) {
        files.withLock { _ = $0.removeValue(forKey: path.string) }
    }

    package func status(of path: FilePath) throws(StoreError) -> FileStatus? {
        files.withLock { $0[path.string] }.map { FileStatus(size: $0.bytes.count, modified: 0) }
    }

    package func space(at path: FilePath) throws(StoreError) -> DiskSpace {
        DiskSpace(available: 1 << 40, total: 1 << 40)
    }

    package func lock(_ path: FilePath) throws(StoreError) -> any DiskLock {
        MemoryFile(path, [], readSize: readSize)
    }
}

private final class MemoryFile: DiskFile, DiskLock {
    func check() throws(StoreError) {}

    let path: FilePath
    private let content: Mutex<[UInt8]>
    private let readSize: Int

    init(_ path: FilePath, _ bytes: [UInt8], readSize: Int) {
        self.path = path
        self.readSize = readSize
        content = Mutex(bytes)
    }

    var bytes: [UInt8] { content.withLock { $0 } }

    func size() throws(StoreError) -> Int { content.withLock { $0.count } }

    /// The same file under another name.
    func renamed(_ name: FilePath) -> MemoryFile { MemoryFile(name, bytes, readSize: readSize) }

    func sizeInPlace() -> Int? { bytes.count }

    func attemptRead(_ size: Int, at offset: Int, into buffer: inout ByteBuffer) throws(StoreError) -> Int {
        let piece = Array(bytes.dropFirst(offset).prefix(min(size, readSize)))
        buffer.append(piece.span)
        return piece.count
    }

    func attemptWrite(_ first: Span<UInt8>, _ second: Span<UInt8>, at offset: Int) throws(StoreError) -> Int {
        let new = Array(first) + Array(second)
        content.withLock { bytes in
            bytes += [UInt8](repeating: 0, count: max(0, offset + new.count - bytes.count))
            bytes.replaceSubrange(offset..<offset + new.count, with: new)
        }
        return new.count
    }

    func attemptSync() throws(StoreError) {}
    func attemptAllocate(_ size: Int) throws(StoreError) { try attemptTruncate(to: size) }

    func attemptTruncate(to size: Int) throws(StoreError) {
        content.withLock { $0 = Array($0.prefix(size)) + [UInt8](repeating: 0, count: max(0, size - $0.count)) }
    }
}
