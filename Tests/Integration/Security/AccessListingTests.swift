import Commands
import Foundation
import TestSupport
import Testing

/// What listings and feeds show: exactly the keys that the rules allow to be read, in both dialects, directly and inside EXEC.
@Suite("Rights in listings and feeds", .serialized)
struct AccessListingTests {
    private typealias User = AccessMatrix.User

    /// Patterns of KEYS, and which keys match them.
    private static let patterns: [(text: String, matches: @Sendable ([UInt8]) -> Bool)] = [
        ("*", { _ in true }), ("own*", { $0.starts(with: "own".utf8) }), ("own:*", { $0.starts(with: "own:".utf8) }),
        ("own:in:*", { $0.starts(with: "own:in:".utf8) }), ("foreign:*", { $0.starts(with: "foreign:".utf8) }),
        ("*1", { $0.last == UInt8(ascii: "1") }), ("e*", { $0.starts(with: "e".utf8) }),
        ("exact", { $0 == Array("exact".utf8) }), ("own:1", { $0 == Array("own:1".utf8) }),
        ("nothing*", { $0.starts(with: "nothing".utf8) }),
    ]

    /// Prefixes of RANGE, SCAN and CHANGES.
    private static let prefixes: [[UInt8]] =
        ["", "o", "own", "own:", "own:1", "own:in:", "own:in:x", "foreign:", "exact", "nothing"].map { Array($0.utf8) }
        + [[0xff]]

    private func withUser(_ user: AccessMatrix.User, _ body: (SecuredServer, WireConnection) throws -> Void) throws {
        try withTemporaryFolder { folder in
            let secured = try SecuredServer(
                in: folder, "puffin.json",
                ["--durability", "never", "--storage-index", "ordered", "--slow-log-threshold", "0"])
            let administrator = try secured.connect()
            for words in user.making { try administrator.expect(resp(words), "+OK\r\n") }
            try body(secured, administrator)
            #expect(secured.server.stop() == 0)
        }
    }

    /// An array of bulk strings.
    private func array(_ words: [[UInt8]]) -> [UInt8] {
        words.reduce(into: Array("*\(words.count)\r\n".utf8)) { bytes, word in
            bytes += Array("$\(word.count)\r\n".utf8) + word + Array("\r\n".utf8)
        }
    }

    private func words(_ text: String, _ more: [[UInt8]] = []) -> [[UInt8]] {
        text.split(separator: " ").map { Array($0.utf8) } + more
    }

    /// Sets every key of the matrix, in one request and one by one.
    private func fill(_ administrator: WireConnection) throws {
        let value = Array("v".utf8)
        try administrator.send(array(words("MSET", AccessMatrix.keys.flatMap { [$0, value] })))
        #expect(try administrator.receiveLine() == "+OK\r")
        for key in AccessMatrix.keys {
            try administrator.send(array(words("SET", [key, value])))
            #expect(try administrator.receiveLine() == "+OK\r")
        }
    }

    /// The keys of a list of RESP.
    private func keys(_ reply: WireReply) -> [[UInt8]]? {
        guard case .array(let elements) = reply else { return nil }
        return elements.compactMap { if case .bulk(let bytes) = $0 { bytes } else { nil } }
    }

    private func sorted(_ keys: [[UInt8]]) -> [[UInt8]] { keys.sorted { $0.lexicographicallyPrecedes($1) } }

    // MARK: Listings

    @Test("KEYS, SCAN, RANGE and SLOWLOG show what may be read", arguments: AccessMatrix.users)
    func listings(user: AccessMatrix.User) throws {
        try withUser(user) { secured, administrator in
            try fill(administrator)
            var client = try AccessClient(secured.server, user, .resp)
            var lines = try AccessClient(secured.server, user, .line)
            let shown = try slowLog(user, &client) + keysAndScan(user, &client) + range(user, &client)
            let inLines = try keysInLines(user, &lines)
            print("listings for \(user.name): \(shown) replies, \(inLines) of them in lines")
        }
    }

    /// Compares a listing, directly and inside EXEC.
    private func compare(
        _ command: Command, _ request: [[UInt8]], _ user: User, _ client: inout AccessClient,
        matches: ([UInt8]) -> Bool
    ) throws -> Int {
        let oracle = user.oracle
        try client.connection.send(array(request))
        let reply = try client.reply()
        guard oracle.may(command.spec, keys: []) else {
            #expect(client.isRefusal(reply), "\(request)")
            return 1
        }
        let expected = sorted(AccessMatrix.keys.filter { matches($0) && oracle.shows(command.spec, $0) })
        #expect(keys(reply).map(sorted) == expected, "\(request)")
        guard oracle.may(Command.multi.spec, keys: []) else { return 1 }
        try client.connection.send(Array(resp("MULTI").utf8) + array(request) + Array(resp("EXEC").utf8))
        _ = (try client.reply(), try client.reply())
        guard case .array(let replies) = try client.reply() else {
            Issue.record("EXEC of \(request)")
            return 1
        }
        #expect(keys(replies[0]).map(sorted) == expected, "EXEC, \(request)")
        return 2
    }

