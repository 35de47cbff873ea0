// Writes the audit: batches of events in, lines with numbers, checksums and seals out. It has no thread and no clock: its owner calls
// it from one thread at a time, and passes the time in Unix milliseconds.
//
// A failure never blocks and never ends the writer. What cannot be written is counted; when the disk takes lines again, a `lost` line
// precedes them. Lines that were written but not yet synced are kept in memory: after a failed write or sync they are written again,
// because a second sync alone may succeed without having written anything (Rebello et al., "Can applications recover from fsync
// failures?", 2020).

import Bytes
import LogFormat
import OpenSSL

/// How an audit is written. Times are in milliseconds, sizes in bytes.
package struct AuditOptions: Sendable {
    /// The server's address, and its data set's history, for the headers; an empty history is not known yet.
    package var node: String
    package var history: String
    /// A segment that has reached this size is followed by a new one.
    package var segmentSize = 64 << 20
    /// How long after its first line an epoch is sealed.
    package var epochLength: UInt64 = 15 * 60 * 1000
    /// The space that is held for the time when the disk is full; 0 for none.
    package var reserveSize = 1 << 20
    /// How long after a failure the next attempt is made.
    package var retryInterval: UInt64 = 1000
    /// Older segments are removed; 0 keeps them. The age counts from a segment's last write.
    package var retainAge: UInt64 = 0
    /// The oldest segments are removed while all together are larger; 0 keeps them.
    package var retainSize = 0

    /// The defaults for a server and its data set.
    package init(node: String, history: String) { (self.node, self.history) = (node, history) }
}

/// Something that the server's own log should say.
package struct AuditNotice: Equatable, Sendable {
    /// How urgent a notice is.
    package enum Level: Sendable { case info, warning, error }

    /// How urgent it is.
    package var level: Level
    /// One sentence.
    package var text: String
}

/// Whether the audit can be written, and what it has missed.
package struct AuditHealth: Equatable, Sendable {
    /// Why the last attempt failed; nil while lines can be written.
    package var failure: AuditError?
    /// Events lost since the start, and those of them that no `lost` line has counted yet.
    package var lost: UInt64 = 0
    package var unreportedLost: UInt64 = 0
    /// Whether the disk was so full that the reserve was given up.
    package var isReserveUsed = false
    /// Why the key of the current epoch is not in `SEAL`; nil if it is.
    package var keyFailure: AuditError?

    /// Whether the last attempt succeeded.
    package var isWritable: Bool { failure == nil }

    /// That of an audit which could not even be opened, or of a new one.
    package init(failure: AuditError? = nil, lost: UInt64 = 0) {
        (self.failure, self.lost, unreportedLost) = (failure, lost, lost)
    }
}

