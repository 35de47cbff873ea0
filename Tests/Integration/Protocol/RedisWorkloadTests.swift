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
                lists > 50 && counts[nothing, default: 0] > 20 && counts["-EX", default: 0] > 20
                    && counts["-ER", default: 0] > 20)
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

/// Requests on a few keys, with values and arguments that are often at the edge of what is allowed.
private struct RandomRequests {
    private var random: SeededRandom
    /// Relative times so far: each is two minutes later than all before it, so that an order of times is an order of requests.
    private var times = 0

    static let keys = [
        "a", "b", "c", "d", "e", "n", "f", "", "key with spaces", "\r\n", "\0\u{ff}", "long long long key",
    ].map { Array($0.utf8) }

    /// Requests that are sent together.
    static let batch = 100

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    static func shown(_ request: [[UInt8]]) -> String {
        request.map { String(decoding: $0, as: UTF8.self).debugDescription }.joined(separator: " ")
    }

    /// The commands, and what their arguments are: k a key, v a value, i an integer, f a number, p a place in a value, b a place of a
    /// bit, o an option of SET, c one of COPY, x an option with a time, e one of EXPIRE; s, m, S, M a time in seconds or milliseconds, from now
    /// or from 1970. A `+` repeats what is before it.
    private static let forms: [(name: String, arguments: String)] = [
        ("GET", "k"), ("SET", "kv"), ("SET", "kv"), ("SET", "kvo"), ("SET", "kvoo"), ("SET", "kf"), ("SET", "ki"),
        ("GETSET", "kv"), ("GETDEL", "k"), ("SETNX", "kv"), ("APPEND", "kv"), ("APPEND", "ki"), ("STRLEN", "k"),
        ("GETRANGE", "kpp"), ("SUBSTR", "kpp"), ("SETRANGE", "kpv"), ("INCR", "k"), ("DECR", "k"), ("INCRBY", "ki"),
        ("DECRBY", "ki"), ("INCRBYFLOAT", "kf"), ("MGET", "k+"), ("MSET", "kv+"), ("MSETNX", "kv+"),
        ("SETBIT", "kbz"), ("GETBIT", "kb"), ("BITCOUNT", "k"), ("BITCOUNT", "kpp"), ("BITCOUNT", "kppu"),
        ("RENAME", "kk"), ("RENAMENX", "kk"), ("COPY", "kk"), ("COPY", "kkc"), ("COPY", "kkcc"), ("TOUCH", "k+"),
        ("TYPE", "k"), ("UNLINK", "k+"), ("DEL", "k+"), ("EXISTS", "k+"), ("DBSIZE", ""),
        ("SET", "kvx"), ("SET", "kvox"), ("SET", "kvxx"), ("SETEX", "ksv"), ("PSETEX", "kmv"), ("GETEX", "k"),
        ("GETEX", "kx"),
        ("GETEX", "kx"), ("EXPIRE", "ks"), ("EXPIRE", "kse"), ("PEXPIRE", "km"), ("PEXPIRE", "kmee"),
        ("EXPIREAT", "kS"),
        ("PEXPIREAT", "kM"), ("EXPIREAT", "kSe"), ("PERSIST", "k"), ("TTL", "k"), ("PTTL", "k"), ("EXPIRETIME", "k"),
        ("PEXPIRETIME", "k"), ("ECHO", "v"), ("PING", ""),
    ]

    mutating func next() -> [[UInt8]] {
        if random.below(400) == 0 { return [Array((random.below(2) == 0 ? "FLUSHALL" : "FLUSHDB").utf8)] }
        let form = Self.forms[random.below(Self.forms.count)]
        var request = [Array(form.name.utf8)]
        // One in forty has an argument more or less than it needs.
        let surplus = random.below(40)
        for kind in form.arguments {
            guard kind == "+" else {
                request += kind == "x" ? expiryOption() : [argument(kind)]
                continue
            }
            for _ in 0..<random.below(4) {
                for kind in form.arguments where kind != "+" { request.append(argument(kind)) }
            }
        }
        // EXPIRE repeats an option that it does not know, Redis unescaped.
        if surplus == 0 { request.append(argument(form.name.contains("EXPIRE") ? "e" : "v")) }
        if surplus == 1, request.count > 1 { request.removeLast() }
        return request
    }

