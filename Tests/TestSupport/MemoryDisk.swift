// A disk that is a table of names: fast enough to open a store many thousand times, and easy to compare with what it was.

import Bytes
import Store
import Synchronization
import SystemPackage

/// Files in memory. Nothing fails, every sync succeeds at once, and a lock keeps nobody out.
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
    package func syncFolder(_ path: FilePath) throws(StoreError) {}

    package func open(_ path: FilePath) throws(StoreError) -> any DiskFile {
        guard let file = files.withLock({ $0[path.string] }) else {
            throw .disk(operation: "open", path: path.string, errno: .noSuchFileOrDirectory)
        }
        return file
    }

    package func create(_ path: FilePath) throws(StoreError) -> any DiskFile {
        guard !exists(path) else { throw .disk(operation: "create", path: path.string, errno: .fileExists) }
        let file = MemoryFile(path, [], readSize: readSize)
        files.withLock { $0[path.string] = file }
        return file
    }

    package func names(in path: FilePath) throws(StoreError) -> [String] {
        files.withLock { $0.values.map(\.path) }.filter { $0.removingLastComponent() == path }
            .compactMap { $0.lastComponent?.string }
    }

    package func exists(_ path: FilePath) -> Bool { files.withLock { $0[path.string] != nil } }

    package func lock(_ path: FilePath) throws(StoreError) -> any DiskFile {
        MemoryFile(path, [], readSize: readSize)
    }
}

private final class MemoryFile: DiskFile {
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

    func read(_ size: Int, at offset: Int, into buffer: inout ByteBuffer) throws(StoreError) -> Int {
        let piece = Array(bytes.dropFirst(offset).prefix(min(size, readSize)))
        buffer.append(piece.span)
        return piece.count
    }

    func write(_ first: Span<UInt8>, _ second: Span<UInt8>, at offset: Int) throws(StoreError) {
        let new = Array(first) + Array(second)
        content.withLock { bytes in
            bytes += [UInt8](repeating: 0, count: max(0, offset + new.count - bytes.count))
            bytes.replaceSubrange(offset..<offset + new.count, with: new)
        }
    }

    func sync() throws(StoreError) {}

    func truncate(to size: Int) throws(StoreError) {
        content.withLock { $0 = Array($0.prefix(size)) + [UInt8](repeating: 0, count: max(0, size - $0.count)) }
    }
}
