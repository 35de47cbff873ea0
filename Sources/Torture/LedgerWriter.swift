// A client of a server that crashes: it makes random changes, sends them in pipelines, and keeps its ledger.

import BlockingClient
import Bytes
import Wire

/// One writer, over all cycles.
struct LedgerWriter {
    private let index: Int
    private let load: TortureLoad
    private let access: ServerAccess
    private var random: SplitMix64
    private var connection: RawConnection?
    private var lastNumber: Int
    private(set) var ledger: Ledger

    init(_ index: Int, seed: UInt64, load: TortureLoad, access: ServerAccess) {
        self.index = index
        self.load = load
        self.access = access
        random = SplitMix64(seed: seed &* 1000 &+ UInt64(index))
        lastNumber = index
        ledger = Ledger(name: "w\(index)")
    }

    mutating func connect(to server: Endpoint) throws(TortureError) {
        connection = try open(server, access)
    }

    func key(_ number: Int) -> String { "w\(index):\(number)" }

    // MARK: Writing

    /// Sends a few changes in one piece, up to the window.
    mutating func send() throws(TortureError) {
        var bytes: [UInt8] = []
        let count = min(1 + random.below(load.window), load.window - ledger.outstanding)
        for _ in 0..<count {
            let change = nextChange()
            ledger.send(change)
            bytes += change.request
        }
        guard let connection else { return }
        try wired { () throws(ClientError) in try connection.send(bytes) }
    }

    private mutating func nextChange() -> MarkedChange {
        // No two writers share a number, so a value in another writer's place is detected.
        lastNumber += load.writers
        let asLine = random.below(2) == 0
        let size = random.below(1 + (random.below(40) == 0 ? load.sizes.rare : load.sizes.usual))
        let value = MarkedValue(number: lastNumber, size: size)
        switch random.below(10) {
        case 0...5: return .set(randomKey(), value, asLine: asLine, expires: random.below(3) == 0)
        case 6...7: return .multiSet(randomKeys(), value)
        default:
            let keys = random.below(2) == 0 ? [randomKey()] : randomKeys()
            if keys.count == 1, random.below(2) == 0 {
                return .expire(keys[0], number: lastNumber, isPresent: ledger.expects(keys[0]))
            }
            let present = keys.count { ledger.expects($0) }
            return .delete(keys, number: lastNumber, present: present, asLine: asLine)
        }
    }

    private mutating func randomKey() -> String { key(random.below(load.keysPerWriter)) }

    /// Two to four distinct keys.
    private mutating func randomKeys() -> [String] {
        let count = 2 + random.below(3)
        return (0..<load.keysPerWriter).shuffled(using: &random).prefix(count).map(key)
    }

    /// Takes the next reply.
    /// - Returns: nil if the connection has ended; otherwise what is wrong with the reply, empty if all is well.
    mutating func receive() throws(TortureError) -> [Finding]? {
        guard let connection,
            let line = try wired({ () throws(ClientError) in try connection.nextLine() })
        else { return nil }
        return ledger.acknowledge(String(decoding: line, as: UTF8.self)).map { [$0] } ?? []
    }

    mutating func note(seen value: MarkedValue) { ledger.note(seen: value) }

    // MARK: After a crash

    /// Compares the restarted server's data with the ledger.
    /// - Returns: the existing keys, and what is wrong.
    mutating func check(_ server: Endpoint) throws(TortureError) -> (keys: [String], findings: [Finding]) {
        let found = try read(server)
        return (Array(found.keys), ledger.compare(with: found))
    }

    private func read(_ server: Endpoint) throws(TortureError) -> [String: [UInt8]] {
        let connection = try open(server, access)
        let keys = (0..<load.keysPerWriter).map(key)
        return try wired { () throws(ClientError) in
            try connection.send(keys.flatMap { MarkedChange.array("GET", $0) })
            var found: [String: [UInt8]] = [:]
            for key in keys {
                if case .bulk(let bytes)? = try connection.nextReply() { found[key] = bytes }
            }
            return found
        }
    }
}

/// Opens a new connection.
func open(_ server: Endpoint, _ access: ServerAccess) throws(TortureError) -> RawConnection {
    try wired { () throws(ClientError) in try connect(to: server, access) }
}

/// Opens a new connection, and logs in.
func connect(to server: Endpoint, _ access: ServerAccess) throws(ClientError) -> RawConnection {
    let connection = try RawConnection(to: server, security: access.security)
    if let user = access.user { try connection.logIn(user) }
    return connection
}

/// Converts a client's error into one of the torture.
func wired<Result>(_ body: () throws(ClientError) -> Result) throws(TortureError) -> Result {
    do throws(ClientError) {
        return try body()
    } catch {
        throw TortureError("\(error)")
    }
}
