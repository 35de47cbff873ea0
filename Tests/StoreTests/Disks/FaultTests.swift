// Every single call to the disk is made to fail, one after another: the first write, the second, until the work makes
// fewer calls than that. After each run a healthy start on what is left must find everything that was acknowledged,
// nothing that never was, and continue.

import Store
import SystemPackage
import TestSupport
import Testing

@Suite("Faults of the disk")
struct FaultTests {
    /// The result of a run.
    private struct Outcome {
        var disk: FaultyDisk
        var ledger = Ledger()
        var startError: StoreError?
        var failure: StoreError?
        var failedCompactions: [StoreError] = []
        var compactions = 0
        /// Whether the fault struck before the store was open, or while it was closed.
        var strikesAtTheEnds = 0
        var strikesInCompaction = 0
        /// Changes that were made and not acknowledged.
        var unanswered: UInt64 = 0
        /// The newest change, and the one behind which the disk was given nothing.
        var newest: UInt64 = 0
        var attempted: UInt64 = 0
    }

    /// Opens, changes, compacts, and closes: about six segments and three snapshots.
    private func run(
        _ plan: [PlannedFault], _ source: SnapshotSource, on model: ModelDisk, after ledger: Ledger = Ledger()
    ) -> Outcome {
        var outcome = Outcome(disk: FaultyDisk(model, plan), ledger: ledger)
        // Without notes: the first one replaces a segment without records, which may keep its padding (see below).
        var work = Workload(random: SeededRandom(seed: 7), hasNotes: false)
        do {
            var run = try DiskRun(on: outcome.disk, source: source)
            outcome.strikesAtTheEnds = outcome.disk.struck.count
            outcome.ledger.adopt(run.opened.store)
            for step in 0..<14 where !run.hasFailed {
                if step % 5 == 3 {
                    run.compact(&work, &outcome.ledger)
                } else {
                    run.change(4, &work, &outcome.ledger)
                }
                if step == 9 { run.tick() }
            }
            let before = outcome.disk.struck.count
            run.close(&outcome.ledger)
            outcome.strikesAtTheEnds += outcome.disk.struck.count - before
            outcome.failure = run.opened.store.failure
            outcome.failedCompactions = run.failedCompactions
            outcome.strikesInCompaction = run.strikesInCompaction
            outcome.compactions = run.compactions
            outcome.unanswered = run.opened.store.position.seq - run.opened.store.committed
            outcome.newest = run.opened.store.position.seq
            outcome.attempted = run.opened.store.attempted
        } catch {
            outcome.startError = error
            outcome.strikesAtTheEnds = outcome.disk.struck.count
        }
        outcome.disk.kill()
        return outcome
    }

    /// What a run may start from: nothing, or what a killed server has left with all that there is to do for a start.
    private func left() -> (ModelDisk, Ledger) {
        let model = ModelDisk()
        var ledger = Ledger()
        var work = Workload(random: SeededRandom(seed: 11), hasNotes: false)
        let first = FaultyDisk(model)
        guard var run = try? DiskRun(on: first) else { return (model, ledger) }
        for _ in 0..<5 { run.change(4, &work, &ledger) }
        run.compact(&work, &ledger)
        for _ in 0..<4 { run.change(4, &work, &ledger) }
        first.kill()
        run.close(&ledger)
        let last = model.paths.last { $0.hasSuffix(".jsonl") } ?? ""
        let content = model.content(last) ?? []
        model.put(content.dropLast(content.reversed().prefix { $0 == 0x0a }.count) + "\n{\"seq\":".bytes, at: last)
        model.put("half".bytes, at: ModelFiles.folder + "/compaction-000001.tmp")
        model.put("half".bytes, at: ModelFiles.snapshot + ".tmp")
        model.put("a reserve of another size".bytes, at: ModelFiles.folder + "/RESERVE")
        return (model, ledger)
    }

    /// Runs with each plan that `plan` makes of 1, 2, 3 … until one is not struck.
    private func each(
        _ name: String, _ source: SnapshotSource, from start: (ModelDisk, Ledger), by stride: Int,
        _ plan: (Int) -> [PlannedFault], judge: (Outcome) -> String?
    ) {
        var (runs, wrong) = (0, [String]())
        var number = 1
        while true {
            let model = ModelDisk(copying: start.0)
            let outcome = run(plan(number), source, on: model, after: start.1)
            guard !outcome.disk.struck.isEmpty else { break }
            runs += 1
            let problem = judge(outcome) ?? DiskRun.problem(after: outcome.ledger, on: model, source: source)
            if let problem = problem ?? unforeseen(outcome, on: model) {
                wrong.append("\(plan(number)) at \(outcome.disk.struck.map(\.path)): \(problem)")
            }
            number += stride
        }
        print("faults, \(name): \(runs) runs, \(wrong.count) wrong")
        #expect(wrong.isEmpty, "\(wrong.prefix(3))")
        #expect(runs > 0)
    }

    /// A change that survives a restart, though the disk was reportedly never given it.
    private func unforeseen(_ outcome: Outcome, on model: ModelDisk) -> String? {
        guard outcome.attempted < outcome.newest, let again = try? OpenedStore(on: ModelDisk(copying: model)) else {
            return nil
        }
        defer { again.store.close() }
        let found = again.store.position.seq
        return found > outcome.attempted ? "\(found) came back, and only \(outcome.attempted) was written" : nil
    }

