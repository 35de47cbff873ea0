// The audit's files, on a thread: no client waits for them that does not have to.

import Audit
import Bytes
import Logging
import Reactor
import Synchronization

/// Whether the events of one turn are on the disk.
final class AuditReceipt: Sendable {
    private let result = Mutex<Bool?>(nil)

    /// nil until the thread is done with them; false if one of them is lost.
    var isDurable: Bool? { result.withLock { $0 } }

    /// Events that are lost stay so.
    func set(_ isDurable: Bool) {
        result.withLock { if $0 != false { $0 = isDurable } }
    }
}

/// What the thread has published.
struct AuditState: Sendable {
    var health = AuditHealth()
    /// Events written since the start.
    var events: UInt64 = 0
    /// The last seal of this run.
    var seal: AuditSeal?
}

/// Writes a server's audit on a thread of its own. Its functions do not block, except `close`.
final class AuditThread: Sendable {
    private let worker: any Worker
    private let bell: Wakeup.Bell
    private let folder: any AuditFolder
    private let log: Logger
    private let files: Mutex<Files>
    private let queue = AuditQueue()
    private let upkeep = Mutex(Upkeep())
    private let published = Mutex(AuditState())

    /// What only the thread uses once it has begun.
    private struct Files: ~Copyable, Sendable {
        /// nil as long as the folder could not be opened.
        var writer: AuditWriter?
        var options: AuditOptions
        var first: UInt64 = 1
        /// Events lost before there was a writer, and since when.
        var lost: UInt64 = 0
        var lostSince: UInt64 = 0
        /// Events that the queue had no room for, among those that are counted as lost.
        var lostByQueue: UInt64 = 0
        /// When the folder is tried again, in Unix milliseconds.
        var retryAt: UInt64 = 0
        var failure: AuditError?
    }

    /// What is due next. A disk that hangs must not let jobs pile up, so there is at most one of each kind.
    private struct Upkeep: Sendable {
        var isWritingDue = false
        /// The newest call of `tick` that was not carried out.
        var tick: (time: UInt64, change: (@Sendable (inout AuditOptions) -> Void)?)?
    }

    /// Opens the audit.
    /// - Parameters:
    ///   - isLenient: whether a folder that cannot be opened is tried again each second.
    ///   - now: Unix milliseconds.
    /// - Throws: `AuditError`, unless `isLenient`.
    init(
        _ folder: any AuditFolder, _ options: AuditOptions, isLenient: Bool, worker: any Worker, bell: Wakeup.Bell,
        at now: UInt64, log: Logger
    ) throws(AuditError) {
        (self.folder, self.worker, self.bell, self.log) = (folder, worker, bell, log)
        var files = Files(writer: nil, options: options)
        do throws(AuditError) {
            try AuditThread.open(&files, folder, at: now)
        } catch {
            guard isLenient else { throw error }
            log.error("The audit cannot be written, and is tried again each second: \(error)")
            files.failure = error
            files.retryAt = now + options.retryInterval
        }
        self.files = Mutex(files)
        self.files.withLock { publish(&$0) }
    }

    private static func open(_ files: inout Files, _ folder: any AuditFolder, at now: UInt64) throws(AuditError) {
        var writer = try AuditWriter(folder, files.options, at: now)
        if files.lost > 0 { writer.noteLost(files.lost, since: files.lostSince) }
        files.first = writer.next
        files.writer = consume writer
        (files.lost, files.failure) = (0, nil)
    }

    /// What has become of the audit so far. A full queue is a failure like one of the disk.
    /// - Parameter further: events that are about to be added.
    func state(with further: Int) -> AuditState {
        let level = queue.level
        var state = published.withLock { $0 }
        state.health.lost += level.lost
        if state.health.failure == nil, level.waiting + further > AuditQueue.limit {
            state.health.failure = .queueFull(limit: AuditQueue.limit)
        }
        return state
    }

    // MARK: Work

    /// Writes events. Those that the queue has no room for are lost.
    /// - Parameters:
    ///   - syncs: whether they are wanted on the disk at once.
    ///   - now: Unix milliseconds.
    func write(_ events: [AuditEvent], syncs: Bool, _ receipt: AuditReceipt, at now: UInt64) {
        if case .overflowed(isFirst: true) = queue.add(events, syncs: syncs, receipt, at: now) {
            log.error("Events of the audit are lost: \(AuditError.queueFull(limit: AuditQueue.limit))")
        }
        let isDue = upkeep.withLock { upkeep in
            defer { upkeep.isWritingDue = true }
            return upkeep.isWritingDue
        }
        if !isDue { worker.submit { [self] in writeAll() } }
    }

