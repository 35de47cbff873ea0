import Bytes
import Foundation
import Inspection
import Store
import SystemPackage
import TestSupport
import Testing

/// Listing and following records, the history of a key, and statistics.
@Suite("Listing")
struct ListingTests {
    private func files(_ folder: String) -> DataFiles { DataFiles(data: FilePath(folder + "/puffin.json")) }

    private func captured(_ folder: String) throws -> CapturedFiles {
        try CapturedFiles(files(folder), on: LocalDisk())
    }

    /// The numbers of the records that a query finds.
    private func seqs(_ folder: String, _ adjust: (inout RecordQuery) -> Void = { _ in }) throws -> [Int] {
        var query = RecordQuery()
        adjust(&query)
        var listing = try RecordListing(try captured(folder), query)
        return try lines(&listing).compactMap(seq)
    }

    private func lines(_ listing: inout RecordListing) throws -> [String] {
        var buffer = ByteBuffer()
        while try listing.next() { listing.append(lineTo: &buffer) }
        return String(buffer.bytes).split(separator: "\n").map(String.init)
    }

    private func seq(_ line: String) -> Int? { Int(line.dropFirst(7).prefix { $0.isNumber }) }

    /// Changes at times of their own, in three segments and a snapshot of the first two.
    private func fill(_ folder: String) throws {
        let opened = try OpenedStore(folder) { $0.compactionRule.ratio = 0 }
        func set(_ key: String, _ value: String, at time: UInt64) throws {
            opened.store.now = OpenedStore.now + time
            opened.set(key, value)
            try opened.commit()
        }
        try set("a", "1", at: 0)
        try set("ab", "2", at: 10)
        try opened.compact()
        opened.store.now = OpenedStore.now + 20
        opened.store.beginMulti()
        opened.set("b", "3")
        opened.delete("ab")
        opened.store.endMulti()
        _ = opened.store.clear()
        try opened.compact()
        try set("a", "4", at: 30)
        try set("b\n", "5", at: 40)
        try opened.close()
    }