    private func keysAndScan(_ user: User, _ client: inout AccessClient) throws -> Int {
        var count = 0
        for (pattern, matches) in Self.patterns {
            count += try compare(.keys, words("KEYS \(pattern)"), user, &client, matches: matches)
            count += try scan(words("MATCH \(pattern)"), user, &client, matches: matches)
        }
        for prefix in Self.prefixes {
            count += try scan(words("PREFIX", [prefix]), user, &client) { $0.starts(with: prefix) }
        }
        return count
    }

    /// A whole scan, in small steps.
    private func scan(
        _ option: [[UInt8]], _ user: User, _ client: inout AccessClient, matches: ([UInt8]) -> Bool
    ) throws -> Int {
        var (cursor, found, count) = (Array("0".utf8), [[UInt8]](), 0)
        repeat {
            try client.connection.send(array(words("SCAN", [cursor] + option + words("COUNT 3"))))
            let reply = try client.reply()
            count += 1
            guard user.oracle.may(Command.scan.spec, keys: []) else {
                #expect(client.isRefusal(reply))
                return count
            }
            guard case .array(let parts) = reply, parts.count == 2, case .bulk(let next) = parts[0] else {
                Issue.record("SCAN: \(reply)")
                return count
            }
            cursor = next
            found += keys(parts[1]) ?? []
        } while cursor != Array("0".utf8)
        let expected = AccessMatrix.keys.filter { matches($0) && user.oracle.shows(Command.scan.spec, $0) }
        #expect(sorted(Array(Set(found))) == sorted(expected), "SCAN \(option)")
        return count
    }

    private func range(_ user: User, _ client: inout AccessClient) throws -> Int {
        var count = 0
        for prefix in Self.prefixes {
            count += try compare(.range, words("RANGE PREFIX", [prefix]), user, &client) { $0.starts(with: prefix) }
            count += try compare(.range, words("RANGE PREFIX", [prefix] + words("REVERSE")), user, &client) {
                $0.starts(with: prefix)
            }
            count += try compare(.range, words("RANGE FROM", [prefix]), user, &client) {
                !$0.lexicographicallyPrecedes(prefix)
            }
        }
        return count
    }

    /// SLOWLOG notes every request here. It shows their keys to whom any rule allows to read them.
    private func slowLog(_ user: User, _ client: inout AccessClient) throws -> Int {
        try client.connection.send(resp("SLOWLOG", "GET", "-1"))
        let reply = try client.reply()
        guard user.oracle.may(Command.slowlogGet.spec, keys: []) else {
            #expect(client.isRefusal(reply))
            return 1
        }
        guard case .array(let entries) = reply else {
            Issue.record("SLOWLOG: \(reply)")
            return 1
        }
        var seen: Set<[UInt8]> = []
        for case .array(let fields) in entries {
            guard let texts = keys(fields[3]), texts.count == 3 else { continue }
            seen.insert(texts[1])
        }
        for key in AccessMatrix.keys where !key.isEmpty {
            #expect(seen.contains(key) == user.oracle.mayRead(key), "SLOWLOG GET: \(key)")
        }
        return 1
    }

