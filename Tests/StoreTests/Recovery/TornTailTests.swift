// What a crash may leave after the last whole line, and what recovery does with it: it starts with everything that is
// whole, sets the rest aside, reports that, and continues; or it refuses, if a line after the damage proves that more
// was durable.

import Bytes
import Foundation
import Store
import TestSupport
import Testing

@Suite("A torn tail")
struct TornTailTests {
    /// The damaged logs: one whose last batch is all that is damaged, one in which each of the last records has a batch
    /// of its own, so that later ones prove it durable, and one that was closed cleanly.
    private static func oracles() throws -> [DamageOracle] {
        [
            try DamageOracle(batches: [1, 2, 2, 3]), try DamageOracle(batches: [2, 3, 1, 1, 1]),
            try DamageOracle(batches: [2, 3, 1, 1, 1], isClosed: true),
        ]
    }

    /// Starts on each of the variants of each log.
    private func check(_ name: String, _ variants: (DamageOracle, (() -> [UInt8]) -> Void) -> Void) throws {
        var (count, refused, wrong) = (0, 0, [String]())
        for (index, oracle) in try TornTailTests.oracles().enumerated() {
            variants(oracle) { make in
                let bytes = make()
                count += 1
                if case .refused = oracle.verdict(on: bytes) { refused += 1 }
                if let problem = oracle.problem(bytes) { wrong.append("log \(index), variant \(count): \(problem)") }
            }
        }
        print("torn tails, \(name): \(count) variants, \(refused) refused, \(wrong.count) wrong")
        #expect(wrong.isEmpty, "\(wrong.prefix(3))")
        #expect(count > 0)
    }

    @Test("the oracle: what is whole, and what proves a loss")
    func oracle() throws {
        let log = try DamageOracle(batches: [2, 3, 1, 1, 1])
        let (last, size) = (log.offset(ofLast: 1), log.content.count)
        #expect(log.verdict(on: log.content) == .starts(records: 8, end: size, torn: 0))
        var bytes = log.content
        bytes[last + 5] ^= 1
        #expect(log.verdict(on: bytes) == .starts(records: 7, end: last, torn: size - last - 1))
        bytes = log.content
        bytes[log.offset(ofLast: 2) + 5] ^= 1
        #expect(log.verdict(on: bytes) == .refused(offset: log.offset(ofLast: 2)))
    }

    @Test("a log cut at any byte after its first line")
    func cuts() throws {
        try check("cuts") { log, check in
            let header = (log.content.firstIndex(of: 0x0a) ?? 0) + 1
            for cut in header...log.content.count { check { Array(log.content[..<cut]) } }
        }
    }

    @Test("any single flipped bit of the last three records, and between them")
    func flips() throws {
        try check("bit flips") { log, check in
            for index in log.offset(ofLast: 3)..<log.content.count {
                for bit in 0..<8 {
                    check {
                        var bytes = log.content
                        bytes[index] ^= 1 << bit
                        return bytes
                    }
                }
            }
        }
    }

    @Test("NULs: 1 to 8192 after the end, and over any part of the end")
    func nuls() throws {
        let stride = Torture.isOn ? 1 : 3
        try check("NULs") { log, check in
            for count in 1...8192 where count < 64 || (8192 - count) % stride == 0 {
                check { Array(log.content + [UInt8](repeating: 0, count: count)) }
            }
            for start in log.offset(ofLast: 3)..<log.content.count {
                check { Array(log.content[..<start] + [UInt8](repeating: 0, count: log.content.count - start)) }
                check { hole(in: log.content, from: start, filled: 0) }
                check { hole(in: log.content, from: start, filled: 0x0a) }
            }
        }
    }

    private func hole(in content: [UInt8], from start: Int, filled: UInt8) -> [UInt8] {
        let end = min(start + 40, content.count)
        return Array(content[..<start] + [UInt8](repeating: filled, count: end - start) + content[end...])
    }

    @Test("an end that is duplicated, from any byte on, cut at any byte or not")
    func duplicates() throws {
        try check("duplicated tails") { log, check in
            for start in log.offset(ofLast: 3)..<log.content.count {
                check { Array(log.content + log.content[start...]) }
                check { Array(log.content.dropLast() + log.content[start...]) }
                check { Array(log.content.prefix(start + 7) + log.content[start...]) }
            }
        }
    }

    @Test("CR LF for LF from any line on, text in another encoding, a half of a character, U+FFFD, a byte order mark")
    func text() throws {
        try check("line ends and text") { log, check in
            for start in log.content.indices where log.content[start] == 0x0a {
                let behind = log.content[start...]
                check { Array(log.content[..<start] + behind.flatMap { $0 == 0x0a ? [0x0d, 0x0a] : [$0] }) }
                check { Array(log.content[..<start] + [0x0d] + behind) }
                check { Array(log.content[...start] + [0xef, 0xbb, 0xbf] + behind.dropFirst()) }
                check { Array(log.content[...start] + [0xc3, 0x0a] + behind.dropFirst()) }
            }
            let wide = log.content.indices.filter { log.content[$0] >= 0xc0 }
            for index in wide {
                for other: [UInt8] in [[], [0xfc], [0xef, 0xbf, 0xbd], [0xc3, 0x83, 0xc2, 0xbc], [0xc3], [0xbc]] {
                    check { Array(log.content[..<index] + other + log.content[(index + 2)...]) }
                }
            }
        }
    }

    @Test("after any cut preallocated space, garbage, half a line or a whole one that does not follow")
    func tails() throws {
        var random = SeededRandom(seed: 1)
        let tails: [[UInt8]] = [
            [UInt8](repeating: 0x0a, count: 300),
            random.bytes(300),
            #"{"seq":9,"ts":1764000000123,"op":"set","key":"k","val"#.bytes,
            "x\n".bytes + line(#"{"seq":9,"ts":1764000000123,"op":"clear""#) + [0x0a],
        ]
        try check("other tails") { log, check in
            for cut in log.offset(ofLast: 3)...log.content.count {
                for tail in tails { check { Array(log.content[..<cut] + tail) } }
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
