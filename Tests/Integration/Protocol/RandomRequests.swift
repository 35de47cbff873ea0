import TestSupport
import Torture

/// Requests on a few keys, with values and arguments that are often at the edge of what is allowed.
struct RandomRequests {
    private var random: SeededRandom
    /// Whether Puffin alone gets them: then also what Redis 7.0 does not have, and times that come while requests run.
    private let isForPuffin: Bool
    /// Relative times so far: each is two minutes later than all before it, so that an order of times is an order of requests.
    private var times = 0

    static let keys = [
        "a", "b", "c", "d", "e", "n", "f", "", "key with spaces", "\r\n", "\0\u{ff}", "long long long key",
    ].map { Array($0.utf8) }

    /// Requests that are sent together.
    static let batch = 100

    init(seed: UInt64, isForPuffin: Bool = false) {
        random = SeededRandom(seed: seed)
        self.isForPuffin = isForPuffin
    }

    static func shown(_ request: [[UInt8]]) -> String {
        request.map { String(decoding: $0, as: UTF8.self).debugDescription }.joined(separator: " ")
    }

    /// The commands, and what their arguments are: k a key, v a value, i an integer, f a number, p a place in a value, b a place of a
    /// bit, o an option of SET, c one of COPY, x an option with a time, e one of EXPIRE; s, m, S, M a time in seconds or milliseconds, from now
    /// or from 1970; D, X, T a script that releases, extends, takes a lock. A `+` repeats what is before it.
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
        ("PEXPIRETIME", "k"), ("ECHO", "v"), ("PING", ""), ("EVAL", "D"), ("EVAL", "X"), ("EVAL", "T"),
    ]

    /// Forms of Redis 8.4: q a condition, d one for DELEX, and * the number of pairs behind it.
    private static let newerForms: [(name: String, arguments: String)] = [
        ("SET", "kvq"), ("SET", "kvqx"), ("DELEX", "k"), ("DELEX", "kq"), ("DIGEST", "k"), ("MSETEX", "*x"),
        ("MSETEX", "*ox"),
        ("MSETEX", "*"), ("SET", "kvx"), ("PEXPIRE", "km"), ("PSETEX", "kmv"), ("GETEX", "kx"), ("RANDOMKEY", ""),
    ]

    mutating func next() -> [[UInt8]] {
        if random.below(400) == 0 { return [Array((random.below(2) == 0 ? "FLUSHALL" : "FLUSHDB").utf8)] }
        let forms = isForPuffin && random.below(3) == 0 ? Self.newerForms : Self.forms
        let form = forms[random.below(forms.count)]
        var request = [Array(form.name.utf8)]
        // One in forty has an argument more or less than it needs.
        let surplus = form.name == "EVAL" ? 40 : random.below(40)
        for kind in form.arguments {
            guard kind == "+" else {
                switch kind {
                case "x": request += expiryOption()
                case "D", "X", "T": request += script(kind)
                case "q": request += [pick(["IFEQ", "IFNE", "ifeq", "IFNE", "FROB"]), value()]
                case "*":
                    let count = 1 + random.below(3)
                    request.append(Array("\(count)".utf8))
                    for _ in 0..<count { request += [argument("k"), value()] }
                default: request.append(argument(kind))
                }
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
        case 2: return [pick(["EX", "PX", "EXAT"]), pick(["0", "-1", "x", "", "9223372036854775807", "1.5"])]
        // Redis keeps times beyond 2^53 ms, which Puffin has none of.
        case 3: return [Array("PXAT".utf8), pick(["0", "-1", "x", "", "1.5"])]
        case 4: return [pick(["EX", "PX", "EXAT", "PXAT"])]
        default:
            let (name, kind) = [("EX", "s"), ("px", "m"), ("EXAT", "S"), ("pxat", "M")][random.below(4)]
            if isForPuffin, kind == "m" { return [Array(name.utf8), time("m")] }
            return [Array(name.utf8), laterTime(Character(kind))]
        }
    }

    private mutating func time(_ kind: Character) -> [UInt8] {
        if isForPuffin, kind == "m" || kind == "s" { return Array("\(random.below(kind == "m" ? 30 : 2))".utf8) }
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

    /// A script that is known, its key, and a token that the key may have. Redis' errors name the script and the line, so there are none.
    private mutating func script(_ kind: Character) -> [[UInt8]] {
        let equal = #"if redis.call("GET", KEYS[1]) == ARGV[1] then return"#
        let text =
            switch kind {
            case "D": #"\#(equal) redis.call("DEL", KEYS[1]) else return 0 end"#
            case "X": #"\#(equal) redis.call("PEXPIRE", KEYS[1], ARGV[2]) else return 0 end"#
            default: #"return redis.call("SET", KEYS[1], ARGV[1], "NX", "PX", ARGV[2])"#
            }
        let token = pick(["0", "1", "-1", "7", "100"])
        return [Array(text.utf8), Array("1".utf8), argument("k"), token, laterTime("m")]
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
