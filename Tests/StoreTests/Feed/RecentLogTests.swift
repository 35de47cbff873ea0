// The ring of the log's newest bytes against a model: a writer whose batches fail and are repeated, whose files are
// replaced and followed by others, and readers that come, go and fall behind.

import Bytes
import Store
import TestSupport
import Testing

@Suite("The log's newest bytes in memory")
struct RecentLogTests {
    @Test(
        "are the file's, up to what may be read, and only the oldest are missing",
        arguments: Torture.seeds(16, orTorture: 20_000))
    func model(seed: UInt64) {
        var life = RecentLogLife(seed: seed)
        for _ in 0..<1_000 where life.wrong.isEmpty { life.step() }
        #expect(life.wrong.isEmpty, "seed \(seed): \(life.wrong)")
    }

    @Test("the model comes to every case")
    func reach() {
        var counts: [String: Int] = [:]
        for seed in 1...8 as ClosedRange<UInt64> {
            var life = RecentLogLife(seed: seed)
            for _ in 0..<1_000 { life.step() }
            counts.merge(life.counts) { $0 + $1 }
        }
        print("8 seeds: \(counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", "))")
        for name in [
            "read", "missed", "failed", "repeated", "changed", "segments", "editions", "large", "unread", "left",
        ] {
            #expect(counts[name] ?? 0 > 5, "\(name)")
        }
    }

    @Test("take no memory without a reader, and none after the last one")
    func memory() {
        let recent = RecentLog(size: 3_200)
        let bytes = [UInt8](repeating: 7, count: 10_000)
        recent.append(bytes.span, Span(), at: RecentLog.Place(segment: 1, edition: 0, offset: 0))
        #expect(recent.heldSize == 0)
        recent.join()
        recent.join()
        recent.append(bytes.span, Span(), at: RecentLog.Place(segment: 1, edition: 0, offset: 10_000))
        #expect(recent.heldSize == 3_200)
        recent.leave()
        #expect(recent.heldSize == 3_200)
        recent.leave()
        #expect(recent.heldSize == 0)
        var buffer = ByteBuffer()
        #expect(recent.read(10, at: RecentLog.Place(segment: 1, edition: 0, offset: 19_000), into: &buffer) == 0)
    }

    @Test("are read by one thread while another one writes")
    func threads() throws {
        let recent = RecentLog(size: 3_200)
        recent.join()
        let (size, total) = (700, 200_000)
        let worker = try Threads().start("writer")
        worker.submit {
            var offset = 0
            while offset < total {
                let bytes = (offset..<offset + size).map { UInt8(truncatingIfNeeded: $0 &* 7 >> 3) }
                recent.append(
                    bytes.span.extracting(0..<9), bytes.span.extracting(9..<size),
                    at: RecentLog.Place(segment: 1, edition: 0, offset: offset))
                offset += size
            }
        }
        var (offset, random, wrong) = (0, SeededRandom(seed: 1), 0)
        while offset < total {
            let place = RecentLog.Place(segment: 1, edition: 0, offset: offset)
            var buffer = ByteBuffer()
            let count = recent.read(1 + random.below(900), at: place, into: &buffer)
            for index in 0..<count where buffer.bytes[index] != UInt8(truncatingIfNeeded: (offset + index) &* 7 >> 3) {
                wrong += 1
            }
            // What the writer has overtaken is passed over.
            offset += count > 0 ? count : 100
            if count == 0, offset >= total { break }
        }
        worker.finish()
        #expect(wrong == 0)
        recent.leave()
    }
}

