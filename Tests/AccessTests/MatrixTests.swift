import Access
import Bytes
import Commands
import TestSupport
import Testing

/// Compiled rights against a naive evaluator, for every command.
struct MatrixTests {
    static let keys: [[UInt8]] =
        ["own:1", "own:", "own", "own:in:1", "own:in:", "foreign:1", "exact", "exact2", "exac", ""]
        .map { Array($0.utf8) } + [[0xff, 0, 0x80], Array("own:".utf8) + [0xff, 0]]

    /// Users by their sets of rules; the last has not logged in.
    static let users: [[String]] = [
        ["+@all ~* &*"], ["+@connection +@monitor +@operate"], ["+@read ~*"], ["+@read +@write +@transaction ~own:*"],
        ["+@all -@dangerous %R~own:* %W~own:in:* ~exact"],
        [
            "+@read +@scripting -strlen ~foreign:*", "+set +mset +del +copy +rename +scan %W~own:* %R~own:in:*",
            "+@keyspace",
        ], [],
    ]

    static func rights(_ sets: [String]) throws -> AccessRights {
        if sets.isEmpty { return .nobody }
        let rules = try sets.map { text in
            try Rules(parsing: text)
        }
        return AccessRights(user: UserName("someone"), rules)
    }

    /// Every pair of keys where a row takes several, else every key.
    private static func combinations(_ spec: CommandSpec, _ keys: [[UInt8]]) -> [[[UInt8]]] {
        guard CatalogRequests.takesSeveral(spec) else { return keys.map { [$0] } }
        return keys.flatMap { one in keys.map { [one, $0] } }
    }

    /// Compares one row; returns the number of requests.
    private func compare(_ spec: CommandSpec, _ sets: [String], _ rights: AccessRights, _ keys: [[UInt8]]) -> Int {
        let oracle = AccessOracle(sets: sets).narrowed(to: spec)
        var count = 0
        for keys in MatrixTests.combinations(spec, keys) {
            for option in spec.keys.options > 0 ? [nil, "GET", "IFEQ"] : [nil] {
                if option == "GET" && spec.command == .delex || option == "IFEQ" && spec.command == .set { continue }
                let words = CatalogRequests.request(spec, keys: keys, option: option)
                let verdict = CatalogRequests.lend(words) { rights.verdict(spec.command.index, $0) }
                let isExpected = oracle.may(spec, keys: keys, option: option)
                if (verdict == .allowed) != isExpected {
                    Issue.record("\(sets): \(words.map { String(decoding: $0, as: UTF8.self) }): \(verdict)")
                }
                // What is free is free with these arguments too.
                if rights.free.contains(spec.command.index), Catalog.subcommands(of: spec.command).isEmpty {
                    #expect(isExpected)
                }
                // By its command's row, a subcommand gets the same answer.
                if let parent = spec.parent {
                    let same = CatalogRequests.lend(words) { rights.verdict(parent.index, $0) } == verdict
                    let reaches = verdict != .allowed || rights.allowed.contains(parent.index)
                    if !same || !reaches { Issue.record("\(sets): \(spec.fullName), by its command's row") }
                }
                count += 1
            }
        }
        return count
    }

    @Test("every command, for seven users, with each kind of key", arguments: users)
    func matrix(sets: [String]) throws {
        let rights = try MatrixTests.rights(sets)
        var count = 0
        for spec in Catalog.rows where Catalog.subcommands(of: spec.command).isEmpty {
            count += compare(spec, sets, rights, MatrixTests.keys)
        }
        #expect(count > 3000)
    }

    @Test("listings show the keys that the same rules allow to be read", arguments: users)
    func listings(sets: [String]) throws {
        let rights = try MatrixTests.rights(sets)
        let oracle = AccessOracle(sets: sets)
        let listing = Catalog.rows.filter { $0.reach == .listed }
        #expect(listing.map(\.fullName) == ["KEYS", "SCAN", "RANGE", "CHANGES"])
        for spec in listing {
            let filter = rights.filter(for: spec.command)
            for key in MatrixTests.keys {
                #expect(filter.passes(key.span) == oracle.shows(spec, key))
                // A pattern or prefix that meets the key may be searched for, if the key is shown.
                for size in 0...key.count where filter.passes(key.span) {
                    let prefix = Array(key[..<size])
                    #expect(filter.mayMeet(GlobPattern(prefix: prefix.span)) && filter.mayMeet(prefix: prefix))
                }
                if filter.passes(key.span) {
                    #expect(filter.ranges.contains { $0.isPrefix ? key.starts(with: $0.key) : key == $0.key })
                }
            }
            if filter.passesAll { #expect(filter.ranges.count == 1 && filter.ranges[0].key.isEmpty) }
        }
    }

    @Test("random rules and keys", arguments: SeededRandom.seeds(10))
    func random(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        func key() -> [UInt8] { random.bytes(random.below(5), from: Array("ab".utf8)) }
        let names = Catalog.rows.map(\.redisName) + Categories.allNames.map { "@" + $0 } + ["@all"]
        for _ in 0..<4 {
            let sets = (0..<1 + random.below(3)).map { _ in
                var words = (0..<1 + random.below(6)).map { _ in
                    (random.below(3) > 0 ? "+" : "-") + names[random.below(names.count)]
                }
                if random.below(2) == 0 { words.insert("+@all", at: 0) }
                for _ in 0..<random.below(6) {
                    let text = String(decoding: key(), as: UTF8.self) + (random.below(2) == 0 ? "*" : "")
                    // Behind ~* another pattern is an error.
                    if text != "*" || random.below(4) == 0 {
                        words.append(["~", "%R~", "%W~", "%RW~"][random.below(4)] + text)
                    }
                }
                let stars = words.filter { $0 == "~*" || $0 == "%RW~*" }
                if let star = stars.first { words = words.filter { !$0.contains("~") } + [star] }
                return words.joined(separator: " ")
            }
            let rights = try MatrixTests.rights(sets)
            let keys = (0..<6).map { _ in key() }
            for spec in Catalog.rows where Catalog.subcommands(of: spec.command).isEmpty {
                _ = compare(spec, sets, rights, keys)
            }
        }
    }

    @Test("sums of rights are not made: each set of rules is judged as a whole")
    func noSums() throws {
        let rights = try MatrixTests.rights(["+@read ~config:*", "+@write ~orders:*"])
        let config = Array("config:1".utf8)
        let orders = Array("orders:1".utf8)
        func verdict(_ command: Command, _ keys: [[UInt8]]) -> AccessVerdict {
            CatalogRequests.lend(CatalogRequests.request(command.spec, keys: keys)) {
                rights.verdict(command.index, $0)
            }
        }
        #expect(verdict(.get, [config]) == .allowed && verdict(.set, [orders]) == .allowed)
        #expect(
            verdict(.set, [config]) == .key(.set, position: 1) && verdict(.get, [orders]) == .key(.get, position: 1))
        #expect(verdict(.copy, [config, orders]) == .key(.copy, position: 1))
        #expect(verdict(.mset, [orders, config]) == .key(.mset, position: 3))
        #expect(rights.may(.both, config.span) && rights.may(.read, orders.span))
        #expect(!rights.mayReadAll && rights.readableKeys.ranges.count == 2)
    }
}
