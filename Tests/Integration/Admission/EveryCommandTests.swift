import Foundation
import TestSupport
import Testing

/// Every command of the server's table, sent by hostile clients: all together they stay within the promise of
/// docs/operations.md, stop nobody from reading and writing, and leave nothing behind.
@Suite("Every command, asked by hostile clients", .serialized)
struct EveryCommandTests {
    /// What a client does with the server's replies, or instead of finishing its request.
    private enum Conduct: CaseIterable {
        case readsSlowly, neverReads, resets, sendsHalf, parks, pipelines
    }

    private static let limit = 64 << 20
    /// These remove the canary's data or its server, or make the server dial others.
    private static let excluded: Set<String> = ["DEMOTE", "FLUSHALL", "FLUSHDB", "FOLLOW", "FOLLOWER"]

    @Test(
        "memory stays within the promise, others are answered, and nothing is held afterwards",
        arguments: SeededRandom.seeds(1))
    func hostile(seed: UInt64) throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(
                data: folder + "/puffin.json", ["--max-memory", "64M", "--durability", "never"])
            let witness = try Witness(server)
            let base = try witness.peakMemory()
            var random = SeededRandom(seed: seed)
            try store(witness.connection)
            let usages = try usages(witness.connection)
            #expect(usages.count > 25)

            let canary = try server.connect()
            var clients: [(connection: WireConnection, conduct: Conduct)] = []
            var attacks = usages.flatMap { usage in Conduct.allCases.map { (usage, $0) } }
            // A twentieth of the long run, which has each pair of a command and a conduct several times.
            let count = Torture.isOn ? 4000 : 200
            while attacks.count < count { attacks += attacks }
            attacks.shuffle(using: &random)
            for (round, attack) in attacks.prefix(count).enumerated() {
                let client = try begin(attack.0, attack.1, server, &random)
                // Half of those that reset do so at once.
                if attack.1 != .resets || random.below(2) == 0 { clients.append((client, attack.1)) }
                if clients.count > (Torture.isOn ? 2000 : 120) { clients.remove(at: random.below(clients.count)) }
                for client in clients.suffix(20) where client.conduct == .readsSlowly && client.connection.hasReceived {
                    _ = try? client.connection.receive(atMost: 100)
                }
                #expect(try canary.ask("SET canary \(round)") == "OK")
                #expect(try canary.ask("GET canary") == "\(round)")
            }
            try witness.connection.expect("GET witness\n", "was here before\n")
            // MiB: the limit, the empty server's size, a turn's replies, a tenth, and 2 KiB per connection.
            let promise = 64 + base + 6 + 64 / 10 + 2 * count / 1024 + 1
            let peak = try witness.peakMemory()
            #expect(peak <= promise, "\(peak) MiB, and \(promise) are promised")

            for client in clients { client.connection.reset() }
            clients.removeAll()
            try witness.wait(for: "clients", toBe: 2)
            try witness.wait(for: "connection_bytes", toBe: 2 << 10)
            // What is left are the buffers of those two, and the log's.
            try witness.wait(for: "buffer_bytes") { $0 < 1 << 20 }
            #expect(try canary.ask("SET canary at last") == "OK")
            #expect(server.stop() == 0, "\(server.log.suffix(2000))")
        }
    }

    private func store(_ client: WireConnection) throws {
        try ManyKeys(count: 10_000, prefix: String(repeating: "long", count: 20)).store(in: client)
        for (name, size) in [("large", 2 << 20), ("middle", 100_000), ("small", 100)] {
            #expect(try client.ask("SET \(name) " + String(repeating: "v", count: size)) == "OK")
        }
    }

    /// How each command is used, as HELP says it: `SCAN <cursor> [MATCH <pattern>] …`.
    private func usages(_ client: WireConnection) throws -> [String] {
        try client.send("HELP\n")
        let lines = String(decoding: try client.receive(through: "\nEND\n"), as: UTF8.self).split(separator: "\n")
        return lines.dropLast().compactMap { line in
            let usage = line.split(separator: "  ", maxSplits: 1)[0]
            return Self.excluded.contains(String(usage.prefix { $0 != " " })) ? nil : String(usage)
        }
    }

    /// A request that a usage allows, as its words.
    private func words(_ usage: String, _ random: inout SeededRandom) -> [String] {
        var words: [String] = []
        var isLeftOut = false
        for word in usage.split(separator: " ") {
            if word.hasPrefix("[") { isLeftOut = random.below(3) == 0 }
            let plain = word.filter { $0 != "[" && $0 != "]" && $0 != "…" }
            if !isLeftOut, !plain.isEmpty {
                let choices = plain.split(separator: "|")
                words.append(argument(String(choices[random.below(choices.count)]), &random))
            }
            if word.contains("…") && !isLeftOut {
                // More of the same, as many as there is room for.
                for _ in 0..<random.below(30) {
                    words.append(contentsOf: words.suffix(words.count > 2 && plain.isEmpty ? 2 : 1))
                }
            }
            if word.hasSuffix("]") { isLeftOut = false }
        }
        return words
    }

    private func argument(_ name: String, _ random: inout SeededRandom) -> String {
        switch name {
        case "<key>": return ["large", "middle", "small", "none"][random.below(4)]
        case "<value>", "<text>":
            return String(repeating: "w", count: [10, 1000, 100_000, 600_000][random.below(4)])
        case "<milliseconds>": return "\(1 + random.below(500))"
        case "<seq>": return random.below(2) == 0 ? "1" : "99999999"
        case "<request>": return "GET large"
        case "<pattern>": return ["*", "*[a-z]*", "long*long*long*9", "none"][random.below(4)]
        case "<cursor>": return "0"
        case "<count>", "<followers>": return "\(random.below(10_000))"
        case "<host:port>": return "127.0.0.1:1"
        default: return name.hasPrefix("<") ? "1" : name
        }
    }

    private func begin(
        _ usage: String, _ conduct: Conduct, _ server: ServerProcess, _ random: inout SeededRandom
    ) throws -> WireConnection {
        let client = try server.connect()
        client.limitReceiveBuffer(to: 4096)
        let words = words(usage, &random)
        var request =
            random.below(2) == 0
            ? words.joined(separator: " ") + "\n"
            : "*\(words.count)\r\n" + words.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined()
        switch conduct {
        case .readsSlowly, .neverReads, .resets: break
        case .sendsHalf:
            request =
                random.below(2) == 0
                ? String(request.prefix(request.utf8.count / 2 + 1))
                : "*3\r\n$3\r\nSET\r\n$4\r\nhalf\r\n$\(1 << (10 + random.below(17)))\r\nhalf"
        case .parks: request = "WAIT 1 \(100 + random.below(400))\nAFTER 99999999 GET large\n" + request
        case .pipelines: request = String(repeating: request, count: 2 + random.below(30))
        }
        // A connection that is not read waits for ever.
        client.sendWithoutWaiting(Array(request.utf8))
        if conduct == .resets { client.reset() }
        return client
    }
}
