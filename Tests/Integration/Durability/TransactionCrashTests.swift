import Foundation
import TestSupport
import Testing

/// Servers that are killed inside EXEC, and a follower that is read meanwhile.
@Suite("Crashes in transactions", .serialized)
struct TransactionCrashTests {
    /// The keys that one transaction sets to the same value.
    private static let keys = (0..<40).map { "key:\($0)" }

    /// One transaction: each key gets `number`, some by other commands than SET, and every seventh time one is missing.
    private func transaction(_ number: Int) -> String {
        var requests = "MULTI\n"
        for (index, key) in Self.keys.enumerated() {
            switch index % 4 {
            case 0: requests += "SET \(key) \(number)\n"
            case 1: requests += "DEL \(key)\nINCRBY \(key) \(number)\n"
            case 2: requests += "SET spare \(number)\nRENAME spare \(key)\n"
            default: requests += "MSET \(key) x spare y\nSET \(key) \(number)\nDEL spare\n"
            }
        }
        // Fails, and undoes nothing.
        return requests + "RENAME none \(Self.keys[0])\nEXEC\n"
    }

    /// The value that all keys have.
    /// - Throws: if they differ.
    private func common(_ client: WireConnection) throws -> Int {
        try client.send("MGET \(Self.keys.joined(separator: " ")) spare\n")
        let reply = String(decoding: try client.receive(through: "END\n"), as: UTF8.self)
        let values = reply.split(separator: "\n").dropLast()
        guard Set(values.dropLast()).count == 1, values.last == "ERROR: Key not found", let value = values.first else {
            throw WireError(description: "half a transaction: \(values)")
        }
        return value == "ERROR: Key not found" ? 0 : try #require(Int(value))
    }

    /// A twentieth of the long run's kills.
    @Test(
        "after a kill, and on a follower, all of a transaction is there or nothing, and all of one that was answered",
        arguments: SeededRandom.seeds(1), ["always", "never"])
    func killed(seed: UInt64, durability: String) throws {
        try withTemporaryFolder { folder in
            var random = SeededRandom(seed: seed)
            let data = folder + "/puffin.json"
            let follower = try ServerProcess(data: folder + "/follower.json", ["--mode", "follower"])
            let options = [
                "--durability", durability, "--segment-size", "64K", "--follower", "127.0.0.1:\(follower.port)",
            ]
            let reader = try follower.connect()
            var (number, acknowledged, inFlight, seen) = (0, 0, 0, 0)
            let kills = Torture.isOn ? 500 : 25
            for kill in 1...kills {
                let server = try ServerProcess(data: data, options)
                let found = try common(server.connect())
                try #require(
                    found >= acknowledged && found <= number,
                    "kill \(kill) of seed \(seed): \(found), answered \(acknowledged)")
                if found > acknowledged { inFlight += 1 }
                // Later the follower has taken over the leader's history, and is connected.
                try server.connect().expect("SET other 1\nWAIT 1 20000\n", "OK\n1\n")
                acknowledged = found
                let client = try server.connect()
                // Some are answered; the last ones are on their way when the server is killed.
                for _ in 0..<random.below(4) {
                    number += 1
                    try client.send(transaction(number))
                    let reply = String(
                        decoding: try client.receive(through: "ERROR: Key not found\nEND\n"), as: UTF8.self)
                    try #require(reply.hasPrefix("OK\nQUEUED\n"))
                    acknowledged = number
                    seen = max(seen, try common(reader))
                }
                for _ in 0..<1 + random.below(30) {
                    number += 1
                    try client.send(transaction(number))
                }
                if random.below(2) == 0 { _ = try client.receive(atMost: 1 + random.below(20_000)) }
                server.kill()
                seen = max(seen, try common(reader))
            }
            let last = try ServerProcess(data: data, options)
            let final = try common(last.connect())
            #expect(final >= acknowledged && final <= number)
            #expect(try last.connect().ask("WAIT 1 20000") == "1")
            #expect(try common(reader) == final && last.stop() == 0 && follower.stop() == 0)
            print(
                "kills in EXEC (\(durability), seed \(seed)): \(kills), \(number) transactions of 40 keys, "
                    + "\(inFlight) kills left an unanswered one whole, none left half of one")
            #expect(inFlight > 0 && seen > 0)
        }
    }
}
