import Bytes
import Foundation
import LogFormat
import Store
import TestSupport
import Testing

@Suite("Segments")
struct SegmentTests {
    /// A closed log of several segments, and its pairs.
    private func withSegments(_ body: (LogFiles, String, [[UInt8]: [UInt8]]) throws -> Void) throws {
        try withTemporaryFolder { folder in
            let opened = try OpenedStore(folder, segmentSize: 2_000)
            for number in 0..<100 {
                opened.set("key \(number % 40)", "value \(number)")
                if number % 2 == 1 { try opened.commit() }
            }
            try opened.close()
            try body(LogFiles(folder), folder, opened.pairs)
        }
    }

    private func corrupted(_ change: (LogFiles, [String]) throws -> Void) throws -> Damage? {
        var found: Damage?
        try withSegments { files, folder, _ in
            try change(files, files.segments)
            found = damage(opening: folder)
            #expect(try files.torn.isEmpty)
        }
        return found
    }

    @Test("a segment that would grow too large is sealed, the next is named by its first record, and all are replayed")
    func rotation() throws {
        try withSegments { files, folder, pairs in
            let segments = try files.segments
            #expect(segments.count > 4)
            for (index, name) in segments.enumerated() {
                let lines = try files.read(name).split(separator: 0x0a)
                // The lines that are no records count little, and are not counted.
                #expect(try files.read(name).count <= 2_000 + 100)
                guard case .header(let header) = try parsed(Array(lines[0])) else {
                    Issue.record("no header in \(name)")
                    continue
                }
                #expect(name == LogFiles.name(header.firstSeq))
                // No line feed is left of what was reserved.
                #expect(try files.read(name).suffix(2) == "}\n".bytes, "segment \(index)")
            }
            let again = try OpenedStore(folder, segmentSize: 2_000)
            #expect(again.pairs == pairs)
            #expect(again.store.position.seq == 100)
            #expect(again.store.recovery.size == (try segments.reduce(0) { try $0 + files.read($1).count }))
            try again.close()
        }
    }

    @Test("a record larger than a segment has one of its own size")
    func largeRecord() throws {
        try withTemporaryFolder { folder in
            let opened = try OpenedStore(folder, segmentSize: 1_000)
            let large = [UInt8](repeating: 0x61, count: 10_000)
            opened.set("a".bytes, Array(large[..<400]))
            try opened.commit()
            opened.set("b".bytes, large)
            try opened.commit()
            opened.set("c", "3")
            try opened.close()
            #expect(try LogFiles(folder).segments == [1, 2, 3].map(LogFiles.name))
            let again = try OpenedStore(folder, segmentSize: 1_000)
            #expect(again.get("b".bytes) == large)
            #expect(again.pairs.count == 3)
            try again.close()
        }
    }

    @Test("a missing segment is found, whichever it is but the last", arguments: [0, 1, 2])
    func missing(index: Int) throws {
        var next = ""
        let found = try corrupted { files, segments in
            next = files.path(segments[index + 1])
            try files.remove(segments[index])
        }
        #expect(found?.path == next)
        #expect(found?.line == 1)
        #expect(found?.offset == 0)
    }

    @Test(
        "a missing segment is found even if nothing after it was ever synced",
        arguments: [Durability.never, .interval])
    func missingUnsynced(durability: Durability) throws {
        try withTemporaryFolder { folder in
            let opened = try OpenedStore(folder, durability, segmentSize: 300)
            for number in 0..<6 {
                opened.set("a", "\(number)")
                try opened.commit()
            }
            let (files, crashed) = (LogFiles(folder), folder + "/crashed")
            try files.copy(to: crashed)
            try opened.close()
            let segments = try LogFiles(crashed).segments
            #expect(segments.count > 2)
            for name in segments.dropLast().dropFirst() { try LogFiles(crashed).remove(name) }
            #expect(damage(opening: crashed)?.path == LogFiles(crashed).path(segments[segments.count - 1]))
            #expect(try LogFiles(crashed).torn.isEmpty)
        }
    }

