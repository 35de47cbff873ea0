import Commands
import Foundation
import TestSupport

/// Requests of every command, as large and as odd as its row of the catalog allows.
struct HostileRequest {
    /// The rows that are asked: of a command with subcommands each of these.
    static let rows = Catalog.rows.filter { excluded[$0.command] == nil && Catalog.subcommands(of: $0.command).isEmpty }

    /// What is left out, and why.
    private static let excluded: [Command: String] = [
        .flushall: "it takes the pairs of those who watch", .flushdb: "as FLUSHALL",
        .demote: "a follower refuses the changes of those who watch", .follow: "as DEMOTE",
        .compact: "a compaction's memory is promised apart", .bgsave: "as COMPACT", .save: "as COMPACT",
        .bgrewriteaof: "as COMPACT", .shutdown: "it ends the server",
    ]

    /// Whether requests or replies of this command can be large.
    static func isLarge(_ row: CommandSpec) -> Bool {
        row.traits.contains(.storesValues) || [.value, .data, .request].contains(row.replyBound)
    }

    /// Values that are there before, and only read: each is more than the kernel takes for a client that does not read.
    static let (largeKeyCount, largeValueSize) = (5, 6 << 20)
    /// Keys that are stored, read and removed: values for all of them are more than pairs may take.
    private static let keyCount = 200
    private static let valueSizes = [10, 1000, 20_000, 100_000, 300_000, 1 << 20]
    /// How large a request is at most, as its change stands in the log: a 32nd of the limit.
    private static let size = 1_900_000

    private var random: SeededRandom
    private var words: [[UInt8]] = []
    private var left = HostileRequest.size
    private let isChange: Bool

    /// One whole request of a command, as lines or RESP.
    static func bytes(_ row: CommandSpec, _ random: inout SeededRandom) -> [UInt8] {
        var request = HostileRequest(isChange: row.traits.contains(.change), random)
        let isLine = random.below(3) == 0
        request.add(row, request.form(of: isLine ? row.lineUsage : row.usage))
        if !isLine && random.below(8) == 0 { request.addJunk() }
        random = request.random
        let bytes = isLine ? request.line : request.resp
        guard row.command == .exec else { return bytes }
        // A transaction whose requests are as odd as others.
        var queued = Array("MULTI\n".utf8)
        for _ in 0..<1 + random.below(6) {
            let other = rows[random.below(rows.count)]
            guard !other.traits.contains(.noMulti), ![.exec, .quit, .reset].contains(other.command) else { continue }
            queued += Self.bytes(other, &random)
        }
        return queued + bytes
    }

    private init(isChange: Bool, _ random: SeededRandom) {
        self.isChange = isChange
        self.random = random
    }

    private var line: [UInt8] { Array(words.joined(separator: [UInt8(ascii: " ")])) + [UInt8(ascii: "\n")] }

    private var resp: [UInt8] {
        words.reduce(into: Array("*\(words.count)\r\n".utf8)) { bytes, word in
            bytes += Array("$\(word.count)\r\n".utf8) + word + Array("\r\n".utf8)
        }
    }

    // MARK: Words

    /// A usage with one of its alternatives, where they are more than words: `RANGE PREFIX <prefix>|FROM <key> …`.
    private mutating func form(of usage: String) -> String {
        let (first, second) = ("PREFIX <prefix>", "FROM <key> [TO <key>]")
        return usage.replacing("\(first)|\(second)", with: random.below(2) == 0 ? first : second)
    }

    /// Adds names and arguments as a usage has them: `SCAN <cursor> [MATCH <pattern>] …`.
    private mutating func add(_ row: CommandSpec, _ usage: String) {
        var isLeftOut = false
        var repeated = 0
        for word in usage.split(separator: " ") {
            if word.hasPrefix("[") { isLeftOut = random.below(3) == 0 }
            let plain = word.filter { $0 != "[" && $0 != "]" && $0 != "…" }
            if !isLeftOut, !plain.isEmpty {
                let choices = plain.split(separator: "|")
                append(argument(String(choices[random.below(choices.count)])))
                if plain.hasPrefix("<") { repeated += 1 }
            }
            // Of many arguments there are many, as far as a request of some size allows.
            if word.contains("…"), !isLeftOut { addMore(of: usage, last: max(repeated, 1)) }
            if word.hasSuffix("]") { isLeftOut = false }
        }
    }

    private mutating func addMore(of usage: String, last: Int) {
        let names = usage.split(separator: " ").filter { $0.hasPrefix("<") }.suffix(last)
        for _ in 0..<[0, 3, 40, 2000][random.below(4)] where left > 0 {
            for name in names { append(argument(String(name.filter { $0 != "]" && $0 != "…" }))) }
        }
    }

    /// Adds what no command expects.
    private mutating func addJunk() {
        for _ in 0..<[1, 5, 3000][random.below(3)] { append(argument("<junk>")) }
    }

    private mutating func append(_ word: [UInt8]) {
        words.append(word)
        // Names, quotes and commas, too.
        left -= word.count + 32
    }

    private mutating func argument(_ name: String) -> [UInt8] {
        switch name {
        case "<key>": key()
        case "<value>", "<text>", "<greeting>": value()
        case "<request>": Array(["GET", "SET", "MGET", "KEYS"][random.below(4)].utf8)
        case "<pattern>": Array(["*", "*[a-z]*", "long*long*long*9", "none", "maxmemory"][random.below(5)].utf8)
        case "<prefix>": Array(["", "large:", "long", "key:1", "none"][random.below(5)].utf8)
        case "<cursor>", "<token>": Array("0".utf8)
        case "<milliseconds>": Array("\(1 + random.below(500))".utf8)
        case "<seq>": Array((random.below(2) == 0 ? "1" : "99999999").utf8)
        case "<count>", "<followers>": Array("\(random.below(10_000))".utf8)
        case "<host:port>": Array("127.0.0.1:1".utf8)
        case "<junk>": random.below(2) == 0 ? key() : Array("\(random.next())".utf8)
        default: Array((name.hasPrefix("<") ? "1" : name).utf8)
        }
    }

    private mutating func key() -> [UInt8] {
        if !isChange, random.below(4) > 0 { return Array("large:\(random.below(Self.largeKeyCount))".utf8) }
        return Array("key:\(random.below(Self.keyCount))".utf8)
    }

    /// A text, bytes that are none, or one of which each byte takes six in the log.
    private mutating func value() -> [UInt8] {
        let (byte, sizeInLog) = [(UInt8(1), 6), (0xff, 2), (UInt8(ascii: "w"), 1)][random.below(3)]
        let size = min(Self.valueSizes[random.below(Self.valueSizes.count)], max(left, 0) / sizeInLog)
        left -= size * (sizeInLog - 1)
        return [UInt8](repeating: byte, count: size)
    }
}