    private func keysInLines(_ user: User, _ client: inout AccessClient) throws -> Int {
        var count = 0
        for (command, form) in [(Command.keys, "KEYS "), (.scan, "SCAN 0 COUNT 1000 MATCH ")] {
            for (pattern, matches) in Self.patterns {
                let lines = try client.lines(Array("\(form)\(pattern)\n".utf8))
                count += 1
                guard user.oracle.may(command.spec, keys: []) else {
                    #expect(client.isRefusal(lines[0]))
                    continue
                }
                let shown = lines.dropFirst(command == .scan ? 1 : 0).dropLast()
                let expected = AccessMatrix.keys.filter { matches($0) && user.oracle.shows(command.spec, $0) }
                // Keys that are no words of a line are shown in another form; they count.
                #expect(shown.count == expected.count, "\(form)\(pattern): \(lines)")
                let texts = expected.filter { $0.allSatisfy { $0 > 32 && $0 < 127 } && !$0.isEmpty }
                for text in texts { #expect(shown.contains(String(decoding: text, as: UTF8.self)), "\(lines)") }
            }
        }
        return count
    }

    // MARK: Feeds

    /// The keys of a feed's message, in their order.
    private func keys(ofLine line: String) throws -> [[UInt8]] {
        let data = Data(line.utf8)
        let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any], "\(line)")
        let changes = object["changes"] as? [[String: Any]] ?? [object]
        return changes.compactMap { change in
            if let text = change["key"] as? String { return Array(text.utf8) }
            return (change["key64"] as? String).flatMap { Data(base64Encoded: $0) }.map { Array($0) }
        }
    }

    private func quoted(_ prefix: [UInt8]) -> [UInt8] {
        prefix == [] ? Array("\"\"".utf8) : prefix
    }

    @Test(
        "CHANGES shows every change of the keys with a prefix, if all of those may be read",
        arguments: AccessMatrix.users)
    func feeds(user: AccessMatrix.User) throws {
        try withUser(user) { secured, administrator in
            try fill(administrator)
            var pages = try AccessClient(secured.server, user, .line)
            var (count, open) = (0, 0)
            for prefix in Self.prefixes {
                let isAllowed =
                    user.oracle.may(Command.changes.spec, keys: [])
                    && user.oracle.showsAll(Command.changes.spec, withPrefix: prefix)
                let own = AccessMatrix.keys.filter { $0.starts(with: prefix) }
                let request = Array("CHANGES ".utf8) + quoted(prefix)
                let lines = try pages.lines(request + Array(" FROM 0 LIMIT 1000\n".utf8))
                let live = try AccessClient(secured.server, user, .line)
                var feed = ChangeLines(live.connection)
                try live.connection.send(request + Array("\n".utf8))
                let first = try feed.line()
                count += 2
                guard isAllowed else {
                    #expect(pages.isRefusal(lines[0]) && live.isRefusal(first), "\(prefix): \(lines[0]) \(first)")
                    continue
                }
                let shown = try lines.dropFirst().dropLast().flatMap { try keys(ofLine: $0) }
                // The keys are set together and one by one: each change is in the log as often as it was filled.
                #expect(Set(shown) == Set(own) && shown.count % max(own.count, 1) == 0, "\(prefix): \(lines)")
                open += 1
                #expect(first.contains("\"from\""), "\(first)")
                try fill(administrator)
                var seen: [[UInt8]] = []
                while seen.count < 2 * own.count {
                    let line = try feed.line()
                    if !line.contains("\"at\"") { seen += try keys(ofLine: line) }
                }
                #expect(seen == own + own, "\(prefix)")
            }
            print("feeds of \(user.name): \(count), of which \(2 * open) were let through")
        }
    }

    /// Why a user may no longer read what a feed shows.
    enum Loss: String, CaseIterable, Sendable {
        case keys = "ACL SETUSER reader resetkeys ~other:*"
        case command = "ACL SETUSER reader -changes"
        case off = "ACL SETUSER reader off"
        case removed = "ACL DELUSER reader"
    }

    @Test(
        "neither a feed nor a CHANGES that waits shows a change that was made after the right to it was lost",
        arguments: Loss.allCases, AccessClient.Dialect.allCases)
    func lostFeed(loss: Loss, dialect: AccessClient.Dialect) throws {
        let user = AccessMatrix.User(name: "reader", sets: ["+@read +@connection ~own:*"])
        try withUser(user) { secured, administrator in
            var feed = try AccessClient(secured.server, user, dialect)
            let page = try AccessClient(secured.server, user, dialect)
            try feed.connection.send(feed.form("CHANGES", "own:"))
            _ = (try feed.next(), try feed.next())
            try page.connection.send(page.form("CHANGES", "own:", "FROM", "0", "LIMIT", "10", "WAIT", "0"))
            try wait("the page") {
                try administrator.send("STATS\n")
                return String(decoding: try administrator.receive(through: "\nEND\n"), as: UTF8.self)
                    .contains("\nfeeds 2\n")
            }
            #expect(try ["OK", "1"].contains(administrator.ask(loss.rawValue)))
            try administrator.expect("SET own:2 secret-value\n", "OK\n")
            for client in [feed, page] {
                try client.connection.send(client.form("QUIT"))
                let rest = try client.connection.receiveAll()
                #expect(!rest.contains("secret-value") && !rest.contains("own:2"), "\(rest)")
                #expect(rest.contains("NOPERM") || rest.contains("may not read all keys"), "\(rest)")
            }
        }
    }
}
