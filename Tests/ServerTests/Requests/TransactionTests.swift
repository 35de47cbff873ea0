import Bytes
import Commands
import Server
import Store
import TestSupport
import Testing
import Wire

/// Queued requests, without a server.
@Suite("A transaction's queue")
struct TransactionQueueTests {
    private func queue(_ text: String, _ traits: Traits, _ count: Int, in transaction: Transaction) throws(ReplyError) {
        let bytes = Array(text.utf8)
        try transaction.check(bytes.count)
        transaction.queue(bytes.span, traits, argumentCount: count)
    }

    @Test("it keeps requests as they came, and sums up what they need")
    func summary() throws {
        let transaction = Transaction(sizeLimit: 1000)
        #expect(transaction.summary == Transaction.Summary() && !transaction.summary.changes)
        try queue("PING\n", [], 1, in: transaction)
        #expect(!transaction.summary.usesData)
        try queue("GET a\n", .data, 2, in: transaction)
        #expect(transaction.summary.usesData && !transaction.summary.changes)
        try queue("DEL a\n", [.data, .change, .shrink], 2, in: transaction)
        #expect(transaction.summary.changes && transaction.summary.onlyShrinks && transaction.summary.changeSize == 6)
        try queue("SET a 1\n", [.data, .change, .storesValues], 3, in: transaction)
        let summary = transaction.summary
        #expect(!summary.onlyShrinks && summary.changeSize == 14 && summary.storedSize == 8 && summary.storedCount == 3)
        #expect(transaction.count == 4 && transaction.size == 25)
        let requests = transaction.takeRequests()
        #expect(Array(requests.bytes) == Array("PING\nGET a\nDEL a\nSET a 1\n".utf8) && transaction.size == 0)
    }

    @Test("it takes so many bytes and so many requests, and no more")
    func limits() throws {
        let transaction = Transaction(sizeLimit: 10)
        try queue("0123456789", [], 1, in: transaction)
        #expect(throws: ReplyError("Transaction too large: 11 bytes, the limit is 10")) { try transaction.check(1) }
        let other = Transaction(sizeLimit: 1 << 20)
        for _ in 0..<Transaction.countLimit { try queue("PING\n", [], 1, in: other) }
        #expect(throws: ReplyError("Transaction too large: more than 65536 requests")) { try other.check(5) }
    }

    @Test("it says beforehand what memory a request takes, and gives all back after an error")
    func memory() throws {
        let transaction = Transaction(sizeLimit: 1 << 30)
        var (reserved, used) = (0, 0)
        for size in [5, 100, 1000, 3, 200_000, 7, 2_000_000] {
            reserved += transaction.growth(by: size)
            let bytes = [UInt8](repeating: 0x20, count: size)
            transaction.queue(bytes.span, .data, argumentCount: 1)
            used += size
            #expect(transaction.heldSize >= used && transaction.heldSize <= reserved + 64)
        }
        #expect(transaction.growth(by: 1 << 20) > 0)
        // Far more than other tests take meanwhile.
        let large = [UInt8](repeating: 0x20, count: 256 << 20)
        transaction.queue(large.span, .data, argumentCount: 1)
        let before = BufferMemory.size
        transaction.abort()
        #expect(transaction.isAborted && transaction.heldSize == 0 && transaction.count == 0)
        #expect(transaction.growth(by: 1 << 20) == 0 && BufferMemory.size < before - large.count / 2)
        // Nothing that comes after an error is kept.
        try queue("SET a 1\n", [.data, .change], 3, in: transaction)
        #expect(transaction.size == 0 && transaction.summary == Transaction.Summary())
    }
}

/// Transactions over socket pairs, turn by turn.
@Suite("A transaction")
struct TransactionTests {
    /// A client of a server whose changes need no sync, and what a session answers within two turns.
    private func ask(_ requests: String, of client: SteppedClient, _ stepped: SteppedServer) throws -> String {
        // No more at a time than a socket takes.
        var rest = requests[...]
        while !rest.isEmpty {
            try client.send(String(rest.prefix(16_000)))
            rest = rest.dropFirst(16_000)
            stepped.turn(2)
            client.receive()
        }
        stepped.turn(2)
        return client.take()
    }