    @Test("records are found by key, prefix, number and time, all of which have to match")
    func queries() throws {
        try withTemporaryFolder { folder in
            try fill(folder)
            let now = OpenedStore.now
            #expect(try seqs(folder) == [1, 2, 3, 4, 5, 6])
            #expect(try seqs(folder) { $0.key = "a".bytes } == [1, 5])
            #expect(try seqs(folder) { $0.key = "ab".bytes } == [2, 3])
            #expect(try seqs(folder) { $0.key = "".bytes } == [])
            #expect(try seqs(folder) { $0.prefix = "a".bytes } == [1, 2, 3, 5])
            #expect(try seqs(folder) { $0.prefix = "b".bytes } == [3, 6])
            #expect(try seqs(folder) { $0.prefix = "".bytes } == [1, 2, 3, 5, 6])
            #expect(try seqs(folder) { $0.seqs = 2...4 } == [2, 3, 4])
            #expect(try seqs(folder) { $0.seqs = 5...(.max) } == [5, 6])
            #expect(try seqs(folder) { $0.seqs = 7...9 } == [])
            #expect(try seqs(folder) { $0.times = now + 10...now + 20 } == [2, 3, 4])
            #expect(try seqs(folder) { $0.times = now + 41...(.max) } == [])
            #expect(
                try seqs(folder) {
                    $0.key = "a".bytes
                    $0.seqs = 2...6
                } == [5])
        }
    }

    @Test("segments that cannot match are not read, damaged or not")
    func skipped() throws {
        try withTemporaryFolder { folder in
            try fill(folder)
            try LogFiles(folder).write("damaged".bytes, to: LogFiles.first)
            #expect(try seqs(folder) { $0.seqs = 3...4 } == [3, 4])
            #expect(throws: StoreError.self) { try seqs(folder) { $0.seqs = 2...4 } }
        }
    }

    @Test("a record's line is shown unchanged")
    func verbatim() throws {
        try withTemporaryFolder { folder in
            try fill(folder)
            var listing = try RecordListing(try captured(folder), RecordQuery())
            let log = try LogFiles(folder).segments.flatMap { name in
                String(decoding: try LogFiles(folder).read(name), as: UTF8.self).split(separator: "\n").map(String.init)
            }
            #expect(try lines(&listing) == log.filter { $0.contains("\"ts\":") })
        }
    }

    @Test("records before damage are listed, then the damage is reported")
    func damaged() throws {
        try withSampleSet { set in
            let firsts = try set.firsts
            try set.damage(set.log.path(LogFiles.name(firsts[2])), line: 5)
            var listing = try RecordListing(try captured(set.folder), RecordQuery())
            var count = 0
            #expect(throws: StoreError.self) { while try listing.next() { count += 1 } }
            #expect(count == Int(firsts[2]) + 1)
        }
    }

    @Test("records are followed as they are written, half a line never, and into new segments")
    func followed() throws {
        try withTemporaryFolder { folder in
            let opened = try OpenedStore(folder, segmentSize: 700) { $0.compactionRule.ratio = 0 }
            opened.set("a", "0")
            try opened.commit()
            var listing = try RecordListing(try captured(folder), RecordQuery())
            #expect(try lines(&listing).count == 1)
            #expect(try !listing.lookAgain())
            var followed = 1
            for number in 1...60 {
                opened.set("key \(number)", String(repeating: "x", count: number))
                try opened.commit()
                // Not always at once: several segments may have come.
                if number % 7 > 3 { continue }
                while try listing.lookAgain() {
                    let found = try lines(&listing).compactMap(seq)
                    #expect(found == Array(followed + 1..<followed + 1 + found.count))
                    followed += found.count
                    if followed == number + 1 { break }
                }
                #expect(followed == number + 1)
                #expect(try !listing.lookAgain())
            }
            #expect(try LogFiles(folder).segments.count > 5)
            try opened.close()
        }
    }

    @Test("half a line is not shown, and the whole line is once it is there", arguments: [1, 30, 60])
    func halfALine(size: Int) throws {
        try withTemporaryFolder { folder in
            var log = RawLog()
            log.durable(0)
            log.set("a", "1")
            let half = log.bytes
            log.set("b", "2")
            let feeds = [UInt8](repeating: 0x0a, count: 500)
            let files = LogFiles(folder)
            try files.make([1: half + log.bytes[half.count..<half.count + size] + feeds])
            var listing = try RecordListing(try captured(folder), RecordQuery())
            #expect(try lines(&listing).compactMap(seq) == [1])
            #expect(try listing.lookAgain())
            #expect(try lines(&listing) == [])
            try write(log.bytes + feeds, over: files.path(LogFiles.first))
            #expect(try listing.lookAgain())
            #expect(try lines(&listing).compactMap(seq) == [2])
            #expect(try !listing.lookAgain())
        }
    }

    /// Writes into the file that is there.
    private func write(_ bytes: [UInt8], over path: String) throws {
        let handle = try #require(FileHandle(forWritingAtPath: path))
        try handle.write(contentsOf: bytes)
        try handle.close()
    }

    @Test("a reader overtaken by retention learns what it missed, and continues")
    func overtaken() throws {
        try withTemporaryFolder { folder in
            let opened = try OpenedStore(folder, segmentSize: 700) {
                $0.compactionRule.ratio = 0
                $0.retention.size = 0
            }
            opened.set("a", "0")
            try opened.commit()
            var listing = try RecordListing(try captured(folder), RecordQuery())
            #expect(try lines(&listing).count == 1)
            for number in 1...40 {
                opened.set("key", "\(number)")
                try opened.commit()
            }
            try opened.compact()
            opened.set("last", "42")
            try opened.commit()
            // What the open file still has, and what came behind the gap.
            var found: [Int] = []
            var removed: [ClosedRange<UInt64>] = []
            while try listing.lookAgain() {
                found += try lines(&listing).compactMap(seq)
                removed += listing.removed
            }
            #expect(found.last == 42 && found.count < 20)
            #expect(removed == [UInt64(found.count + 1)...41])
            try opened.close()
        }
    }

    @Test("a table has a row for each change, printable and cut")
    func table() throws {
        try withTemporaryFolder { folder in
            let opened = try OpenedStore(folder)
            opened.set("bell \u{7}\u{9b}\u{202e}", String(repeating: "long ", count: 100))
            opened.set([0xff, 0x00], [0xfe])
            opened.store.beginMulti()
            opened.set("é", "\"quoted\"\n")
            opened.delete("é")
            opened.store.endMulti()
            _ = opened.store.clear()
            try opened.close()
            var listing = try RecordListing(try captured(folder), RecordQuery())
            var buffer = ByteBuffer()
            RecordListing.append(headingTo: &buffer)
            while try listing.next() { try listing.append(rowsTo: &buffer, width: 120) }
            let rows = String(buffer.bytes).split(separator: "\n").map(String.init)
            let time = "2025-11-24T16:00:00.123Z"
            #expect(rows.count == 6)
            #expect(rows[0].hasPrefix("         seq  time (UTC)                op            key"))
            #expect(rows[1].hasPrefix("           1  \(time)  set           bell \\u0007\\u009b\\u202e   "))
            #expect(rows[1].hasSuffix("long long…") && rows[1].unicodeScalars.count <= 120)
            #expect(rows[2].contains("  base64:/wA=               base64:/g=="))
            #expect(
                rows[3].hasPrefix("           3  \(time)  multi set     é                         \\\"quoted\\\"\\n"))
            #expect(rows[4] == "           3  \(time)  multi delete  é")
            #expect(rows[5] == "           4  \(time)  clear")
        }
    }

    // MARK: The history of a key

    private func history(_ folder: String, _ key: String) throws -> [KeyHistory.Entry] {
        var history = try KeyHistory(try captured(folder), key: key.bytes)
        var entries: [KeyHistory.Entry] = []
        while let entry = try history.next() { entries.append(entry) }
        return entries
    }

    @Test("a key's history has every change of it, a clear included")
    func keyHistory() throws {
        try withTemporaryFolder { folder in
            try fill(folder)
            #expect(try history(folder, "a").map(\.seq) == [1, 4, 5])
            #expect(
                try history(folder, "a").map(\.event) == [.set("1".bytes), .clear, .set("4".bytes)])
            #expect(try history(folder, "ab").map(\.event) == [.set("2".bytes), .delete, .clear])
            #expect(try history(folder, "a").last?.timestamp == OpenedStore.now + 30)
            #expect(try history(folder, "nobody").map(\.event) == [.clear])
        }
    }

    @Test("if the log no longer has the beginning, the snapshot is shown in its place")
    func snapshotHistory() throws {
        try withSampleSet(snapshots: [40, 80], keepsMerged: true, seed: 3) { set in
            let all = try history(set.folder, "key 7")
            // As retention would, except for the order.
            let firsts = try set.firsts
            for first in firsts where first <= 40 { try set.log.remove(LogFiles.name(first)) }
            let oldest = try #require(try set.firsts.first)
            let found = try history(set.folder, "key 7")
            let place = try #require(found.firstIndex { if case .snapshot = $0.event { true } else { false } })
            #expect(found[place].seq == 80)
            #expect(found[place].event == .snapshot(set.states[80]["key 7".bytes]))
            #expect(found[..<place].allSatisfy { $0.seq <= 80 } && found[(place + 1)...].allSatisfy { $0.seq > 80 })
            #expect(found.filter { $0.seq != 80 || $0.event != found[place].event } == all.filter { $0.seq >= oldest })
            // Nothing is left but the snapshot.
            for first in try set.firsts { try set.log.remove(LogFiles.name(first)) }
            #expect(try history(set.folder, "nobody").map(\.event) == [.snapshot(nil)])
        }
    }

    // MARK: Counting

    @Test("operations, live pairs and sizes are counted")
    func statistics() throws {
        try withTemporaryFolder { folder in
            try fill(folder)
            let found = try LogStatistics(try captured(folder))
            let lines = try LogFiles(folder).segments.flatMap { try LogFiles(folder).read($0).split(separator: 0x0a) }
            func size(_ operation: String) -> Int {
                lines.filter { String(decoding: $0, as: UTF8.self).contains("\"op\":\"\(operation)\"") }
                    .filter { operation == "multi" || !String(decoding: $0, as: UTF8.self).contains("multi") }
                    .reduce(0) { $0 + $1.count + 1 }
            }
            #expect(found.operations[.set]?.count == 4 && found.operations[.set]?.size == size("set"))
            #expect(found.operations[.multi]?.count == 1 && found.operations[.multi]?.size == size("multi"))
            #expect(found.operations[.clear]?.count == 1 && found.operations[.delete] == nil)
            #expect((found.pairCount, found.keySize, found.valueSize) == (2, 3, 2))
            #expect((found.segmentCount, found.firstSeq, found.lastSeq, found.snapshotSeq) == (3, 1, 6, 4))
            let sizes = try LogFiles(folder).segments.map { try LogFiles(folder).read($0).count }
            #expect(found.mergedSize == sizes[0] + sizes[1])
            #expect(found.unmergedSize == sizes[2] && found.reservedSize == 0)
            // A fresh snapshot has the predicted size.
            let opened = try OpenedStore(folder)
            try opened.compact()
            try opened.close()
            let snapshot = try Data(contentsOf: URL(fileURLWithPath: folder + "/puffin.json"))
            #expect(found.freshSize == snapshot.count)
        }
    }
}