    @Test("a sealed segment with a byte changed is found")
    func sealedFlipped() throws {
        let found = try corrupted { files, segments in
            var bytes = try files.read(segments[1])
            bytes[bytes.count - 5] ^= 1
            try files.write(bytes, to: segments[1])
        }
        #expect(found?.path.hasSuffix(LogFiles.first) == false)
        #expect((found?.line ?? 0) > 2)
    }

    @Test("a sealed segment cut short is found, within a line or between two")
    func sealedCut() throws {
        let within = try corrupted { files, segments in
            try files.write(Array(try files.read(segments[0]).dropLast(10)), to: segments[0])
        }
        #expect(within?.path.hasSuffix(LogFiles.first) == true)
        #expect(within?.expected == "a line feed")
        let between = try corrupted { files, segments in
            let lines = try files.read(segments[0]).split(separator: 0x0a)
            try files.write(Array(lines.dropLast().joined(separator: [0x0a])) + [0x0a], to: segments[0])
        }
        #expect(between?.path.hasSuffix(LogFiles.first) == false)
        #expect(between?.line == 1)
        let empty = try corrupted { files, segments in try files.write([], to: segments[1]) }
        #expect(empty?.found == "an empty file")
    }

    @Test("a segment under another's name is found")
    func renamed() throws {
        let found = try corrupted { files, segments in
            let last = segments[segments.count - 1]
            try files.write(try files.read(last), to: LogFiles.name(5_000))
            try files.remove(last)
        }
        #expect(found?.path.hasSuffix(LogFiles.name(5_000)) == true)
    }

    @Test("a segment of another history is refused, though it would follow", arguments: [true, false])
    func otherHistory(isLast: Bool) throws {
        try withTemporaryFolder { folder in
            var first = RawLog()
            first.set("a", "1")
            var other = RawLog(after: first.position, history: "0123456789ab")
            other.set("a", "2")
            var segments: [UInt64: [UInt8]] = [1: first.bytes, 2: other.bytes]
            if !isLast { segments[3] = RawLog(after: other.position).bytes }
            try LogFiles(folder).make(segments)
            let found = damage(opening: folder)
            #expect(found?.path == LogFiles(folder).path(LogFiles.name(2)))
            #expect(found?.expected.contains(RawLog.history) == true)
            #expect(found?.found.contains("0123456789ab") == true)
            #expect(try LogFiles(folder).read(LogFiles.name(2)) == other.bytes)
        }
    }

    @Test("a segment that does not continue the sums before it is refused")
    func otherChain() throws {
        try withTemporaryFolder { folder in
            var first = RawLog()
            first.set("a", "1")
            let other = RawLog(after: ChainPosition(seq: 1, crc: 0x1234_5678))
            try LogFiles(folder).make([1: first.bytes, 2: other.bytes])
            #expect(damage(opening: folder)?.path == LogFiles(folder).path(LogFiles.name(2)))
        }
    }

    @Test("a file of another version is refused as that, and named", arguments: [1, 2])
    func otherVersion(segment: UInt64) throws {
        try withTemporaryFolder { folder in
            var first = RawLog()
            first.set("a", "1")
            let other = RawLog(after: segment == 1 ? .start : first.position, version: "2")
            try LogFiles(folder).make(segment == 1 ? [1: other.bytes] : [1: first.bytes, 2: other.bytes])
            let error = #expect(throws: StoreError.self) { try OpenedStore(folder).close() }
            guard case .unknownVersion(let path, let found) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(path == LogFiles(folder).path(LogFiles.name(segment)))
            #expect(found.contains(#"\"version\":2"#))
            #expect(try LogFiles(folder).torn.isEmpty)
        }
    }

    @Test(
        "a file that is not a snapshot of this version is refused, and left unchanged",
        arguments: ["{\"puffin\":\"snapshot\",\"version\":2}\n", "{\"puffin\":\"log\",\"version\":1}\n"])
    func snapshot(content: String) throws {
        try withTemporaryFolder { folder in
            let path = folder + "/puffin.json"
            try Data(content.bytes).write(to: URL(fileURLWithPath: path))
            let error = #expect(throws: StoreError.self) { try OpenedStore(folder).close() }
            guard case .unknownVersion(path, _) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data(content.bytes))
        }
    }
}