    private func check(_ requests: String, _ replies: String, _ client: SteppedClient, _ stepped: SteppedServer) throws
    {
        let found = try ask(requests, of: client, stepped)
        #expect(found == replies, "\(found)")
    }

    @Test("the reply to EXEC is one, held until its one record is on the disk; so is a refusal for a watched key")
    func held() throws {
        let stepped = try SteppedServer()
        let client = try SteppedClient(stepped)
        try client.send("MULTI\nSET a 1\nMSET b 2 c 3\nDEL c\nGET b\nEXEC\nPING\n")
        let watcher = try SteppedClient(stepped)
        try watcher.send("WATCH a b\n")
        stepped.turn(3)
        // The workers do nothing: nothing is on the disk.
        #expect(client.take() == "OK\nQUEUED\nQUEUED\nQUEUED\nQUEUED\n")
        stepped.work()
        stepped.turn(2)
        #expect(client.take() == "OK\nOK\nOK\n2\nEND\nPONG\n" && watcher.take() == "OK\n")
        try client.send("SET a 2\n")
        stepped.turn()
        try watcher.send("MULTI\nGET b\nEXEC\n")
        stepped.turn(3)
        #expect(watcher.take() == "OK\nQUEUED\n")
        stepped.work()
        stepped.turn(2)
        #expect(watcher.take() == "ERROR: Not run: a watched key has changed\n" && client.take() == "OK\n")
        try check("MULTI\nGET a\nEXEC\n", "OK\nQUEUED\n2\nEND\n", watcher, stepped)
        try client.send("SEQ\n")
        stepped.turn(2)
        #expect(client.take() == "2\n")
        stepped.stop()
    }

    @Test("queued requests are counted while they wait, and given back by an error, DISCARD, EXEC, RESET and the end")
    func memory() throws {
        let stepped = try SteppedServer(durability: .interval)
        for ending in ["FROB\n", "DISCARD\n", "EXEC\n", "RESET\n", nil] {
            let client = try SteppedClient(stepped)
            let value = String(repeating: "v", count: 10_000)
            try client.send("MULTI\n")
            for _ in 0..<30 {
                try client.send("ECHO \(value)\nGET k\n")
                stepped.turn()
            }
            #expect(stepped.server.heldMemory >= 300_000)
            if let ending {
                try client.send(ending)
                stepped.turn(2)
                client.receive()
                stepped.turn(2)
                #expect(client.take().utf8.count > 0)
                stepped.turn(2)
                #expect(stepped.server.heldMemory < 50_000, "after \(ending)")
            }
            client.hangUp()
            stepped.turn(3)
            #expect(stepped.server.heldMemory == 0 && stepped.server.clientCount == 0)
        }
        stepped.stop()
    }

    @Test("what cannot be kept aborts the transaction: 65,537 requests, and more bytes than a request may have")
    func limits() throws {
        let stepped = try SteppedServer(durability: .interval) { $0.limits.requestSize = 1 << 20 }
        let client = try SteppedClient(stepped)
        var replies = try ask("MULTI\n", of: client, stepped)
        for _ in 0..<128 { replies += try ask(String(repeating: "PING\n", count: 512), of: client, stepped) }
        #expect(replies == "OK\n" + String(repeating: "QUEUED\n", count: 65_536))
        try check(
            "PING\nPING\nEXEC\n",
            "ERROR: Transaction too large: more than 65536 requests\nQUEUED\n"
                + "ERROR: Transaction discarded because of previous errors.\n", client, stepped)
        let value = String(repeating: "v", count: 100_000)
        replies = try ask("MULTI\n", of: client, stepped)
        for _ in 0..<10 { replies += try ask("SET a \(value)\n", of: client, stepped) }
        #expect(replies == "OK\n" + String(repeating: "QUEUED\n", count: 10))
        try check(
            "SET a \(value)\nEXEC\n",
            "ERROR: Transaction too large: 1100077 bytes, the limit is 1048576\n"
                + "ERROR: Transaction discarded because of previous errors.\n", client, stepped)
        stepped.stop()
    }

