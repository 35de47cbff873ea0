import Foundation
import TestSupport
import Testing
import Torture

/// Servers that are killed at work, repeatedly, on the same data file.
@Suite("Crashes", .serialized)
struct CrashTests {
    @Test("whenever a server is killed, every acknowledged write is there", arguments: SeededRandom.seeds(1))
    func killed(seed: UInt64) throws {
        try run("always", TortureLoad(), seed: seed, cycles: 100)
    }

    @Test(
        "a killed server loses nothing acknowledged in the relaxed modes either: the machine goes on",
        arguments: ["interval", "never"], SeededRandom.seeds(1))
    func relaxed(durability: String, seed: UInt64) throws {
        try run(durability, load([["--durability", durability]]), seed: seed, cycles: 20)
    }

    @Test("each start may choose another durability", arguments: SeededRandom.seeds(1))
    func mixed(seed: UInt64) throws {
        let options = ["never", "always", "interval", "always"].map { ["--durability", $0] }
        try run("mixed", load(options), seed: seed, cycles: 12)
    }

    @Test("nothing acknowledged is lost where the log changes segments", arguments: SeededRandom.seeds(1))
    func rotating(seed: UInt64) throws {
        let segments = try run("rotating", .large, seed: seed, cycles: 6).segments
        #expect(segments >= 3)
    }

    @Test(
        "nothing acknowledged is lost while segments are merged into snapshots all the time",
        arguments: SeededRandom.seeds(1))
    func compacting(seed: UInt64) throws {
        let cycles = Torture.isOn ? 3_000 : 300
        let interrupted = try run("compacting", .compacting, seed: seed, cycles: cycles).interrupted
        #expect(interrupted > cycles / 20, "too few crashes came while a compaction was under way")
    }

    /// The usual load, on servers with these options in turn.
    private func load(_ options: [[String]]) -> TortureLoad {
        var load = TortureLoad()
        load.options = options
        return load
    }

    /// Runs the cycles, prints their figures, and stops the last server cleanly.
    /// - Returns: how many segments the log has at the end, and how many compactions a crash has interrupted.
    @discardableResult
    private func run(
        _ name: String, _ load: TortureLoad, seed: UInt64, cycles: Int
    ) throws -> (segments: Int, interrupted: Int) {
        try withTemporaryFolder { folder in
            let data = folder + "/puffin.json"
            var cycle = KillLoop(
                program: ChildProcess.program("puffin-server"), data: data, seed: seed, load: load)
            for index in 0..<cycles {
                try cycle.run(options: load.options[index % load.options.count])
                try #require(cycle.findings == [], "cycle \(index + 1) of seed \(seed)")
            }
            let last = try cycle.check(options: load.options[0])
            #expect(cycle.findings == [])
            #expect(last.stop() == 0)
            let next = try ServerProcess(data: data)
            #expect(!next.log.contains("WARNING"), "a clean stop leaves no torn bytes")
            let segments = try LogFile(data: data).segments().count
            print(
                "crashes (\(name), seed \(seed)): \(cycles) cycles, \(cycle.acknowledgedCount) writes acknowledged, "
                    + "\(cycle.inFlightCount) in flight at a crash, lost \(cycle.findings.count); "
                    + "torn tails: \(cycle.tornCount), segments: \(segments), "
                    + "compactions: \(cycle.compactionCount), of which \(cycle.interruptedCount) cut short")
            #expect(cycle.acknowledgedCount >= cycles * load.replies.lowerBound)
            #expect(cycle.inFlightCount > 0, "no crash has interrupted anything")
            return (segments, cycle.interruptedCount)
        }
    }
}
