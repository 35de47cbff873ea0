// The writer's segments: beginning one, sealing, the reserve, retention.

import Bytes
import OpenSSL

extension AuditWriter {
    static var retentionInterval: UInt64 { 3_600_000 }
    static var reserveInterval: UInt64 { 60_000 }

    // MARK: Beginning

    /// Begins a segment with the next event's number. Nothing changes if this fails.
    mutating func startSegment(at now: UInt64) throws(AuditError) {
        let newName = AuditNames.segment(next)
        let header = AuditHeader(
            node: options.node, history: options.history, n: next, chain: chain, epoch: key?.epoch)
        var line = ByteBuffer()
        line.append(auditHeader: header)
        let newFile = try createSegment(newName, at: now)
        do throws(AuditError) {
            try newFile.write(line.bytes, at: 0)
            try newFile.sync()
            try folder.sync()
        } catch {
            // A header without events under this name would be in the way of the next attempt.
            try? folder.remove(newName)
            guard error.isDiskFull, giveUpReserve() else { throw error }
            return try startSegment(at: now)
        }
        if key != nil, !isSealed { epochHash.reset() }
        epochHash.update(line.bytes)
        (file, name, size, day, isSealed) = (newFile, newName, line.count, nil, key != nil)
        tail.removeAll()
        needsRewrite = false
        retentionAt = 0
    }

    private mutating func createSegment(_ newName: String, at now: UInt64) throws(AuditError) -> any AuditFile {
        do throws(AuditError) {
            return try folder.create(newName)
        } catch {
            guard error.isExisting else { throw error }
        }
        if file != nil, newName == name, day == nil {
            try folder.remove(newName)
        } else {
            let aside = "\(newName).displaced-\(now)"
            try folder.rename(newName, to: aside)
            say(.warning, "\(folder.path(of: newName)) is not this server's; it was renamed to \(aside)")
        }
        return try folder.create(newName)
    }

    // MARK: Sealing

    /// Ends the epoch if it has lines: its seal is on the disk, then the next key.
    mutating func seal() throws(AuditError) {
        guard isSealed, epochStart != nil else { return }
        let digest = epochHash.digest()
        // No copy of the key: it would share the memory that is to be overwritten.
        guard let epoch = key?.epoch, let mac = key?.mac(of: digest) else { return }
        let seal = AuditSeal(n: next - 1, epoch: epoch, sha256: digest, mac: mac)
        let (line, crc) = sealLine(seal)
        try writeToTail(line.span)
        chain = crc
        epochHash.reset()
        epochStart = nil
        pendingSeal = seal
        pendingEvolution = true
        try syncTail()
    }

    /// Replaces the key behind a seal that is on the disk, in memory and in `SEAL`. If that file cannot be written, the old key
    /// stays in it until the next attempt; lines are written all the same.
    mutating func storeKey() {
        guard pendingEvolution || health.keyFailure != nil, tail.isEmpty, key != nil else { return }
        if pendingEvolution { key?.evolve() }
        pendingEvolution = false
        do throws(AuditError) {
            try key?.store(in: folder)
            health.keyFailure = nil
        } catch {
            if health.keyFailure != error { say(.error, "The audit's next key cannot be stored: \(error)") }
            health.keyFailure = error
        }
    }

    // MARK: The reserve

    /// Takes the reserve's space from the disk, if it is not taken.
    mutating func keepReserve(at now: UInt64) {
        reserveAt = now + AuditWriter.reserveInterval
        guard options.reserveSize > 0, health.isWritable else { return }
        do throws(AuditError) {
            if let status = try folder.status(of: AuditNames.reserve) {
                if status.size >= options.reserveSize { return }
                try folder.remove(AuditNames.reserve)
            }
            let reserve = try folder.create(AuditNames.reserve)
            let zeros = [UInt8](repeating: 0, count: options.reserveSize)
            try reserve.write(zeros.span, at: 0)
            try reserve.sync()
            health.isReserveUsed = false
        } catch {
            try? folder.remove(AuditNames.reserve)
            if !health.isReserveUsed { say(.warning, "The audit has no reserve: \(error)") }
            health.isReserveUsed = true
        }
    }

    /// Frees the reserve's space.
    /// - Returns: false if there was none.
    mutating func giveUpReserve() -> Bool {
        guard (try? folder.status(of: AuditNames.reserve)) != nil else { return false }
        do throws(AuditError) {
            try folder.remove(AuditNames.reserve)
        } catch {
            return false
        }
        health.isReserveUsed = true
        say(.warning, "The disk is full: the audit uses its reserve of \(options.reserveSize) bytes")
        return true
    }

    // MARK: Retention

    /// Removes the oldest segments while one is too old, or all are too large. Each removal is an event, which is on the disk
    /// first. The open segment stays.
    mutating func retain(at now: UInt64) throws(AuditError) {
        retentionAt = now + AuditWriter.retentionInterval
        guard options.retainAge > 0 || options.retainSize > 0 else { return }
        var segments: [(name: String, status: AuditFileStatus)] = []
        for name in try folder.segments() {
            if let status = try folder.status(of: name) { segments.append((name, status)) }
        }
        var total = segments.reduce(0) { $0 + $1.status.size }
        var removed: [String] = []
        for segment in segments where segment.name != name {
            let isOld =
                options.retainAge > 0 && segment.status.modified <= now
                && now - segment.status.modified > options.retainAge
            guard isOld || options.retainSize > 0 && total > options.retainSize else { break }
            total -= segment.status.size
            removed.append(segment.name)
            var remark = AuditEvent(.settings, at: now)
            remark.target = folder.path(of: segment.name)
            remark.change =
                "audit file removed: " + (isOld ? "older than audit.retain_age" : "beyond audit.retain_size")
            remark.result = "ok"
            remarks.append(remark)
        }
        guard !removed.isEmpty else { return }
        try write(AuditBatch(), at: now)
        try syncTail()
        for name in removed { try folder.remove(name) }
        try folder.sync()
        say(.info, "Removed \(counted(removed.count, "segment")) of the audit, the last \(removed[removed.count - 1])")
    }
}