    /// A request about a transaction; one in twenty with an argument too many.
    mutating func nextOfTransaction() -> [[UInt8]] {
        let names = [
            "MULTI", "MULTI", "MULTI", "EXEC", "EXEC", "EXEC", "DISCARD", "WATCH", "WATCH", "WATCH", "UNWATCH", "FROB",
        ]
        let name = names[random.below(names.count)]
        var request = [Array(name.utf8)]
        if name == "WATCH" { for _ in 0...random.below(3) { request.append(argument("k")) } }
        // Of an unknown command Redis repeats the arguments raw.
        if name != "WATCH", name != "FROB", random.below(20) == 0 { request.append(argument("v")) }
        return request
    }

    private mutating func argument(_ kind: Character) -> [UInt8] {
        switch kind {
        case "k": return Self.keys[random.below(Self.keys.count)]
        case "v": return value()
        case "i":
            return pick([
                "0", "1", "-1", "7", "100", "-100", "9223372036854775807", "-9223372036854775808",
                "9223372036854775806",
                "9223372036854775808", "4611686018427387904", "01", "+1", "-0", " 1", "1 ", "", "x", "1.0",
                "99999999999999999999",
            ])
        case "f":
            return pick([
                "0", "1", "-1", "0.1", "-0.2", "1.5", "1e3", "3.0e-3", "1e17", "123456789.987654321", "0x1p3", "inf",
                "-inf", "nan",
                "", " 1", "1 ", "1e400", "1e5000", "1e-5000", ".5", "5.", "x", "-0", "+2", "9223372036854775807",
            ])
        case "p":
            if random.below(3) > 0 { return Array("\(random.below(60) - 30)".utf8) }
            return pick([
                "0", "-1", "5", "1000", "-1000", "2000000000", "536870912", "9223372036854775807",
                "-9223372036854775808",
                "9223372036854775808", "x", "", "1.5",
            ])
        case "b":
            if random.below(3) > 0 { return Array("\(random.below(300))".utf8) }
            return pick(["0", "7", "8", "20000", "4294967296", "-1", "x", "9223372036854775807", ""])
        case "z": return pick(["0", "1", "0", "1", "2", "-1", "x", ""])
        case "u": return pick(["BIT", "bit", "BYTE", "byte", "x"])
        case "c": return pick(["REPLACE", "replace", "DB", "0", "1", "REPLACE"])
        case "e": return pick(["NX", "XX", "GT", "LT", "gt", "lt", "ZZ"])
        case "s", "m", "S", "M": return time(kind)
        case "o": return pick(["NX", "XX", "GET", "nx", "xx", "get", "NX", "XX", "GET", "FROB", ""])
        default: preconditionFailure("no kind of argument: \(kind)")
        }
    }

    /// SET takes no time in the past here: Redis and Puffin remove the pair when they get to it.
    private mutating func expiryOption() -> [[UInt8]] {
        switch random.below(12) {
        case 0, 1: return [pick(["KEEPTTL", "keepttl", "PERSIST"])]
        case 2: return [pick(["EX", "PX", "EXAT", "PXAT"]), pick(["0", "-1", "x", "", "9223372036854775807", "1.5"])]
        case 3: return [pick(["EX", "PX", "EXAT", "PXAT"])]
        default:
            let (name, kind) = [("EX", "s"), ("px", "m"), ("EXAT", "S"), ("pxat", "M")][random.below(4)]
            return [Array(name.utf8), laterTime(Character(kind))]
        }
    }

    private mutating func time(_ kind: Character) -> [UInt8] {
        guard random.below(6) == 0 else { return laterTime(kind) }
        // Redis keeps times beyond 2^53 ms, which Puffin has none of.
        if kind == "M" { return pick(["0", "-1", "x", "", "-9223372036854775808", "1.5", "-100000"]) }
        return pick(["0", "-1", "x", "", "-9223372036854775808", "9223372036854775807", "1.5", "-100000"])
    }

    private mutating func laterTime(_ kind: Character) -> [UInt8] {
        times += 1
        let seconds = 100_000 + 120 * times
        switch kind {
        case "s": return Array("\(seconds)".utf8)
        case "m": return Array("\(seconds * 1000)".utf8)
        // Behind all relative ones.
        case "S": return Array("\(4_102_444_800 + seconds)".utf8)
        default: return Array("\((4_102_444_800 + seconds) * 1000)".utf8)
        }
    }

    private mutating func value() -> [UInt8] {
        switch random.below(6) {
        case 0: return argument("i")
        case 1: return argument("f")
        case 2: return random.bytes(random.below(300))
        case 3: return random.bytes(random.below(30), from: Array("ab \r\n\"\\0".utf8))
        default: return random.bytes(random.below(12), from: Array("0123456789".utf8))
        }
    }

    private mutating func pick(_ texts: [String]) -> [UInt8] { Array(texts[random.below(texts.count)].utf8) }
}
