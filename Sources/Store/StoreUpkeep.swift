// A store's maintenance: frees memory, checks its files, and advances compaction. `tick` runs each second,
// `advanceCompaction` whenever a worker has news.

extension Store {
    /// Frees part of what `clear` and a dropped index left: less than a millisecond's work.
    /// - Returns: whether there is more.
    package func giveBackMemory() -> Bool {
        table.giveBackMemory(buckets: 4)
    }

    /// Frees memory as above, and builds a part of the ordered index.
    /// - Returns: whether there is more.
    package func advanceTable() -> Bool {
        table.hasUpkeep && advanceUpkeep()
    }

    @inline(never)
    private func advanceUpkeep() -> Bool {
        let hasMemory = giveBackMemory()
        return table.hasIndexWork && buildIndex() || hasMemory
    }

    /// Periodic work: checks whether the log's file is in its place and whether there is space again, removes segments
    /// beyond retention, and starts a compaction if one is due. To be called each second.
    package func tick() {
        guard isLoaded, !hasFailed else { return }
        news.isThere.store(true, ordering: .relaxed)
        let isShort = isDiskFull
        if isShort && compactionScheduler.prepareOnFullDisk(now: now) {
            // Deletions must be sealed to be merged, and a compaction needs space before it frees any.
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
        var rule = compactionRule
        rule.size = min(rule.size, options.layout.segmentSize * 7 / 2)
        if compactionScheduler.isPausing(by: rule) {
            rule.backlog = rule.backlog(withFree: (try? disk.space(at: files.folder))?.available ?? 0)
        }
        compactionScheduler.startIfDue(rule, sealedSize: sealedSize, newest: position.seq, now: now)
    }

    /// Changes when compactions start automatically, and what the next ones keep.
    package func change(_ rule: CompactionRule, retention: Retention) {
        compactionRule = rule
        compactionScheduler.retention = retention
    }

    /// Starts a compaction of everything up to the newest change.
    /// - Returns: false if one is in progress.
    package func compact() -> Bool {
        guard compactionScheduler.isIdle else { return false }
        wantsRotation = true
        wantsReserve = writer.isObstructed
        compactionScheduler.prepare(forSpace: isDiskFull)
        news.isThere.store(true, ordering: .relaxed)
        flush()
        return true
    }

    /// Whether `advanceCompaction` may have something to do or to report. Asked each turn.
    package func takeNews() -> Bool {
        guard news.isThere.load(ordering: .acquiring) else { return false }
        news.isThere.store(false, ordering: .relaxed)
        return true
    }

    /// Advances compaction: to be called when there is news, until it returns nil.
    /// - Returns: an event to report.
    package func advanceCompaction() -> CompactionEvent? {
        guard isLoaded else { return nil }
        if wantsRotation || wantsReserve { flush() }
        if writer.sealedSize != lastSealedSize {
            lastSealedSize = writer.sealedSize
            if !isDiskFull {
                startCompactionIfDue(sealedSize: lastSealedSize)
            }
        }
        advance()
        return compactionScheduler.takeEvent(sealedSize: writer.sealedSize)
    }

    /// Takes the compaction to its next stage, if it is ready for it.
    private func advance() {
        // In this order: a failed job is finished only after its failure is visible.
        let isSealed = isRotated
        if let failure { return compactionScheduler.abandonWalk(failure) }
        // The log waits for space, and cannot be sealed before there is some.
        let shortage = writer.obstacleError.flatMap { $0.isDiskFull ? $0 : nil }
        switch compactionScheduler.state {
        case .prepared where isSealed || shortage != nil:
            // What was sealed before may free the space.
            compactionScheduler.startPrepared(
                canSeal: isSealed, sealedSize: writer.sealedSize, newest: position.seq, now: now)
        case .walking, .sealing: if let shortage { compactionScheduler.abandonWalk(shortage) }
        case .idle, .prepared, .running: break
        }
        switch compactionScheduler.state {
        case .walking(let walk): go(on: walk)
        case .sealing(let end) where isSealed: compactionScheduler.sealed(end)
        case .idle, .prepared, .sealing, .running: break
        }
    }

    private func go(on walk: TableWalk) {
        switch walk.advance(by: background) {
        case .goOn: progress()
        case .wait: break
        case .end:
            compactionScheduler.walked(
                WalkEnd(seq: position.seq, timestamp: newestTime, needs: needs, notes: noteTable))
            wantsRotation = true
            flush()
        }
    }

    /// The status of snapshots and compactions.
    package var compaction: CompactionStatus { compactionScheduler.status(sealedSize: openWriter?.sealedSize ?? 0) }

    /// Verifies every invariant of the table, and of the files as they are: to be called while nothing is being
    /// written.
    /// - Returns: what is wrong; empty if all is well.
    package func check() -> [String] {
        var problems = table.check()
        if isLoaded && !isWriting && batch.isEmpty && compactionScheduler.isIdle && !hasFailed {
            problems += FileCheck(disk: disk, files: files).problems(
                history: history, position: position, table: table, notes: noteTable)
        }
        return problems
    }
}
