// The log as other programs find it: files with the right names and modes, and lines that any JSON parser reads.

import Bytes
import Foundation
import Store
import TestSupport
import Testing

@Suite("A written log")
struct WrittenLogTests {
    @Test("a standard JSON parser reads every line, and finds every change in its order")
    func standardParser() throws {
        try withTemporaryFolder { folder in
            var random = SeededRandom(seed: 1)
            let opened = try OpenedStore(folder, segmentSize: 4_000)
            var expected: [[UInt8]] = []
            for number in 0..<200 {
                let value =
                    number % 2 == 0 ? random.bytes(random.below(60)) : "\"\\/\n\u{7f}\u{1} grüße \(number)".bytes
                opened.set(number % 3 == 0 ? [0xff, UInt8(number)] : "key \(number)".bytes, value)
                expected.append(value)
                if number % 7 == 0 { try opened.commit() }
            }
            opened.store.beginMulti()
            opened.set("x", "1")
            opened.delete("x")
            opened.store.endMulti()
            _ = opened.store.clear()
            try opened.close()

            let objects = try lines(of: folder)
            let records = objects.filter { $0["seq"] != nil && $0["puffin"] == nil }
            #expect(records.compactMap { $0["seq"] as? Int } == Array(1...202))
            #expect(records.allSatisfy { $0["ts"] as? UInt64 == OpenedStore.now })
            #expect(records.filter { $0["op"] as? String == "set" }.map(value) == expected)
            #expect(
                (records[200]["changes"] as? [[String: Any]])?.compactMap { $0["op"] as? String } == ["set", "delete"])
            #expect(records[201]["op"] as? String == "clear")
            #expect(objects.last?["closed"] as? Bool == true)
            #expect(objects.last?["durable"] as? Int == 202)
            let headers = objects.filter { $0["puffin"] as? String == "log" }
            #expect(headers.count == (try LogFiles(folder).segments.count) && headers.count > 3)
            #expect(headers.allSatisfy { $0["history"] as? String == opened.store.history })
        }
    }

    private func lines(of folder: String) throws -> [[String: Any]] {
        let files = LogFiles(folder)
        return try files.segments.flatMap { name in
            try files.read(name).split(separator: 0x0a, omittingEmptySubsequences: false).dropLast().map { line in
                try #require(JSONSerialization.jsonObject(with: Data(line)) as? [String: Any])
            }
        }
    }

    private func value(_ record: [String: Any]) -> [UInt8] {
        if let text = record["value"] as? String { return text.bytes }
        return Array(Data(base64Encoded: record["value64"] as? String ?? "") ?? Data())
    }

    private func kinds(_ folder: String) throws -> [String] {
        try lines(of: folder).map { line in
            if line["puffin"] != nil { return "header" }
            return (line["durable"] as? Int).map { "durable \($0)" } ?? "record"
        }
    }

    @Test("a batch begins with a durable line, if that adds information")
    func durableLines() throws {
        try withTemporaryFolder { folder in
            let opened = try OpenedStore(folder)
            for batch in 0..<3 {
                opened.set("a", "\(batch)")
                opened.set("b", "\(batch)")
                try opened.commit()
            }
            try opened.close()
            #expect(
                try kinds(folder) == [
                    "header", "record", "record", "durable 2", "record", "record", "durable 4", "record", "record",
                    "durable 6",
                ])
        }
    }

    @Test("a segment's header says that everything before it was on the disk: no line repeats that")
    func durableHeaders() throws {
        try withTemporaryFolder { folder in
            let opened = try OpenedStore(folder, segmentSize: 150)
            for number in 0..<3 {
                opened.set("a", "\(number)")
                try opened.commit()
            }
            try opened.close()
            #expect(
                try kinds(folder) == ["header", "record", "header", "record", "header", "record", "durable 3"])
        }
    }

    @Test("what a start has found is on the disk: the first batch claims it")
    func durableAfterCrash() throws {
        try withTemporaryFolder { folder in
            var log = RawLog()
            log.set("a", "1")
            try LogFiles(folder).make([1: log.bytes])
            let opened = try OpenedStore(folder)
            opened.set("b", "2")
            try opened.close()
            #expect(try kinds(folder) == ["header", "record", "durable 1", "record", "durable 2"])
        }
    }

    @Test("the open segment is preallocated with line feeds, and truncated when it is closed")
    func preallocation() throws {
        try withTemporaryFolder { folder in
            let opened = try OpenedStore(folder, preallocation: 10_000)
            opened.set("k", "v")
            try opened.commit()
            let files = LogFiles(folder)
            let name = try #require(try files.segments.first)
            let open = try files.read(name)
            let content = open.count - open.reversed().prefix { $0 == 0x0a }.count + 1
            #expect(open.count == content + 10_000)
            try opened.close()
            let closed = try files.read(name)
            #expect(closed.starts(with: open[..<content]))
            #expect(closed.last == 0x0a && closed.dropLast().last == UInt8(ascii: "}"))
        }
    }

    @Test("without preallocation the segment is as long as its lines")
    func noPreallocation() throws {
        try withTemporaryFolder { folder in
            let opened = try OpenedStore(folder, preallocation: 0)
            opened.set("k", "v")
            try opened.commit()
            let content = try LogFiles(folder).read("00000000000000000001.jsonl")
            #expect(content.suffix(2) == [UInt8(ascii: "}"), 0x0a])
            try opened.close()
        }
    }

    @Test("only their owner may read the files")
    func modes() throws {
        try withTemporaryFolder { folder in
            try OpenedStore(folder).close()
            let files = LogFiles(folder)
            func mode(_ path: String) throws -> Int? {
                try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            }
            #expect(try mode(files.folder) == 0o700)
            #expect(try mode(files.last) == 0o600)
            #expect(try mode(files.path("LOCK")) == 0o600)
        }
    }
}