/// A log's files, their writer, the ring, and its readers.
private struct RecentLogLife {
    private(set) var wrong: [String] = []
    private(set) var counts: [String: Int] = [:]
    private var random: SeededRandom
    private let size: Int
    private let recent: RecentLog
    /// The open file, and how far it is written and may be read.
    private var file: [UInt8] = []
    private var (segment, edition) = (UInt64(1), 0)
    private var (end, limit) = (0, 0)
    /// The batch that was not written, if it must be repeated.
    private var held: [UInt8]?
    private var readers: [Int] = []
    /// Where the ring's bytes begin if it has forgotten none; nil if nothing reads.
    private var origin: Int?
    /// The furthest end of what was given to the ring since then.
    private var reach = 0

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
        size = 32 * (1 + random.below(20))
        recent = RecentLog(size: size)
    }

    private mutating func count(_ name: String) { counts[name, default: 0] += 1 }

    private var place: RecentLog.Place { place(end) }
    private func place(_ offset: Int) -> RecentLog.Place {
        RecentLog.Place(segment: segment, edition: edition, offset: offset)
    }

    mutating func step() {
        switch random.below(20) {
        case 0..<7: write()
        case 7..<8: beginFile()
        case 8..<10: limit += random.below(end - limit + 1)
        case 10 where readers.count < 4:
            if readers.isEmpty { origin = nil }
            recent.join()
            readers.append(limit)
        case 11 where !readers.isEmpty && random.below(2) == 0:
            recent.leave()
            readers.remove(at: random.below(readers.count))
            if readers.isEmpty { leaveNothing() }
        default: if !readers.isEmpty { read(random.below(readers.count)) }
        }
        look()
    }

    private mutating func leaveNothing() {
        count("left")
        origin = nil
        if recent.heldSize != 0 { wrong.append("memory without a reader") }
    }

    /// Gives a batch to the ring and the file. Its write may fail, with any part of it written.
    private mutating func write() {
        var batch = random.bytes(random.below(20) == 0 ? random.below(3 * size) : random.below(40))
        if let repeated = held {
            // The line before the records may say more now.
            if random.below(3) == 0 { count("changed") } else { batch = repeated }
            count("repeated")
        }
        if batch.count > size { count("large") }
        let cut = random.below(batch.count + 1)
        recent.append(batch.span.extracting(0..<cut), batch.span.extracting(cut..<batch.count), at: place)
        if readers.isEmpty { count("unread") }
        if !readers.isEmpty && !batch.isEmpty {
            if origin == nil { (origin, reach) = (end, end) }
            reach = max(reach, end + batch.count)
        }
        let isFailed = random.below(6) == 0
        let written = isFailed ? random.below(batch.count + 1) : batch.count
        file.replaceSubrange(end..<min(end + written, file.count), with: batch[..<written])
        if isFailed {
            count("failed")
            held = batch
        } else {
            held = nil
            end += batch.count
        }
    }

    /// Seals the file and begins the next one, or replaces one without records.
    private mutating func beginFile() {
        if random.below(2) == 0 {
            count("editions")
            edition += 1
        } else {
            count("segments")
            (segment, edition) = (segment + 1, 0)
        }
        file = random.bytes(1 + random.below(20))
        (end, limit, held) = (file.count, file.count, nil)
        origin = nil
        for index in readers.indices { readers[index] = random.below(limit + 1) }
    }

    private mutating func read(_ index: Int) {
        let (offset, wanted) = (readers[index], 1 + random.below(size))
        guard offset < limit else { return }
        var buffer = ByteBuffer()
        let count = recent.read(min(wanted, limit - offset), at: place(offset), into: &buffer)
        check(buffer.bytes, offset, count)
        self.count(count > 0 ? "read" : "missed")
        // As a worker does.
        readers[index] += count > 0 ? count : min(wanted, limit - offset)
    }

    private mutating func check(_ bytes: Span<UInt8>, _ offset: Int, _ count: Int) {
        if bytes.count != count { wrong.append("\(bytes.count) bytes instead of \(count)") }
        if Array(bytes) != Array(file[offset..<offset + bytes.count]) {
            wrong.append("other bytes than the file at \(offset)")
        }
    }

    /// All that may be read: the newest bytes are there, as in the file; once there are any, other files' are not.
    private mutating func look() {
        if recent.heldSize > 32 * max(size / 32, 64) { wrong.append("\(recent.heldSize) bytes of memory") }
        guard let origin, !readers.isEmpty else { return }
        for (segment, edition) in [(segment, edition + 1), (segment, edition - 1), (segment + 1, edition)] {
            let other = RecentLog.Place(segment: segment, edition: edition, offset: max(limit - 1, 0))
            if recent.has(other) { wrong.append("bytes of another file") }
        }
        // A failed batch may have taken the room of older bytes.
        let start = max(origin, reach - (size - size / 32))
        guard start < limit else { return }
        var buffer = ByteBuffer()
        let count = recent.read(limit - start, at: place(start), into: &buffer)
        if count != limit - start { wrong.append("\(count) of the newest \(limit - start) bytes at \(start)") }
        check(buffer.bytes, start, count)
    }
}