/// The writer of one audit folder. One per folder: the data set's lock guards it.
package struct AuditWriter: ~Copyable, Sendable {
    let folder: any AuditFolder
    /// May be changed at any time; `node` and `history` count from the next segment on.
    package var options: AuditOptions {
        didSet {
            let isSame = options.retainAge == oldValue.retainAge && options.retainSize == oldValue.retainSize
            if !isSame { retentionAt = 0 }
        }
    }

    // The open segment. `file` is nil where the next write begins a new one.
    var file: (any AuditFile)?
    var name = ""
    /// Bytes of the segment that are accounted for.
    var size = 0
    /// The UTC day of the segment's first event, in days since 1970; nil if it has no events.
    var day: UInt64?
    /// The number of the next event, and the checksum of the last line.
    package internal(set) var next: UInt64 = 1
    package internal(set) var chain: UInt32 = 0
    /// The last event that is on the disk; 0 if none is.
    package internal(set) var durable: UInt64 = 0

    /// Lines at the segment's end that were not synced.
    var tail = ByteBuffer()
    /// Whether the file may differ from what was written, from the tail's start on.
    var needsRewrite = false

    // Sealing. Without a key there are no seals.
    var key: SealingKey?
    /// Whether a seal was written whose epoch's key is still the current one.
    var pendingEvolution = false
    /// Whether the open segment's header names an epoch.
    var isSealed = false
    var epochHash = SHA256Hasher()
    /// When the epoch's first line was written; nil if it has none but a header.
    var epochStart: UInt64?
    /// The last seal that is on the disk, for heartbeats: followers must not have one that a crash undoes.
    package internal(set) var newestSeal: AuditSeal?
    /// A seal that was written and not yet synced.
    var pendingSeal: AuditSeal?

    /// Whether lines can be written.
    package internal(set) var health = AuditHealth()
    var lostSince: UInt64 = 0
    var retryAt: UInt64 = 0
    var reserveAt: UInt64 = 0
    var retentionAt: UInt64 = 0
    /// What the audit has to say of itself, written before the next events.
    var remarks: [AuditEvent] = []
    private var notices: [AuditNotice] = []

    /// A tail of this size is synced at once.
    private static let tailLimit = 1 << 20

    /// Opens or makes an audit, and continues where it ended. An unfinished line at the end is cut.
    /// - Throws: `AuditError` if the folder cannot be read or written, or `SEAL` is damaged. The server decides whether that ends it.
    package init(_ folder: any AuditFolder, _ options: AuditOptions, at now: UInt64) throws(AuditError) {
        self.folder = folder
        self.options = options
        try folder.make()
        key = try SealingKey.stored(in: folder)
        try recover(at: now)
        keepReserve(at: now)
        // Otherwise the first event begins it.
        if file == nil, !options.history.isEmpty { try startSegment(at: now) }
    }

    /// What was noticed since the last call.
    package mutating func takeNotices() -> [AuditNotice] {
        defer { notices.removeAll() }
        return notices
    }

    mutating func say(_ level: AuditNotice.Level, _ text: String) {
        notices.append(AuditNotice(level: level, text: text))
    }

    // MARK: Appending

    /// Writes a batch of events, not synced.
    /// - Returns: false if they are lost.
    package mutating func append(_ batch: borrowing AuditBatch, at now: UInt64) -> Bool {
        guard mayTry(at: now) else {
            lose(batch.count, at: now)
            return false
        }
        do throws(AuditError) {
            try makeReady(at: now)
            try write(batch, at: now)
        } catch {
            fail(error, at: now)
            lose(batch.count, at: now)
            return false
        }
        if tail.count >= AuditWriter.tailLimit { _ = sync(at: now) }
        return true
    }

    /// Makes everything that was written durable; `durable` then says up to which event.
    /// - Returns: false if that failed; the lines are kept and written again.
    package mutating func sync(at now: UInt64) -> Bool {
        do throws(AuditError) {
            try syncTail()
        } catch {
            fail(error, at: now)
            return false
        }
        return true
    }

    /// To be called each second: recovers from a failure, seals an epoch that is over, removes old segments.
    package mutating func tick(at now: UInt64) {
        guard mayTry(at: now) else { return }
        do throws(AuditError) {
            try makeReady(at: now)
            if let start = epochStart, now >= start + options.epochLength || now < start { try seal() }
            try write(AuditBatch(), at: now)
            if now >= retentionAt || now + AuditWriter.retentionInterval < retentionAt { try retain(at: now) }
        } catch {
            fail(error, at: now)
        }
        if now >= reserveAt || now + AuditWriter.reserveInterval < reserveAt { keepReserve(at: now) }
    }

    /// Seals the epoch and syncs. The writer may be used afterwards.
    /// - Returns: false if that failed: the last lines may not be on the disk, or not sealed.
    package mutating func close(at now: UInt64) -> Bool {
        do throws(AuditError) {
            try makeReady(at: now)
            try write(AuditBatch(), at: now)
            try seal()
            try syncTail()
        } catch {
            fail(error, at: now)
        }
        return health.isWritable
    }

    // MARK: Failures

    /// Whether the next attempt is due, or the clock has moved back.
    private func mayTry(at now: UInt64) -> Bool {
        health.isWritable || now >= retryAt || now + options.retryInterval < retryAt
    }

    mutating func fail(_ error: AuditError, at now: UInt64) {
        if health.failure != error { say(.error, "The audit cannot be written: \(error)") }
        health.failure = error
        retryAt = now + options.retryInterval
    }

    /// Counts events that were lost before they came to the writer.
    /// - Parameter since: when the first was lost, in Unix milliseconds.
    package mutating func noteLost(_ count: UInt64, since: UInt64) {
        if health.unreportedLost == 0 { lostSince = since }
        health.lost += count
        health.unreportedLost += count
    }

    private mutating func lose(_ count: Int, at now: UInt64) {
        if health.unreportedLost == 0 { lostSince = now }
        health.lost += UInt64(count)
        health.unreportedLost += UInt64(count)
    }

    // MARK: Before a write

    /// Brings the files to where the next line can be appended.
    private mutating func makeReady(at now: UInt64) throws(AuditError) {
        if let file, !file.isInPlace() { leaveDisplaced(at: now) }
        if file == nil {
            try startSegment(at: now)
            // The lines of the epoch before are in another file, or gone: its seal says what they were.
            if epochStart != nil { try seal() }
        }
        if needsRewrite { try syncTail() }
        if isRotationDue(at: now) {
            try seal()
            try syncTail()
            try startSegment(at: now)
        }
        storeKey()
    }

    private mutating func leaveDisplaced(at now: UInt64) {
        let path = folder.path(of: name)
        say(.error, "\(AuditError.displaced(path: path)); the audit continues in a new file")
        var remark = AuditEvent(.settings, at: now)
        (remark.target, remark.change, remark.result) = (path, "audit file removed or replaced", "displaced")
        remarks.append(remark)
        file = nil
        tail.removeAll()
        pendingSeal = nil
        needsRewrite = false
        storeKey()
        // A header alone is not worth a seal that nobody can check.
        if epochStart == nil { epochHash.reset() }
    }

    private func isRotationDue(at now: UInt64) -> Bool {
        if key != nil, !isSealed { return true }
        guard let day else { return false }
        return size >= options.segmentSize || now / AuditWriter.dayLength > day
    }

    static let dayLength: UInt64 = 86_400_000

    // MARK: Writing

    /// Writes, in this order, how many events were lost, the audit's own remarks, and the batch.
    mutating func write(_ batch: borrowing AuditBatch, at now: UInt64) throws(AuditError) {
        var lines = ByteBuffer()
        var (crc, n) = (chain, next)
        if health.unreportedLost > 0 {
            let loss = AuditLoss(count: health.unreportedLost, since: lostSince, time: now)
            crc = lines.append(auditLoss: loss, chain: crc)
        }
        if !remarks.isEmpty {
            var own = AuditBatch()
            for remark in remarks { own.append(remark) }
            lines.append(lines: own, from: &n, chain: &crc)
        }
        lines.append(lines: batch, from: &n, chain: &crc)
        if !lines.isEmpty {
            try writeToTail(lines.bytes)
            epochHash.update(lines.bytes)
            if epochStart == nil { epochStart = now }
            if n > next, day == nil { day = now / AuditWriter.dayLength }
            (chain, next) = (crc, n)
            remarks.removeAll()
            let lost = health.unreportedLost
            health.unreportedLost = 0
            if lost > 0 { say(.warning, "The audit can be written again; \(lost) events were lost") }
        }
        health.failure = nil
    }

    /// The line of a seal, and its checksum.
    func sealLine(_ seal: AuditSeal) -> (line: [UInt8], crc: UInt32) {
        var line = ByteBuffer()
        let crc = line.append(auditSeal: seal, chain: chain)
        return (Array(line.bytes), crc)
    }

    /// Appends lines to the file and the tail.
    mutating func writeToTail(_ lines: Span<UInt8>) throws(AuditError) {
        guard let file else { throw .displaced(path: folder.path(of: name)) }
        do throws(AuditError) {
            try file.write(lines, at: size)
        } catch {
            needsRewrite = true
            guard error.isDiskFull, giveUpReserve() else { throw error }
            try file.truncate(to: size)
            try file.write(lines, at: size)
            needsRewrite = false
        }
        tail.append(lines)
        size += lines.count
    }

    /// Makes what was written durable. After a failure the tail is written again first.
    mutating func syncTail() throws(AuditError) {
        guard let file, needsRewrite || !tail.isEmpty else { return }
        if needsRewrite {
            let start = size - tail.count
            try file.truncate(to: start)
            if !tail.isEmpty { try file.write(tail.bytes, at: start) }
        }
        do throws(AuditError) {
            try file.sync()
        } catch {
            needsRewrite = true
            throw error
        }
        needsRewrite = false
        tail.removeAll()
        durable = next - 1
        if let pendingSeal { newestSeal = pendingSeal }
        pendingSeal = nil
        // The lines behind a seal belong to the next epoch, and so does a header.
        if pendingEvolution { storeKey() }
    }
}

extension ByteBuffer {
    /// Appends events as lines.
    fileprivate mutating func append(lines batch: borrowing AuditBatch, from n: inout UInt64, chain: inout UInt32) {
        var start = 0
        for end in batch.ends {
            let line = count
            append("{\"n\":")
            append(decimal: n)
            append(",")
            append(batch.bytes.bytes.extracting(start..<end))
            chain = appendChecksum(bodyFrom: line, chain: chain)
            n += 1
            start = end
        }
    }
}
