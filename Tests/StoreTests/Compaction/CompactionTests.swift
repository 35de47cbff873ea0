import Bytes
import Foundation
import Store
import Synchronization
import TestSupport
import Testing

/// Snapshots: their content, and what a start does with them.
@Suite("Compaction")
struct CompactionTests {
    /// The snapshot of the data set in a folder.
    private func snapshot(_ folder: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(fileURLWithPath: folder + "/puffin.json")), as: UTF8.self)
    }

    @Test(
        "a snapshot holds the newest value of every key, in the order of their bytes, and the next start has them all")
    func content() throws {
        try withTemporaryFolder { folder in
            let opened = try OpenedStore(folder)
            opened.set("b", "old")
            opened.set([0xff], [0xfe, 0x00])
            opened.set("a", "gone")
            opened.set("b", "two\nlines")
            opened.set("aa", "")
            opened.delete("a")
            try opened.compact()
            let lines = try snapshot(folder).split(separator: "\n")
            #expect(
                lines[0].hasPrefix(
                    "{\"puffin\":\"snapshot\",\"version\":1,\"history\":\"\(opened.store.history)\",\"seq\":6,\"ts\":\(OpenedStore.now),\"chain\":\""
                ))
            let bodies = lines.dropFirst().map { String($0.prefix { $0 != "c" }) + "…" }
            #expect(lines.count == 5, "\(bodies)")
            #expect(lines[1].hasPrefix(#"{"key":"aa","value":"","crc":""#))
            #expect(lines[2].hasPrefix(#"{"key":"b","value":"two\nlines","crc":""#))
            #expect(lines[3].hasPrefix(#"{"key64":"/w==","value64":"/gA=","crc":""#))
            #expect(lines[4].hasPrefix(#"{"end":true,"count":3,"crc":""#))
            opened.set("c", "behind the snapshot")
            try opened.close()

            let again = try OpenedStore(folder)
            #expect(again.pairs == opened.pairs)
            #expect(again.store.position == opened.store.position)
            #expect(again.store.recovery.snapshot?.pairs == 3)
            #expect(again.store.recovery.records == 1, "what the snapshot holds is not replayed")
            try again.close()
        }
    }

    @Test("the same data at the same change is the same file, however it came there")
    func deterministic() throws {
        try withTemporaryFolder { first in
            let opened = try OpenedStore(first, segmentSize: 2_000)
            for number in 1...300 { opened.set("key \(number % 70)", "value \(number)") }
            try opened.commit()
            try LogFiles(first).copy(to: first + "/copy")
            try opened.compact()
            try opened.close()
            // The other one gets there in three steps, with sorting memory for a few changes at a time.
            let other = try OpenedStore(first + "/copy") { $0.compaction.sortingSize = 1_000 }
            try other.compact()
            let inOneGo = try snapshot(first)
            #expect(try snapshot(first + "/copy") == inOneGo)
            try other.close()
        }
    }

    @Test("a clear in the log leaves nothing of what was before it, in the old snapshot or in sorted changes")
    func cleared() throws {
        try withTemporaryFolder { folder in
            let opened = try OpenedStore(folder) { $0.compaction.sortingSize = 200 }
            for number in 1...50 { opened.set("old \(number)", "x") }
            try opened.compact()
            for number in 1...50 { opened.set("newer \(number)", "x") }
            _ = opened.store.clear()
            opened.set("newest", "y")
            try opened.compact()
            #expect(try snapshot(folder).split(separator: "\n").count == 3)
            try opened.close()
            let again = try OpenedStore(folder)
            #expect(again.pairs == ["newest".bytes: "y".bytes])
            try again.close()
        }
    }

    @Test("there is nothing to compact in an empty data set, nor right after a compaction")
    func nothing() throws {
        try withTemporaryFolder { folder in
            let opened = try OpenedStore(folder)
            try opened.compact()
            #expect(!FileManager.default.fileExists(atPath: folder + "/puffin.json"))
            opened.set("a", "1")
            try opened.compact()
            let first = try snapshot(folder)
            try opened.compact()
            #expect(try snapshot(folder) == first)
            try opened.close()
        }
    }

    @Test("merged segments stay as long as retention says, the newest of them longest")
    func retention() throws {
        try withTemporaryFolder { folder in
            let opened = try OpenedStore(folder, segmentSize: 1_000) { $0.retention.size = 2_500 }
            for number in 1...100 {
                opened.set("key \(number)", "value \(number)")
                try opened.commit()
            }
            let before = try LogFiles(folder).segments
            #expect(before.count > 5)
            try opened.compact()
            let after = try LogFiles(folder).segments
            #expect(after.count == 4, "two or three of a thousand bytes, and the open one")
            #expect(after.dropLast().allSatisfy(before.contains))
            try opened.close()
            let again = try OpenedStore(folder) { $0.retention.size = 0 }
            #expect(again.pairs == opened.pairs)
            again.set("one", "more")
            try again.compact()
            #expect(try LogFiles(folder).segments.count == 1)
            try again.close()
        }
    }

    @Test(
        "a segment being created is not damage: earlier sealed ones are merged",
        arguments: ["", "{\"puffin\":\"log\",\"version\":1,\"hist"])
    func beingMade(beginning: String) throws {
        try withTemporaryFolder { folder in
            let opened = try OpenedStore(folder, segmentSize: 1_000) { $0.compactionRule.ratio = 0.01 }
            for number in 1...40 {
                opened.set("key \(number)", "value \(number)")
                try opened.commit()
            }
            let files = LogFiles(folder)
            let open = try #require(files.segments.last.flatMap { UInt64($0.prefix(20)) })
            let previous = try #require(files.segments.dropLast().last.flatMap { UInt64($0.prefix(20)) })
            // As it stands between two calls of the writer, which would name it by the next change.
            try files.write(beginning.bytes, to: LogFiles.name(41))
            opened.store.tick()
            guard case .ended(let report, _)? = opened.compactionResult() else {
                Issue.record("the compaction failed")
                return
            }
            #expect(report.position.seq == open - 1 && open > previous)
            try files.remove(LogFiles.name(41))
            try opened.close()
            let again = try OpenedStore(folder)
            #expect(again.pairs.count == 40)
            try again.close()
        }
    }

    @Test("no compaction starts automatically before the log is large enough, or has four segments")
    func worthIt() throws {
        for (compactSize, segments) in [(0, 1), (2_500, 3), (1 << 20, 4)] {
            try withTemporaryFolder { folder in
                let opened = try OpenedStore(folder, segmentSize: 1_000) {
                    ($0.compactionRule.ratio, $0.compactionRule.size) = (0.01, compactSize)
                }
                let files = LogFiles(folder)
                var number = 0
                while opened.store.compaction.count == 0 {
                    number += 1
                    opened.set("key \(number)", "value \(number)")
                    try opened.commit()
                    let sealed = try files.segments.count - 1
                    opened.store.tick()
                    guard let result = opened.compactionResult() else {
                        try #require(sealed < segments, "nothing was begun with \(sealed) segments")
                        continue
                    }
                    let isEnded = if case .ended = result { true } else { false }
                    try #require(isEnded)
                    #expect(sealed == segments)
                }
                try opened.close()
            }
        }
    }

    @Test("after a compaction of a second, none begins by itself for three, unless more waits than may")
    func pause() throws {
        try withTemporaryFolder { folder in
            let clock = SetClock()
            let opened = try OpenedStore(folder, segmentSize: 1_000, background: clock) {
                ($0.compactionRule.ratio, $0.compactionRule.share) = (0.01, 0.25)
            }
            var number = 0
            /// Whether a compaction has begun by itself with another segment sealed.
            func begins(at time: Int) throws -> Bool {
                clock.set(time)
                let before = try LogFiles(folder).segments.count
                while try LogFiles(folder).segments.count == before {
                    number += 1
                    opened.set("key \(number)", "value \(number)")
                    try opened.commit()
                }
                opened.store.tick()
                return opened.store.compaction.isRunning
            }
            let second = 1_000_000_000
            #expect(try begins(at: 7 * second))
            clock.set(8 * second)
            _ = opened.compactionResult()
            #expect(opened.store.compaction.count == 1)
            #expect(try !begins(at: 8 * second))
            #expect(try !begins(at: 11 * second - 1))
            #expect(try begins(at: 11 * second))
            clock.set(12 * second)
            _ = opened.compactionResult()
            #expect(opened.store.compaction.count == 2)
            // What waits is bounded; so is the time of a start.
            #expect(try !begins(at: 12 * second))
            var rule = CompactionRule()
            (rule.ratio, rule.size, rule.share, rule.backlog) = (0.01, 0, 0.25, 10_000)
            opened.store.change(rule, retention: Retention())
            #expect(try !begins(at: 12 * second))
            rule.backlog = 1_000
            opened.store.change(rule, retention: Retention())
            #expect(try begins(at: 12 * second))
            // One that is asked for never waits.
            _ = opened.compactionResult()
            #expect(opened.store.compact())
            _ = opened.compactionResult()
            #expect(opened.store.compaction.count == 4)
            try opened.close()
        }
    }

    @Test("files left by a compaction are gone after the next start")
    func leftBehind() throws {
        try withTemporaryFolder { folder in
            let opened = try OpenedStore(folder)
            opened.set("a", "1")
            try opened.close()
            let files = LogFiles(folder)
            try files.write("half".bytes, to: "compaction-000001.tmp")
            try Data("half".bytes).write(to: URL(fileURLWithPath: folder + "/puffin.json.tmp"))
            let again = try OpenedStore(folder)
            #expect(again.pairs == ["a".bytes: "1".bytes])
            #expect(again.store.recovery.unknownFiles.isEmpty)
            #expect(!FileManager.default.fileExists(atPath: folder + "/puffin.json.tmp"))
            #expect(!FileManager.default.fileExists(atPath: files.path("compaction-000001.tmp")))
            try again.close()
        }
    }
}

/// Threads with a clock that the test sets.
private final class SetClock: Background {
    private let time = Atomic<Int>(0)

    var now: Int { time.load(ordering: .relaxed) }
    func set(_ time: Int) { self.time.store(time, ordering: .relaxed) }
    func start(_ name: String) throws(StartFailure) -> any Worker { try Threads().start(name) }
}
