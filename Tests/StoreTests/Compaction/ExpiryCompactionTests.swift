import Bytes
import Foundation
import LogFormat
import Store
import TestSupport
import Testing

/// Compaction of a log whose pairs expire, and whose values are small or sorted by reference, against a model. A `ttl` is the one change that needs an older one of its key.
@Suite("Compaction of pairs that expire")
struct ExpiryCompactionTests {
    /// A log of several segments, and what its pairs are.
    private struct Model {
        var pairs: [[UInt8]: (value: [UInt8], expires: UInt64)] = [:]
        var segments: [UInt64: RawLog] = [:]
        var position = ChainPosition.start
        var random: SeededRandom
        let keys: [[UInt8]]

        init(seed: UInt64) {
            random = SeededRandom(seed: seed)
            let alphabets: [[UInt8]] = ["0123456789".bytes, "a\"\\\n".bytes, "aü".bytes]
            let count = 100 + random.below(300)
            var keys: [[UInt8]] = []
            for _ in 0..<count { keys.append(random.bytes(1 + random.below(30), from: alphabets[random.below(3)])) }
            self.keys = keys
        }

        private mutating func time() -> UInt64 { 1_764_100_000_000 + UInt64(random.below(1_000_000)) }

        /// Its fields, some of them as another program may spell them.
        private mutating func text(_ change: borrowing Change) -> String {
            var buffer = ByteBuffer()
            buffer.append(change: change)
            let text = String(buffer.bytes)
            return random.below(8) == 0 ? text.replacing(#"\u001f"#, with: #"\u001F"#) : text
        }

        /// A value, one of three of them large.
        private mutating func value() -> [UInt8] {
            let size = random.below(3) == 0 ? 100 + random.below(400) : random.below(40)
            let alphabets: [[UInt8]] = ["v".bytes, "v\"\\\n\u{1f}".bytes, "vü\"".bytes, [0x00, 0x76, 0xff]]
            return random.bytes(size, from: alphabets[random.below(4)])
        }

        /// The fields of a change of one key, which the model knows now.
        private mutating func change() -> String {
            let key = keys[random.below(keys.count)]
            switch random.below(10) {
            case 0, 1:
                pairs[key] = nil
                return text(.delete(key: key.span))
            case 2, 3, 4:
                // Said only of a pair that is there.
                guard let pair = pairs[key] else { fallthrough }
                let time = random.below(4) == 0 ? 0 : time()
                pairs[key] = (pair.value, time)
                return text(.ttl(key: key.span, expires: time))
            case 5, 6:
                let (value, time) = (value(), time())
                pairs[key] = (value, time)
                return text(.set(key: key.span, value: value.span, expires: time))
            default:
                let value = random.bytes(random.below(4) * 9, from: "0123456789".bytes)
                pairs[key] = (value, 0)
                return text(.set(key: key.span, value: value.span))
            }
        }

        private mutating func fields() -> String {
            switch random.below(200) {
            case 0:
                pairs = [:]
                return #""op":"clear""#
            case 1..<20:
                let sorted = pairs.keys.sorted { $0.lexicographicallyPrecedes($1) }
                let dead = sorted.filter { _ in random.below(20) == 0 }.prefix(5)
                guard !dead.isEmpty else { return change() }
                var buffer = ByteBuffer()
                for (index, key) in dead.enumerated() {
                    pairs[key] = nil
                    RecordEncoder().append(
                        multiPart: .delete(key: key.span, isExpiry: true), isFirst: index == 0, to: &buffer)
                }
                return #""op":"expired","changes":["# + String(buffer.bytes) + "]"
            case 20..<40:
                let parts = (0...random.below(5)).map { _ in "{" + change() + "}" }
                return #""op":"multi","changes":["# + parts.joined(separator: ",") + "]"
            default: return change()
            }
        }

        /// Makes a segment of some records.
        mutating func grow() {
            var log = RawLog(after: position, version: #"2,"needs":["expiry"]"#)
            for _ in 0..<100 + random.below(900) { log.record(fields()) }
            segments[position.seq + 1] = log
            position = log.position
        }

        /// The snapshot of the pairs whose header is `header`.
        func file(behind header: [UInt8]) -> [UInt8] {
            var buffer = ByteBuffer()
            buffer.append(header.span)
            buffer.append("\n")
            var chain = header.span.hex32(at: header.count - 10) ?? 0
            for (key, pair) in pairs.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
                chain = buffer.append(
                    pairLine: .set(key: key.span, value: pair.value.span, expires: pair.expires), chain: chain)
            }
            buffer.append(snapshotEnd: pairs.count, chain: chain)
            return Array(buffer.bytes)
        }
    }

