// A store on a folder, driven by a test as by the reactor: flush, wait for the writer's signal, poll.

import Bytes
import Dispatch
import Glibc
import Store
import SystemPackage
import TestSupport
import Testing

/// A store, and the sign that its writer gives.
struct OpenedStore {
    let store: Store
    /// Signalled by the store's workers when there may be news.
    let progress = DispatchSemaphore(value: 0)

    static let now: UInt64 = 1_764_000_000_123

    /// Opens the data set `puffin.json` in `folder`; preallocates little, so that many tests do not fill the disk.
    init(
        _ folder: String, _ durability: Durability = .always, segmentSize: Int = 64 << 20, preallocation: Int = 4_096,
        disk: any Disk = TestDisk(), background: any Background = Threads(), now: UInt64 = OpenedStore.now,
        adjust: (inout StoreOptions) -> Void = { _ in }
    ) throws(StoreError) {
        var options = StoreOptions()
        options.durability = durability
        options.layout.segmentSize = segmentSize
        options.layout.preallocation = preallocation
        options.layout.reserve = 0
        (options.compactionRule.size, options.compactionRule.share) = (0, 1)
        adjust(&options)
        let progress = progress
        store = try Store(
            data: FilePath(folder + "/puffin.json"), options: options, disk: disk, background: background, now: now
        ) {
            progress.signal()
        }
        while try store.load(lines: 1000) {}
    }

    @discardableResult
    func set(_ key: [UInt8], _ value: [UInt8]) -> UInt64 { store.set(key.span, to: value.span) }
    @discardableResult
    func set(_ key: String, _ value: String) -> UInt64 { set(key.bytes, value.bytes) }

    @discardableResult
    func delete(_ key: String) -> (isDeleted: Bool, seq: UInt64) {
        let key = key.bytes
        return store.delete(key.span)
    }

    func get(_ key: [UInt8]) -> [UInt8]? {
        guard let value = store.get(key.span).value else { return nil }
        return Array(value)
    }

    func get(_ key: String) -> String? {
        let key = key.bytes
        guard let value = store.get(key.span).value else { return nil }
        return String(value)
    }

    /// The change that an answer about `key` depends on.
    func dependency(of key: String) -> UInt64 {
        let key = key.bytes
        return store.get(key.span).seq
    }

    /// Every pair.
    var pairs: [[UInt8]: [UInt8]] {
        var keys: [[UInt8]] = []
        _ = store.scan(from: 0, count: .max, buckets: .max) { keys.append(Array($0)) }
        return Dictionary(uniqueKeysWithValues: keys.map { ($0, get($0) ?? []) })
    }

    /// Commits what the log allows, as a server without followers does.
    /// - Returns: whether that is more than before.
    func poll() -> Bool { store.commit(through: store.poll()) }

    /// Returns when every change is committed and the writer is idle.
    func commit() throws(StoreError) {
        while store.hasPending || store.isWriting {
            store.flush()
            waitUntilIdle()
        }
        _ = poll()
        if let failure = store.failure { throw failure }
        #expect(store.committed == store.position.seq)
    }

    /// Makes a snapshot of everything, and waits until it is made.
    func compact() throws {
        try commit()
        try #require(store.compact())
        if case .failed(let error)? = compactionResult() { throw error }
    }

    /// Waits until no compaction is under way, until the log has failed, or until `isEnough`, which is asked after each
    /// sign.
    /// - Returns: what has become of it; nil if it never began, or there is nothing to tell.
    func compactionResult(isEnough: () -> Bool = { false }) -> CompactionEvent? {
        var result: CompactionEvent?
        while store.compaction.isRunning && store.failure == nil && !isEnough() {
            switch store.advanceCompaction() {
            case .began: continue
            case let event?: result = event
            case nil: if store.compaction.isRunning { progress.wait() }
            }
        }
        return result
    }

    /// Returns when an obstacle blocks the writer's job.
    func waitUntilHeld() {
        while !store.isObstructed && store.isWriting { progress.wait() }
        #expect(store.isObstructed)
    }

    /// Returns when the writer is idle, and the next segment prepared as far as it should be: nothing touches the log then.
    func waitUntilIdle() {
        while store.isWriting { progress.wait() }
        while store.isPreparing { sched_yield() }
    }

    /// Commits and ends the log cleanly; the table is sound then.
    func close() throws(StoreError) {
        try commit()
        store.close()
        if let failure = store.failure { throw failure }
        #expect(store.check().isEmpty)
    }
}
