// Start, check what the last crash has left, write, crash.

import Foundation
import TestSupport

/// The cycles of one data file. One thread does it all, so that a seed always sends the same requests; what is in flight
/// at the crash is up to the server.
struct CrashCycle {
    private let data: String
    private let load: CrashLoad
    private var random: SeededRandom
    private var writers: [CrashWriter]

    /// Requests without a reply when a crash came, and starts that found a torn tail.
    private(set) var inFlightCount = 0
    private(set) var tornCount = 0
    /// Compactions that were begun, and those of them that a crash has cut short.
    private(set) var compactionCount = 0
    private(set) var interruptedCount = 0
    /// What was acknowledged or read, and is gone.
    private(set) var lost: [String] = []

    var acknowledgedCount: Int { writers.reduce(0) { $0 + $1.acknowledgedCount } }

    init(data: String, seed: UInt64, load: CrashLoad) {
        self.data = data
        self.load = load
        random = SeededRandom(seed: seed)
        writers = (0..<load.writers).map { CrashWriter($0, seed: seed, load: load) }
    }

    /// Starts a server and checks what it has.
    mutating func check(options: [String]) throws -> ServerProcess {
        let server = try ServerProcess(data: data, options)
        if server.log.contains(" WARNING The log ended in the middle") { tornCount += 1 }
        for index in writers.indices { lost += try writers[index].check(server) }
        return server
    }

    /// Starts a server, checks it, lets the writers write, and kills it after a random number of replies.
    mutating func run(options: [String]) throws {
        let server = try check(options: options)
        for index in writers.indices { try writers[index].connect(to: server) }
        let reader = try server.connect()
        let end = acknowledgedCount + random.below(load.replies.count) + load.replies.lowerBound
        for index in writers.indices { try writers[index].send() }
        while acknowledgedCount < end {
            let index = random.below(writers.count)
            // Half of the time the window is filled up first, so that batches meet batches.
            if random.below(2) == 0 || writers[index].outstanding == 0 { try writers[index].send() }
            try receive(1 + random.below(writers[index].outstanding), from: index, end: end)
            if random.below(3) == 0 { try look(reader) }
            if load.compacts && random.below(3) == 0 { try compact(reader) }
        }
        // Every other crash comes right behind new requests.
        if random.below(2) == 0 { for index in writers.indices { try writers[index].send() } }
        server.kill()
        for index in writers.indices { try drain(index) }
        count(server.log)
    }

    /// Asks for a compaction, which is refused where one is under way.
    private func compact(_ reader: WireConnection) throws {
        var stream = ReplyStream(reader)
        try reader.send(CrashChange.array([Array("COMPACT".utf8)]))
        _ = try stream.next()
    }

    private mutating func count(_ log: String) {
        let begun = log.ranges(of: "INFO Compaction begins").count
        compactionCount += begun
        interruptedCount += begun - log.ranges(of: "INFO Compaction ended").count
        for line in log.split(separator: "\n") where line.contains(" ERROR ") { lost.append(String(line)) }
    }

    private mutating func receive(_ count: Int, from index: Int, end: Int) throws {
        for _ in 0..<count where acknowledgedCount < end {
            guard try writers[index].receive() else {
                throw WireError(description: "the server has ended a connection")
            }
        }
    }

    /// Reads a pair that is being written: what it says has to survive the crash.
    private mutating func look(_ reader: WireConnection) throws {
        let index = random.below(writers.count)
        let key = writers[index].key(random.below(load.keysPerWriter))
        var stream = ReplyStream(reader)
        try reader.send(CrashChange.array([Array("GET".utf8), Array(key.utf8)]))
        let reply = try stream.next()
        if reply == .missing { return }
        guard case .bulk(let bytes)? = reply, let value = MarkedValue(bytes) else {
            throw WireError(description: "\(key) has a value that nobody wrote")
        }
        writers[index].note(seen: value)
    }

    /// Takes the replies that had left the server before the crash.
    private mutating func drain(_ index: Int) throws {
        while writers[index].outstanding > 0, try writers[index].receive() {}
        inFlightCount += writers[index].outstanding
    }
}
