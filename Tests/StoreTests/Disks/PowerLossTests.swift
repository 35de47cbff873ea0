// Cuts at any call to the disk, hundreds of them in a row on the same data set: the power fails, or only the process is
// killed, while a segment is begun, a snapshot renamed, a torn tail set aside. Each time a healthy start on a copy must
// find everything that was acknowledged; then the original continues, to be cut again.

import Store
import SystemPackage
import TestSupport
import Testing

@Suite("Power loss")
struct PowerLossTests {
    /// What a seed's cuts have come to.
    private struct Tally {
        var cuts = 0
        var compactions = 0
        var refusedStarts = 0
        var wrong: [String] = []
    }

    @Test("nothing that was acknowledged is lost by default", arguments: Torture.seeds(6, orTorture: 200))
    func always(seed: UInt64) {
        let tally = cuts(300, seed: seed, .always)
        report(tally, seed, .always)
        #expect(tally.compactions > 50)
        #expect(tally.refusedStarts > 10, "starts are cut too")
    }

    @Test(
        "in the relaxed modes what comes back is the beginning of what was written, and all that was synced",
        arguments: Torture.seeds(3, orTorture: 100), [Durability.interval, .never])
    func relaxed(seed: UInt64, durability: Durability) {
        let tally = cuts(200, seed: seed, durability)
        report(tally, seed, durability)
        #expect(tally.compactions > 30)
    }

    private func report(_ tally: Tally, _ seed: UInt64, _ durability: Durability) {
        print(
            "power loss (\(durability), seed \(seed)): \(tally.cuts) cuts, \(tally.compactions) compactions, "
                + "\(tally.wrong.count) wrong")
        #expect(tally.wrong.isEmpty, "\(tally.wrong.prefix(3))")
    }

    private func cuts(_ count: Int, seed: UInt64, _ durability: Durability) -> Tally {
        var (tally, ledger, random) = (Tally(), Ledger(), SeededRandom(seed: seed))
        let model = ModelDisk()
        var work = Workload(random: SeededRandom(seed: seed))
        while tally.cuts < count && tally.wrong.isEmpty {
            let source = SnapshotSource.allCases[random.below(2)]
            let disk = FaultyDisk(model, plan(&random))
            do {
                var run = try DiskRun(durability, on: disk, source: source)
                ledger.adopt(run.opened.store)
                while !run.hasFailed && !disk.isDead && random.below(60) > 0 {
                    step(&run, &work, &ledger, &random)
                }
                // What is not killed yet ends cleanly, or is killed now.
                if random.below(4) > 0 { disk.kill() }
                run.close(&ledger)
                tally.compactions += run.compactions
            } catch {
                tally.refusedStarts += 1
                if disk.struck.isEmpty { tally.wrong.append("a start without a fault was refused: \(error)") }
            }
            disk.kill()
            // A failed sync must be followed by the loss that it stands for: a start in between would read what is not
            // on the disk, as from the page cache.
            let hasLostWrites = disk.struck.contains { $0.operation == .sync && $0.fault != .death }
            if hasLostWrites || random.below(3) > 0 { model.losePower(seed: random.next()) }
            tally.cuts += 1
            let goesOn = tally.cuts % 10 == 0
            if let problem = DiskRun.problem(after: ledger, on: model, durability, source: source, goesOn: goesOn) {
                tally.wrong.append("cut \(tally.cuts): \(problem)")
            }
        }
        return tally
    }

    /// Death at one of the next calls, soon or late; sometimes a failed sync before it.
    private func plan(_ random: inout SeededRandom) -> [PlannedFault] {
        var plan = [PlannedFault(.death, 1 + random.below(random.below(3) == 0 ? 40 : 600))]
        if random.below(5) == 0 {
            let errno: Errno = random.below(2) == 0 ? .ioError : .noSpace
            let operation: DiskOperation = random.below(2) == 0 ? .sync : .syncFolder
            plan.append(PlannedFault(.error(errno), at: operation, 1 + random.below(30)))
        }
        return plan
    }

    private func step(
        _ run: inout DiskRun, _ work: inout Workload, _ ledger: inout Ledger, _ random: inout SeededRandom
    ) {
        switch random.below(12) {
        case 0: run.compact(&work, &ledger)
        case 1:
            run.compact(&work, &ledger, pause: random.below(60)) { run, work, ledger in
                for _ in 0..<4 { run.change(3, &work, &ledger) }
            }
        case 2: run.tick()
        case 3: run.sync(&ledger)
        default: run.change(1 + random.below(4), &work, &ledger)
        }
    }
}
