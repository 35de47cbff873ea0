import Access
import Bytes
import Commands
import Foundation
import TestSupport
import Testing

/// A redis-server of this test, asked through redis-cli. It keeps nothing, and is killed by its id.
private final class Redis {
    private let process: ChildProcess
    private let port = lastingPort()
    private let folder: String

    init(in folder: String) throws {
        self.folder = folder
        process = try ChildProcess(
            ["redis-server", "--port", "\(port)", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"], in: folder
        )
        try #require(process.waitForOutput(containing: "Ready to accept connections"), "\(process.output)")
    }

    /// Sends requests.
    /// - Returns: the lines of their replies, without empty ones.
    func ask(_ requests: [String]) throws -> [String] {
        let file = folder + "/requests"
        try (requests.joined(separator: "\n") + "\n").write(toFile: file, atomically: false, encoding: .utf8)
        let (code, output) = try ChildProcess.run(["redis-cli", "-p", "\(port)"], input: file)
        #expect(code == 0)
        return output.split(whereSeparator: \.isNewline).map(String.init)
    }

    /// An argument as redis-cli reads it.
    static func quoted(_ bytes: [UInt8]) -> String {
        "\"" + bytes.map { "\\x" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() + "\""
    }
}

/// The differences from Redis 7.0 that are meant.
private enum KnownDifferences {
    /// Scripts change pairs by themselves here; Redis checks the commands of a script one by one.
    static let categories: [String: Set<String>] = ["eval": ["@write"], "evalsha": ["@write"]]

    /// Redis does not ask for a key's right to be read where only its existence, size or type is shown.
    static let showsLessThanValues: Set<Command> = [
        .exists, .type, .strlen, .touch, .objectEncoding, .objectRefcount, .memoryUsage, .watch,
    ]

    /// Whether Redis may allow what is refused here.
    static func isStricter(_ spec: CommandSpec) -> Bool {
        spec.reach != .named || showsLessThanValues.contains(spec.command)
    }

    /// Whether Redis may refuse what is allowed here: scripts, which are in another category, and keys for which one
    /// rule allows reading and another one writing. In Redis a single pattern must allow both.
    static func isLooser(_ spec: CommandSpec, _ rules: Rules) -> Bool {
        if categories[spec.redisName] != nil { return true }
        return spec.keys.widestAccess == .both && rules.keys.contains { $0.access == .read }
            && rules.keys.contains { $0.access == .write }
    }
}

@Suite(.enabled(if: PeerProgram.areThere("redis-server", "redis-cli")))
struct RedisDifferenceTests {
    @Test("each command that Redis has is in Redis' categories")
    func categories() throws {
        try withTemporaryFolder { folder in
            let redis = try Redis(in: folder)
            let names = try redis.ask(["ACL CAT"])
            #expect(Categories.allNames.prefix(names.count) == names[...])
            var categories: [String: Set<String>] = [:]
            for name in names {
                for command in try redis.ask(["ACL CAT \(name)"]) {
                    categories[command, default: []].insert("@" + name)
                }
            }
            var count = 0
            for spec in Catalog.rows {
                guard let expected = categories[spec.redisName] else { continue }
                count += 1
                let more = KnownDifferences.categories[spec.redisName] ?? []
                #expect(Set(spec.categories.ofRedis.names) == expected.union(more), "\(spec.redisName)")
            }
            #expect(count > 100)
        }
    }

    /// Compares the verdicts of both servers on every command that both have.
    /// - Returns: how many requests were compared.
    private func compare(_ sets: [String], _ keys: [[UInt8]], _ names: Set<String>, _ redis: Redis) throws -> Int {
        var (requests, expected): ([String], [(Rules, CommandSpec, Bool)]) = ([], [])
        for (index, text) in sets.enumerated() {
            let rules = try Rules(parsing: text)
            let rights = AccessRights(user: .default, [rules])
            requests.append(
                "ACL SETUSER u\(index) reset on "
                    + text.split(separator: " ").map { "\"\($0)\"" }.joined(separator: " "))
            expected.append((rules, Command.ping.spec, true))
            for spec in Catalog.rows
            where names.contains(spec.redisName) && Catalog.subcommands(of: spec.command).isEmpty {
                let several = CatalogRequests.takesSeveral(spec)
                for key in spec.keys == .none ? [[]] : keys {
                    for option in spec.command == .set ? [nil, "GET"] : [nil] {
                        let words = CatalogRequests.request(
                            spec, keys: several ? [key, keys[0]] : [key], option: option)
                        let verdict = CatalogRequests.lend(words) { rights.verdict(spec.command.index, $0) }
                        requests.append("ACL DRYRUN u\(index) " + words.map(Redis.quoted).joined(separator: " "))
                        expected.append((rules, spec, verdict == .allowed))
                    }
                }
            }
        }
        let replies = try redis.ask(requests)
        try #require(replies.count == expected.count)
        for (index, (reply, (rules, spec, isAllowed))) in zip(replies, expected).enumerated() {
            let redisAllows = reply == "OK"
            try #require(redisAllows || reply.hasPrefix("This user has no permissions"), "\(requests[index]): \(reply)")
            let isKnown =
                redisAllows ? KnownDifferences.isStricter(spec) : KnownDifferences.isLooser(spec, rules)
            if redisAllows != isAllowed, !isKnown {
                Issue.record("\(rules.text): \(requests[index]): \(reply), here \(isAllowed)")
            }
        }
        return replies.count
    }

    @Test("users with the same words of ACL SETUSER may run the same requests")
    func verdicts() throws {
        try withTemporaryFolder { folder in
            let redis = try Redis(in: folder)
            let names = Set(
                try redis.ask(["COMMAND LIST"])
                    + (try redis.ask(Categories.allNames.prefix(21).map { "ACL CAT \($0)" })))
            let sets = [
                "+@all ~* &*", "+@connection -@admin", "+@read ~*", "+@read +@write +@transaction ~own:*",
                "+@all -@dangerous %R~own:* %W~own:in:* ~exact",
                "+set +mset +del +copy +rename +scan %W~own:* %R~own:in:*",
                "+@keyspace ~foreign:* %R~exact", "+@all -config|set -client|kill +@scripting ~",
                "allcommands -@all +get allkeys",
            ]
            #expect(try compare(sets, MatrixTests.keys, names, redis) > 5000)
        }
    }

    @Test("random rules", arguments: SeededRandom.seeds(2))
    func random(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        try withTemporaryFolder { folder in
            let redis = try Redis(in: folder)
            let names = Set(
                try redis.ask(["COMMAND LIST"])
                    + (try redis.ask(Categories.allNames.prefix(21).map { "ACL CAT \($0)" })))
            let known = names.filter { name in !name.hasPrefix("eval") && Catalog.rows.contains { $0.redisName == name }
            }.sorted()
            func key() -> [UInt8] { random.bytes(random.below(4), from: Array("ab".utf8)) }
            let sets = (0..<12).map { _ in
                var words = [random.below(2) == 0 ? "+@all" : "-@all"]
                for _ in 0..<random.below(8) {
                    // Scripts are in another category here.
                    let names =
                        known
                        + Categories.allNames.prefix(21).filter { !["write", "scripting"].contains($0) }.map {
                            "@" + $0
                        }
                    words.append((random.below(2) == 0 ? "+" : "-") + names[random.below(names.count)])
                }
                for _ in 0..<random.below(5) {
                    let text = String(decoding: key(), as: UTF8.self) + ["*", ""][random.below(2)]
                    if text != "*" { words.append(["~", "%R~", "%W~"][random.below(3)] + text) }
                }
                return words.joined(separator: " ")
            }
            #expect(try compare(sets, (0..<4).map { _ in key() }, names, redis) > 2000)
        }
    }

    @Test(
        "the errors of ACL SETUSER are Redis'",
        arguments: ["+frob", "-@frob", "+config|frob", "+config|get|x", "#12", "!12", "-get|x"])
    func errors(word: String) throws {
        try withTemporaryFolder { folder in
            let reply = try Redis(in: folder).ask(["ACL SETUSER u \"\(word)\""])
            let error = #expect(throws: RuleError.self) { try UserChangeTests.apply(word) }
            // A hash is not shown.
            let shown = error.map {
                word.hasPrefix("#") || word.hasPrefix("!") ? $0.text.replacing($0.word, with: word) : $0.text
            }
            #expect(reply == ["ERR " + (shown ?? "")])
        }
    }
}
