// One opening of a store on a disk that fails as planned: work until it ends, is killed or fails.

import Store
import SystemPackage
import TestSupport

/// A store, the disk below it, and what it was asked to do.
struct DiskRun {
    let disk: FaultyDisk
    let opened: OpenedStore
    private(set) var compactions = 0
    /// What compactions have failed with.
    private(set) var failedCompactions: [StoreError] = []
    /// Faults during a compaction, rather than in the log.
    private(set) var strikesInCompaction = 0

    /// Opens the store.
    /// - Parameter source: where its snapshots' pairs come from: a walk through the table is one of many steps, and changes
    ///   are made between them.
    /// - Throws: what the start has failed with; `disk` tells of the faults that have struck.
    init(
        _ durability: Durability = .always, on disk: FaultyDisk, source: SnapshotSource? = nil
    ) throws(StoreError) {
        self.disk = disk
        opened = try OpenedStore(durability, on: disk) { options in
            options.compaction.source = source
            options.index = durability == .always ? .none : .ordered
            (options.compaction.walkTime, options.compaction.stepSize, options.compaction.chunkSize) = (.zero, 100, 300)
        }
    }

    var hasFailed: Bool { opened.store.failure != nil }

    /// Makes `count` changes and waits until they are committed, or have failed.
    mutating func change(_ count: Int, _ work: inout Workload, _ ledger: inout Ledger) {
        for _ in 0..<count { work.change(opened, &ledger) }
        commit(&ledger)
    }

    private func commit(_ ledger: inout Ledger) {
        try? opened.commit()
        ledger.noteAnswers(of: opened.store)
    }

    /// Syncs, as the server does each second in the mode `interval`.
    func sync(_ ledger: inout Ledger) {
        guard !hasFailed, opened.store.durability != .never else { return }
        opened.store.requestSync()
        opened.waitUntilIdle()
        ledger.noteAnswers(of: opened.store)
    }

    func tick() {
        opened.store.tick()
        opened.waitUntilIdle()
        _ = opened.compactionResult()
    }

    /// Compacts, and makes up to three changes as soon as it has begun. If `pause` is given, the compaction is held at
    /// that call to the disk, and `meanwhile` runs.
    mutating func compact(
        _ work: inout Workload, _ ledger: inout Ledger, pause: Int? = nil,
        meanwhile: (inout DiskRun, inout Workload, inout Ledger) -> Void = { _, _, _ in }
    ) {
        commit(&ledger)
        guard !hasFailed, opened.store.compact() else { return }
        opened.waitUntilIdle()
        let (before, progress, opened, disk) = (disk.struck.count, opened.progress, opened, disk)
        if let pause { disk.hold.arm(after: pause) { progress.signal() } }
        var changes = 0
        var result = opened.compactionResult {
            if changes < 3 && opened.store.failure == nil {
                work.change(opened, &ledger)
                changes += 1
            }
            return disk.hold.isHolding
        }
        if pause != nil {
            // If it has ended already, a later call must not be held.
            if !disk.hold.isHolding { disk.hold.release() }
            meanwhile(&self, &work, &ledger)
            disk.hold.release()
            result = opened.compactionResult() ?? result
        }
        switch result {
        case .ended?: compactions += 1
        case .failed(let error)?: failedCompactions.append(error)
        default: break
        }
        let hasFailedItself = if case .failed? = result { !hasFailed } else { false }
        strikesInCompaction += disk.struck.dropFirst(before)
            .count { hasFailedItself || !$0.operation.isLogs($0.path) }
        commit(&ledger)
    }

    /// Ends the log, cleanly if nothing has failed.
    func close(_ ledger: inout Ledger) {
        opened.waitUntilIdle()
        opened.store.close()
        ledger.noteAnswers(of: opened.store)
    }

    /// Starts on a healthy copy of a disk, and continues there for a few changes and another start.
    /// - Returns: what is wrong, nil if nothing is.
    static func problem(
        after ledger: Ledger, on model: ModelDisk, _ durability: Durability = .always, source: SnapshotSource? = nil,
        goesOn: Bool = true
    ) -> String? {
        let disk = FaultyDisk(ModelDisk(copying: model))
        var ledger = ledger
        do throws(StoreError) {
            for _ in 0..<(goesOn ? 2 : 1) {
                var run = try DiskRun(durability, on: disk, source: source)
                defer { run.close(&ledger) }
                if let problem = ledger.problem(in: run.opened) { return problem }
                guard goesOn else { return nil }
                ledger.adopt(run.opened.store)
                var work = Workload(random: SeededRandom(seed: ledger.sure))
                run.change(5, &work, &ledger)
                run.compact(&work, &ledger)
                if let problem = ledger.problem(in: run.opened) { return "going on: \(problem)" }
                if let error = run.failedCompactions.first { return "going on: \(error)" }
            }
            return nil
        } catch {
            return "the start was refused: \(error)"
        }
    }
}
