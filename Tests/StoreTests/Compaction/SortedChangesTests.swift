import Bytes
import Foundation
import LogFormat
import Store
import TestSupport
import Testing

/// Sorting and merging of keys and values with much or little in common.
@Suite("Sorted changes")
struct SortedChangesTests {
    /// Bytes of keys: some that need no escapes in JSON, and some that do.
    private static let alphabets: [[UInt8]] = [
        "0123456789".bytes, "ab".bytes, [0x00, 0x61, 0xff], "a\"\\\n".bytes, "aü".bytes, Array(0...255),
    ]

    @Test(
        "a snapshot is every pair in the order of the keys, byte for byte, with memory for all changes or for a few",
        arguments: SeededRandom.seeds(12))
    func content(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let alphabet = SortedChangesTests.alphabets[random.below(SortedChangesTests.alphabets.count)]
        let beginning = random.bytes(random.below(20), from: alphabet)
        let (longest, distinct) = (1 + random.below(30), 1 + random.below(1_500))
        let keys = (0..<distinct).map { _ in
            random.below(20) == 0
                ? random.bytes(random.below(3), from: alphabet)
                : beginning + random.bytes(random.below(longest), from: alphabet)
        }
        let sortingSize = [700, 5_000, 40_000, 8 << 20][random.below(4)]
        var expected: [[UInt8]: [UInt8]] = [:]
        try withTemporaryFolder { folder in
            let opened = try OpenedStore(folder, .never) { $0.compaction.sortingSize = sortingSize }
            for _ in 0..<2 {
                for _ in 0..<2_000 {
                    let key = keys[random.below(keys.count)]
                    if random.below(6) == 0 {
                        _ = opened.store.delete(key.span)
                        expected[key] = nil
                    } else {
                        let value = random.bytes(random.below(3) * 9, from: alphabet)
                        opened.set(key, value)
                        expected[key] = value
                    }
                }
                try opened.compact()
                let snapshot = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder + "/puffin.json")))
                #expect(snapshot == file(expected, behind: Array(snapshot.prefix { $0 != 0x0a })))
            }
            try opened.close()
            let again = try OpenedStore(folder)
            #expect(again.pairs == expected)
            try again.close()
        }
    }

    /// The snapshot of `pairs` whose header is `header`.
    private func file(_ pairs: [[UInt8]: [UInt8]], behind header: [UInt8]) -> [UInt8] {
        var buffer = ByteBuffer()
        buffer.append(header.span)
        buffer.append("\n")
        var chain = header.span.hex32(at: header.count - 10) ?? 0
        for (key, value) in pairs.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            chain = buffer.append(pairLine: .set(key: key.span, value: value.span), chain: chain)
        }
        buffer.append(snapshotEnd: pairs.count, chain: chain)
        return Array(buffer.bytes)
    }

    @Test("values that change their size again and again take no more memory than sorting may have")
    func changingSizes() throws {
        try withTemporaryFolder { folder in
            let opened = try OpenedStore(folder, .never) { $0.compaction.sortingSize = 20_000 }
            for number in 1...5_000 {
                opened.set("key \(number % 50)", String(repeating: "x", count: number % 97))
            }
            try opened.commit()
            try #require(opened.store.compact())
            guard case .ended(let report, _)? = opened.compactionResult() else {
                Issue.record("the compaction failed")
                return
            }
            #expect(report.runs == 0, "what is void gives its memory back, so that nothing has to go to a file")
            #expect(report.pairs == 50)
            try opened.close()
            let again = try OpenedStore(folder)
            #expect(again.pairs == opened.pairs)
            try again.close()
        }
    }
    @Test(
        "other writers' spellings are normalized in the snapshot, and what follows a clear is there")
    func otherSpellings() throws {
        try withTemporaryFolder { folder in
            var log = RawLog()
            log.set("gone", "x")
            log.record(#""op":"multi","changes":[{"op":"clear"},{"op":"set","key":"a","value":"\u0041"}]"#)
            log.record(#""op":"set","key":"\u0062","value":"\/","by":"me""#)
            log.record(#""op":"set","key64":"Yw==","value64":"Yw==""#)
            log.record(#""op":"delete","key":"none""#)
            try LogFiles(folder).make([1: log.bytes])
            let opened = try OpenedStore(folder)
            try opened.compact()
            try opened.close()
            let text = String(
                decoding: try Data(contentsOf: URL(fileURLWithPath: folder + "/puffin.json")), as: UTF8.self)
            let bodies = text.split(separator: "\n").dropFirst().map { $0.dropLast(18) }
            #expect(
                bodies == [
                    #"{"key":"a","value":"A""#, #"{"key":"b","value":"/""#, #"{"key":"c","value":"c""#,
                    #"{"end":true,"count":3"#,
                ])
            let again = try OpenedStore(folder)
            #expect(again.pairs == ["a".bytes: "A".bytes, "b".bytes: "/".bytes, "c".bytes: "c".bytes])
            try again.close()
        }
    }
}
