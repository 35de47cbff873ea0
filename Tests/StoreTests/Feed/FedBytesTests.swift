// Feeds of a log that is written meanwhile, byte for byte: small segments, a replaced first one, batches that are cut
// short or find no space, a small ring of newest bytes, and readers that fall behind it and come back. A seed schedules
// everything.

import Bytes
import Store
import SystemPackage
import TestSupport
import Testing

@Suite("The bytes of a feed")
struct FedBytesTests {
    @Test("are the files', whoever reads them and when", arguments: Torture.seeds(12, orTorture: 20_000))
    func model(seed: UInt64) throws {
        var life = try FedLife(seed: seed)
        try life.live()
        #expect(life.wrong.isEmpty, "seed \(seed): \(life.wrong)")
    }

    @Test("the model comes to memory and files, to obstacles, segments and a replaced one")
    func reach() throws {
        var counts: [String: Int] = [:]
        for seed in 1...6 as ClosedRange<UInt64> {
            var life = try FedLife(seed: seed)
            try life.live()
            counts.merge(life.counts) { $0 + $1 }
        }
        print("6 seeds: \(counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", "))")
        for name in ["memory", "files", "obstructed", "struck", "segments"] {
            #expect(counts[name] ?? 0 > 20, "\(name)")
        }
        #expect(counts["replaced"] ?? 0 > 0)
    }
}

/// A store, and feeds from its first change on.
private struct FedLife {
    private struct Reader {
        let feed: LogFeed
        var bytes: [UInt8] = []
        /// Whether its last step left it waiting for the worker: what comes next is the worker's.
        var isServed = false
    }

    private(set) var wrong: [String] = []
    private(set) var counts: [String: Int] = [:]
    private var random: SeededRandom
    private let disk: FaultyDisk
    private let background: SeededBackground
    private let opened: OpenedStore
    private var readers: [Reader] = []

    init(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let faults = (0..<20).map { _ in
            PlannedFault(
                random.below(2) == 0 ? .short : .error(.noSpace), at: .write, 20 + random.below(300))
        }
        disk = FaultyDisk(ModelDisk(), faults)
        background = SeededBackground(seed: seed)
        let (segmentSize, recentSize) = (2_000 + random.below(20_000), 32 << random.below(9))
        opened = try OpenedStore(
            ModelFiles.parent, Durability.allCases[Int(seed % 3)], segmentSize: segmentSize,
            preallocation: random.below(3) * 500, disk: disk, background: background
        ) { $0.layout.recentSize = recentSize }
        self.random = random
    }

    private mutating func count(_ name: String) { counts[name, default: 0] += 1 }

    mutating func live() throws {
        if random.below(2) == 0 { beginReplaced() }
        var isFull = false
        for _ in 0..<1_000 where wrong.isEmpty {
            switch random.below(40) {
            case 0..<7: write()
            case 7..<13: opened.store.flush()
            case 13 where readers.count < 5: begin()
            case 14 where random.below(4) == 0:
                isFull.toggle()
                disk.base.resize(to: isFull ? disk.base.usedSize : nil)
            case 15..<28: if !readers.isEmpty { read(random.below(readers.count), size: 1 + random.below(2_000)) }
            default: _ = background.step()
            }
            _ = opened.store.poll()
            if opened.store.isObstructed { count("obstructed") }
        }
        disk.base.resize(to: nil)
        try finish()
    }

    private mutating func write() {
        let key = "key \(random.below(50))".bytes
        let value = random.bytes(random.below(15) == 0 ? random.below(3_000) : random.below(60))
        if random.below(12) == 0 {
            _ = opened.store.set(key.span, to: value.span, expires: OpenedStore.now + 1_000_000)
        } else {
            opened.set(key, value)
        }
    }

    /// A reader is at the end of a segment without records when a change needs another header.
    private mutating func beginReplaced() {
        begin()
        while !read(0, size: 100) { _ = background.step() }
        let (key, value) = ("first".bytes, "value".bytes)
        _ = opened.store.set(key.span, to: value.span, expires: OpenedStore.now + 1_000_000)
    }

    private mutating func begin() {
        let hello = FollowerHello(history: "none", position: .start, checkpoints: [])
        readers.append(Reader(feed: opened.store.feed(for: hello)))
    }

    /// - Returns: whether it has everything.
    @discardableResult
    private mutating func read(_ index: Int, size: Int) -> Bool {
        var buffer = ByteBuffer()
        let reads = disk.callCount(of: .read)
        let step = readers[index].feed.next(&buffer, upTo: size)
        if disk.callCount(of: .read) != reads { wrong.append("a file is read on the reactor's thread") }
        readers[index].bytes += Array(buffer.bytes)
        switch step {
        case .bytes: count(readers[index].isServed ? "files" : "memory")
        case .waiting: readers[index].isServed = true
        case .atEnd: readers[index].isServed = false
        case .start(let start): if start != .continues(.start) { wrong.append("\(start)") }
        case .failed(let failure): wrong.append("\(failure)")
        }
        return step == .atEnd
    }

    /// Everything is written and read.
    private mutating func finish() throws {
        let store = opened.store
        begin()
        while store.hasPending || store.isWriting {
            store.flush()
            _ = background.step()
            if let failure = store.failure { return wrong.append("the log failed: \(failure)") }
        }
        _ = store.commit(through: store.poll())
        for index in readers.indices {
            for _ in 0..<100_000 where wrong.isEmpty {
                if read(index, size: 1 + random.below(100_000)) { break }
                _ = background.step()
            }
        }
        let segments = disk.base.paths.filter { $0.hasSuffix(".jsonl") }
        for _ in segments { count("segments") }
        for _ in disk.struck { count("struck") }
        var log = segments.flatMap { disk.base.content($0) ?? [] }
        // The space that is filled ahead.
        while log.suffix(2) == [0x0a, 0x0a] { log.removeLast() }
        let header = (log.firstIndex(of: 0x0a) ?? 0) + 1
        for reader in readers {
            // A feed that was at the end of the first header when its file was replaced gets the other header.
            let isReplaced = reader.bytes.starts(with: "{\"puffin\"".bytes)
            if isReplaced { count("replaced") }
            if reader.bytes != Array(log[(isReplaced ? 0 : header)...]) {
                wrong.append("\(reader.bytes.count) bytes are not those of the files")
            }
        }
    }
}
