// A record that needs what its segment's first line does not name begins a segment whose first line does, once. A
// segment without records is replaced for that: the next one would have its name.

import Bytes
import LogFormat
import Store
import SystemPackage
import TestSupport
import Testing

@Suite("Segments for records with needs")
struct NeededSegmentTests {
    private static let time: UInt64 = 1_764_000_060_123

    /// Makes a change as a follower does, with its leader's line.
    private func apply(_ change: borrowing Change, to opened: OpenedStore) throws(ReplicationError) {
        var line = ByteBuffer()
        var encoder = RecordEncoder()
        _ = encoder.append(change, after: opened.store.position, timestamp: opened.store.now, to: &line)
        try opened.store.applyRecord(line.bytes.extracting(0..<line.count - 1))
    }

    private func setExpiring(_ key: String, in opened: OpenedStore) throws(ReplicationError) {
        let (key, value) = (key.bytes, "value".bytes)
        try apply(.set(key: key.span, value: value.span, expires: NeededSegmentTests.time), to: opened)
    }

    private func version(_ name: String, _ files: LogFiles) throws -> String {
        let line = String(decoding: try files.read(name).prefix { $0 != 0x0a }, as: UTF8.self)
        return line.contains(#"{"puffin":"log","version":2,"needs":["expiry"],"#)
            ? "expiry" : line.contains(#""version":1,"#) ? "1" : line
    }

    private func versions(_ folder: String) throws -> [String] {
        let files = LogFiles(folder)
        return try files.segments.map { try version($0, files) }
    }

    @Test(
        "a segment with records is sealed before the first one that needs more, and no other",
        arguments: Durability.allCases)
    func sealed(durability: Durability) throws {
        try withTemporaryFolder { folder in
            var opened = try OpenedStore(folder, durability)
            opened.set("a", "1")
            try opened.commit()
            try setExpiring("b", in: opened)
            try opened.commit()
            #expect(try versions(folder) == ["1", "expiry"])
            for number in 0..<5 {
                try setExpiring("b", in: opened)
                opened.set("c", "\(number)")
                try opened.commit()
            }
            #expect(opened.store.needs == .expiry)
            #expect(try versions(folder) == ["1", "expiry"])
            try opened.close()
            opened = try OpenedStore(folder, durability)
            #expect(opened.pairs.count == 3)
            try setExpiring("d", in: opened)
            try opened.commit()
            #expect(try versions(folder) == ["1", "expiry"], "a start goes on in the segment")
            try opened.compact()
            try setExpiring("e", in: opened)
            try opened.commit()
            #expect(try versions(folder).suffix(1) == ["expiry"], "the next one names it from the beginning")
            let count = try LogFiles(folder).segments.count
            try setExpiring("f", in: opened)
            try opened.commit()
            #expect(try LogFiles(folder).segments.count == count)
            try opened.close()
            #expect(opened.store.check().isEmpty)
        }
    }

    @Test(
        "a segment without records is replaced, also one that a clean stop has ended", arguments: Durability.allCases,
        [false, true])
    func replaced(durability: Durability, isReopened: Bool) throws {
        try withTemporaryFolder { folder in
            if isReopened { try OpenedStore(folder, durability).close() }
            var opened = try OpenedStore(folder, durability)
            #expect(try versions(folder) == ["1"])
            try setExpiring("a", in: opened)
            try opened.commit()
            #expect(try versions(folder) == ["expiry"])
            #expect(try LogFiles(folder).segments == [LogFiles.first])
            opened.set("b", "2")
            try opened.close()
            opened = try OpenedStore(folder, durability)
            #expect(opened.store.recovery.unknownFiles.isEmpty)
            #expect(opened.pairs == ["a".bytes: "value".bytes, "b".bytes: "2".bytes])
            try opened.close()
        }
    }

    @Test("a log that needs nothing is of version 1 from the first segment to the last")
    func versionOne() throws {
        try withTemporaryFolder { folder in
            let opened = try OpenedStore(folder, segmentSize: 1_000)
            for number in 0..<50 {
                opened.set("key \(number)", "value")
                try opened.commit()
            }
            try opened.compact()
            try opened.close()
            #expect(try Set(versions(folder)) == ["1"])
            #expect(opened.store.needs.isEmpty)
        }
    }

    // MARK: Feeds

    /// Everything that a feed has now.
    private func drain(_ feed: LogFeed, _ opened: OpenedStore) -> String {
        var buffer = ByteBuffer()
        while true {
            switch feed.next(&buffer, upTo: 70_000) {
            case .bytes, .start: continue
            case .waiting: opened.progress.wait()
            case .atEnd: return String(buffer.bytes)
            case .failed(let error):
                Issue.record("\(error)")
                return ""
            }
        }
    }

    @Test(
        "a feed that waits at the end of a segment goes on in the one that takes its place",
        arguments: Durability.allCases, [1, 2, 3])
    func feed(durability: Durability, variant: Int) throws {
        try withTemporaryFolder { folder in
            // Preallocated line feeds are no part of what is sent.
            let opened = try OpenedStore(folder, durability, disk: LocalDisk())
            let hello = FollowerHello(history: "none", position: .start, checkpoints: [])
            let feed = opened.store.feed(for: hello)
            #expect(drain(feed, opened).split(separator: "\n").count <= 1)
            try setExpiring("a", in: opened)
            try opened.commit()
            if variant == 2 {
                // Sealed before the feed looks again.
                try opened.compact()
            }
            var text = variant == 3 ? "" : drain(feed, opened)
            opened.set("b", "2")
            try opened.commit()
            try setExpiring("c", in: opened)
            try opened.commit()
            text += drain(feed, opened)
            let records = text.split(separator: "\n").filter { $0.hasPrefix(#"{"seq":"#) }
            #expect(records.count == 3)
            #expect(records.first?.contains(#""key":"a","value":"value","expires":1764000060123"#) == true)
            #expect(
                text.split(separator: "\n").first?.hasPrefix(#"{"puffin":"log","version":2,"needs":["expiry"],"#)
                    == true)
            #expect(!text.contains("\n\n"))
            // One that begins now is sent the same.
            let again = drain(opened.store.feed(for: hello), opened)
            #expect(again.split(separator: "\n").filter { $0.hasPrefix(#"{"seq":"#) } == records)
            try opened.close()
        }
    }

    // MARK: Crashes

    @Test(
        "a crash at any call to the disk loses nothing that was committed",
        arguments: [Durability.always, .never], ["first", "empty", "full"])
    func crash(durability: Durability, before: String) throws {
        var number = 0
        var isOver = false
        while !isOver {
            number += 1
            let model = ModelDisk()
            if before != "first" {
                let opened = try OpenedStore(durability, on: model)
                if before == "full" { opened.set("before", "1") }
                try opened.close()
            }
            let disk = FaultyDisk(model, [PlannedFault(.death, number)])
            var isCommitted = false
            do {
                let opened = try OpenedStore(durability, on: disk)
                defer { opened.store.close() }
                try setExpiring("a", in: opened)
                try opened.commit()
                isCommitted = true
                try setExpiring("b", in: opened)
                try opened.commit()
            } catch is StoreError {}
            isOver = disk.struck.isEmpty
            disk.kill()
            if durability == .always { model.losePower(seed: UInt64(number)) }
            let again = try OpenedStore(durability, on: model)
            #expect(!isCommitted || again.get("a") == "value", "\(number)")
            #expect(before != "full" || again.get("before") == "1", "\(number)")
            try setExpiring("c", in: again)
            try again.close()
            let last = try OpenedStore(durability, on: model)
            #expect(last.get("c") == "value")
            try last.close()
        }
        #expect(number > 20)
    }
}
