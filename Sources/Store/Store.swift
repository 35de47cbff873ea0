// Data and durability, no network: the only face of this module. A change is validated against the table, proposed (it
// gets the next number and becomes a line of the log) and applied. Whoever answers for it waits until `committed`
// reaches that number; what a read depends on is told with it.

import Bytes
import SystemPackage

/// When a change counts as committed.
package enum Durability: String, Sendable, CaseIterable {
    /// Once it is on the disk. Nothing acknowledged is lost, whatever fails.
    case always
    /// Once it is written; a sync follows every second. A crash of the machine loses about the last second.
    case interval
    /// Once it is written; the operating system decides when it reaches the disk.
    case never
}

/// The table and its log. Used from one thread.
package final class Store {
    private let table: Table
    private var recent = RecentChanges()

    private let writer: LogWriter
    private var batch = LogBatch()
    private var submittedJobs = 0
    /// Whether the last job given had records, rather than only a sync.
    private var jobHasRecords = false
    private var wantsSync = false

    package let durability: Durability
    package let history: String
    package let recovery: RecoveryReport
    /// Held until the log is closed, or the process ends.
    private var lock: (any DiskFile)?

    /// The newest change.
    package private(set) var position: LogPosition
    /// Changes up to this one may be answered for.
    package private(set) var committed: UInt64
    /// The time that new changes are stamped with, in Unix milliseconds; it never decreases.
    package var now: UInt64 {
        didSet { now = max(now, oldValue) }
    }

    /// Opens a data set, or makes an empty one, and replays its log.
    /// - Parameters:
    ///   - data: the path that names the data set.
    ///   - now: Unix milliseconds.
    ///   - progress: called from another thread when `poll` has something new to find.
    /// - Throws: `StoreError`. Damage that recovery refuses is left as it was found.
    package init(
        data: FilePath, durability: Durability, layout: LogLayout, disk: any Disk, now: UInt64,
        progress: @escaping @Sendable () -> Void
    ) throws(StoreError) {
        let files = LogFolder(data: data)
        try disk.createFolder(files.folder)
        lock = try disk.lock(files.lock)
        let table = Table()
        var recovery = Recovery(disk: disk, files: files, table: table)
        try recovery.run(time: now)
        self.table = table
        self.durability = durability
        self.recovery = recovery.report
        position = recovery.position
        committed = position.seq
        self.now = max(now, recovery.timestamp)
        let history = recovery.history ?? Store.newHistory()
        self.history = history
        var layout = layout
        if durability != .always { layout.preallocation = 0 }
        let segment: OpenSegment
        let last = recovery.openSegment
        if let open = last, open.end > 0 {
            segment = try OpenSegment(
                reopening: open.file, end: open.end, history: history, disk: disk, files: files, layout: layout)
        } else {
            segment = try OpenSegment(
                after: position, in: last?.file, history: history, disk: disk, files: files, layout: layout)
        }
        writer = LogWriter(segment: segment, position: position, progress: progress)
    }

    private static func newHistory() -> String {
        let digits = String(UInt64.random(in: 0..<1 << 48), radix: 16)
        return String(repeating: "0", count: 12 - digits.count) + digits
    }

    // MARK: Reading

    /// A value, and the change that has to be committed before anybody is told of it.
    package struct Reading: ~Escapable {
        /// nil where the key is not there.
        package let value: Span<UInt8>?
        package let seq: UInt64

        @_lifetime(copy value)
        init(_ value: Span<UInt8>?, seq: UInt64) {
            self.value = value
            self.seq = seq
        }
    }

    /// Pairs.
    package var count: Int { table.count }
    /// Bytes of memory that pairs and table take.
    package var size: Int { table.size }
    /// Bytes of memory that were cleared and that `giveBackMemory` still has to free.
    package var clearedSize: Int { table.clearedSize }

    /// How many bytes more the table would take if `key` had a value of `valueSize` bytes; 0 or less where its value is no
    /// smaller now.
    package func growth(for key: Span<UInt8>, valueSize: Int) -> Int {
        table.growth(for: key, hash: table.hash(key), valueSize: valueSize)
    }

    /// The value is valid until the next change.
    @_lifetime(borrow self)
    package func get(_ key: Span<UInt8>) -> Reading {
        let hash = table.hash(key)
        let seq = newestChange(hash)
        guard let pair = table.pair(for: key, hash: hash) else { return Reading(nil, seq: seq) }
        let value = pair.value
        return unsafe Reading(_overrideLifetime(value, borrowing: self), seq: seq)
    }

    /// The newest change that a key with this hash can have, as far as it matters: 0 where all is committed.
    private func newestChange(_ hash: UInt64) -> UInt64 {
        committed == position.seq ? 0 : recent[hash]
    }

    /// Visits keys from `cursor` on; see `Table.scan`. What is visited depends on the change `position`.
    package func scan(
        from cursor: UInt64, count: Int, buckets: Int, visit: (Span<UInt8>) -> Void
    ) -> UInt64 {
        table.scan(from: cursor, count: count, buckets: buckets) { visit($0.key) }
    }

    // MARK: Changing

    /// Makes `value` the value of `key`.
    /// - Returns: the number of the change.
    package func set(_ key: Span<UInt8>, to value: Span<UInt8>) -> UInt64 {
        propose(.set(key: key, value: value))
    }

    /// Removes `key`.
    /// - Returns: whether it was there, and the change that the answer depends on.
    package func delete(_ key: Span<UInt8>) -> (isDeleted: Bool, seq: UInt64) {
        let hash = table.hash(key)
        guard table.pair(for: key, hash: hash) != nil else { return (false, newestChange(hash)) }
        return (true, propose(.delete(key: key)))
    }

    /// Removes every pair. The memory is given back by `giveBackMemory`.
    /// - Returns: the number of the change.
    package func clear() -> UInt64 {
        propose(.clear)
    }

    /// Begins a record of several changes: all of them survive a crash, or none.
    package func beginMulti() {
        batch.beginMulti(after: position, timestamp: now)
    }

    /// Ends the record; one without changes is not written.
    package func endMulti() {
        position = batch.endMulti(after: position)
    }

    /// Writes the change down under the next number, and applies it.
    /// - Returns: the number.
    private func propose(_ change: borrowing Change) -> UInt64 {
        let seq = position.seq + 1
        position = batch.append(change, after: position, timestamp: now)
        apply(change, seq: seq)
        return seq
    }

    private func apply(_ change: borrowing Change, seq: UInt64) {
        switch change {
        case .set(let key, _), .delete(let key):
            let hash = table.hash(key)
            table.apply(change, hash: hash)
            recent[hash] = seq
        case .clear:
            table.removeAll()
            recent.noteAll(seq)
        }
    }

    // MARK: Committing

    /// Records that were proposed and not yet given to the writer.
    package var hasPending: Bool { !batch.isEmpty }
    /// The newest change that the writer has been given.
    package var submitted: UInt64 { batch.isEmpty ? position.seq : batch.start.seq }
    /// Whether the writer has a job.
    package var isWriting: Bool { submittedJobs != writer.finishedJobCount }
    /// Changes up to this one are on this disk.
    package var durable: UInt64 { writer.durableSeq }
    package var syncCount: Int { writer.syncCount }
    package var lastSyncNanoseconds: Int { writer.lastSyncNanoseconds }
    /// Why nothing more will ever be committed.
    package var failure: StoreError? { writer.failureError }

    /// Looks how far the writer is.
    /// - Returns: whether `committed` has moved.
    package func poll() -> Bool {
        let seq = durability == .always ? writer.durableSeq : writer.writtenSeq
        guard seq > committed else { return false }
        committed = seq
        return true
    }

    /// Sends what is pending towards the disk. Does nothing while the writer has records to write: what is pending then
    /// goes with the next batch.
    package func flush() {
        precondition(!batch.isInMulti, "half a multi record handed over")
        guard !isWriting || !jobHasRecords else { return }
        if durability != .always && (batch.isEmpty || writer.writeAtOnce(&batch)) {
            if wantsSync && !isWriting { submit(sync: true) }
        } else if !batch.isEmpty && !isWriting {
            submit(sync: durability == .always || wantsSync)
        }
    }

    /// Asks for a sync, now or with the next flush: what the `interval` mode does every second.
    package func requestSync() {
        guard writer.writtenSeq > writer.durableSeq || hasPending else { return }
        wantsSync = true
        flush()
    }

    private func submit(sync: Bool) {
        wantsSync = false
        jobHasRecords = !batch.isEmpty
        submittedJobs += 1
        writer.submit(&batch, sync: sync)
    }

    /// Ends the log cleanly: everything is written, synced and committed, or `failure` says why not. Then lets another
    /// store open it. Waits for the disk. The writer has no job.
    package func close() {
        precondition(!isWriting, "closed while the writer has a job")
        writer.close(&batch)
        _ = poll()
        lock = nil
    }

    // MARK: Housekeeping

    /// Frees a part of what `clear` left behind: less than a millisecond's work.
    /// - Returns: whether there is more.
    package func giveBackMemory() -> Bool {
        table.giveBackMemory(buckets: 4)
    }

    /// Walks every invariant of the table.
    /// - Returns: what is wrong, nothing where all is well.
    package func check() -> [String] {
        table.check()
    }
}
