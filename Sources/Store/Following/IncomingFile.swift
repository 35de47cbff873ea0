// The file of a snapshot being received, and the worker that writes it. Bytes are collected under a lock, and the
// worker takes all of them at a time.

import Bytes
import Synchronization
import SystemPackage

/// A new file that is written in the background.
final class IncomingFile: Sendable {
    private struct State: ~Copyable, Sendable {
        var pending = ByteBuffer()
        var file: (any DiskFile)?
        /// Bytes written, and bytes synced.
        var size = 0
        var syncedSize = 0
        var isRunning = false
        var wantsSync = false
        var isSynced = false
        var failure: StoreError?
    }

    private let path: FilePath
    private let disk: any Disk
    private let progress: @Sendable () -> Void
    private let state = Mutex(State())
    /// Bytes that were given and are not written.
    private let unwritten = Atomic<Int>(0)

    private let worker: LazyWorker
    /// Syncing along the way keeps the disk's queue short for the log.
    private static let syncInterval = 4 << 20

    /// - Parameters:
    ///   - worker: the same for all files of this path, so that the remaining work for an abandoned one is done before
    ///     the next one is made.
    ///   - progress: called by the worker when there is less to do.
    init(
        _ path: FilePath, on disk: any Disk, by worker: LazyWorker, progress: @escaping @Sendable () -> Void
    ) {
        self.worker = worker
        self.path = path
        self.disk = disk
        self.progress = progress
    }

    var failure: StoreError? { state.withLock { $0.failure } }
    var isSynced: Bool { state.withLock { $0.isSynced } }
    var pendingSize: Int { unwritten.load(ordering: .relaxed) }

    /// Takes all of `bytes`.
    func write(_ bytes: inout ByteBuffer) {
        unwritten.add(bytes.count, ordering: .relaxed)
        run { state in
            if state.pending.isEmpty { swap(&state.pending, &bytes) } else { state.pending.append(bytes.bytes) }
        }
        bytes.removeAll()
    }

    /// Makes everything durable, including the name.
    func sync() {
        run { $0.wantsSync = true }
    }

    private func run(_ note: (inout State) -> Void) {
        let isRunning = state.withLock { state in
            note(&state)
            defer { state.isRunning = true }
            return state.isRunning
        }
        guard !isRunning else { return }
        do throws(StoreError) {
            try worker.worker().submit { self.work() }
        } catch {
            fail(error)
        }
    }

    private func work() {
        var bytes = ByteBuffer()
        do throws(StoreError) {
            while try step(&bytes) { progress() }
        } catch {
            return fail(error)
        }
        progress()
    }

    private func fail(_ error: StoreError) {
        state.withLock { state in
            (state.failure, state.isRunning) = (error, false)
            state.pending.removeAll()
        }
        unwritten.store(0, ordering: .relaxed)
        progress()
    }

    /// - Returns: whether there may be more to do.
    private func step(_ bytes: inout ByteBuffer) throws(StoreError) -> Bool {
        bytes.removeAll()
        let file = try opened()
        let (syncs, size, unsynced) = state.withLock { state in
            swap(&state.pending, &bytes)
            if bytes.isEmpty && !state.wantsSync { state.isRunning = false }
            return (state.wantsSync, state.size, state.size - state.syncedSize + bytes.count)
        }
        if bytes.isEmpty && !syncs { return false }
        try file.write(bytes.bytes, Span(), at: size)
        unwritten.subtract(bytes.count, ordering: .relaxed)
        let isDue = syncs || unsynced >= IncomingFile.syncInterval
        if isDue { try file.sync() }
        if syncs { try disk.syncFolder(path.folder) }
        state.withLock { state in
            assert(state.size == size, "two write to one file")
            state.size = size + bytes.count
            if isDue { state.syncedSize = state.size }
            if syncs { (state.wantsSync, state.isSynced) = (false, true) }
        }
        return true
    }

    private func opened() throws(StoreError) -> any DiskFile {
        if let file = state.withLock({ $0.file }) { return file }
        if try disk.exists(path) { try disk.remove(path) }
        let file = try disk.create(path)
        state.withLock { $0.file = file }
        return file
    }
}
