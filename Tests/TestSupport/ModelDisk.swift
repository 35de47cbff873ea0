// A disk in memory that can lose power. It guarantees what POSIX guarantees and no more: a file's sync makes its
// content and size durable but not its name, a folder's sync makes the names in it durable, a rename is atomic. What
// was not synced survives a power failure in part: any of the contents that a sector of 512 bytes has had since, any of
// the sizes, any of the changes of names. It can be full, too: space is allocated in blocks of 4096 bytes.

import Bytes
import Store
import Synchronization
import SystemPackage

/// A disk that keeps through a power failure only what it has guaranteed, and of the rest what a seed decides.
package final class ModelDisk: Disk {
    struct State {
        var names = ModelNames()
        var contents: [Int: ModelContent] = [:]
        /// How often each file is open: a file without a name keeps its space as long as it is.
        var openings: [Int: Int] = [:]
        var folders: Set<String> = ["/model"]
        var locked: Set<String> = []
        var lastFile = 0
        var capacity: Int?

        var freeBlocks: Int {
            guard let capacity else { return .max }
            return max(capacity / ModelContent.blockSize - usedBlocks, 0)
        }

        var usedBlocks: Int {
            let named = Set(names.files.values)
            return contents.reduce(0) { sum, content in
                let isReachable = named.contains(content.key) || openings[content.key, default: 0] > 0
                return isReachable ? sum + content.value.blockCount : sum
            }
        }

        /// Drops unreachable files, even after a power failure.
        mutating func removeUnreachable() {
            let named = names.everReachable
            contents = contents.filter { named.contains($0.key) || openings[$0.key, default: 0] > 0 }
        }
    }

    let state: Mutex<State>
    /// When every file was last written to, in Unix milliseconds.
    private let time: UInt64

    /// A disk with one folder, `/model`.
    /// - Parameter capacity: bytes, rounded down to whole blocks; nil for as many as are wanted.
    package init(capacity: Int? = nil, time: UInt64 = 1_764_000_000_000) {
        var state = State()
        state.capacity = capacity
        self.state = Mutex(state)
        self.time = time
    }

    /// A disk with the same content, open nowhere.
    package init(copying other: ModelDisk) {
        var state = other.state.withLock { $0 }
        (state.openings, state.locked) = ([:], [])
        self.state = Mutex(state)
        time = other.time
    }

    /// Turns the machine off and on. Files that are open are closed first.
    package func losePower(seed: UInt64) {
        var survival = Survival(seed: seed)
        state.withLock { state in
            state.names.losePower(&survival)
            state.openings = [:]
            state.removeUnreachable()
            for file in state.contents.keys.sorted() { state.contents[file]?.losePower(&survival) }
        }
    }

    // MARK: What a test sees and does

    /// A file's content; nil if there is no such file.
    package func content(_ path: String) -> [UInt8]? {
        state.withLock { state in state.names.files[path].flatMap { state.contents[$0]?.bytes } }
    }

    /// Makes a file with this content, durable, in the place of one that is there.
    package func put(_ bytes: [UInt8], at path: String) {
        state.withLock { state in
            var content = ModelContent()
            _ = content.write(bytes, at: 0, freeBlocks: .max)
            content.sync()
            state.lastFile += 1
            state.contents[state.lastFile] = content
            state.names.link(path, to: state.lastFile)
            state.names.sync(ModelNames.folder(of: path))
            state.folders.insert(ModelNames.folder(of: path))
            state.removeUnreachable()
        }
    }

    /// The paths of all files, in order.
    package var paths: [String] { state.withLock { $0.names.files.keys.sorted() } }

    /// Bytes that are taken.
    package var usedSize: Int {
        state.withLock { $0.usedBlocks * ModelContent.blockSize }
    }

    /// Makes the disk larger or smaller. What is on it stays.
    package func resize(to capacity: Int?) { state.withLock { $0.capacity = capacity } }

    /// Gives a folder another name, as a person would who moves it away.
    package func move(_ folder: String, to name: String) {
        state.withLock { state in
            state.names.move(folder, to: name)
            if state.folders.remove(folder) != nil { state.folders.insert(name) }
        }
    }

    // MARK: Disk

    package func createFolder(_ path: FilePath) throws(StoreError) {
        _ = state.withLock { $0.folders.insert(path.string) }
    }

    package func attemptOpen(_ path: FilePath, for access: FileAccess) throws(StoreError) -> any DiskFile {
        try open(path)
    }

    /// As `attemptOpen`.
    func open(_ path: FilePath) throws(StoreError) -> ModelFile {
        let file = state.withLock { state -> Int? in
            guard let file = state.names.files[path.string] else { return nil }
            state.openings[file, default: 0] += 1
            return file
        }
        guard let file else { throw .disk(operation: .open, path: path.string, errno: .noSuchFileOrDirectory) }
        return ModelFile(path: path, file: file, on: self)
    }

    package func attemptCreate(_ path: FilePath) throws(StoreError) -> any DiskFile {
        try create(path)
    }

    /// As `attemptCreate`.
    func create(_ path: FilePath) throws(StoreError) -> ModelFile {
        let errno = state.withLock { state -> Errno? in
            guard state.folders.contains(ModelNames.folder(of: path.string)) else { return .noSuchFileOrDirectory }
            guard state.names.files[path.string] == nil else { return .fileExists }
            state.lastFile += 1
            state.contents[state.lastFile] = ModelContent()
            state.names.link(path.string, to: state.lastFile)
            return nil
        }
        if let errno { throw .disk(operation: .create, path: path.string, errno: errno) }
        return try open(path)
    }

    package func attemptRename(_ path: FilePath, to name: FilePath) throws(StoreError) {
        try requireFile(path, .rename) { state in
            state.names.rename(path.string, to: name.string)
            state.removeUnreachable()
        }
    }

    package func attemptRemove(_ path: FilePath) throws(StoreError) {
        try requireFile(path, .remove) { state in
            state.names.unlink(path.string)
            state.removeUnreachable()
        }
    }

    private func requireFile(
        _ path: FilePath, _ operation: DiskOperation, then body: (inout State) -> Void
    ) throws(StoreError) {
        let isThere = state.withLock { state -> Bool in
            guard state.names.files[path.string] != nil else { return false }
            body(&state)
            return true
        }
        if !isThere { throw .disk(operation: operation, path: path.string, errno: .noSuchFileOrDirectory) }
    }

    package func attemptSyncFolder(_ path: FilePath) throws(StoreError) {
        state.withLock { $0.names.sync(path.string) }
    }

    package func names(in path: FilePath) throws(StoreError) -> [String] {
        state.withLock { $0.names.names(in: path.string) }
    }

    package func status(of path: FilePath) throws(StoreError) -> FileStatus? {
        content(path.string).map { FileStatus(size: $0.count, modified: time) }
    }

    package func space(at path: FilePath) throws(StoreError) -> DiskSpace {
        state.withLock { state in
            guard let capacity = state.capacity else { return DiskSpace(available: 1 << 40, total: 1 << 40) }
            return DiskSpace(available: state.freeBlocks * ModelContent.blockSize, total: capacity)
        }
    }

    package func lock(_ path: FilePath) throws(StoreError) -> any DiskLock {
        guard state.withLock({ $0.locked.insert(path.string).inserted }) else {
            throw .locked(path: path.string, holder: "another store")
        }
        let file = try content(path.string) == nil ? create(path) : open(path)
        file.isLock.store(true, ordering: .relaxed)
        return file
    }
}