    @Test("a change that would make the record too large fails in its place, and the others count")
    func recordSize() throws {
        let stepped = try SteppedServer(durability: .interval) { $0.limits.requestSize = 100_000 }
        let client = try SteppedClient(stepped)
        let value = String(repeating: "v", count: 30_000)
        _ = try ask("SET a \(value)\n", of: client, stepped)
        let queued = String(repeating: "QUEUED\n", count: 6)
        try check(
            "MULTI\nCOPY a b\nCOPY a c\nCOPY a d\nCOPY a e\nAPPEND a x\nSET f 1\nEXEC\n",
            "OK\n\(queued)OK\nOK\nOK\nERROR: Transaction too large: its changes take 120154 bytes, the limit is 100000\n"
                + "ERROR: Transaction too large: its changes take 120155 bytes, the limit is 100000\nOK\nEND\n", client,
            stepped)
        try check("EXISTS a b c d e f\n", "5\n", client, stepped)
        stepped.stop()
    }

    @Test("KEYS and SCAN run whole inside EXEC up to 10,000 pairs; beyond that KEYS is an error, and SCAN a page")
    func keys() throws {
        let stepped = try SteppedServer(durability: .interval)
        let client = try SteppedClient(stepped)
        for hundred in 0..<100 {
            let pairs = (0..<100).map { " k\(hundred * 100 + $0) v" }.joined()
            try check("MSET\(pairs)\n", "OK\n", client, stepped)
        }
        try client.send("MULTI\nKEYS k*\nSCAN 0 COUNT 10000\nSCAN 0 MATCH k77\nEXEC\nPING\n")
        stepped.turn(20)
        for _ in 0..<100 where client.receive() >= 0 { stepped.turn() }
        let lines = client.take().split(separator: "\n")
        #expect(lines.suffix(1) == ["PONG"] && lines.filter { $0 == "END" }.count == 4)
        #expect(Set(lines.filter { $0.hasPrefix("k") }).count == 10_000)
        try check(
            "SET more 1\nMULTI\nKEYS k77\nGET more\nEXEC\n",
            "OK\nOK\nQUEUED\nQUEUED\nERROR: Too much to search in a transaction: more than 10000 keys, or a slow pattern; "
                + "use SCAN outside of it\n1\nEND\n", client, stepped)
        stepped.stop()
    }

    @Test("replies of one EXEC that are too large together are errors in their places, and are not run")
    func replySize() throws {
        let stepped = try SteppedServer(durability: .interval) { $0.limits.unsentSize = 50_000 }
        let client = try SteppedClient(stepped)
        let value = String(repeating: "v", count: 30_000)
        _ = try ask("SET a \(value)\n", of: client, stepped)
        let error = "ERROR: Reply too large: the replies before take more than 50000 bytes; queue fewer requests\n"
        try check(
            "MULTI\nGET a\nGET a\nGET a\nDEL a\nEXEC\nEXISTS a\n",
            "OK\nQUEUED\nQUEUED\nQUEUED\nQUEUED\n\(value)\n\(value)\n\(error)\(error)END\n1\n", client, stepped)
        stepped.stop()
    }

