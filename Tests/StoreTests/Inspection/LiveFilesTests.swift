// Inspects files that a store writes, seals, merges, replaces and removes meanwhile, in segments so small that it
// happens all the time.

import Bytes
import Foundation
import Inspection
import Store
import Synchronization
import SystemPackage
import TestSupport
import Testing

@Suite("Files of a running store")
struct LiveFilesTests {
    /// A store at work on a thread of its own.
    private final class Work: Sendable {
        private let isEnding = Atomic<Bool>(false)
        private let isDone = DispatchSemaphore(value: 0)
        private let changes = Mutex<Result<UInt64, any Error>>(.success(0))
        let rounds = Atomic<Int>(0)

        init(_ folder: String, retention: Int) throws {
            let isOpen = DispatchSemaphore(value: 0)
            Thread.detachNewThread { [self] in
                let result = Result { try write(folder, retention: retention, isOpen) }
                changes.withLock { $0 = result }
                isOpen.signal()
                isDone.signal()
            }
            isOpen.wait()
        }

        private func write(_ folder: String, retention: Int, _ isOpen: DispatchSemaphore) throws -> UInt64 {
            let opened = try OpenedStore(folder, segmentSize: 3_000) {
                $0.compactionRule.ratio = 0
                $0.retention.size = retention
            }
            opened.set("first", "1")
            try opened.commit()
            isOpen.signal()
            while !isEnding.load(ordering: .relaxed) {
                let round = rounds.add(1, ordering: .relaxed).newValue
                for number in 0..<1 + round % 30 {
                    opened.set("key \(number * round % 100)", String(repeating: "v", count: round * 31 % 900))
                }
                try opened.commit()
                if round % 7 == 0 { try opened.compact() }
            }
            try opened.close()
            return opened.store.position.seq
        }

        /// - Returns: the store's last change.
        func end() throws -> UInt64 {
            isEnding.store(true, ordering: .relaxed)
            isDone.wait()
            return try changes.withLock { try $0.get() }
        }
    }

    @Test("a check never finds damage, nor does a listing, a history, a count or a plan", arguments: [0, 20_000])
    func inspected(retention: Int) throws {
        try withTemporaryFolder { folder in
            let work = try Work(folder, retention: retention)
            let files = DataFiles(data: FilePath(folder + "/puffin.json"))
            let disk = LocalDisk()
            var last: UInt64 = 0
            var round = 0
            // As long as it takes for the store to have merged a few dozen times.
            while round < 100 || work.rounds.load(ordering: .relaxed) < 200 && round < 20_000 {
                round += 1
                let found = try Verification.run(files, on: disk)
                #expect(!found.isDamaged, "\(found.files.filter(\.isDamage))")
                #expect(found.last >= last, "what was there is there")
                last = found.last
                let captured = try CapturedFiles(files, on: disk)
                switch round % 4 {
                case 0:
                    var listing = try RecordListing(captured, RecordQuery())
                    while try listing.next() {}
                case 1:
                    var history = try KeyHistory(captured, key: "key 1".bytes)
                    while try history.next() != nil {}
                case 2: #expect(try LogStatistics(captured).lastSeq >= last)
                default: #expect(try RepairPlan(found).lost == nil)
                }
            }
            let end = try work.end()
            #expect(try Verification.run(files, on: disk).last == end)
            #expect(work.rounds.load(ordering: .relaxed) >= 200)
        }
    }

    @Test("following shows every change in order, except those that were removed", arguments: [0, 20_000])
    func followed(retention: Int) throws {
        try withTemporaryFolder { folder in
            let work = try Work(folder, retention: retention)
            let captured = try CapturedFiles(DataFiles(data: FilePath(folder + "/puffin.json")), on: LocalDisk())
            var listing = try RecordListing(captured, RecordQuery())
            var (seen, end): (UInt64, UInt64?) = (0, nil)
            var line = ByteBuffer()
            func pass(over removed: [ClosedRange<UInt64>]) {
                for range in removed where range.lowerBound == seen + 1 { seen = range.upperBound }
            }
            while end == nil || seen < end ?? 0 {
                while try listing.next() {
                    line.removeAll()
                    listing.append(lineTo: &line)
                    let seq = UInt64(String(line.bytes).dropFirst(7).prefix { $0.isNumber })
                    pass(over: listing.removed)
                    // The first ones may be gone before the listing begins.
                    if seen == 0 { seen = (seq ?? 1) - 1 }
                    #expect(seq == seen + 1)
                    seen = seq ?? 0
                }
                // If nothing follows yet, this is reported now and not again.
                pass(over: listing.removed)
                if end == nil && seen > 5_000 { end = try work.end() }
                while try !listing.lookAgain() {
                    if seen == end { break }
                    sched_yield()
                }
            }
            #expect(seen == end)
        }
    }
}
