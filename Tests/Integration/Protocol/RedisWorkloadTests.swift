import Foundation
import TestSupport
import Testing
import Torture

/// Random commands to Puffin and to Redis; then the same content in Puffin's follower, and in Puffin after a kill and after a compaction. Left out: what the two have no common order for (KEYS, SCAN, RANDOMKEY), what Redis 7.0 does
/// not have (IFEQ and its kin), what tells of memory (OBJECT, MEMORY), and results above Puffin's `limits.edit_size`.
@Suite("Random commands")
struct RedisWorkloadTests {
    /// A twentieth of the long run's.
    @Test(
        "get the replies that Redis gives, byte for byte", .enabled(if: PeerProgram.areThere("redis-server")),
        arguments: Torture.seeds(1, orTorture: 20))
    func replies(seed: UInt64) throws {
        try withTemporaryFolder { folder in
            let redis = try RedisProcess(folder: folder)
            let options = ["--max-memory", "0", "--durability", "never", "--segment-size", "64K"]
            let follower = try ServerProcess(data: folder + "/follower.json", ["--mode", "follower"] + options)
            let puffin = try ServerProcess(
                data: folder + "/puffin.json", options + ["--follower", "127.0.0.1:\(follower.port)"])
            var requests = RandomRequests(seed: seed)
            print("random commands to Puffin and Redis, seed \(seed)")
            let connections = try [puffin.connect(), WireConnection(port: redis.port)]
            let isRESP3 = seed.isMultiple(of: 2)
            for connection in connections where isRESP3 {
                try connection.send(resp("HELLO", "3"))
                _ = try connection.receive(through: "$7\r\nmodules\r\n*0\r\n")
            }
            for _ in 0..<6_000 / RandomRequests.batch {
                let batch = (0..<RandomRequests.batch).map { _ in requests.next() }
                let replies = try connections.map { try answers(batch, $0) }
                for (index, request) in batch.enumerated() {
                    let shown =
                        "\(RandomRequests.shown(request)): \(replies.map { String(decoding: $0[index], as: UTF8.self) })"
                    #expect(isSame(replies[0][index], replies[1][index]), "seed \(seed): \(shown)")
                    guard isSame(replies[0][index], replies[1][index]) else { return }
                }
            }
            let expected = try content(puffin.connect())
            #expect(try zip(content(WireConnection(port: redis.port)), expected).allSatisfy(isSame))
            #expect(try puffin.connect().ask("WAIT 1 20000") == "1")
            #expect(try content(follower.connect()) == expected, "the follower")
            puffin.kill()
            for time in ["after the kill", "after the compaction"] {
                let again = try ServerProcess(data: folder + "/puffin.json", options)
                #expect(try content(again.connect()) == expected, "\(time)")
                #expect(try again.connect().ask("SAVE") == "OK")
                #expect(again.stop() == 0)
            }
            #expect(follower.stop() == 0)
            withExtendedLifetime(redis) {}
        }
    }

