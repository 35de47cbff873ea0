// Data and durability, no network: the module's public face. A change is validated against the table, proposed (it gets
// the next number and becomes a record of the log) and applied. A reply to it waits until `committed` reaches that
// number; a read returns the number that its reply depends on.

import Bytes
import LogFormat
import Synchronization
import SystemPackage

/// The table and its log. Used from one thread.
package final class Store {
    let table: Table
    let recent = RecentChanges()
    let watches = Watches()

    let disk: any Disk
    let files: DataFiles
    let options: StoreOptions
    /// Makes the store's workers, and is its clock.
    let background: any Background
    /// Writes received snapshots.
    let snapshotWorker: LazyWorker
    /// Read for feeds of changes.
    let feedWorkers: FeedWorkers
    /// As in `options`, but changeable.
    var compactionRule: CompactionRule
    /// Makes the store's owner check for news.
    let progress: @Sendable () -> Void
    /// Set when a background thread has reported progress; cleared by `takeNews`.
    let news = News()

    /// Atomic, because every turn reads it: no run-time exclusivity check.
    final class News: Sendable {
        let isThere = Atomic(false)
    }
    /// Held until the log is closed, or the process ends.
    private var lock: (any DiskLock)?
    /// The file with the role that commands have given the server, and its content when the data set was opened; nil if
    /// there was none.
    package let roleFile: RoleFile
    package let roleNote: RoleNote?

    /// Until everything is loaded.
    var loading: Recovery?
    /// Whether everything must be loaded again, because the files were replaced.
    var reloads = false
    /// Set once everything is loaded.
    var openWriter: LogWriter?
    /// The changes that the writer has not got. `unsafe`: Swift does not check for overlapping accesses to it, which
    /// would cost each change more than applying it. There are none: a batch calls nothing that could come back to the
    /// store.
    var batch: LogBatch {
        _read { yield unsafe uncheckedBatch }
        _modify { yield unsafe &uncheckedBatch }
    }
    @exclusivity(unchecked) private var uncheckedBatch = LogBatch()
    var submittedJobs = 0
    /// The last job that begins a segment.
    var rotationJob = 0
    /// The size of the last batch submitted.
    var submittedSize = 0
    /// Whether the last job has records or begins a segment, rather than only syncing.
    var jobIsLong = false
    var wantsSync = false
    var wantsRotation = false
    var wantsReserve = false

    /// The size that the writer had sealed at the last check whether a compaction is due.
    var lastSealedSize = 0

    /// Snapshots, made by a worker.
    let compactionScheduler: CompactionScheduler

    /// The disk space that changes may take without a check.
    let spaceQuota: SpaceQuota

    package internal(set) var history = ""
    package internal(set) var recovery = RecoveryReport()

    // Stored properties that only this module reaches: Swift then sees that no two accesses overlap, and checks none at
    // run time.
    var newest = ChainPosition.start
    var committedSeq: UInt64 = 0
    var refusesChanges = false
    /// When `removeExpired` may next have something to do: see there.
    var expiryWakeTime = UInt64.max
    /// Entries of the due wheel when that was determined.
    var knownRegistrations = 0
    /// The time of the next attempt after one without space.
    var expiryPauseEnd: UInt64 = 0
    var expiredPairs = 0
    var pendingBound = Int.max
    /// See StoreNotes.swift.
    var noteTable = Notes()
    var noteRevision: UInt64 = 0
    var newestNoteSeq: UInt64 = 0
    /// Records of several changes that are open, one inside another.
    private var multiDepth = 0
    /// The newest change that a client may have made, if changes are refused now.
    var lastOwnSeq: UInt64 = 0
    /// For replicated lines that are not plain.
    var replicaParser = RecordParser()
    var time: UInt64
    /// The time of the newest change, in Unix milliseconds.
    var newestTime: UInt64 = 0
    /// What the changes given to the writer need, and all before them.
    var writtenNeeds: Needs = []
    /// What the changes up to the newest one need together, whether or not a pair still shows it.
    package var needs: Needs { writtenNeeds.union(batch.needs) }

    /// The newest change.
    package var position: ChainPosition { newest }
    /// The time of the newest change, in Unix milliseconds; 0 if there is none.
    package var newestTimestamp: UInt64 { newestTime }
    /// Replies to changes up to this one may be released.
    package var committed: UInt64 { committedSeq }
    /// The time by which pairs expire and changes are stamped, in Unix milliseconds. It never decreases, except while only a
    /// leader's changes are accepted: then it is the leader's, and no earlier than the newest change.
    package var now: UInt64 {
        get { time }
        set { time = max(refusesChanges ? newestTime : time, newValue) }
    }

    /// The wall clock for the age of merged segments, in Unix milliseconds; nil while it is unreliable, and no segment
    /// is removed for its age. Initially the time that the store was opened with.
    package var ageTime: UInt64? {
        get { compactionScheduler.ageTime }
        set { compactionScheduler.ageTime = newValue }
    }

    /// Opens a data set, or creates an empty one. `load` must load it before anything else.
    /// - Parameters:
    ///   - data: the path that names the data set.
    ///   - background: runs work that may block on the disk.
    ///   - now: Unix milliseconds.
    ///   - progress: called from another thread when `poll` may find something new.
    /// - Throws: `StoreError`.
    package init(
        data: FilePath, options: StoreOptions, disk: any Disk, background: any Background = Threads(), now: UInt64,
        progress: @escaping @Sendable () -> Void
    ) throws(StoreError) {
        table = options.seed.map { Table(sipHash: SipHash(key: ($0, 0))) } ?? Table()
        // Before anything is loaded: a snapshot has its keys in order, which is the fastest way to fill the index.
        table.keepOrder(options.index == .ordered)
        self.background = background
        snapshotWorker = LazyWorker("snapshot", in: background)
        feedWorkers = FeedWorkers(in: background)
        files = DataFiles(data: data)
        self.disk = disk
        let announce: @Sendable () -> Void = { [news] in
            news.isThere.store(true, ordering: .releasing)
            progress()
        }
        self.progress = announce
        time = now
        // Before anything is created: a data file of the wrong kind has no log folder.
        _ = try disk.status(of: files.snapshot)
        try disk.createFolder(files.folder)
        var options = options
        options.layout = try options.layout.fitted(to: disk.space(at: files.folder))
        if options.durability != .always { options.layout.preallocation = 0 }
        self.options = options
        compactionRule = options.compactionRule
        spaceQuota = SpaceQuota(reserve: options.layout.reserve)
        compactionScheduler = try CompactionScheduler(
            Compactor(disk: disk, files: files, budget: options.compaction, progress: CompactionProgress()),
            table: table, retention: options.retention, in: background, progress: announce)
        compactionScheduler.ageTime = now
        lock = try disk.lock(files.lock)
        roleFile = RoleFile(files, on: disk, in: background)
        roleNote = try roleFile.read()
        try beginRecovery()
    }

    var writer: LogWriter {
        guard let openWriter else { preconditionFailure("a store is used before it is loaded") }
        return openWriter
    }

    package var durability: Durability { options.durability }
    /// The process's limit on file sizes, in bytes; nil if there is none.
    package var fileSizeLimit: Int? {
        let limit = (try? disk.space(at: files.folder))?.largestFile ?? .max
        return limit < .max ? limit : nil
    }

    // MARK: Watching

    /// Watches a key for `watcher`, unless it does so already.
    package func watch(_ key: Span<UInt8>, for watcher: Watcher) {
        let hash = table.hash(key)
        let pair = table.pair(for: key, hash: hash, at: time)
        watches.add(hash, isThere: pair != nil, expires: pair?.expires ?? 0, for: watcher)
    }

    /// Ends all watches of `watcher`.
    package func unwatch(_ watcher: Watcher) { watches.remove(watcher) }

    // MARK: Changing

    /// Makes `value` the value of `key`.
    /// - Parameter expires: when the pair expires, in Unix milliseconds up to `Number.largest`; 0 for never.
    /// - Returns: the number of the change.
    package func set(
        _ key: Span<UInt8>, to value: Span<UInt8>, expires: UInt64, _ permit: borrowing Permit
    ) -> UInt64 {
        assert(key.count + value.count <= permit.size, "a pair is larger than what was permitted")
        return propose(.set(key: key, value: value, expires: expires))
    }

    /// Changes when the pair of `key`, which must exist, expires.
    /// - Parameter expires: Unix milliseconds up to `Number.largest`; 0 for never.
    /// - Returns: the number of the change.
    package func setExpiry(of key: Span<UInt8>, to expires: UInt64, _ permit: borrowing Permit) -> UInt64 {
        assert(key.count <= permit.size, "a key is larger than what was permitted")
        precondition(
            table.pair(for: key, hash: table.hash(key), at: time) != nil, "the expiry of a missing pair is changed")
        return propose(.ttl(key: key, expires: expires))
    }

    /// Removes `key`.
    /// - Returns: whether it was there, and the change that the answer depends on.
    package func delete(_ key: Span<UInt8>, _ permit: borrowing Permit) -> (isDeleted: Bool, seq: UInt64) {
        assert(key.count <= permit.size, "a key is larger than what was permitted")
        let hash = table.hash(key)
        guard table.pair(for: key, hash: hash, at: time) != nil else { return (false, newestChange(hash)) }
        return (true, propose(.delete(key: key)))
    }

    /// Removes every pair. The memory is given back by `giveBackMemory`.
    /// - Returns: the number of the change.
    package func clear(_ permit: borrowing Permit) -> UInt64 {
        propose(.clear)
    }

    /// Begins a record of several changes: all of them survive a crash, or none. Inside another such record, the changes
    /// become part of that one.
    package func beginMulti(_ permit: borrowing Permit) {
        multiDepth += 1
        if multiDepth == 1 { batch.beginMulti(after: position, timestamp: now) }
    }

    /// Ends the innermost record. Only the outermost is written, if it has changes.
    package func endMulti() {
        precondition(multiDepth > 0, "no record of several changes to end")
        multiDepth -= 1
        if multiDepth == 0 { newest = batch.endMulti(after: position) }
    }

    /// Bytes of the open record of several changes so far; 0 if there is none.
    package var openRecordSize: Int { batch.multiSize }
    /// The number of the newest change; that of the open record if it has changes.
    package var newestSeq: UInt64 { newest.seq + (batch.multiHasChanges ? 1 : 0) }

    /// Writes the change down under the next number, and applies it.
    /// - Returns: the number.
    @inline(__always)
    private func propose(_ change: borrowing Change) -> UInt64 {
        assert(isLoaded, "a change of a data set that is not loaded")
        assert(time >= newestTime, "a change is stamped with an earlier time than the last one")
        let seq = position.seq + 1
        newest = batch.append(change, after: newest, timestamp: time)
        assert(newest.seq == (batch.isInMulti ? seq - 1 : seq), "a change has another number than it was given")
        newestTime = time
        apply(change, seq: seq)
        return seq
    }

    func apply(_ change: borrowing Change, seq: UInt64) {
        let hash = table.hash(change.key)
        if !watches.isEmpty { tellWatchers(of: change, hash: hash, seq: seq) }
        table.apply(change, hash: hash)
        if change.kind == .clear { recent.noteAll(seq) } else if !change.isExpiry { recent[hash] = seq }
    }

    @inline(never)
    private func tellWatchers(of change: borrowing Change, hash: UInt64, seq: UInt64) {
        if change.kind == .clear {
            watches.touchExisting(seq: seq)
        } else if change.isExpiry {
            watches.expire(hash, seq: seq)
        } else {
            watches.touch(hash, seq: seq)
        }
    }

    // MARK: Committing

    /// Records that were proposed and not yet given to the writer.
    package var hasPending: Bool { !batch.isEmpty }
    /// Bytes of records that should wait for the writer at most.
    package var pendingLimit: Int {
        get { pendingBound }
        set { pendingBound = newValue }
    }
    /// Whether so much waits for the writer that further changes should wait too, or it writes a batch that is larger than that. Never
    /// because of an obstacle: changes are refused then.
    package var isBacklogged: Bool {
        (batch.lines.count >= pendingBound || submittedSize > pendingBound && isWriting) && !isObstructed
    }
    /// The newest change given to the writer.
    package var submitted: UInt64 { batch.isEmpty ? position.seq : batch.start.seq }
    /// Whether the writer has a job.
    package var isWriting: Bool { submittedJobs != (openWriter?.finishedJobCount ?? 0) }
    /// Whether everything that existed when a segment was last requested is sealed, or the log has failed.
    var isRotated: Bool { !wantsRotation && rotationJob <= (openWriter?.finishedJobCount ?? 0) }
    /// Whether the next segment's file is being prepared: nothing waits for that.
    package var isPreparing: Bool { openWriter?.isPreparing ?? false }
    /// Changes up to this one are on this disk.
    package var durable: UInt64 { openWriter?.durableSeq ?? 0 }
    package var syncCount: Int { openWriter?.syncCount ?? 0 }
    package var lastSyncNanoseconds: Int { openWriter?.lastSyncNanoseconds ?? 0 }
    /// Changes after this one were never given to the disk: if the log has failed, a restart does not have them.
    /// Uncommitted ones up to it may survive or not.
    package var attempted: UInt64 { openWriter?.attemptedSeq ?? 0 }
    /// Whether nothing more will ever be committed.
    package var hasFailed: Bool { openWriter?.hasFailed ?? false }
    /// Why nothing more will ever be committed.
    package var failure: StoreError? { openWriter?.failureError }

    /// Checks how far the log writer is.
    /// - Returns: the last change that may be committed by this server's log alone; 0 before it is loaded. A follower
    ///   with a full disk still answers reads: only readers wait for what it applies, and its leader has it on disk.
    package func poll() -> UInt64 {
        guard let openWriter else { return 0 }
        if openWriter.isObstructed { renewSpaceQuota() }
        let seq = locallyCommitted(by: openWriter)
        assert(seq <= newest.seq, "the log has changes that were never made")
        return refusesChanges && openWriter.isObstructed && seq >= lastOwnSeq ? newest.seq : seq
    }

    /// Commits changes up to `seq`. The commit rule is the caller's: `poll` says only what this log allows.
    /// - Returns: whether `committed` has moved; it never moves back.
    package func commit(through seq: UInt64) -> Bool {
        guard seq > committedSeq else { return false }
        precondition(seq <= newest.seq, "a change is committed that was never made")
        committedSeq = seq
        return true
    }

    /// Sends pending changes towards the disk. Does nothing while the writer has records to write: pending ones then go
    /// with the next batch.
    package func flush() {
        precondition(!batch.isInMulti, "half a multi record handed over")
        guard !isWriting || !jobIsLong else { return }
        writtenNeeds.formUnion(batch.needs)
        if writer.unsyncedSize >= options.layout.syncInterval { wantsSync = true }
        if options.durability != .always && (batch.isEmpty || isShort(batch) && writer.writeAtOnce(&batch)) {
            if (wantsSync || wantsRotation || wantsReserve) && !isWriting { submit(syncs: wantsSync) }
        } else if !isWriting && (!batch.isEmpty || wantsRotation || wantsReserve) {
            submit(syncs: options.durability == .always || wantsSync)
        }
    }

    /// Whether a batch is small enough for the reactor to write in the relaxed modes: copying 512 KiB takes some 0.1
    /// ms.
    private func isShort(_ batch: borrowing LogBatch) -> Bool { batch.lines.count <= 512 << 10 }

    /// Requests a sync, now or with the next flush: what the `interval` mode does every second.
    package func requestSync() {
        guard writer.writtenSeq > writer.durableSeq || hasPending else { return }
        wantsSync = true
        flush()
    }

    func submit(syncs: Bool, looks: Bool = false) {
        assert(!isWriting, "a job for the log before the last one is done")
        assert(batch.isEmpty || batch.end == newest, "the log lacks the newest change")
        jobIsLong = !batch.isEmpty || wantsRotation
        submittedSize = batch.lines.count
        writtenNeeds.formUnion(batch.needs)
        submittedJobs += 1
        if wantsRotation { rotationJob = submittedJobs }
        writer.submit(
            &batch,
            LogWriter.Job(
                rotates: wantsRotation, syncs: syncs, looks: looks, lock: looks ? lock : nil,
                releasesReserve: wantsReserve))
        (wantsSync, wantsRotation, wantsReserve) = (false, false, false)
        renewSpaceQuota()
    }

    /// Makes changes that an obstacle delays fail, so that the store can be closed.
    package func failObstructedWrites() { openWriter?.failOnObstacles() }

    /// Closes the log cleanly: everything is written and synced, or `failure` says why not. Then another store may open
    /// it. Blocks on the disk. The writer must have no job.
    package func close() {
        precondition(!isWriting, "closed while the writer has a job")
        precondition(!batch.isInMulti, "closed inside a multi record")
        compactionScheduler.stop()
        openWriter?.close(&batch)
        loading = nil
        lock = nil
    }
}
