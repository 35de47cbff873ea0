// Seeded runs of everything that a store can do, against a dictionary: after each step the two must agree, and the
// table and the files must be sound.

import Store
import TestSupport
import Testing

@Suite("A store against a dictionary")
struct ModelTests {
    @Test(
        "sets, deletes, multis, clears, compactions, stops and crashes",
        arguments: Torture.seeds(8, orTorture: 300))
    func steps(seed: UInt64) {
        let durability = Durability.allCases[Int(seed % 3)]
        // Every other start, so that snapshots of either kind follow one another.
        var source = SnapshotSource.files
        var (ledger, random) = (Ledger(), SeededRandom(seed: seed))
        var work = Workload(random: SeededRandom(seed: seed))
        let model = ModelDisk()
        var (steps, starts, compactions, wrong) = (0, 0, 0, [String]())
        while steps < 800 && wrong.isEmpty {
            let disk = FaultyDisk(model)
            do {
                source = source == .files ? .table : .files
                var run = try DiskRun(durability, on: disk, source: source)
                starts += 1
                if let problem = ledger.problem(in: run.opened) { wrong.append("start \(starts): \(problem)") }
                ledger.adopt(run.opened.store)
                repeat {
                    steps += 1
                    step(&run, &work, &ledger, &random)
                    if run.opened.stored != ledger.pairs.alive(at: run.opened.store.now) {
                        wrong.append("step \(steps): other pairs")
                    }
                    let problems = run.opened.store.check()
                    if !problems.isEmpty { wrong.append("step \(steps): \(problems)") }
                } while random.below(25) > 0 && wrong.isEmpty
                // A crash may come with changes that were made and not even given to the disk.
                if random.below(2) == 0 {
                    for _ in 0..<3 { work.change(run.opened, &ledger) }
                    disk.kill()
                }
                run.close(&ledger)
                compactions += run.compactions
            } catch {
                wrong.append("start \(starts + 1): \(error)")
            }
        }
        print(
            "model (\(durability), seed \(seed)): \(steps) steps, \(starts) starts, \(compactions) compactions, "
                + "\(ledger.position.seq) changes, \(wrong.count) wrong")
        #expect(wrong.isEmpty, "\(wrong)")
        #expect(starts > 5 && compactions > 10)
    }

    private func step(
        _ run: inout DiskRun, _ work: inout Workload, _ ledger: inout Ledger, _ random: inout SeededRandom
    ) {
        switch random.below(14) {
        case 0: run.compact(&work, &ledger)
        case 1:
            run.compact(&work, &ledger, pause: random.below(40)) { run, work, ledger in
                for _ in 0..<3 { run.change(2, &work, &ledger) }
            }
        case 2: run.tick()
        case 3: run.sync(&ledger)
        default: run.change(1 + random.below(5), &work, &ledger)
        }
    }
}
