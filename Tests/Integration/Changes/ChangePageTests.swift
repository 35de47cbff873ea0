import Foundation
import TestSupport
import Testing

/// CHANGES … LIMIT: changes as one reply, for clients that ask again and again.
@Suite("CHANGES with LIMIT", .serialized)
struct ChangePageTests {
    private static let work =
        "SET user:1 a\nSET x 2\nSET user:2 \"two words\"\nDELETE user:1\nMSET user:3 3 y 4 user:4 \"\\u0000\"\nMSET y 5 z 6\nFLUSHALL\n"

    @Test("shows the changes of keys with a prefix, in order, a multi reduced to them, and clear")
    func lines() throws {
        try withTemporaryFolder { folder in
            let data = folder + "/puffin.json"
            let server = try ServerProcess(data: data)
            try server.connect().expect(Self.work, String(repeating: "OK\n", count: 7))
            var client = ChangeLines(try server.connect())
            let page = try client.page("CHANGES user: FROM 0 LIMIT 100")
            #expect(
                page.changes.map(\.text) == [
                    "set user:1=a", "set user:2=two words", "delete user:1", "set user:3=3, set user:4=\0", "clear",
                ])
            #expect(page.changes.map(\.seq) == [1, 3, 4, 5, 7] && page.changes[3].op == "multi")
            // A token has the checksum that the log has.
            let log = try LogFile(data: data).segments().map { String(decoding: try LogFile.read($0), as: UTF8.self) }
                .joined()
            for change in page.changes {
                let line = try #require(log.split(separator: "\n").first { $0.hasPrefix("{\"seq\":\(change.seq),") })
                #expect(line.hasSuffix("\"crc\":\"\(change.token.split(separator: "-")[1])\"}"))
            }
            #expect(page.next == page.changes.last?.token)
            #expect(try client.page("CHANGES \"\" FROM 0 LIMIT 100").changes.count == 7)
            #expect(try client.page("changes none: from 0 limit 100").changes.map(\.text) == ["clear"])
            let rest = try client.page("CHANGES user: FROM 5 LIMIT 100")
            #expect(rest.changes.map(\.text) == ["clear"])
            let now = try client.page("CHANGES user: LIMIT 100")
            #expect(now.changes.isEmpty && now.next == page.next)
            #expect(server.stop() == 0)
        }
    }

    @Test("has the same in RESP, as nested lists")
    func resp2() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json")
            try server.connect().expect(Self.work, String(repeating: "OK\n", count: 7))
            var lines = ChangeLines(try server.connect())
            let page = try lines.page("CHANGES user: FROM 0 LIMIT 100")
            for hello in ["2", "3"] {
                let client = try server.connect()
                try client.send(resp("HELLO", hello))
                _ = try client.receive(through: "modules\r\n*0\r\n")
                try client.send(resp("CHANGES", "user:", "FROM", "0", "LIMIT", "100") + resp("PING"))
                var replies = ReplyStream(client)
                guard case .array(let parts)? = try replies.next(), parts.count == 2,
                    case .array(let changes) = parts[1]
                else {
                    Issue.record("no page")
                    return
                }
                #expect(parts[0] == .bulk(Array(page.next.utf8)) && changes.count == page.changes.count)
                for (change, line) in zip(changes, page.changes) {
                    guard case .array(let fields) = change, fields.count == 3, case .integer(let time) = fields[1]
                    else {
                        Issue.record("\(change)")
                        return
                    }
                    #expect(fields[0] == .bulk(Array(line.token.utf8)) && time > 1_700_000_000_000)
                    let parts = line.parts.map { part -> WireReply in
                        let texts = [part.op, part.key, part.value].map { text in
                            text.map { WireReply.bulk(Array($0.utf8)) } ?? .missing
                        }
                        return .array(texts + [.missing])
                    }
                    #expect(fields[2] == .array(parts))
                }
                #expect(try replies.next() == .line("PONG"))
            }
        }
    }

    @Test("followed from token to token, pages have every change once, whatever their size")
    func paging() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(
                data: folder + "/puffin.json", ["--segment-size", "64K", "--durability", "never"])
            let writer = try server.connect()
            let count = 500
            try writer.expect(
                (1...count).map { "SET key:\($0 % 7) \($0).\(String(repeating: "v", count: 300))\n" }.joined(),
                String(repeating: "OK\n", count: count))
            for (limit, prefix) in [(7, ""), (1000, ""), (1, "key:3"), (10_000, "key:")] {
                var client = ChangeLines(try server.connect())
                var (token, seqs, rounds) = ("0", [Int](), 0)
                while true {
                    let page = try client.page("CHANGES \"\(prefix)\" FROM \(token) LIMIT \(limit)")
                    #expect(page.changes.count <= limit)
                    token = page.next
                    rounds += 1
                    if page.changes.isEmpty { break }
                    seqs += page.changes.map(\.seq)
                }
                #expect(seqs == (1...count).filter { prefix != "key:3" || $0 % 7 == 3 })
                #expect(token.hasPrefix("\(count)-"))
                if limit == 7 { #expect(rounds == (count + 6) / 7 + 1) }
            }
            // A page has a mebibyte at most, and one change that is larger.
            try writer.send("SET large " + String(repeating: "w", count: 3 << 20) + "\nSET small 1\n")
            #expect(try writer.receive(exactly: 6) == Array("OK\nOK\n".utf8))
            var client = ChangeLines(try server.connect())
            #expect(try client.page("CHANGES \"\" FROM \(count) LIMIT 100").changes.map(\.seq) == [count + 1])
            #expect(try client.page("CHANGES \"\" FROM \(count + 1) LIMIT 100").changes.map(\.seq) == [count + 2])
        }
    }

    @Test("WAIT waits for the first change of the prefix, holds up later requests, and ends with the newest token")
    func waits() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json")
            let writer = try server.connect()
            try writer.expect("SET a 1\n", "OK\n")
            var client = ChangeLines(try server.connect())
            try client.send("CHANGES user: LIMIT 10 WAIT 20000\nPING\n")
            try wait("a feed") { try writer.ask("COUNT") == "1" && feeds(server) == 1 }
            try writer.expect("SET b 1\nSET user:1 x\n", "OK\nOK\n")
            let page = try client.page()
            #expect(page.changes.map(\.text) == ["set user:1=x"] && page.next == page.changes[0].token)
            #expect(try client.line() == "PONG")
            // What came meanwhile is there at once.
            try writer.expect("SET user:2 y\nSET c 1\n", "OK\nOK\n")
            let next = try client.page("CHANGES user: FROM \(page.next) LIMIT 10 WAIT 20000")
            #expect(next.changes.map(\.text) == ["set user:2=y"])
            // The token goes on where nothing comes.
            let late = try client.page("CHANGES user: FROM \(next.next) LIMIT 10 WAIT 50")
            #expect(late.changes.isEmpty && late.next.hasPrefix("5-"))
            try wait("no feeds") { try feeds(server) == 0 }
            // A client that is gone leaves nothing.
            let gone = try server.connect()
            try gone.send("CHANGES user: LIMIT 10 WAIT 0\n")
            try wait("a feed") { try feeds(server) == 1 }
            gone.shutDown()
            try wait("no feeds") { try feeds(server) == 0 }
            // Many wait for the same one.
            var many = try (0..<50).map { _ in ChangeLines(try server.connect()) }
            for client in many { try client.send("CHANGES user: LIMIT 10 WAIT 20000\n") }
            try wait("50 feeds") { try feeds(server) == 50 }
            try writer.expect("SET user:3 z\n", "OK\n")
            for index in many.indices { #expect(try many[index].page().changes.map(\.text) == ["set user:3=z"]) }
            #expect(server.stop() == 0)
        }
    }

    private func feeds(_ server: ServerProcess) throws -> Int { try figure("feeds", server) }

    @Test("what is wrong is said, in both dialects")
    func errors() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json")
            let client = try server.connect()
            try client.expect("SET a 1\nSET a 2\n", "OK\nOK\n")
            let needs = "CHANGES <prefix> [FROM <token>] [LIMIT <count> [WAIT <milliseconds>]]"
            let misused = "Wrong options: \(needs)"
            let token = "expected the number of a change, or what CHANGES has sent, such as 515400-eece75c1"
            for (request, error) in [
                ("CHANGES", "CHANGES needs a prefix of keys, and options: \(needs)"),
                ("CHANGES a FROM", misused), ("CHANGES a FROM 1 FROM 1", misused),
                ("CHANGES a LIMIT 1 FROM 1", misused), ("CHANGES a LIMIT 1 LIMIT 1", misused),
                ("CHANGES a WAIT 1", misused),
                ("CHANGES a LIMIT 1 WAIT 1 WAIT 1", misused),
                ("CHANGES a NEAR 1", misused),
                ("CHANGES a FROM b", "Invalid token 'b': \(token)"),
                ("CHANGES a FROM 1-0", "Invalid token '1-0': \(token)"),
                ("CHANGES a LIMIT x", "value is not an integer or out of range"),
                ("CHANGES a LIMIT 0", "value is out of range, LIMIT is 1 to 10000"),
                ("CHANGES a LIMIT 10001", "value is out of range, LIMIT is 1 to 10000"),
                ("CHANGES a LIMIT 1 WAIT x", "timeout is not an integer or out of range"),
                ("CHANGES a LIMIT 1 WAIT -1", "timeout is negative"),
                (
                    "CHANGES a FROM 3 LIMIT 1",
                    "Not there yet: this server has changes up to 2, asked for 3; no change with this number was committed here"
                ),
                ("UNCHANGES a", "UNCHANGES needs no arguments: UNCHANGES"),
            ] { #expect(try client.ask(request) == "ERROR: \(error)", "\(request)") }
            try client.expect(resp("CHANGES", "a", "NEAR", "1"), "-ERR syntax error\r\n")
            let own = try ChangeLine(pageLine(server, "CHANGES \"\" FROM 1 LIMIT 1")).token
            let here = "Token 1-00000000 is of another history: here change 1 is "
            let advice = "; read the pairs again, then go on from there"
            let found = try client.ask("CHANGES a FROM 1-00000000 LIMIT 1")
            #expect(found.hasPrefix("ERROR: Diverged: \(here)1-") && found.hasSuffix(advice))
            let far = "Token 9-00000000 is of another history: the newest change here is 2\(advice)"
            #expect(try client.ask("CHANGES a FROM 9-00000000 LIMIT 1") == "ERROR: Diverged: \(far)")
            try client.expect(
                resp("CHANGES", "a", "FROM", "9-00000000"), "-DIVERGED \(far)\r\n")
            try client.expect(
                resp("CHANGES", "a", "FROM", "9"),
                "-BEHIND Not there yet: this server has changes up to 2, asked for 9; no change with this number was committed here\r\n"
            )
            #expect(own.hasPrefix("2-"))
            // The longest prefix, and a longer one.
            let longest = String(repeating: "p", count: 65_536)
            try client.send("CHANGES \(longest) LIMIT 1\n")
            #expect(try client.receiveLine() == "{\"next\":\"\(own)\"}")
            #expect(try client.receiveLine() == "END")
            try client.expect("CHANGES \(longest)p\n", "ERROR: Prefix too long: 65537 bytes, the limit is 65536\n")
            // Not in a transaction.
            try client.expect(
                "MULTI\nCHANGES a LIMIT 1\nEXEC\n",
                "OK\nERROR: Command not allowed inside a transaction\nERROR: Transaction discarded because of previous errors.\n"
            )
            try client.expect("UNCHANGES\nPING\n", "OK\nPONG\n")
            #expect(server.stop() == 0)
        }
    }

    private func pageLine(_ server: ServerProcess, _ request: String) throws -> String {
        var client = ChangeLines(try server.connect())
        try client.send(request + "\n")
        _ = try client.line()
        return try client.line()
    }

    @Test("after a compaction, an older token is COMPACTED, and the oldest one is said")
    func compacted() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(
                data: folder + "/puffin.json", ["--retain-size", "0", "--segment-size", "64K"])
            let client = try server.connect()
            try client.expect("SET a 1\nSET b 2\nSET c 3\nSAVE\n", "OK\nOK\nOK\nOK\n")
            try wait("a compaction") { try figure("oldest_seq", server) == 4 }
            try client.send(resp("CHANGES", "", "FROM", "1", "LIMIT", "1"))
            let error = String(decoding: try client.receive(through: "\r\n"), as: UTF8.self)
            let form =
                /-COMPACTED Changes up to 3 are no longer kept; the oldest token is (3-[0-9a-f]{8}); read the pairs again, then go on from there\r\n/
            let token = String(try #require(try form.wholeMatch(in: error)).1)
            #expect(
                try client.ask("CHANGES \"\" FROM 0 LIMIT 1")
                    == "ERROR: Compacted: Changes up to 3 are no longer kept; the oldest token is \(token); read the pairs again, then go on from there"
            )
            try client.expect("SET d 4\n", "OK\n")
            var lines = ChangeLines(client)
            #expect(try lines.page("CHANGES \"\" FROM \(token) LIMIT 9").changes.map(\.text) == ["set d=4"])
            #expect(server.stop() == 0)
        }
    }
}

/// One figure of STATS.
func figure(_ name: String, _ server: ServerProcess) throws -> Int {
    let client = try server.connect()
    try client.send("STATS\n")
    let lines = String(decoding: try client.receive(through: "\nEND\n"), as: UTF8.self).split(separator: "\n")
    let line = try #require(lines.first { $0.hasPrefix(name + " ") })
    return try #require(Int(line.dropFirst(name.count + 1)))
}