    @Test("memory is asked for the sum: where it is short, nothing runs; what only removes runs all the same")
    func shortMemory() throws {
        let stepped = try SteppedServer(durability: .interval) { $0.maxMemory = 32 << 20 }
        let client = try SteppedClient(stepped)
        let value = String(repeating: "v", count: 200_000)
        var stored = 0
        while try ask("SET key:\(stored) \(value)\n", of: client, stepped) == "OK\n" { stored += 1 }
        #expect(stored > 20)
        let reply = try ask(
            "MULTI\nDEL key:0\nSET key:x \(value)\nSET key:y \(value)\nEXEC\nEXISTS key:0\n", of: client, stepped)
        #expect(
            reply.contains("ERROR: Transaction discarded because of: Out of memory: ") && reply.hasSuffix("\n1\n"),
            "\(reply)")
        // The same values again need no more.
        try check("MULTI\nSET key:1 \(value)\nEXEC\n", "OK\nQUEUED\nOK\nEND\n", client, stepped)
        try check("MULTI\nDEL key:0\nDEL key:1\nEXEC\n", "OK\nQUEUED\nQUEUED\nOK\nOK\nEND\n", client, stepped)
        stepped.stop()
    }

    @Test("a transaction that cannot be kept for want of memory is aborted, and others are answered")
    func shortQueue() throws {
        let stepped = try SteppedServer(durability: .interval) { $0.maxMemory = 32 << 20 }
        let (client, other) = (try SteppedClient(stepped), try SteppedClient(stepped))
        let request = "SET a \(String(repeating: "v", count: 100_000))\n"
        try client.send("MULTI\n")
        var (replies, largest) = ("", 0)
        for _ in 0..<600 {
            replies += try ask(request, of: client, stepped)
            largest = max(largest, stepped.server.heldMemory)
        }
        #expect(replies.contains("ERROR: Out of memory: the transaction takes "))
        #expect(largest < 40 << 20 && stepped.server.heldMemory < 1 << 20, "\(largest)")
        try check("EXEC\n", "ERROR: Transaction discarded because of previous errors.\n", client, stepped)
        try check("SET b 1\nGET b\n", "OK\n1\n", other, stepped)
        stepped.stop()
    }

    @Test("one connection watches 10,000 keys, and they are counted until they are given up")
    func watches() throws {
        let stepped = try SteppedServer(durability: .interval)
        let client = try SteppedClient(stepped)
        for hundred in 0..<100 {
            let keys = (0..<100).map { " k\(hundred * 100 + $0)" }.joined()
            try check("WATCH\(keys)\n", "OK\n", client, stepped)
        }
        #expect(stepped.server.heldMemory > 10_000 * 40)
        try check(
            "WATCH more\nUNWATCH\nWATCH more\n", "ERROR: Too many watched keys: 10001, the limit is 10000\nOK\nOK\n",
            client, stepped)
        #expect(stepped.server.heldMemory < 100_000)
        client.hangUp()
        stepped.turn(3)
        #expect(stepped.server.heldMemory == 0)
        stepped.stop()
    }

    @Test("nothing waits inside EXEC, and a transaction is not throttled before its EXEC")
    func parks() throws {
        let stepped = try SteppedServer(durability: .interval)
        let client = try SteppedClient(stepped)
        try check(
            "MULTI\nWAIT 1 0\nWAITAOF 0 1 0\nSEQ\nSET a 1\nSEQ\nCLIENT REPLY SKIP\nCLIENT REPLY ON\nEXEC\nSEQ\n",
            "OK\n" + String(repeating: "QUEUED\n", count: 7) + "0\n1\n0\nEND\n0\nOK\n1\nOK\nOK\nEND\n1\n", client,
            stepped)
        for name in [
            "AFTER 1 GET a", "HANDOVER x", "PROMOTE", "DEMOTE", "FOLLOW x", "FOLLOWER ADD x", "CONFIG GET x", "COMPACT",
            "SAVE",
            "BGSAVE", "BGREWRITEAOF", "REPLICATE x",
        ] {
            try check(
                "MULTI\n\(name)\nEXEC\n",
                "OK\nERROR: Command not allowed inside a transaction\nERROR: Transaction discarded because of previous errors.\n",
                client, stepped)
        }
        stepped.stop()
    }
}
