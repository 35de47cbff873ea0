// A store whose workers are a list (`SeededBackground`): writes, syncs, segments, compactions and retries on a full
// disk in any order that a seed gives, cut anywhere between two jobs. The same seed is the same run, to the byte.

import Store
import TestSupport
import Testing

@Suite("A store on a seeded list")
struct SeededStoreTests {
    @Test(
        "keeps what it has acknowledged, whatever its workers do when", arguments: Torture.seeds(40, orTorture: 20_000))
    func crashes(seed: UInt64) {
        var life = SeededLife(seed: seed)
        for _ in 0..<4 where life.wrong.isEmpty { life.live() }
        #expect(life.wrong.isEmpty, "seed \(seed): \(life.wrong)")
    }

    @Test("comes to compactions, full disks and retries")
    func reach() {
        var (compactions, retries, jobs) = (0, 0, 0)
        for seed in 1...4 as ClosedRange<UInt64> {
            var life = SeededLife(seed: seed)
            for _ in 0..<4 { life.live() }
            (compactions, retries, jobs) = (
                compactions + life.compactions, retries + life.obstructions, jobs + life.trace.count
            )
        }
        print("4 seeds: \(jobs) jobs, \(compactions) compactions, \(retries) times obstructed")
        #expect(compactions > 10)
        #expect(retries > 10)
    }

    @Test("does the same with the same seed", arguments: Torture.seeds(3, orTorture: 500))
    func repeats(seed: UInt64) {
        var (one, other) = (SeededLife(seed: seed), SeededLife(seed: seed))
        for _ in 0..<4 {
            one.live()
            other.live()
        }
        #expect(one.trace == other.trace)
        #expect(one.disk.paths == other.disk.paths)
        for path in one.disk.paths { #expect(one.disk.content(path) == other.disk.content(path), "\(path)") }
    }
}

/// A data set, and the successive stores on it.
private struct SeededLife {
    private(set) var disk = ModelDisk()
    private(set) var wrong: [String] = []
    /// What was done, in its order.
    private(set) var trace: [String] = []
    private(set) var compactions = 0
    private(set) var obstructions = 0
    private var random: SeededRandom
    private var work: Workload
    private var ledger = Ledger()

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
        work = Workload(random: SeededRandom(seed: seed))
    }

    /// Opens a store, uses it for a while, and ends it: cleanly, by killing the process, or by a power failure.
    mutating func live() {
        let seed = random.next()
        let background = SeededBackground(seed: seed)
        do throws(StoreError) {
            let opened = try OpenedStore(on: disk, background: background) { options in
                options.compaction.source = SnapshotSource.allCases[Int(seed % 2)]
                (options.compaction.walkTime, options.compaction.stepSize, options.compaction.chunkSize) = (0, 100, 300)
                options.index = KeyIndex.allCases[Int(seed / 2 % 2)]
                options.seed = seed
            }
            if let problem = ledger.problem(in: opened) { return wrong.append(problem) }
            ledger.adopt(opened.store)
            let isFull = use(opened, background)
            if random.below(4) == 0 && !isFull { close(opened, background) }
        } catch {
            return wrong.append("the start was refused: \(error)")
        }
        background.forgetAll()
        // Nothing holds the old one's files open any more.
        disk = ModelDisk(copying: disk)
        disk.resize(to: nil)
        if random.below(2) == 0 { disk.losePower(seed: random.next()) }
    }

    /// - Returns: whether the disk is full at the end.
    private mutating func use(_ opened: OpenedStore, _ background: SeededBackground) -> Bool {
        let store = opened.store
        var isFull = false
        for _ in 0..<random.below(150) {
            switch random.below(20) {
            case 0..<5: work.change(opened, &ledger)
            case 5..<8: store.flush()
            case 8: store.tick()
            case 9: _ = store.compact()
            case 10 where random.below(4) == 0:
                isFull.toggle()
                disk.resize(to: isFull ? disk.usedSize + random.below(3) * 4096 : nil)
            default: trace.append(background.step() ?? "nothing")
            }
            observe(opened, isFull: isFull)
        }
        return isFull
    }

    private mutating func observe(_ opened: OpenedStore, isFull: Bool) {
        let store = opened.store
        _ = store.poll()
        ledger.noteAnswers(of: store)
        if store.isObstructed { obstructions += 1 }
        while let event = store.advanceCompaction() {
            switch event {
            case .ended: compactions += 1
            case .failed(let error) where !error.isDiskFull: wrong.append("a compaction failed: \(error)")
            case .began, .failed, .wasNotNeeded: break
            }
            trace.append("\(event)")
        }
        if let failure = store.failure { wrong.append("the log failed: \(failure)") }
    }

    private mutating func close(_ opened: OpenedStore, _ background: SeededBackground) {
        let store = opened.store
        while store.hasPending || store.isWriting {
            store.flush()
            trace.append(background.step() ?? "nothing")
            _ = store.poll()
        }
        store.close()
        _ = store.commit(through: store.poll())
        ledger.noteAnswers(of: store)
        if store.committed != store.position.seq { wrong.append("closed with changes that are not committed") }
    }
}