    @Test(
        "from files or from the table, the snapshot has every pair with its value and its time, whatever memory there is",
        arguments: SeededRandom.seeds(20))
    func content(seed: UInt64) throws {
        var model = Model(seed: seed)
        let sortingSize = [700, 5_000, 40_000, 8 << 20][Int(seed % 4)]
        var runs = 0
        try withTemporaryFolder { folder in
            let files = LogFiles(folder)
            for round in 0..<4 {
                // In the place of the segment that the last store has begun.
                if let last = try? files.segments.last {
                    try files.remove(last)
                    try files.remove("DURABLE")
                }
                model.segments = [:]
                for _ in 0...model.random.below(3) { model.grow() }
                try files.make(model.segments.mapValues(\.bytes))
                let opened = try OpenedStore(folder) {
                    $0.compaction.sortingSize = sortingSize
                    $0.compaction.source = round == 2 ? .table : .files
                }
                #expect(opened.store.position == model.position)
                #expect(opened.store.needs == .expiry)
                #expect(opened.pairs == model.pairs.mapValues(\.value))
                try opened.commit()
                try #require(opened.store.compact())
                guard case .ended(let report, _)? = opened.compactionResult() else {
                    Issue.record("the compaction failed")
                    return
                }
                runs += report.runs
                #expect(report.strayTimes == 0)
                try opened.close()
                let snapshot = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder + "/puffin.json")))
                let header = Array(snapshot.prefix { $0 != 0x0a })
                #expect(header.starts(with: #"{"puffin":"snapshot","version":2,"needs":["expiry"],"#.bytes))
                #expect(snapshot == model.file(behind: header))
            }
        }
        #expect(sortingSize > 700 || runs > 3, "times were merged with values of older runs")
    }

    @Test("what a snapshot needs is what its changes needed, whether or not a pair still shows it")
    func needs() throws {
        try withTemporaryFolder { folder in
            var log = RawLog(version: #"2,"needs":["expiry"]"#)
            log.set("a", "1")
            try LogFiles(folder).make([1: log.bytes])
            var opened = try OpenedStore(folder)
            #expect(opened.store.needs.isEmpty, "a segment's header may name more than its records need")
            try opened.compact()
            try opened.close()
            let path = folder + "/puffin.json"
            #expect(try String(contentsOfFile: path, encoding: .utf8).hasPrefix(#"{"puffin":"snapshot","version":1,"#))
            try LogFiles(folder).remove(LogFiles.name(2))
            try LogFiles(folder).remove("DURABLE")
            var next = RawLog(after: log.position, version: #"2,"needs":["expiry"]"#)
            next.record(#""op":"ttl","key":"a","expires":7"#)
            next.record(#""op":"ttl","key":"a""#)
            try LogFiles(folder).make([2: next.bytes])
            for _ in 0..<2 {
                opened = try OpenedStore(folder)
                opened.set("b", "2")
                try opened.compact()
                try opened.close()
                let text = try String(contentsOfFile: path, encoding: .utf8)
                #expect(text.hasPrefix(#"{"puffin":"snapshot","version":2,"needs":["expiry"],"#))
                #expect(!text.contains("expires"))
            }
        }
    }

    @Test("a time of a pair that is not there is counted, and makes no pair")
    func stray() throws {
        try withTemporaryFolder { folder in
            var log = RawLog(version: #"2,"needs":["expiry"]"#)
            log.record(#""op":"ttl","key":"nobody","expires":7"#)
            log.record(#""op":"delete","key":"gone""#)
            log.record(#""op":"ttl","key":"gone","expires":7"#)
            log.set("a", "1")
            try LogFiles(folder).make([1: log.bytes])
            let opened = try OpenedStore(folder)
            try #require(opened.store.compact())
            guard case .ended(let report, _)? = opened.compactionResult() else {
                Issue.record("the compaction failed")
                return
            }
            #expect(report.strayTimes == 1)
            #expect(report.pairs == 1)
            try opened.close()
        }
    }
}
