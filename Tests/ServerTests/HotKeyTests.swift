import Bytes
import Server
import TestSupport
import Testing

/// Counts of keys, and the sampler of HOTKEYS.
struct HotKeyTests {
    private func key(_ number: Int) -> [UInt8] { Array("key:\(number)".utf8) }

    /// Ranks by Zipf's law: the n-th key has a share of 1 / n.
    private func ranks(_ count: Int, of keys: Int, seed: UInt64) -> [Int] {
        var random = SeededRandom(seed: seed)
        var sums: [Double] = []
        var sum = 0.0
        for rank in 1...keys {
            sum += 1 / Double(rank)
            sums.append(sum)
        }
        return (0..<count).map { _ in
            let place = Double.random(in: 0..<sum, using: &random)
            return sums.partitioningIndex { $0 > place }
        }
    }

    @Test(
        "the most requested keys are found, and each has been requested at least as often as it is said",
        arguments: [1, 2, 3])
    func skew(seed: UInt64) {
        var counts = KeyCounts()
        var truth: [Int: Int] = [:]
        let ranks = ranks(100_000, of: 50_000, seed: seed)
        for rank in ranks {
            truth[rank, default: 0] += 1
            counts.add(key(rank), weight: 1, isChange: rank.isMultiple(of: 2))
        }
        #expect(counts.total == 100_000)
        let top = counts.top(10)
        #expect(Set(top.map(\.key)) == Set((0..<10).map(key)), "seed \(seed)")
        for (place, entry) in top.enumerated() {
            let rank = Int(String(decoding: entry.key.dropFirst(4), as: UTF8.self)) ?? 0
            let count = Double(truth[rank] ?? 0)
            #expect(entry.requests <= count && count <= entry.bound, "seed \(seed), place \(place)")
            #expect(entry.requests > count * 0.9, "seed \(seed), place \(place)")
            #expect(entry.changes <= entry.bound && (entry.changes > 0) == rank.isMultiple(of: 2))
        }
    }

    @Test("keys that were requested long ago give way")
    func decay() {
        var counts = KeyCounts()
        for _ in 0..<1000 { counts.add(key(1), weight: 1, isChange: false) }
        for _ in 0..<50 { counts.decay(by: 0.9, after: 1) }
        for _ in 0..<10 { counts.add(key(2), weight: 1, isChange: false) }
        #expect(counts.top(2).map(\.key) == [key(2), key(1)])
        #expect(counts.time > 9.9 && counts.time < 10)
    }

    @Test("it samples for ten seconds after it was asked, and then forgets")
    func lease() {
        let hotKeys = HotKeys(seed: 1)
        #expect(!hotKeys.isSampling)
        #expect(hotKeys.report(10, at: 1000).keys.isEmpty && hotKeys.isSampling)
        hotKeys.tick(at: 10_999)
        #expect(hotKeys.isSampling)
        _ = hotKeys.report(10, at: 10_999)
        hotKeys.tick(at: 20_998)
        #expect(hotKeys.isSampling)
        hotKeys.tick(at: 20_999)
        #expect(!hotKeys.isSampling)
        let again = hotKeys.report(10, at: 30_000)
        #expect(again.seconds < 0.01 && again.requests == 0)
    }
}

extension Array where Element == Double {
    /// The first index at which a condition holds, and from there on at all.
    fileprivate func partitioningIndex(_ holds: (Double) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if holds(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

/// HOTKEYS of a server.
@Suite("HOTKEYS")
struct HotKeyRequestTests {
    /// Sends requests, and returns all replies.
    private func ask(_ requests: String, count: Int, _ client: SteppedClient, _ server: SteppedServer) throws -> String
    {
        try client.send(requests)
        for _ in 0..<1000 where client.received.filter({ $0 == UInt8(ascii: "\n") }).count < count {
            server.work()
            server.turn()
            client.receive()
        }
        return client.take()
    }

    @Test("keys are listed by their requests, in both dialects, alone or pipelined", arguments: [1, 50])
    func listing(pipelined: Int) throws {
        let stepped = try SteppedServer(seed: 7, durability: .interval)
        let client = try SteppedClient(stepped)
        #expect(try ask("HOTKEYS\n", count: 1, client, stepped) == "END\n")
        var random = SeededRandom(seed: 7)
        var requests: [String] = []
        for number in 0..<2000 {
            // One key has 30 % of the requests, another 10 %, and 500 have the rest.
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<30: requests.append("GET hot\n")
            case 30..<40: requests.append("SET \"warm key\" \(number)\n")
            default:
                requests.append("*2\r\n$6\r\nEXISTS\r\n$5\r\nk:\(100 + Int.random(in: 0..<500, using: &random))\r\n")
            }
        }
        while !requests.isEmpty {
            let part = requests.prefix(pipelined)
            requests.removeFirst(part.count)
            _ = try ask(part.joined(), count: part.count, client, stepped)
        }
        let lines = try ask("HOTKEYS 3\n", count: 4, client, stepped).split(separator: "\n")
        #expect(lines.count == 4 && lines[3] == "END")
        let rows = lines.dropLast().map { $0.split(separator: " ", maxSplits: 2).map(String.init) }
        #expect(rows[0][2] == "\"hot\"" && rows[0][1] == "0")
        #expect(rows[1][2] == "\"warm key\"" && rows[1][1] == rows[1][0])
        let (hot, warm, other) = (Int(rows[0][0]) ?? 0, Int(rows[1][0]) ?? 0, Int(rows[2][0]) ?? 0)
        #expect(hot > 2 * warm && warm > 2 * other)
        let reply = try ask("*2\r\n$7\r\nHOTKEYS\r\n$1\r\n1\r\n", count: 4, client, stepped)
        #expect(reply.hasPrefix("*1\r\n*3\r\n$3\r\nhot\r\n:"))
        stepped.stop()
    }

    @Test("a long list of keys counts as a whole, and the number of keys has bounds")
    func bounds() throws {
        let stepped = try SteppedServer(durability: .interval)
        let client = try SteppedClient(stepped)
        #expect(try ask("HOTKEYS\n", count: 1, client, stepped) == "END\n")
        let keys = (0..<10_000).map { _ in "a" }.joined(separator: " ")
        _ = try ask("EXISTS \(keys)\nEXISTS b\n", count: 2, client, stepped)
        let lines = try ask("HOTKEYS 100\n", count: 3, client, stepped).split(separator: "\n")
        let counts = lines.dropLast().map { Int($0.split(separator: " ")[0]) ?? 0 }
        // The time between the two is the same for both.
        #expect(lines.first?.hasSuffix("\"a\"") == true && counts[0] > 5000 * (counts.last ?? 0))
        for count in ["0", "101", "x", "-1"] {
            #expect(
                try ask("HOTKEYS \(count)\n", count: 1, client, stepped)
                    == "ERROR: The number of keys must be from 1 to 100\n")
        }
        stepped.stop()
    }
}
