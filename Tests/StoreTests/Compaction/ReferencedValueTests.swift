import Bytes
import Foundation
import LogFormat
import Store
import SystemPackage
import TestSupport
import Testing

/// Values that a compaction sorts by reference, and reads again from their segments.
@Suite("Referenced values")
struct ReferencedValueTests {
    /// Long enough to be referred to.
    private static let long = String(repeating: "long ", count: 60)

    /// The compaction of everything, which must end.
    private func report(_ opened: OpenedStore) throws -> CompactionReport {
        try opened.commit()
        try #require(opened.store.compact())
        switch opened.compactionResult() {
        case .ended(let report, _)?: return report
        case .failed(let error)?: throw error
        default: return try #require(nil, "nothing was compacted")
        }
    }

    private func bodies(_ folder: String) throws -> [String] {
        let text = try Data(contentsOf: URL(fileURLWithPath: folder + "/puffin.json"))
        let lines = text.split(separator: 0x0a).dropFirst().dropLast()
        return lines.map { String(decoding: $0.dropLast(18), as: UTF8.self) }
    }

    @Test("references take the memory of their keys alone, with the same result as values")
    func memory() throws {
        try withTemporaryFolder { folder in
            let opened = try OpenedStore(folder, .never, segmentSize: 100_000)
            var random = SeededRandom(seed: 5)
            for number in 1...2_000 {
                let size = [0, 40, 900, 1_100][number % 4]
                opened.set("key \(random.below(1_000))".bytes, random.bytes(size, from: "text \"ü".bytes))
            }
            try opened.close()
            var snapshots: [[String]] = []
            for (name, size) in [("references", 128), ("values", Int.max)] {
                let copy = folder + "/" + name
                try LogFiles(folder).copy(to: copy)
                let other = try OpenedStore(copy) {
                    ($0.compaction.referencedSize, $0.compaction.sortingSize) = (size, 150_000)
                    $0.compaction.source = .files
                }
                let report = try report(other)
                #expect(report.runs == 0 || size == .max, "half of 2,000 values have 1,000 bytes")
                #expect(report.runs > 2 || size == 128)
                try other.close()
                snapshots.append(try bodies(copy))
            }
            #expect(snapshots[0] == snapshots[1])
            #expect(snapshots[0].count == opened.pairs.count)
        }
    }