    private func each(
        _ name: String, by stride: Int = 1, _ plan: (Int) -> [PlannedFault], judge: (Outcome) -> String? = { _ in nil }
    ) {
        for source in SnapshotSource.allCases {
            let name = "\(name), \(source)"
            each(name + ", from nothing", source, from: (ModelDisk(), Ledger()), by: stride, plan, judge: judge)
            each(name + ", after a crash", source, from: left(), by: stride, plan, judge: judge)
        }
    }

    @Test("without a fault the work goes through several segments and snapshots")
    func none() {
        for (source, start) in SnapshotSource.allCases.flatMap({ [($0, (ModelDisk(), Ledger())), ($0, left())] }) {
            let outcome = run([], source, on: start.0, after: start.1)
            #expect(outcome.failure == nil && outcome.startError == nil)
            #expect(outcome.compactions == 3)
            #expect(outcome.unanswered == 0)
            #expect(DiskRun.problem(after: outcome.ledger, on: start.0, source: source) == nil)
        }
    }

    @Test(
        "an interrupted call, or one that does half, is never noticed",
        arguments: DiskOperation.breakable)
    func invisible(operation: DiskOperation) {
        let faults: [DiskFault] =
            [.read, .write].contains(operation) ? [.error(.interrupted), .short] : [.error(.interrupted)]
        for fault in faults {
            each("\(operation.rawValue) \(fault)", { [PlannedFault(fault, at: operation, $0)] }) { outcome in
                if let error = outcome.startError ?? outcome.failure ?? outcome.failedCompactions.first {
                    return "it was noticed: \(error)"
                }
                return outcome.unanswered == 0 ? nil : "changes were not answered for"
            }
        }
    }

    @Test(
        "one call without space delays the log and loses nothing",
        arguments: [DiskOperation.create, .write, .truncate, .allocate, .rename, .remove])
    func noSpace(operation: DiskOperation) {
        each("\(operation.rawValue) ENOSPC", { [PlannedFault(.error(.noSpace), at: operation, $0)] }) { outcome in
            if let failure = outcome.failure { return "the log has failed: \(failure)" }
            if outcome.unanswered != 0 { return "changes were not answered for" }
            if let error = outcome.startError {
                // A start needs space for a header, or for what it sets aside; a reserve can wait.
                let isNeeded = !outcome.disk.struck[0].path.hasSuffix("RESERVE") || operation == .remove
                return error.isDiskFull && isNeeded ? nil : "the start failed of \(error)"
            }
            return problemInCompaction(outcome, .noSpace)
        }
    }

    @Test("one failed call ends the log, or fails the compaction that made it", arguments: DiskOperation.breakable)
    func failed(operation: DiskOperation) {
        let errnos: [Errno] = [.sync, .syncFolder].contains(operation) ? [.ioError, .noSpace] : [.ioError]
        for errno in errnos {
            each("\(operation.rawValue) \(errno.rawValue)", { [PlannedFault(.error(errno), at: operation, $0)] }) {
                outcome in
                if outcome.startError != nil { return nil }
                if let problem = problemInCompaction(outcome, errno) { return problem }
                let isInLog = outcome.strikesInCompaction + outcome.strikesAtTheEnds == 0
                // A next segment that cannot be opened under its name is made anew.
                // The first one, replaced without records for what its first change needs, may keep its padding.
                let struck = outcome.disk.struck[0]
                let isReplaced =
                    operation == .truncate && struck.number == 1 && struck.path == ModelFiles.segment(1)
                let isLogs = struck.path.hasSuffix(".jsonl") && operation != .open && !isReplaced
                if isInLog && isLogs && outcome.failure == nil { return "the log goes on" }
                return outcome.failure == nil && outcome.unanswered != 0 ? "changes were not answered for" : nil
            }
        }
    }

    /// The fault must be the only failure of the compaction; cleaning up may fail unnoticed.
    private func problemInCompaction(_ outcome: Outcome, _ errno: Errno) -> String? {
        if outcome.strikesInCompaction == 0 {
            // One that walks through the table needs the open segment sealed, and ends with the log that has failed.
            let isLogs = outcome.failedCompactions.allSatisfy { $0 == outcome.failure }
            return isLogs ? nil : "a compaction failed of \(outcome.failedCompactions)"
        }
        if outcome.failure != nil { return "a compaction's fault has ended the log" }
        guard let error = outcome.failedCompactions.first else {
            // The log opens a segment too, when that has got its name, and makes it anew where that fails.
            let struck = outcome.disk.struck[0]
            let isHarmless = struck.operation == .remove || struck.operation == .open && struck.path.hasSuffix(".jsonl")
            return isHarmless ? nil : "the failed compaction was not told"
        }
        guard case .disk(_, _, errno) = error else { return "a compaction failed of \(error)" }
        return outcome.failedCompactions.count == 1 && outcome.compactions == 2 ? nil : "later compactions failed too"
    }

    @Test("killed at any call, with half of a write done")
    func killed() {
        each("killed", { [PlannedFault(.death, $0)] }) { outcome in
            outcome.startError == nil && outcome.failure == nil && outcome.strikesInCompaction == 0
                && outcome.unanswered != 0 ? "changes were lost and nothing has failed" : nil
        }
    }

    @Test("two faults in a row, and a fault before the process is killed")
    func two() {
        let stride = Torture.isOn ? 1 : 3
        let second: [DiskFault] = [.error(.noSpace), .error(.ioError), .death]
        for first: Errno in [.noSpace, .ioError] {
            for second in second where first == .ioError || second != .error(.noSpace) || Torture.isOn {
                each("\(first.rawValue) then \(second)", by: stride) {
                    [PlannedFault(.error(first), $0), PlannedFault(second, $0 + 1)]
                }
            }
        }
    }
}