    private func writeAll() {
        upkeep.withLock { $0.isWritingDue = false }
        files.withLock { files in
            let (entries, loss) = queue.take()
            // One sync is enough for all of them.
            var written: [(entry: AuditQueue.Entry, isWritten: Bool)] = []
            for entry in entries {
                if let loss = entry.lossBefore { AuditThread.count(loss, in: &files) }
                written.append((entry, AuditThread.write(entry.events, to: &files, at: entry.time)))
            }
            if let loss { AuditThread.count(loss, in: &files) }
            var isSynced = true
            if let last = written.last(where: { $0.entry.syncs && $0.isWritten }) {
                isSynced = files.writer?.sync(at: last.entry.time) == true
            }
            publish(&files)
            for (entry, isWritten) in written {
                entry.receipt.set(isWritten && (isSynced || !entry.syncs))
                queue.finish(entry)
            }
        }
        bell.ring()
    }

    private static func count(_ loss: AuditQueue.Loss, in files: inout Files) {
        files.lostByQueue += loss.count
        lose(loss.count, since: loss.since, in: &files)
    }

    private static func lose(_ count: UInt64, since: UInt64, in files: inout Files) {
        guard files.writer == nil else {
            files.writer?.noteLost(count, since: since)
            return
        }
        if files.lost == 0 { files.lostSince = since }
        files.lost += count
    }

    private static func write(_ events: [AuditEvent], to files: inout Files, at now: UInt64) -> Bool {
        var batch = AuditBatch()
        for event in events { batch.append(event) }
        guard files.writer != nil else {
            lose(UInt64(batch.count), since: now, in: &files)
            return false
        }
        return files.writer?.append(batch, at: now) == true
    }

    /// Upkeep, once a second: syncs, seals, removes old segments, and recovers from a failure.
    /// - Parameters:
    ///   - change: applied to the options first.
    ///   - now: Unix milliseconds.
    func tick(at now: UInt64, _ change: (@Sendable (inout AuditOptions) -> Void)? = nil) {
        let isDue = upkeep.withLock { upkeep in
            defer { upkeep.tick = (now, change) }
            return upkeep.tick != nil
        }
        if !isDue { worker.submit { [self] in tickNow() } }
    }

    private func tickNow() {
        guard
            let (now, change) = upkeep.withLock({ upkeep in
                defer { upkeep.tick = nil }
                return upkeep.tick
            })
        else { return }
        files.withLock { files in
            change?(&files.options)
            if files.writer == nil, now >= files.retryAt || now + files.options.retryInterval < files.retryAt {
                openAgain(&files, at: now)
            }
            if files.writer != nil {
                files.writer?.options = files.options
                files.writer?.tick(at: now)
                _ = files.writer?.sync(at: now)
            }
            publish(&files)
        }
    }

    private func openAgain(_ files: inout Files, at now: UInt64) {
        files.retryAt = now + files.options.retryInterval
        do throws(AuditError) {
            try AuditThread.open(&files, folder, at: now)
            log.warning("The audit can be written again")
        } catch {
            if files.failure != error { log.error("The audit cannot be written: \(error)") }
            files.failure = error
        }
    }

    /// Seals the last epoch, and waits for everything that was submitted.
    /// - Parameter now: Unix milliseconds.
    func close(at now: UInt64) {
        worker.submit { [self] in
            files.withLock { files in
                if files.writer?.close(at: now) == false { log.error("The audit's last lines may not be on the disk") }
                publish(&files)
            }
        }
        worker.finish()
    }

    private func publish(_ files: inout Files) {
        for notice in files.writer?.takeNotices() ?? [] {
            switch notice.level {
            case .info: log.info("\(notice.text)")
            case .warning: log.warning("\(notice.text)")
            case .error: log.error("\(notice.text)")
            }
        }
        var state = AuditState()
        if let next = files.writer?.next { state.events = next - files.first }
        state.seal = files.writer?.newestSeal
        state.health = files.writer?.health ?? AuditHealth(failure: files.failure, lost: files.lost)
        // `state` adds what the queue says, which is ahead of this thread.
        state.health.lost -= files.lostByQueue
        published.withLock { $0 = state }
    }
}
