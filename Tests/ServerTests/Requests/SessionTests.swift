import Bytes
import Server
import Store
import TestSupport
import Testing
import Wire

/// Sessions over socket pairs, turn by turn. Each turn's end is checked by `SteppedServer`.
@Suite("A session")
struct SessionTests {
    @Test("a change is answered when it is on the disk, and what was asked behind it with it")
    func held() throws {
        let stepped = try SteppedServer()
        let client = try SteppedClient(stepped)
        try client.send("SET a 1\nGET a\nPING\n")
        // The workers do nothing: nothing is on the disk.
        stepped.turn(5)
        #expect(client.take() == "")
        let other = try SteppedClient(stepped)
        try other.send("GET b\nGET a\n")
        stepped.turn(2)
        #expect(other.take() == "ERROR: Key not found\n")
        stepped.work()
        stepped.turn(2)
        #expect(client.take() == "OK\n1\nPONG\n" && other.take() == "1\n")
        stepped.stop()
    }

    @Test("a change that a key's state forbids waits for the change that made that state, and another does not")
    func conditions() throws {
        let requests = [
            "SETNX a 2", "SET a \"2\" NX", "SET a \"2\" IFEQ \"9\"", "MSETNX b 1 a 2", "DELEX a IFEQ 9", "SETBIT a 7 1",
            "DIGEST a", "GETBIT a 1", "BITCOUNT a", "STRLEN a", "GETRANGE a 0 0", "INCRBY a 9223372036854775807",
            "RENAME a a", "RENAMENX a a", "COPY c a", "TYPE a", "TOUCH a", "MEMORY USAGE a", "OBJECT ENCODING a",
            "RANDOMKEY",
        ]
        let stepped = try SteppedServer()
        let writer = try SteppedClient(stepped)
        try writer.send("SET c 1\n")
        stepped.turn(2)
        stepped.work()
        stepped.turn(2)
        #expect(writer.take() == "OK\n")
        try writer.send("SET a 1\n")
        stepped.turn(2)
        let clients = try requests.map { request in
            let client = try SteppedClient(stepped)
            try client.send(request + "\n")
            return client
        }
        let other = try SteppedClient(stepped)
        try other.send("SETRANGE b 5 \nDELEX b\nSTRLEN c\nRENAME b a\nCOPY b a\n")
        // The workers do nothing: nothing is on the disk.
        stepped.turn(5)
        for (request, client) in zip(requests, clients) { #expect(client.take() == "", "\(request)") }
        #expect(other.take() == "0\nERROR: Key not found\n1\nERROR: Key not found\nERROR: Key not found\n")
        stepped.work()
        stepped.turn(3)
        for (request, client) in zip(requests, clients) { #expect(client.take() != "", "\(request)") }
        stepped.stop()
    }

    @Test("half a request waits for its rest; one that the end of the connection cuts off is refused and not run")
    func halves() throws {
        let stepped = try SteppedServer(durability: .interval)
        let client = try SteppedClient(stepped)
        for part in ["SE", "T a ", "1\nGET", " a\n*2\r\n$3\r\nGE", "T\r\n$1\r\na\r\nGET a"] {
            try client.send(part)
            stepped.turn()
        }
        #expect(client.take() == "OK\n1\n$1\r\n1\r\n")
        #expect(stepped.server.heldMemory > 0)
        client.hangUp()
        stepped.turn(2)
        #expect(stepped.server.heldMemory == 0 && stepped.server.clientCount == 0)
        stepped.stop()
    }

    @Test("AFTER's part passes the gate as any request does, when its turn has come")
    func after() throws {
        let stepped = try SteppedServer(durability: .interval) { $0.limits.keySize = 10 }
        let (client, writer) = (try SteppedClient(stepped), try SteppedClient(stepped))
        try client.send("AFTER 2 SET b 2\nAFTER 2 GET a-key-too-long\nAFTER 3 GET b\nPING\n")
        stepped.turn(3)
        #expect(client.take() == "")
        try writer.send("SET a 1\n")
        stepped.turn(2)
        #expect(client.take() == "" && writer.take() == "OK\n")
        try writer.send("SET a 2\n")
        stepped.turn(8)
        #expect(client.take() == "OK\nERROR: Key too long: 14 bytes, the limit is 10\n2\nPONG\n")
        stepped.stop()
    }

    @Test("subcommands pass the gate's door too, and a command that needs one is refused without")
    func subcommands() throws {
        let stepped = try SteppedServer(durability: .interval)
        let client = try SteppedClient(stepped)
        try client.send("CLIENT SETNAME tester\nCLIENT GETNAME\nCLIENT NONE\nSLOWLOG LEN\n")
        stepped.turn(2)
        #expect(client.take() == "OK\ntester\nERROR: unknown subcommand 'NONE'. Try CLIENT HELP.\n0\n")
        stepped.stop()
    }

    /// A reply that takes so many steps.
    private final class Countdown: LongReply {
        let dialect = ReplyDialect.line
        let heldSize: Int
        private let count: Int
        private(set) var steps = 0
        var canFail: Bool { steps == 0 }

        init(_ count: Int, holding heldSize: Int) {
            self.count = count
            self.heldSize = heldSize
        }

        func step(_ replies: inout ReplyQueue, _ allowance: TurnAllowance) -> Bool {
            steps += 1
            if steps == 1 { replies.writer.list(count) }
            replies.writer.integer(steps)
            guard steps == count else { return false }
            replies.writer.endList()
            return true
        }
    }

    @Test("a long reply is made a step a turn, holds up what is behind it, and is counted meanwhile")
    func longReply() throws {
        let stepped = try SteppedServer(durability: .interval)
        let client = try SteppedClient(stepped)
        stepped.turn()
        let before = stepped.server.heldMemory
        let reply = Countdown(3, holding: 100_000)
        stepped.server.begin(reply, for: client.id, Array("KEYS\n".utf8))
        try client.send("PING\n")
        stepped.turn()
        #expect(stepped.server.heldMemory >= before + 100_000 && reply.steps <= 1)
        stepped.turn(6)
        #expect(reply.steps == 3)
        #expect(client.take() == "1\n2\n3\nEND\nPONG\n")
        #expect(stepped.server.heldMemory < 100_000)
        stepped.stop()
    }

    @Test("a client that hangs up takes its long reply with it")
    func lostLongReply() throws {
        let stepped = try SteppedServer(durability: .interval)
        let client = try SteppedClient(stepped)
        stepped.turn()
        weak var reply: Countdown?
        do {
            let made = Countdown(1000, holding: 100_000)
            reply = made
            stepped.server.begin(made, for: client.id, Array("KEYS\n".utf8))
        }
        stepped.turn(3)
        #expect(reply != nil)
        client.hangUp()
        for _ in 0..<2000 where stepped.server.clientCount > 0 { stepped.turn() }
        #expect(reply == nil && stepped.server.heldMemory == 0)
        stepped.stop()
    }

    @Test(
        "whatever clients send, pause and cut off, they get what a model says",
        arguments: Torture.seeds(3, orTorture: 200))
    func seeded(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let durability: Durability = random.below(2) == 0 ? .always : .interval
        let stepped = try SteppedServer(seed: seed, durability: durability)
        var talks: [Talk] = []
        for number in 0..<4 { talks.append(Talk(try SteppedClient(stepped), number)) }
        for _ in 0..<400 {
            let index = random.below(talks.count)
            switch random.below(10) {
            case 0..<6: try talks[index].say(&random)
            case 6: stepped.work(random.below(4))
            default: stepped.turn()
            }
        }
        for talk in talks {
            try talk.finish()
            stepped.run(until: talk.client, has: talk.expected.utf8.count)
            #expect(talk.client.take() == talk.expected, "seed \(seed)")
        }
        talks.removeLast().client.hangUp()
        stepped.turn(2)
        stepped.stop()
    }

    /// What one client says and should hear. Each has keys of its own, so that the order among clients does not matter.
    private final class Talk {
        let client: SteppedClient
        private let number: Int
        private var values: [String: String] = [:]
        private(set) var expected = ""
        /// Bytes that are said and not sent.
        private var unsent = ""

        init(_ client: SteppedClient, _ number: Int) {
            self.client = client
            self.number = number
        }

        func say(_ random: inout SeededRandom) throws {
            let key = "key-\(number)-\(random.below(5))"
            switch random.below(6) {
            case 0, 1:
                let value = "value-\(random.below(1000))"
                unsent += "SET \(key) \(value)\n"
                values[key] = value
                expected += "OK\n"
            case 2, 3:
                unsent += "GET \(key)\n"
                expected += (values[key] ?? "ERROR: Key not found") + "\n"
            case 4:
                unsent += "DEL \(key)\n"
                expected += values.removeValue(forKey: key) == nil ? "ERROR: Key not found\n" : "OK\n"
            default:
                unsent += "AFTER 0 EXISTS \(key)\n"
                expected += values[key] == nil ? "0\n" : "1\n"
            }
            let size = random.below(unsent.utf8.count + 1)
            try client.send(String(unsent.prefix(size)))
            unsent.removeFirst(size)
        }

        func finish() throws {
            try client.send(unsent)
            unsent = ""
        }
    }
}
