// What a crash may leave behind the last whole line, and what recovery makes of it: it starts with everything that is
// whole, sets the rest aside, says so, and goes on.

import Bytes
import Foundation
import Store
import TestSupport
import Testing

@Suite("A torn tail")
struct TornTailTests {
    /// A log as a crash left it, and the pairs after each of its records.
    private struct Crashed {
        var content: [UInt8] = []
        var states: [[[UInt8]: [UInt8]]] = [[:]]

        /// Records of all kinds in four batches, the last of them three records long.
        init() throws {
            let (content, states) = try withTemporaryFolder { folder in
                let opened = try OpenedStore(folder)
                var states: [[[UInt8]: [UInt8]]] = [[:]]
                for (seq, change) in Crashed.changes.enumerated() {
                    change(opened)
                    states.append(opened.pairs)
                    if [0, 2, 4].contains(seq) { try opened.commit() }
                }
                try opened.commit()
                let content = try LogFiles(folder).read(LogFiles.first)
                try opened.close()
                return (content, states)
            }
            self.states = states
            self.content = content.dropLast(content.reversed().prefix { $0 == 0x0a }.count) + [0x0a]
        }

        private static var changes: [(OpenedStore) -> Void] {
            [
                { $0.set("a", "1") },
                { $0.set([0xff], [0xfe]) },
                { $0.delete("a") },
                { $0.set("two\nlines", "\"") },
                { _ = $0.store.clear() },
                { $0.set("c", "3") },
                { opened in
                    opened.store.beginMulti()
                    opened.set("d", "4")
                    opened.delete("c")
                    opened.store.endMulti()
                },
                { $0.set("e", "grüße") },
            ]
        }

        /// How many records stand whole in `bytes`, and where the last whole line ends.
        func whole(in bytes: [UInt8]) -> (records: Int, end: Int) {
            var (records, end, start) = (0, 0, 0)
            while let feed = content[start...].firstIndex(of: 0x0a), bytes.count > feed,
                bytes[start...feed] == content[start...feed]
            {
                if content[start...].starts(with: "{\"seq\"".bytes) { records += 1 }
                (start, end) = (feed + 1, feed + 1)
            }
            return (records, end)
        }
    }

    /// Opens a folder with `bytes` as its only segment: starts with what is whole, sets the rest aside, and goes on.
    private func check(_ bytes: [UInt8], of crashed: Crashed, in folder: String) throws {
        let files = LogFiles(folder)
        try files.make([1: bytes])
        let (records, end) = crashed.whole(in: bytes)
        let rest = Array(bytes[end...])
        let torn = rest.dropLast(rest.reversed().prefix { $0 == 0x0a }.count)

        let opened = try OpenedStore(folder)
        #expect(opened.pairs == crashed.states[records])
        #expect(opened.store.position.seq == UInt64(records))
        #expect(opened.store.recovery.torn?.size == (torn.isEmpty ? nil : torn.count))
        if let report = opened.store.recovery.torn {
            #expect(report.offset == end)
            #expect(report.segment == files.path(LogFiles.first))
            #expect(try files.torn.map(files.path) == [report.path])
            #expect(try files.read(files.torn[0]).starts(with: torn))
        }
        opened.set("after", "the crash")
        try opened.close()

        let again = try OpenedStore(folder)
        #expect(again.pairs == crashed.states[records].merging(["after".bytes: "the crash".bytes]) { $1 })
        #expect(again.store.recovery.torn == nil)
        #expect(again.store.recovery.unknownFiles.isEmpty)
        try again.close()
    }

    @Test("a log cut at any byte behind its first line starts with everything that is whole")
    func cut() throws {
        let crashed = try Crashed()
        let header = (crashed.content.firstIndex(of: 0x0a) ?? 0) + 1
        for cut in header...crashed.content.count {
            try withTemporaryFolder { try check(Array(crashed.content[..<cut]), of: crashed, in: $0) }
        }
    }

    @Test(
        "behind the cut there may be reserved space, NULs, garbage, half a line or a whole one that does not follow",
        arguments: 0..<5)
    func tails(kind: Int) throws {
        let crashed = try Crashed()
        var random = SeededRandom(seed: 1)
        let tails: [[UInt8]] = [
            [UInt8](repeating: 0x0a, count: 300),
            [UInt8](repeating: 0, count: 300),
            random.bytes(300),
            #"{"seq":9,"ts":1764000000123,"op":"set","key":"k","val"#.bytes,
            "x\n".bytes + line(#"{"seq":9,"ts":1764000000123,"op":"clear""#) + [0x0a],
        ]
        for cut in stride(from: crashed.content.count - 200, through: crashed.content.count, by: 3) {
            let bytes = Array(crashed.content[..<cut]) + tails[kind]
            try withTemporaryFolder { try check(bytes, of: crashed, in: $0) }
        }
    }

    @Test("a hole of reserved space or NULs anywhere in the last batch loses what is behind it, and nothing before it")
    func holes() throws {
        let crashed = try Crashed()
        let batch = try #require(crashed.content.ranges(of: "{\"durable\"".bytes).last?.lowerBound)
        for filler: UInt8 in [0x0a, 0x00] {
            for start in stride(from: batch, to: crashed.content.count - 1, by: 7) {
                var bytes = crashed.content
                // The last byte stays: otherwise the hole would be no hole, but the end.
                for index in start..<min(start + 40, bytes.count - 2) { bytes[index] = filler }
                let (records, _) = crashed.whole(in: bytes)
                try withTemporaryFolder { folder in
                    try LogFiles(folder).make([1: bytes])
                    let opened = try OpenedStore(folder)
                    #expect(opened.pairs == crashed.states[records], "a hole at \(start)")
                    #expect(opened.store.recovery.torn != nil)
                    try opened.close()
                }
            }
        }
    }

    @Test("what is torn off twice in the same millisecond is kept twice")
    func twice() throws {
        try withTemporaryFolder { folder in
            var log = RawLog()
            log.set("a", "1")
            let files = LogFiles(folder)
            for tail in ["first", "second"] {
                try files.make([1: log.bytes + tail.bytes])
                let opened = try OpenedStore(folder)
                #expect(opened.store.recovery.torn?.size == tail.utf8.count)
                try opened.close()
            }
            #expect(try Set(files.torn.map { try files.read($0) }) == ["first".bytes, "second".bytes])
        }
    }
}
