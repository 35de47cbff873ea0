// Data and durability, no network: the only face of this module. A change is validated against the table, proposed (it
// gets the next number and becomes a line of the log) and applied. Whoever answers for it waits until `committed`
// reaches that number; what a read depends on is told with it.

import Bytes
import Synchronization
import SystemPackage

/// The table and its log. Used from one thread.
package final class Store {
    private let table = Table()
    private let recent = RecentChanges()

    private let disk: any Disk
    private let files: DataFiles
    private let options: StoreOptions
    private let progress: @Sendable () -> Void
    /// Whether a thread has had something to say since the last look, or the next look has something to do.
    private let news = News()

    /// Atomic, because every turn reads it: without a check for exclusive access.
    private final class News: Sendable {
        let isThere = Atomic(false)
    }
    /// Held until the log is closed, or the process ends.
    private var lock: (any DiskFile)?

    /// Until everything is loaded.
    private var loading: Recovery?
    /// From then on.
    private var openWriter: LogWriter?
    /// The changes that the writer has not been given. `unsafe`: Swift does not check for overlapping accesses to it, which
    /// would cost each change more than applying it. There are none: a batch calls nothing that could come back to the store.
    private var batch: LogBatch {
        _read { yield unsafe uncheckedBatch }
        _modify { yield unsafe &uncheckedBatch }
    }
    @exclusivity(unchecked) private var uncheckedBatch = LogBatch()
    private var submittedJobs = 0
    /// The size of the batch that the writer was given last.
    private var submittedSize = 0
    /// Whether the last job given had records or began a segment, rather than only a sync.
    private var jobIsLong = false
    private var wantsSync = false
    private var wantsRotation = false
    private var wantsReserve = false

    /// What the writer had sealed when it was last looked whether a compaction is due.
    private var lastSealedSize = 0

    /// Snapshots, made on a thread of their own.
    let compactions: Compactions

    package private(set) var history = ""
    package private(set) var recovery = RecoveryReport()

    // Stored where only this module reaches them: Swift then sees that no two accesses overlap, and checks none at run time.
    private var newest = LogPosition.start
    private var committedSeq: UInt64 = 0
    private var time: UInt64

    /// The newest change.
    package var position: LogPosition { newest }
    /// Changes up to this one may be answered for.
    package var committed: UInt64 { committedSeq }
    /// The time that new changes are stamped with, in Unix milliseconds; it never decreases.
    package var now: UInt64 {
        get { time }
        set { time = max(time, newValue) }
    }

    /// Opens a data set, or makes an empty one. It is then loaded by `load`, and not before that used.
    /// - Parameters:
    ///   - data: the path that names the data set.
    ///   - now: Unix milliseconds.
    ///   - progress: called from another thread when `poll` has something new to find.
    /// - Throws: `StoreError`.
    package init(
        data: FilePath, options: StoreOptions, disk: any Disk, now: UInt64, progress: @escaping @Sendable () -> Void
    ) throws(StoreError) {
        files = DataFiles(data: data)
        self.disk = disk
        let announce: @Sendable () -> Void = { [news] in
            news.isThere.store(true, ordering: .releasing)
            progress()
        }
        self.progress = announce
        time = now
        try disk.createFolder(files.folder)
        var options = options
        options.layout = options.layout.fitted(to: try disk.space(at: files.folder).total)
        if options.durability != .always { options.layout.preallocation = 0 }
        self.options = options
        spaceGrant = SpaceGrant(reserve: options.layout.reserve)
        compactions = Compactions(
            Compactor(disk: disk, files: files, budget: options.compaction, progress: CompactionProgress()),
            retention: options.retention, progress: announce)
        lock = try disk.lock(files.lock)
        try files.removeNextSegment(on: disk)
        loading = try Recovery(disk: disk, files: files, table: table, time: now)
    }

    // MARK: Loading

    /// Whether everything is loaded, so that the store can be used.
    package var isLoaded: Bool { openWriter != nil }
    /// Bytes that loading has read, and has to read.
    package var loadedSize: (done: Int, total: Int) {
        loading == nil ? (recovery.size, recovery.size) : (loading?.readSize ?? 0, loading?.totalSize ?? 0)
    }

    /// Loads a part: up to `lines` lines of the files.
    /// - Returns: whether there is more.
    /// - Throws: `StoreError`. Damage that recovery refuses is left as it was found.
    package func load(lines: Int) throws(StoreError) -> Bool {
        guard var current = loading.take() else { return false }
        if try current.step(lines: lines) {
            loading = consume current
            return true
        }
        try finishLoading(current)
        return false
    }

    private func finishLoading(_ loaded: borrowing Recovery) throws(StoreError) {
        recovery = loaded.report
        newest = loaded.position
        committedSeq = position.seq
        now = max(now, loaded.timestamp)
        history = loaded.history ?? Store.newHistory()
        compactions.found(recovery)
        let segment: OpenSegment
        let last = loaded.openSegment
        if let open = last, open.end > 0 {
            segment = try OpenSegment(
                reopening: open.file, end: open.end, hasRecords: open.hasRecords, position: position, history: history,
                disk: disk, files: files,
                layout: options.layout)
        } else {
            segment = try OpenSegment(
                after: position, in: last?.file, history: history, disk: disk, files: files, layout: options.layout)
        }
        openWriter = LogWriter(segment: segment, position: position, progress: progress)
        grant()
    }

    private static func newHistory() -> String {
        let digits = String(UInt64.random(in: 0..<1 << 48), radix: 16)
        return String(repeating: "0", count: 12 - digits.count) + digits
    }

    private var writer: LogWriter {
        guard let openWriter else { preconditionFailure("a store is used before it is loaded") }
        return openWriter
    }

    package var durability: Durability { options.durability }

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

    /// Begins to fetch what a request for this key will need.
    package func foresee(_ key: Span<UInt8>) { table.foresee(key) }

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
        committedSeq == newest.seq ? 0 : recent[hash]
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
        newest = batch.endMulti(after: position)
    }

    /// Writes the change down under the next number, and applies it.
    /// - Returns: the number.
    private func propose(_ change: borrowing Change) -> UInt64 {
        let seq = position.seq + 1
        newest = batch.append(change, after: newest, timestamp: time)
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
    package var isWriting: Bool { submittedJobs != (openWriter?.finishedJobCount ?? 0) }
    /// Whether a thread prepares the next segment's file: nobody waits for that.
    package var isPreparing: Bool { openWriter?.isPreparing ?? false }
    /// Changes up to this one are on this disk.
    package var durable: UInt64 { openWriter?.durableSeq ?? 0 }
    package var syncCount: Int { openWriter?.syncCount ?? 0 }
    package var lastSyncNanoseconds: Int { openWriter?.lastSyncNanoseconds ?? 0 }
    /// Why nothing more will ever be committed.
    package var failure: StoreError? { openWriter?.failureError }

    /// Looks how far the writer is.
    /// - Returns: whether `committed` has moved.
    package func poll() -> Bool {
        guard let openWriter else { return false }
        if openWriter.isObstructed { grant() }
        let seq = options.durability == .always ? openWriter.durableSeq : openWriter.writtenSeq
        guard seq > committed else { return false }
        committedSeq = seq
        return true
    }

    /// Sends what is pending towards the disk. Does nothing while the writer has records to write: what is pending then
    /// goes with the next batch.
    package func flush() {
        precondition(!batch.isInMulti, "half a multi record handed over")
        guard !isWriting || !jobIsLong else { return }
        if writer.unsyncedSize >= options.layout.syncInterval { wantsSync = true }
        if options.durability != .always && (batch.isEmpty || isShort(batch) && writer.writeAtOnce(&batch)) {
            if (wantsSync || wantsRotation || wantsReserve) && !isWriting { submit(syncs: wantsSync) }
        } else if !isWriting && (!batch.isEmpty || wantsRotation || wantsReserve) {
            submit(syncs: options.durability == .always || wantsSync)
        }
    }

    /// Whether a batch is written so quickly that the reactor may do it in the relaxed modes: copying 512 KiB takes some 0.1 ms.
    private func isShort(_ batch: borrowing LogBatch) -> Bool { batch.lines.count <= 512 << 10 }

    /// Asks for a sync, now or with the next flush: what the `interval` mode does every second.
    package func requestSync() {
        guard writer.writtenSeq > writer.durableSeq || hasPending else { return }
        wantsSync = true
        flush()
    }

    private func submit(syncs: Bool, looks: Bool = false) {
        jobIsLong = !batch.isEmpty || wantsRotation
        submittedSize = batch.lines.count
        submittedJobs += 1
        writer.submit(
            &batch,
            LogWriter.Job(
                rotates: wantsRotation, syncs: syncs, looks: looks, releasesReserve: wantsReserve))
        (wantsSync, wantsRotation, wantsReserve) = (false, false, false)
        grant()
    }

    /// Makes changes that an obstacle holds up fail, so that the store can be closed.
    package func giveUpWaiting() { openWriter?.giveUp() }

    /// Ends the log cleanly: everything is written, synced and committed, or `failure` says why not. Then lets another
    /// store open it. Waits for the disk. The writer has no job.
    package func close() {
        precondition(!isWriting, "closed while the writer has a job")
        compactions.stop()
        if let openWriter {
            openWriter.close(&batch)
            _ = poll()
        }
        loading = nil
        lock = nil
    }

    // MARK: Room

    private let spaceGrant: SpaceGrant

    /// Takes what a change needs out of what is granted.
    /// - Parameter size: bytes of its keys and values, or more.
    /// - Returns: whether there was so much; where not, `obstacle` has to be asked.
    @inline(__always)
    package func hasRoom(forChangeOf size: Int) -> Bool { spaceGrant.take(size) }

    private func grant() {
        spaceGrant.renew(pending: batch.lines.count, isObstructed: isObstructed)
    }

    /// What keeps a change from being made now; nil where nothing does.
    /// - Parameters:
    ///   - size: bytes of its keys and values.
    ///   - shrinks: whether it removes pairs: then the space that is held back is there for it.
    package func obstacle(toChangeOf size: Int, shrinks: Bool) -> WriteObstacle? {
        grant()
        if hasRoom(forChangeOf: size) { return nil }
        return likelyObstacle(size, shrinks: shrinks)
    }

    private func likelyObstacle(_ size: Int, shrinks: Bool) -> WriteObstacle? {
        if case .displaced(let path)? = writer.obstacleError { return .displaced(path: path) }
        // A compaction takes space before it gives some back: what removes pairs waits for that rather than being refused.
        if shrinks && compactions.isRunning && batch.lines.count < options.layout.reserve { return nil }
        let pending = batch.lines.count + (isWriting ? submittedSize : 0) + size + size / 2 + 4096
        let room = writer.isObstructed ? writer.roomSize : (try? disk.space(at: files.folder))?.available ?? .max
        let allowed = writer.isObstructed && !shrinks ? 0 : room
        guard pending > allowed else { return nil }
        let free = (try? disk.space(at: files.folder))?.available ?? 0
        let needed = max(pending, writer.isObstructed ? 2 * options.layout.reserve + options.layout.preallocation : 0)
        return .diskFull(folder: files.folder.string, available: free, needed: needed)
    }

    /// Whether something may be in the way of changes.
    package var isObstructed: Bool { openWriter?.isObstructed ?? false }

    /// What is in the way of every change that grows; nil where nothing is.
    package var obstacle: WriteObstacle? {
        openWriter == nil ? nil : likelyObstacle(0, shrinks: false)
    }

    // MARK: Housekeeping

    /// Frees a part of what `clear` left behind: less than a millisecond's work.
    /// - Returns: whether there is more.
    package func giveBackMemory() -> Bool {
        table.giveBackMemory(buckets: 4)
    }

    /// What has to be done now and then: looks whether the log's file is in its place and whether space is back, removes
    /// segments that are too old, and begins a compaction where one is due. To be called each second.
    package func tick() {
        guard isLoaded, failure == nil else { return }
        news.isThere.store(true, ordering: .relaxed)
        let isShort = isDiskFull
        if isShort && compactions.prepareOnFullDisk(now: now) {
            // Deletions have to be sealed to be merged, and a compaction needs space before it gives any back.
            (wantsRotation, wantsReserve) = (true, true)
        }
        if !isWriting && batch.isEmpty { submit(syncs: wantsSync, looks: true) } else { flush() }
        if !isShort {
            startCompactionIfDue(sealedSize: writer.sealedSize)
        }
    }

    private var isDiskFull: Bool { writer.isObstructed && writer.obstacleError?.isDiskFull != false }

    // MARK: Compaction

    private func startCompactionIfDue(sealedSize: Int) {
        // The last of four segments is sealed a little before it is full.
        let least = min(options.compactSize, options.layout.segmentSize * 7 / 2)
        compactions.startIfDue(ratio: options.compactRatio, least: least, sealedSize: sealedSize, now: now)
    }

    /// Begins a compaction of everything up to the newest change.
    /// - Returns: false where one is under way.
    package func compact() -> Bool {
        guard compactions.isIdle else { return false }
        wantsRotation = true
        wantsReserve = writer.isObstructed
        compactions.prepare(forSpace: isDiskFull)
        news.isThere.store(true, ordering: .relaxed)
        flush()
        return true
    }

    /// Whether `advanceCompaction` may have something to do or to tell. Asked each turn.
    package func takeNews() -> Bool {
        guard news.isThere.load(ordering: .acquiring) else { return false }
        news.isThere.store(false, ordering: .relaxed)
        return true
    }

    /// Goes on with compaction: to be called when there are news, until it returns nil.
    /// - Returns: what has happened, to be told.
    package func advanceCompaction() -> CompactionEvent? {
        guard isLoaded else { return nil }
        if wantsRotation || wantsReserve { flush() }
        if writer.sealedSize != lastSealedSize {
            lastSealedSize = writer.sealedSize
            if !isDiskFull {
                startCompactionIfDue(sealedSize: lastSealedSize)
            }
        }
        // The open segment has been sealed by a job that was given after the compaction was asked for.
        // Where it cannot be, because the disk is full, what was sealed before may give back the space for it.
        let isSealed = !wantsRotation && !isWriting
        if compactions.isPrepared, isSealed || writer.obstacleError?.isDiskFull == true, failure == nil {
            compactions.startPrepared(sealedSize: writer.sealedSize, now: now)
        }
        return compactions.takeEvent(sealedSize: writer.sealedSize)
    }

    /// What is known of snapshots and compactions.
    package var compaction: CompactionStatus { compactions.status(sealedSize: openWriter?.sealedSize ?? 0) }

    /// Walks every invariant of the table, and of the files as they stand: to be called when nothing is being written.
    /// - Returns: what is wrong, nothing where all is well.
    package func check() -> [String] {
        var problems = table.check()
        if isLoaded && !isWriting && batch.isEmpty && compactions.isIdle && failure == nil {
            problems += FileCheck(disk: disk, files: files).problems(
                history: history, position: position, table: table)
        }
        return problems
    }
}
