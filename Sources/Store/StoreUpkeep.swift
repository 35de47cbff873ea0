// What a store does beside its changes: gives memory back, looks after its files, and takes compaction from one stage to
// the next. `tick` asks for it each second, `advanceCompaction` whenever a thread has news.

extension Store {
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
        let least = min(compactSize, options.layout.segmentSize * 7 / 2)
        compactions.startIfDue(
            ratio: compactRatio, least: least, sealedSize: sealedSize, newest: position.seq, now: now)
    }

    /// Changes when compactions begin by themselves, and what the next ones keep; see `StoreOptions`.
    package func change(compactRatio: Double, compactSize: Int, retention: Retention) {
        self.compactRatio = compactRatio
        self.compactSize = compactSize
        compactions.retention = retention
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
        advance()
        return compactions.takeEvent(sealedSize: writer.sealedSize)
    }

    /// Takes the compaction to its next stage, where it has come so far.
    private func advance() {
        // In this order: a job that has failed is done only after its failure is there to be seen.
        let isSealed = isRotated
        if let failure { return compactions.abandonWalk(failure) }
        // The log waits for space, and cannot be sealed before there is some.
        let shortage = writer.obstacleError.flatMap { $0.isDiskFull ? $0 : nil }
        switch compactions.state {
        case .prepared where isSealed || shortage != nil:
            // What was sealed before may give back the space.
            compactions.startPrepared(
                canSeal: isSealed, sealedSize: writer.sealedSize, newest: position.seq, now: now)
        case .walking, .sealing: if let shortage { compactions.abandonWalk(shortage) }
        case .idle, .prepared, .running: break
        }
        switch compactions.state {
        case .walking(let walk): go(on: walk)
        case .sealing(let seq, let time) where isSealed: compactions.sealed(through: seq, timestamp: time)
        case .idle, .prepared, .sealing, .running: break
        }
    }

    private func go(on walk: TableWalk) {
        switch walk.advance(by: background) {
        case .goOn: progress()
        case .wait: break
        case .end:
            compactions.walked(newest: position.seq, timestamp: newestTime)
            wantsRotation = true
            flush()
        }
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
