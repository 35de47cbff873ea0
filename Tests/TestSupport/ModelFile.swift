// One opening of a file on a model disk.

import Bytes
import Store
import Synchronization
import SystemPackage

/// An open file of a `ModelDisk`; closed when it is released.
final class ModelFile: DiskFile, DiskLock {
    let path: FilePath
    private let file: Int
    private let disk: ModelDisk
    /// Whether it holds the lock that is named like it.
    let isLock = Atomic<Bool>(false)

    init(path: FilePath, file: Int, on disk: ModelDisk) {
        self.path = path
        self.file = file
        self.disk = disk
    }

    deinit {
        disk.state.withLock { state in
            if isLock.load(ordering: .relaxed) { state.locked.remove(path.string) }
            state.openings[file, default: 1] -= 1
            if state.openings[file] == 0 { state.removeUnreachable() }
        }
    }

    func size() throws(StoreError) -> Int {
        disk.state.withLock { $0.contents[file]?.bytes.count ?? 0 }
    }

    func sizeInPlace() -> Int? {
        disk.state.withLock { state in
            state.names.files[path.string] == file ? state.contents[file]?.bytes.count : nil
        }
    }

    func check() throws(StoreError) {}

    func attemptRead(_ size: Int, at offset: Int, into buffer: inout ByteBuffer) throws(StoreError) -> Int {
        disk.state.withLock { state in
            guard let bytes = state.contents[file]?.bytes, offset < bytes.count else { return 0 }
            let end = min(offset + size, bytes.count)
            buffer.append(bytes.span.extracting(offset..<end))
            return end - offset
        }
    }

    func attemptWrite(_ first: Span<UInt8>, _ second: Span<UInt8>, at offset: Int) throws(StoreError) -> Int {
        let bytes = Array(first) + Array(second)
        let count = disk.state.withLock { state in
            let free = state.freeBlocks
            return state.contents[file]?.write(bytes, at: offset, freeBlocks: free) ?? 0
        }
        if count == 0 && !bytes.isEmpty { throw .disk(operation: .write, path: path.string, errno: .noSpace) }
        return count
    }

    func attemptSync() throws(StoreError) {
        disk.state.withLock { $0.contents[file]?.sync() }
    }

    /// The disk's part of a sync that is reported as failed.
    func failSync() {
        disk.state.withLock { $0.contents[file]?.failSync() }
    }

    func attemptTruncate(to size: Int) throws(StoreError) {
        disk.state.withLock { $0.contents[file]?.truncate(to: size) }
    }

    func attemptAllocate(_ size: Int) throws(StoreError) {
        let fits = disk.state.withLock { state in
            let free = state.freeBlocks
            return state.contents[file]?.allocate(size, freeBlocks: free) ?? false
        }
        if !fits { throw .disk(operation: .allocate, path: path.string, errno: .noSpace) }
    }
}
