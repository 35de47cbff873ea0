import Foundation
import TestSupport
import Testing

/// Every command of the catalog, asked by clients that mean no good while memory is short: all of it together stays within the promise
/// of docs/operations.md, keeps nobody from reading and writing, and leaves nothing behind.
@Suite("Every command, asked by hostile clients", .serialized)
struct EveryCommandTests {
    /// MiB.
    private static let limit = 64
    /// What a turn may add, in MiB: three eighths of the quarter that connections have.
    private static let turn = 6
    /// What clients may be there at a time.
    private static let clientCount = Torture.isOn ? 800 : 120

    @Test(
        "memory stays within the promise, others are answered, and nothing is held afterwards",
        arguments: SeededRandom.seeds(1), ["never", "always"])
    func hostile(seed: UInt64, durability: String) throws {
        print("hostile clients with seed \(seed), durability \(durability)")
        try withTemporaryFolder { folder in
            let data = folder + "/puffin.json"
            let server = try ServerProcess(
                data: data,
                [
                    "--max-memory", "\(Self.limit)M", "--durability", durability, "--compact-ratio", "0",
                    "--storage-index", "ordered",
                ])
            let witness = try Witness(server)
            let base = try witness.peakMemory()
            let canary = try Canary(server)
            try fill(witness.connection)
            let held = try witness.figure("held_bytes")

            let count = try attack(server, canary, SeededRandom(seed: seed))
            try witness.connection.expect("GET witness\n", "was here before\n")
            let promise = Self.limit + base + Self.turn + Self.limit / 10 + 2 * count / 1024 + 1
            let peak = try witness.peakMemory()
            #expect(peak <= promise, "\(peak) MiB, and \(promise) are promised")
            #expect(try witness.figure("memory_refusals") > 0)
            #expect(server.log.contains("WARNING Client dropped: memory is short"))

            try witness.wait(for: "clients", toBe: 2)
            try witness.wait(for: "connection_bytes", toBe: 2 << 10)
            // Those two may keep a buffer for the next replies.
            try witness.wait(for: "held_bytes") { $0 <= held + 2 * (16 << 10) }
            // What the log keeps for the next two batches.
            try witness.wait(for: "buffer_bytes") { $0 <= held + (2 << 20) + (64 << 10) }
            // And the memory is the system's again.
            let table = try witness.figure("table_bytes") >> 20
            let resident = try witness.serverMemory()
            #expect(
                resident <= base + table + 2 + Self.limit / 10,
                "\(resident) MiB, \(table) in the table")
            print("peak \(peak) MiB of \(promise), then \(resident) with \(table) in the table; \(base) at first")
            try canary.ask()
            #expect(server.stop() == 0, "\(server.log.suffix(2000))")
            let check = try ChildProcess.run([
                ChildProcess.program("puffin-server"), "log", "verify", "--data", data,
            ])
            #expect(check.exitCode == 0, "\(check.output)")
        }
    }

    /// Has each command asked in each way, one after the other, and all of it go on side by side; then everybody hangs up.
    /// - Returns: how many connections there were at most.
    private func attack(_ server: ServerProcess, _ canary: Canary, _ random: SeededRandom) throws -> Int {
        var random = random
        let rows = HostileRequest.rows + HostileRequest.rows.filter { HostileRequest.isLarge($0) }.flatMap { [$0, $0] }
        let attacks = rows.flatMap { row in HostileClient.Conduct.allCases.map { (row, $0) } }
        #expect(attacks.count > 300)
        var clients: [HostileClient] = []
        var largest = 0
        // The long run has each command with each conduct more often.
        for _ in 0..<(Torture.isOn ? 15 : 1) {
            for (row, conduct) in attacks.shuffled(using: &random) {
                let request = HostileRequest.bytes(row, &random)
                clients.append(try HostileClient(server, conduct, request: request, &random))
                if clients.count > Self.clientCount { clients.remove(at: random.below(clients.count)).end() }
                largest = max(largest, clients.count)
                clients = clients.filter { $0.step() }
                try canary.ask()
            }
        }
        clients += try exhaust(server, canary, &random)
        for client in clients { client.end() }
        return largest + 2
    }

    /// However fast the others were served: has more asked for than there is, by clients that read nothing of it.
    private func exhaust(
        _ server: ServerProcess, _ canary: Canary, _ random: inout SeededRandom
    ) throws -> [HostileClient] {
        let keys = (0..<2 * HostileRequest.largeKeyCount).map { "large:\($0 % HostileRequest.largeKeyCount)" }
        let reply = try server.connect().ask("MGET \(keys.joined(separator: " "))")
        #expect(reply.hasPrefix("ERROR: Out of memory: the reply takes "), "\(reply.prefix(200))")
        let clients = try keys.map {
            try HostileClient(server, .neverReads, request: Array("GET \($0)\n".utf8), &random)
        }
        let end = TimeLimit.end
        while !server.log.contains("WARNING Client dropped: memory is short"), Date() < end { try canary.ask() }
        return clients
    }

    /// Keys of which KEYS is a long reply, and values that take most of what pairs may.
    private func fill(_ client: WireConnection) throws {
        try ManyKeys(count: 10_000, prefix: String(repeating: "long", count: 20)).store(in: client)
        let value = String(repeating: "v", count: HostileRequest.largeValueSize)
        for number in 0..<HostileRequest.largeKeyCount {
            #expect(try client.ask("SET large:\(number) \(value)") == "OK")
        }
    }

    /// A client that asks for little, and is answered whatever others do.
    private final class Canary {
        private let connection: WireConnection
        private var round = 10_000_000

        init(_ server: ServerProcess) throws {
            connection = try server.connect()
            try ask()
        }

        func ask() throws {
            round += 1
            #expect(try connection.ask("SET canary \(round)") == "OK")
            #expect(try connection.ask("GET canary") == "\(round)")
        }
    }
}
