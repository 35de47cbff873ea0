// The cycle of a torture: start, check what the last crash left, write, crash.

import BlockingClient
import Bytes
import SystemPackage
import Wire

/// The cycles of one data file. One thread does it all, so a seed always sends the same requests; what is in flight at
/// the crash depends on the server.
package struct KillLoop {
    private let program: String
    private let data: String
    private let load: TortureLoad
    private let access: ServerAccess
    private var random: SplitMix64
    private var writers: [LedgerWriter]

    /// Requests without a reply at a crash, and starts that found a torn tail.
    package private(set) var inFlightCount = 0
    package private(set) var tornCount = 0
    /// Compactions that ended before a crash, or were interrupted by it; and the latter alone.
    package private(set) var compactionCount = 0
    package private(set) var interruptedCount = 0
    /// Everything that is wrong.
    package private(set) var findings: [Finding] = []
    /// The log output of all servers.
    package private(set) var log = ""

    package var acknowledgedCount: Int { writers.reduce(0) { $0 + $1.ledger.acknowledgedCount } }

    /// - Parameters:
    ///   - program: the server's path.
    ///   - data: the data file's path, which must not exist yet.
    ///   - access: the login and the TLS that the server wants of its clients.
    package init(
        program: String, data: String, seed: UInt64, load: TortureLoad, access: ServerAccess = ServerAccess()
    ) {
        self.program = program
        self.data = data
        self.load = load
        self.access = access
        random = SplitMix64(seed: seed)
        writers = (0..<load.writers).map { LedgerWriter($0, seed: seed, load: load, access: access) }
    }

    /// Starts a server and checks that it has all that the ledgers require, and nothing else.
    /// - Throws: `TortureError`, also if the server does not start.
    package mutating func check(options: [String]) throws(TortureError) -> ServerUnderTest {
        log = ""
        let tornTails = tornTailCount
        let server = try ServerUnderTest(
            program: program, ["--port", "0", "--data", data] + options, access: access)
        if tornTailCount > tornTails { tornCount += 1 }
        var known: Set<String> = []
        for index in writers.indices {
            let (keys, found) = try writers[index].check(server.endpoint)
            known.formUnion(keys)
            findings += found
        }
        let surplus = try keys(server.endpoint).filter { !known.contains($0) }
        findings += surplus.map { Finding(.wrong, "\($0) is there, and nobody wrote it") }
        log = server.log
        return server
    }

    /// Files to which starts have moved torn tails.
    private var tornTailCount: Int {
        ((try? RunFolder.names(in: FilePath(data + ".log"))) ?? []).count { $0.contains(".torn-") }
    }

    private func keys(_ server: Endpoint) throws(TortureError) -> [String] {
        let connection = try open(server, access)
        let reply = try wired { () throws(ClientError) in
            try connection.send(MarkedChange.array("KEYS", "*"))
            return try connection.nextReply()
        }
        guard case .array(let keys)? = reply else {
            throw TortureError("KEYS was answered \(String(describing: reply))")
        }
        return keys.map { if case .bulk(let bytes) = $0 { String(decoding: bytes, as: UTF8.self) } else { "\($0)" } }
    }

    /// Starts a server, checks it, lets the writers write, and kills it after a random number of replies. After a
    /// finding the server is killed at once.
    /// - Throws: `TortureError`, also if the server does not start, ends by itself or is silent.
    package mutating func run(options: [String]) throws(TortureError) {
        let server = try check(options: options)
        defer { log = server.log }
        guard findings.isEmpty else { return server.kill() }
        for index in writers.indices { try writers[index].connect(to: server.endpoint) }
        let reader = try open(server.endpoint, access)
        let end = acknowledgedCount + random.below(load.replies.count) + load.replies.lowerBound
        for index in writers.indices { try writers[index].send() }
        while acknowledgedCount < end && findings.isEmpty {
            let index = random.below(writers.count)
            // Half of the time the window is filled first, so that consecutive batches overlap.
            if random.below(2) == 0 || writers[index].ledger.outstanding == 0 { try writers[index].send() }
            try receive(1 + random.below(writers[index].ledger.outstanding), from: index, end: end)
            if random.below(3) == 0 { try look(reader) }
            if load.compacts && random.below(3) == 0 { try compact(reader) }
            server.drain()
        }
        let ended = try endedCompactions(reader)
        // Every other crash comes right after new requests.
        if random.below(2) == 0 { for index in writers.indices { try writers[index].send() } }
        if load.patience > 0 { pause(microseconds: random.below(load.patience)) }
        server.kill()
        for index in writers.indices { try drain(index) }
        // The server writes the next snapshot, and sorted changes for it, to files of these names.
        let isCut = [data + ".tmp", data + ".log/compaction-000001.tmp"].contains(where: isThere)
        interruptedCount += isCut ? 1 : 0
        compactionCount += ended + (isCut ? 1 : 0)
        findings += server.log.split(separator: "\n").filter { $0.contains(" ERROR ") }.map {
            Finding(.wrong, "the server says: \($0)")
        }
    }

    /// Asks for a compaction, which is refused while one is in progress.
    private func compact(_ reader: RawConnection) throws(TortureError) {
        _ = try wired { () throws(ClientError) in
            try reader.send(MarkedChange.array("COMPACT"))
            return try reader.nextReply()
        }
    }

    /// The number of compactions ended since the server's start. Its log does not tell: repeated lines are suppressed
    /// after the first few, and a crash loses their count.
    private func endedCompactions(_ reader: RawConnection) throws(TortureError) -> Int {
        let reply = try wired { () throws(ClientError) in
            try reader.send(MarkedChange.array("STATS"))
            return try reader.nextReply()
        }
        guard case .array(let items)? = reply, let index = items.firstIndex(of: .bulk(Array("compactions".utf8))),
            index + 1 < items.count, case .bulk(let digits) = items[index + 1], let count = digits.span.decimal
        else { throw TortureError("STATS was answered \(String(describing: reply))") }
        return count
    }

    private mutating func receive(_ count: Int, from index: Int, end: Int) throws(TortureError) {
        for _ in 0..<count where acknowledgedCount < end {
            guard let found = try writers[index].receive() else {
                throw TortureError("the server has ended a connection by itself")
            }
            findings += found
        }
    }

    /// Reads a pair that is being written: a value that was read must survive the crash.
    private mutating func look(_ reader: RawConnection) throws(TortureError) {
        let index = random.below(writers.count)
        let key = writers[index].key(random.below(load.keysPerWriter))
        let reply = try wired { () throws(ClientError) in
            try reader.send(MarkedChange.array("GET", key))
            return try reader.nextReply()
        }
        if reply == .null { return }
        guard case .bulk(let bytes)? = reply, let value = MarkedValue(bytes) else {
            findings.append(Finding(.wrong, "\(key) has a value that nobody wrote"))
            return
        }
        writers[index].note(seen: value)
    }

    /// Takes the replies that had left the server before the crash.
    private mutating func drain(_ index: Int) throws(TortureError) {
        while writers[index].ledger.outstanding > 0, let found = try writers[index].receive() { findings += found }
        inFlightCount += writers[index].ledger.outstanding
    }
}

private func isThere(_ path: String) -> Bool {
    (try? FileDescriptor.open(FilePath(path), .readOnly).close()) != nil
}