    /// Fields of a value as a line has them, and as a snapshot has them.
    private static let spellings: [(found: String, canonical: String)] = [
        (#""value":"\#(long)""#, #""value":"\#(long)""#),
        (#""value":"\#(long)\n\"\\\u001f\u0000\b\f\r\t/ü😀""#, #""value":"\#(long)\n\"\\\u001f\u0000\b\f\r\t/ü😀""#),
        (#""value":"\#(long)\u000a""#, #""value":"\#(long)\n""#),
        (#""value":"\#(long)\u001F""#, #""value":"\#(long)\u001f""#),
        (#""value":"\/\#(long)""#, #""value":"/\#(long)""#),
        (#""value":"\u00fc\ud83d\ude00\#(long)""#, #""value":"ü😀\#(long)""#),
        (#""value":"\#(long)\u0022\u007f""#, #""value":"\#(long)\"\#u{7f}""#),
        (#""value":"\#(long)\n","by":"me""#, #""value":"\#(long)\n""#),
        (#""value":"\#(long)","by":"me","for":"you""#, #""value":"\#(long)""#),
        ("\"value64\":\"\(Data(long.utf8).base64EncodedString())\"", #""value":"\#(long)""#),
        (
            #""value64":"\#(String(repeating: "/v/+", count: 80))/x==""#,
            #""value64":"\#(String(repeating: "/v/+", count: 80))/w==""#
        ),
        (
            #""value64":"\#(String(repeating: "/v/+", count: 80))""#,
            #""value64":"\#(String(repeating: "/v/+", count: 80))""#
        ),
        // ASCII at first, and no text only at its end.
        (
            #""value64":"\#(String(repeating: "YWFh", count: 80))/w==""#,
            #""value64":"\#(String(repeating: "YWFh", count: 80))/w==""#
        ),
    ]

    @Test("other writers' spellings of large values are normalized, from segments and from an old snapshot")
    func spellings() throws {
        let cases = ReferencedValueTests.spellings
        func key(_ index: Int) -> String { #""key":"\#(String(repeating: "k", count: index + 1))""# }
        let expected = cases.indices.map { "{" + key($0) + "," + cases[$0].canonical }
        try withTemporaryFolder { folder in
            var log = RawLog()
            for index in cases.indices { log.record("\"op\":\"set\"," + key(index) + "," + cases[index].found) }
            // The same pairs, changed and cleared before, in several records of one and of many changes.
            var second = RawLog(after: log.position)
            second.record(#""op":"clear""#)
            let parts = cases.indices.map { index in
                let known = cases[index].found.split(separator: ",\"by\"", maxSplits: 1)[0]
                return "{\"op\":\"set\"," + key(index) + "," + known + "}"
            }
            second.record("\"op\":\"multi\",\"changes\":[" + parts.joined(separator: ",") + "]")
            try LogFiles(folder).make([1: log.bytes, log.position.seq + 1: second.bytes])
            let opened = try OpenedStore(folder) { $0.compaction.source = .files }
            #expect(try report(opened).pairs == cases.count)
            try opened.close()
            #expect(try bodies(folder) == expected)
        }
        try withTemporaryFolder { folder in
            var log = RawLog()
            for index in cases.indices { log.record("\"op\":\"set\"," + key(index) + "," + cases[index].found) }
            try LogFiles(folder).make([1: log.bytes])
            var opened = try OpenedStore(folder) { $0.compaction.source = .files }
            try opened.compact()
            try opened.close()
            #expect(try bodies(folder) == expected)
            // An old snapshot in those spellings, and another change.
            let header = try Data(contentsOf: URL(fileURLWithPath: folder + "/puffin.json")).prefix { $0 != 0x0a }
            var lines = ByteBuffer()
            lines.append(Array(header).span)
            lines.append("\n")
            var chain = Array(header).span.hex32(at: header.count - 10) ?? 0
            for index in cases.indices {
                let start = lines.count
                lines.append(text: "{" + key(index) + "," + cases[index].found)
                chain = lines.appendChecksum(bodyFrom: start, chain: chain)
            }
            lines.append(snapshotEnd: cases.count, chain: chain)
            try Data(Array(lines.bytes)).write(to: URL(fileURLWithPath: folder + "/puffin.json"))
            opened = try OpenedStore(folder) { $0.compaction.source = .files }
            opened.set("z", "new")
            try opened.compact()
            try opened.close()
            #expect(try bodies(folder) == expected + [#"{"key":"z","value":"new""#])
        }
    }

    /// A store with an old snapshot, three segments of large values after it, and a compaction that is held before it reads
    /// values again.
    private func held(_ model: ModelDisk) throws -> (opened: OpenedStore, disk: FaultyDisk) {
        let disk = FaultyDisk(model)
        let opened = try OpenedStore(on: disk) { options in
            options.layout.segmentSize = 4_000
            options.compaction.source = .files
        }
        opened.set("old", "value")
        try opened.compact()
        for number in 1...30 {
            opened.set("key \(number)", ReferencedValueTests.long + "\(number)")
            try opened.commit()
        }
        try #require(opened.store.compact())
        opened.waitUntilIdle()
        let progress = opened.progress
        disk.hold.arm(after: 0, to: "/puffin.json.tmp") { progress.signal() }
        _ = opened.compactionResult { disk.hold.isHolding }
        #expect(disk.hold.isHolding)
        return (opened, disk)
    }

    @Test(
        "a value that is no longer as it was fails the compaction, which says where, and the old snapshot stays",
        arguments: ["changed", "cut", "removed"])
    func changedMeanwhile(kind: String) throws {
        let model = ModelDisk()
        let (opened, disk) = try held(model)
        let old = try #require(model.content(ModelFiles.snapshot))
        let path = try #require(model.paths.filter { $0.hasSuffix(".jsonl") }.sorted().dropFirst().first)
        var bytes = try #require(model.content(path))
        let place = try #require(bytes.firstIndex(of: UInt8(ascii: "\n"))) + 1
        let target = place + 80
        switch kind {
        case "changed": bytes[target] ^= 1
        case "cut": bytes.removeSubrange(target...)
        default: break
        }
        let whole = model.content(path)
        if kind == "removed" { try disk.base.attemptRemove(FilePath(path)) } else { model.put(bytes, at: path) }
        disk.hold.release()
        guard case .failed(let error)? = opened.compactionResult() else {
            Issue.record("a snapshot was made of what is not there")
            return
        }
        switch error {
        case .corruption(let damage):
            #expect(damage.path == path && damage.line == 2 && damage.offset == place)
            #expect(damage.found.hasPrefix("crc ") && damage.expected.hasPrefix("crc "))
            #expect(kind != "removed")
        case .disk(.open, let name, .noSuchFileOrDirectory):
            #expect(kind == "removed" && name == path)
        default: Issue.record("\(error)")
        }
        #expect(model.content(ModelFiles.snapshot) == old)
        // Nothing else is harmed.
        #expect(opened.store.failure == nil)
        model.put(try #require(whole), at: path)
        #expect(try report(opened).pairs == 31)
        try opened.close()
        let again = try OpenedStore(on: model)
        #expect(again.pairs == opened.pairs)
        try again.close()
    }

    @Test("a large value that is no JSON string fails the compaction only where its pair is written")
    func notAString() throws {
        try withTemporaryFolder { folder in
            var log = RawLog()
            log.set("a", "1")
            try LogFiles(folder).make([1: log.bytes])
            let opened = try OpenedStore(folder) { $0.compaction.source = .files }
            try opened.compact()
            try opened.close()
            // The start would refuse it: it is put there behind its back.
            let other = try OpenedStore(folder) { $0.compaction.source = .files }
            let files = LogFiles(folder)
            let open = try #require(files.segments.last)
            let position = other.store.position
            var bad = RawLog(after: position, history: other.store.history)
            bad.set("b", ReferencedValueTests.long + #"\x"#)
            var good = RawLog(after: bad.position, history: other.store.history)
            good.durable(bad.position.seq)
            try files.write(bad.bytes, to: open)
            try files.write(good.bytes, to: LogFiles.name(bad.position.seq + 1))
            try #require(other.store.compact())
            guard case .failed(.corruption(let damage))? = other.compactionResult() else {
                Issue.record("it was copied")
                return
            }
            #expect(damage.path == files.path(open) && damage.line == 2 && damage.expected == "a value")
            #expect(try bodies(folder) == [#"{"key":"a","value":"1""#])
            other.store.close()
        }
    }

    @Test("a spill file that was changed or cut fails the compaction, and the old snapshot stays", arguments: 0..<12)
    func spillFile(part: Int) throws {
        let model = ModelDisk()
        let disk = FaultyDisk(model)
        let opened = try OpenedStore(on: disk) { $0.compaction.source = .files }
        opened.set("old", "value")
        try opened.compact()
        let old = try #require(model.content(ModelFiles.snapshot))
        for number in 1...80 { opened.set("key \(number)", number % 2 == 0 ? "small" : ReferencedValueTests.long) }
        try opened.commit()
        try #require(opened.store.compact())
        opened.waitUntilIdle()
        let progress = opened.progress
        disk.hold.arm(after: 0, to: "/compaction-000002.tmp") { progress.signal() }
        _ = opened.compactionResult { disk.hold.isHolding }
        #expect(disk.hold.isHolding)
        let path = ModelFiles.folder + "/compaction-000001.tmp"
        var bytes = try #require(model.content(path))
        let place = bytes.count * part / 12
        if part % 2 == 0 { bytes[place] ^= 0x10 } else { bytes.removeSubrange(place...) }
        model.put(bytes, at: path)
        disk.hold.release()
        guard case .failed(.corruption(let damage))? = opened.compactionResult() else {
            Issue.record("a damaged spill file was merged")
            return
        }
        #expect(damage.path == path)
        #expect(model.content(ModelFiles.snapshot) == old)
        try opened.close()
    }
}