    @Test(
        "and transactions of two connections get the replies that Redis gives",
        .enabled(if: PeerProgram.areThere("redis-server")),
        arguments: Torture.seeds(1, orTorture: 20), [false, true])
    func transactions(seed: UInt64, isRESP3: Bool) throws {
        try withTemporaryFolder { folder in
            let redis = try RedisProcess(folder: folder)
            let options = ["--max-memory", "0", "--durability", "never", "--segment-size", "64K"]
            let follower = try ServerProcess(data: folder + "/follower.json", ["--mode", "follower"] + options)
            let puffin = try ServerProcess(
                data: folder + "/puffin.json", options + ["--follower", "127.0.0.1:\(follower.port)"])
            print("random transactions to Puffin and Redis, seed \(seed), RESP\(isRESP3 ? 3 : 2)")
            // Of each server two connections, and one that looks at what there is.
            let connections = try [puffin.port, redis.port].map { port in
                try (0..<2).map { _ in try WireConnection(port: port) }
            }
            for connection in connections.joined() where isRESP3 {
                try connection.send(resp("HELLO", "3"))
                _ = try connection.receive(through: "$7\r\nmodules\r\n*0\r\n")
            }
            var random = SeededRandom(seed: seed)
            var requests = RandomRequests(seed: seed + 1000)
            var counts: [String: Int] = [:]
            for step in 0..<6_000 {
                let index = random.below(2)
                let request = random.below(3) == 0 ? requests.nextOfTransaction() : requests.next()
                let replies = try connections.map { servers in
                    try servers[index].send(MarkedChange.array(request))
                    return try servers[index].receiveReply()
                }
                let texts = replies.map { String(decoding: $0, as: UTF8.self) }
                try #require(
                    isSame(replies[0], replies[1]),
                    "seed \(seed), step \(step), connection \(index): \(RandomRequests.shown(request)): \(texts)")
                if request[0] == Array("EXEC".utf8) { counts[String(texts[0].prefix(3)), default: 0] += 1 }
            }
            // Lists, null lists, EXECABORT and EXEC without MULTI: all of them have come up.
            let nothing = isRESP3 ? "_\r\n" : "*-1"
            let lists = counts.filter { $0.key.hasPrefix("*") && $0.key != nothing }.values.reduce(0, +)
            #expect(
                lists > 50 && counts[nothing, default: 0] > 10 && counts["-EX", default: 0] > 20
                    && counts["-ER", default: 0] > 20, "\(counts)")
            for connection in connections.joined() {
                try connection.send(resp("RESET"))
                #expect(try connection.receiveReply() == Array("+RESET\r\n".utf8))
            }
            let expected = try content(connections[0][0])
            #expect(try zip(content(connections[1][0]), expected).allSatisfy(isSame))
            #expect(try puffin.connect().ask("WAIT 1 20000") == "1")
            #expect(try content(follower.connect()) == expected, "the follower")
            puffin.kill()
            for time in ["after the kill", "after the compaction"] {
                let again = try ServerProcess(data: folder + "/puffin.json", options)
                #expect(try content(again.connect()) == expected, "\(time)")
                #expect(try again.connect().ask("SAVE") == "OK")
                #expect(again.stop() == 0)
            }
            #expect(follower.stop() == 0)
            withExtendedLifetime(redis) {}
        }
    }

    /// What a server holds, and when it expires.
    private func content(_ connection: WireConnection) throws -> [[UInt8]] {
        let times = RandomRequests.keys.map { [Array("PEXPIRETIME".utf8), $0] }
        return try answers([[Array("MGET".utf8)] + RandomRequests.keys, [Array("DBSIZE".utf8)]] + times, connection)
    }

    /// Whether replies are the same, except that what runs by the clock may be a minute apart: both servers get each request, but one
    /// after the other. Requests state times that are further apart than that.
    private func isSame(_ reply: [UInt8], _ other: [UInt8]) -> Bool {
        if reply == other { return true }
        let lines = [reply, other].map { String(decoding: $0, as: UTF8.self).components(separatedBy: "\r\n") }
        guard lines[0].count == lines[1].count else { return false }
        return zip(lines[0], lines[1]).allSatisfy { line, other in
            guard line != other else { return true }
            guard line.hasPrefix(":"), other.hasPrefix(":"), let number = Int(line.dropFirst()),
                let otherNumber = Int(other.dropFirst())
            else { return false }
            return min(number, otherNumber) > 90_000 && abs(number - otherNumber) < 60_000
        }
    }

    /// One reply for each request, told apart by what is echoed behind it.
    private func answers(_ requests: [[[UInt8]]], _ connection: WireConnection) throws -> [[UInt8]] {
        let mark = Array("$12\r\nend of reply\r\n".utf8)
        let ending = Array(resp("ECHO", "end of reply").utf8)
        let bytes = requests.flatMap { MarkedChange.array($0) + ending } + Array(resp("ECHO", "end of batch").utf8)
        try connection.send(bytes)
        var rest = try connection.receive(through: "$12\r\nend of batch\r\n")[...]
        var replies: [[UInt8]] = []
        while let end = rest.firstRange(of: mark) {
            replies.append(Array(rest[..<end.lowerBound]))
            rest = rest[end.upperBound...]
        }
        try #require(replies.count == requests.count)
        return replies
    }
}

extension WireConnection {
    /// One reply in RESP, with everything that is nested in it.
    fileprivate func receiveReply() throws -> [UInt8] {
        var head: [UInt8] = []
        while !head.suffix(2).elementsEqual("\r\n".utf8) { head += try receive(exactly: 1) }
        let size = Int(String(decoding: head.dropFirst().dropLast(2), as: UTF8.self)) ?? 0
        switch head.first {
        case UInt8(ascii: "$"), UInt8(ascii: "="): return size < 0 ? head : try head + receive(exactly: size + 2)
        case UInt8(ascii: "*"), UInt8(ascii: "%"):
            let count = max(size, 0) * (head.first == UInt8(ascii: "%") ? 2 : 1)
            return try (0..<count).reduce(into: head) { bytes, _ in bytes += try receiveReply() }
        default: return head
        }
    }
}
