// Damage that no torn write explains: acknowledged changes may follow it, so nothing starts and nothing is changed.

import Bytes
import LogFormat
import Store
import TestSupport
import Testing

@Suite("Corruption")
struct CorruptionTests {
    /// Three batches of two records, and the last batch's claim.
    private static var batches: RawLog {
        var log = RawLog()
        for batch: UInt64 in 0..<3 {
            log.durable(batch * 2)
            log.set("a", "\(batch)")
            log.set("b", "\(batch)")
        }
        return log
    }

    /// Opens a folder with these segments: refused, with every file unchanged.
    private func damage(in segments: [UInt64: [UInt8]]) throws -> Damage? {
        try withTemporaryFolder { folder in
            let files = LogFiles(folder)
            try files.make(segments)
            let found = StoreTests.damage(opening: folder)
            for (seq, bytes) in segments { #expect(try files.read(LogFiles.name(seq)) == bytes) }
            #expect(try files.segments.count == segments.count)
            #expect(try files.torn.isEmpty)
            return found
        }
    }

    /// Line and offset of the damage that is found in a log's only segment.
    private func place(_ bytes: [UInt8]) throws -> [Int]? {
        let found = try damage(in: [1: bytes])
        #expect(found?.path.hasSuffix("puffin.json.log/\(LogFiles.first)") == true)
        #expect(found?.expected.isEmpty == false && found?.found.isEmpty == false)
        return found.map { [$0.line, $0.offset] }
    }

    @Test("any changed byte of an earlier batch is found, with its file, line and offset")
    func flipped() throws {
        let log = CorruptionTests.batches
        for number in 2...5 {
            let (start, end) = (log.offsets[number - 1], log.offsets[number])
            for index in start..<end {
                for mask: UInt8 in [0x01, 0x20, 0x80, log.bytes[index] ^ 0x0a] where mask != 0 {
                    var bytes = log.bytes
                    bytes[index] ^= mask
                    // A line feed in place of a line's first byte makes an empty line, and the rest becomes another.
                    let isSplit = index == start && bytes[index] == 0x0a
                    let expected = isSplit ? [number + 1, start + 1] : [number, start]
                    #expect(try place(bytes) == expected, "byte \(index) ^ \(mask)")
                }
            }
        }
    }

    @Test("a byte that is missing, or one too many, is found")
    func shifted() throws {
        let log = CorruptionTests.batches
        for index in log.offsets[2]..<log.offsets[3] {
            var (shorter, longer) = (log.bytes, log.bytes)
            shorter.remove(at: index)
            longer.insert(UInt8(ascii: "x"), at: index)
            #expect(try place(shorter) == [3, log.offsets[2]], "byte \(index)")
            #expect(try place(longer) == [3, log.offsets[2]], "byte \(index)")
        }
    }

    @Test("a damaged last batch is torn, unless a later line claims that it was on the disk")
    func lastBatch() throws {
        var log = CorruptionTests.batches
        let (start, end) = (log.offsets[8], log.bytes.count)
        log.add("{\"durable\":6,\"closed\":true")
        for index in start..<log.offsets[9] {
            var bytes = log.bytes
            bytes[index] ^= 0x04
            #expect(try place(bytes) == [9, start])
            try withTemporaryFolder { folder in
                try LogFiles(folder).make([1: Array(bytes[..<end])])
                let opened = try OpenedStore(folder)
                #expect(opened.store.position.seq == 4)
                #expect(opened.store.recovery.torn?.size == end - start - 1)
                try opened.close()
            }
        }
    }

    @Test("lines that are gone, doubled or in another order are found")
    func rearranged() throws {
        let log = CorruptionTests.batches
        let lines = log.offsets.indices.map { index in
            Array(
                log.bytes[
                    log.offsets[index]..<(index + 1 < log.offsets.count ? log.offsets[index + 1] : log.bytes.count)])
        }
        func joined(_ order: [Int]) -> [UInt8] { order.flatMap { lines[$0] } }
        #expect(try place(joined([0, 1, 3, 4, 5, 6, 7, 8, 9])) == [3, log.offsets[2]])
        #expect(try place(joined([0, 1, 2, 2, 3, 4, 5, 6, 7, 8, 9])) == [4, log.offsets[3]])
        #expect(try place(joined([0, 1, 3, 2, 4, 5, 6, 7, 8, 9])) == [3, log.offsets[2]])
        #expect(try place(joined([0, 1, 2, 4, 5, 6, 7, 8, 9])) == [4, log.offsets[3]])
        // A whole batch: the first line after it says that more was on the disk.
        #expect(try place(joined([0, 4, 5, 6, 7, 8, 9])) == [2, log.offsets[1]])
    }

    @Test("empty lines count as lines, and are no damage")
    func emptyLines() throws {
        let log = CorruptionTests.batches
        var bytes = log.bytes
        bytes.insert(contentsOf: [0x0a, 0x0a, 0x0a], at: log.offsets[4])
        try withTemporaryFolder { folder in
            try LogFiles(folder).make([1: bytes])
            let opened = try OpenedStore(folder)
            #expect(opened.store.position.seq == 6)
            #expect(opened.store.recovery.torn == nil)
            try opened.close()
        }
        bytes[log.offsets[5] + 3] ^= 1
        #expect(try place(bytes) == [9, log.offsets[5] + 3])
    }
}
