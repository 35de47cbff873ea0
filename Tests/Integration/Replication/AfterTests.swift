import Foundation
import TestSupport
import Testing

/// Reading your own writes from a follower.
@Suite("AFTER and SEQ", .serialized)
struct AfterTests {
    @Test("what a connection has changed is there for AFTER with its SEQ, on any follower, in either dialect")
    func ownWrites() throws {
        try withReplicas(2) { (leader, followers) throws in
            let writer = try leader.process.connect()
            let readers = try followers.map { try $0.process.connect() }
            for round in 0..<50 {
                try writer.send("SET key \(round)\nSEQ\n")
                try writer.expect("", "OK\n")
                let seq = try writer.receiveLine()
                try readers[0].expect("AFTER \(seq) GET key\n", "\(round)\n")
                try readers[1].expect(
                    resp("AFTER", seq, "GET", "key"), "$\("\(round)".utf8.count)\r\n\(round)\r\n")
            }
            try writer.expect(resp("SEQ"), ":50\r\n")
        }
    }

    @Test("a missing change is waited for, and later requests with it; then the error says what to do")
    func waits() throws {
        try withReplicas(1) { (leader, followers) throws in
            let follower = followers[0]
            let reader = try follower.process.connect()
            #expect(try leader.ask("SET a 1") == ["OK"])
            try follower.catchUp(with: leader)
            try reader.send("AFTER 2 GET a\nPING\n")
            #expect(try leader.ask("SET a 2") == ["OK"])
            try reader.expect("", "2\nPONG\n")
            let error =
                "Not there yet: this server has changes up to 2, asked for 99; ask again, or read from the leader, \(leader.address)"
            try reader.expect("AFTER 99 GET a\nPING\n", "ERROR: \(error)\nPONG\n")
            try reader.expect(resp("AFTER", "99", "GET", "a") + "GET a\n", "-BEHIND \(error)\r\n2\n")
        }
    }

    @Test("on a leader it is at once, but for numbers that no change has")
    func leader() throws {
        try withReplicas(0) { (leader, _) throws in
            #expect(
                try leader.ask("SET a 1", "AFTER 1 GET a", "AFTER 0 GET a", "AFTER 2 GET a") == [
                    "OK", "1", "1",
                    "ERROR: Not there yet: this server has changes up to 1, asked for 2; no change with this number was committed here",
                ])
        }
    }

    @Test("it can precede every request for data")
    func requests() throws {
        try withReplicas(0) { (leader, _) throws in
            let client = try leader.process.connect()
            try client.expect(
                "AFTER 0 SET a Hello, world!\nAFTER 1 GET a\nafter 1 mget a b\nAFTER 1 KEYS *\nAFTER 1 KEYS\nAFTER 1 SCAN 0\n"
                    + "AFTER 1 COUNT\nAFTER 1 SEQ\n",
                "OK\nHello, world!\nHello, world!\nERROR: Key not found\nEND\na\nEND\na\nEND\n0\na\nEND\n1\n1\n")
            try client.expect(
                resp("AFTER", "1", "SET", "b", "two words") + resp("AFTER", "2", "MGET", "a", "b")
                    + resp("AFTER", "2", "KEYS", "b") + resp("AFTER", "2", "DEL", "a", "b") + resp("PING"),
                "+OK\r\n*2\r\n$13\r\nHello, world!\r\n$9\r\ntwo words\r\n*1\r\n$1\r\nb\r\n:2\r\n+PONG\r\n")
        }
    }

    @Test("an invalid request after it is an error, and the connection continues")
    func refused() throws {
        let needs = "AFTER needs a request that reads or changes data: AFTER 42 GET greeting"
        let arity = "AFTER needs the number of a change, and a request: AFTER <seq> <request>"
        try withReplicas(0) { (leader, _) throws in
            let client = try leader.process.connect()
            for (line, error) in [
                ("AFTER", arity), ("AFTER 1", arity), ("AFTER x GET a", "value is not an integer or out of range"),
                ("AFTER -1 GET a", "value is not an integer or out of range"),
                ("AFTER 99999999999999999999 GET a", "value is not an integer or out of range"),
                ("AFTER 0 AFTER 0 GET a", needs), ("AFTER 0 WAIT 0 0", needs), ("AFTER 0 QUIT", needs),
                ("AFTER 0 ", needs),
                ("AFTER 0 REPLICATE {}", needs), ("AFTER 0 \"GET a\\nGET b\"", needs), ("AFTER 0 *1", needs),
                ("AFTER 0 FROB", "Unknown command \"FROB\" (try HELP)"),
                ("AFTER 0 GET", "GET needs a key: GET <key>"),
            ] { try client.expect(line + "\n", "ERROR: \(error)\n") }
            try client.expect(
                resp("AFTER", "0") + resp("AFTER", "0", "AFTER", "0", "GET", "a") + resp("AFTER", "0", "GET")
                    + resp("AFTER", "0", "") + resp("PING"),
                "-ERR wrong number of arguments for 'after' command\r\n-ERR \(needs)\r\n"
                    + "-ERR wrong number of arguments for 'get' command\r\n"
                    + "-ERR unknown command '', with args beginning with: \r\n+PONG\r\n")
        }
    }

    @Test("a follower refuses changes behind AFTER as it does without, and STATS and INFO give the same numbers as SEQ")
    func follower() throws {
        try withReplicas(1) { (leader, followers) throws in
            #expect(try leader.ask("SET a 1", "SEQ") == ["OK", "1"])
            #expect(
                try followers[0].ask("AFTER 1 GET a", "SEQ", "AFTER 1 SET a 2") == [
                    "1", "1", "ERROR: Read-only follower; write to \(leader.address)",
                ])
            for server in [leader, followers[0]] {
                #expect(try server.figures()["seq"] == "1")
                let client = try server.process.connect()
                try client.send(resp("INFO", "replication") + resp("ECHO", "the end"))
                let info = String(decoding: try client.receive(through: "the end\r\n"), as: UTF8.self)
                #expect(info.contains("\r\nmaster_repl_offset:1\r\n"))
            }
        }
    }
}
