import Foundation
import TestSupport
import Testing

/// What connections know and do of each other and of themselves.
struct ConnectionCommandTests {
    @Test("CLIENT LIST and INFO tell of each connection in Redis' fields, in RESP as a text and in lines as a list")
    func list() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json")
            let (first, second) = (try server.connect(), try server.connect())
            try first.expect("CLIENT SETNAME one\n", "OK\n")
            try second.send(resp("HELLO", "3"))
            _ = try second.receive(through: "$7\r\nmodules\r\n*0\r\n")
            try first.send("CLIENT LIST\n")
            let lines = String(decoding: try first.receive(through: "END\n"), as: UTF8.self).split(separator: "\n")
            #expect(lines.count == 3)
            let form = try Regex(
                #"id=([12]) addr=127\.0\.0\.1:\d+ laddr=127\.0\.0\.1:(\d+) fd=\d+ name=(\w*) age=\d+ idle=\d+ flags=N db=0 sub=0 "#
                    + #"psub=0 ssub=0 multi=-1 qbuf=(\d+) qbuf-free=\d+ argv-mem=\d+ multi-mem=0 rbs=0 rbp=0 obl=0 oll=0 omem=0 "#
                    + #"tot-mem=\d+ events=r cmd=(\S+) user=default redir=-1 resp=([23]) watch=0"#,
                as: (Substring, Substring, Substring, Substring, Substring, Substring, Substring).self)
            let found = lines.dropLast().compactMap { try? form.wholeMatch(in: $0)?.output }
            #expect(
                found.map { "\($0.1) \($0.3) \($0.4) \($0.5) \($0.6)" } == ["1 one 12 client|list 2", "2  0 hello 3"],
                "\(lines)")
            #expect(found.allSatisfy { $0.2 == "\(server.port)" })
            #expect(try first.ask("CLIENT INFO").hasPrefix("id=1 addr=127.0.0.1:"))
            try first.send("CLIENT LIST ID 2 99 2\n")
            let chosen = String(decoding: try first.receive(through: "END\n"), as: UTF8.self)
            #expect(chosen.split(separator: "\n").map { $0.prefix(4) } == ["id=2", "id=2", "END"])
            try second.send(resp("CLIENT", "LIST") + resp("ECHO", "end"))
            let text = String(decoding: try second.receive(through: "$3\r\nend\r\n"), as: UTF8.self)
            #expect(text.hasPrefix("=") && text.contains("txt:id=1 ") && text.contains(" resp=2 watch=0\nid=2 "))
            try first.expect("CLIENT LIST TYPE replica\n", "END\n")
        }
    }

    @Test("CLIENT KILL ends connections by number and address; one's own gets its answer first")
    func kill() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json")
            let clients = try (0..<5).map { _ in try server.connect() }
            for client in clients { #expect(try client.ask("PING") == "PONG") }
            try clients[0].expect("CLIENT KILL ID 2\n", "1\n")
            #expect(try clients[1].receiveAll() == "")
            try clients[0].send("CLIENT LIST ID 3\n")
            let line = String(decoding: try clients[0].receive(through: "END\n"), as: UTF8.self)
            let address = try #require(line.firstMatch(of: /addr=(\S+)/)?.1)
            try clients[0].expect("CLIENT KILL \(address)\n", "OK\n")
            #expect(try clients[2].receiveAll() == "")
            // By default one's own is left out.
            try clients[0].expect("CLIENT KILL ID 1 TYPE normal\n", "0\n")
            try clients[0].send("CLIENT KILL TYPE normal SKIPME no\nPING\n")
            #expect(try clients[0].receiveAll() == "3\n")
            for client in clients[3...] { #expect(try client.receiveAll() == "") }
            #expect(try server.connect().ask("PING") == "PONG")
        }
    }

    /// An address of this machine that others can reach; nil where it has none.
    private static let address: String? = {
        let found = try? ChildProcess.run(["hostname", "-I"]).output.split(separator: " ")
        return found?.first { $0.contains(".") && !$0.hasPrefix("127.") }.map(String.init)
    }()

    @Test("what is for this machine alone is refused to others", .enabled(if: address != nil))
    func loopback() throws {
        let address = try #require(Self.address)
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json", ["--bind", "0.0.0.0", "--auth-mode", "open"])
            let client = try WireConnection(port: server.port, at: address)
            try client.expect(
                "CLIENT KILL ID 9\n",
                "ERROR: CLIENT KILL is run only for clients on this server's machine (127.0.0.1, ::1)\n")
            try client.expect(
                resp("CONFIG", "RESETSTAT"),
                "-ERR CONFIG RESETSTAT is run only for clients on this server's machine (127.0.0.1, ::1)\r\n")
            for name in ["SHUTDOWN", "DEBUG"] {
                try client.expect(
                    "\(name) x\n",
                    "ERROR: \(name) is run only for clients on this server's machine (127.0.0.1, ::1)\n")
            }
            try client.expect("CLIENT LIST ID 9\n", "END\n")
        }
    }

    @Test(
        "replies that nobody wants are dropped where they would have been held too, and others are not held up by them")
    func silence() throws {
        try withTemporaryFolder { folder in
            for durability in ["always", "never"] {
                let server = try ServerProcess(data: folder + "/\(durability).json", ["--durability", durability])
                let client = try server.connect()
                try client.expect(
                    "CLIENT REPLY OFF\nSET a 1\nGET a\nKEYS\nFROB\nCLIENT REPLY ON\nGET a\nCLIENT REPLY SKIP\nINCR a\nINCR a\n",
                    "OK\n1\n3\n")
                try client.expect(
                    resp("CLIENT", "REPLY", "OFF") + resp("MGET", "a", "b") + resp("CLIENT", "REPLY", "SKIP")
                        + resp("PING")
                        + resp("RESET") + resp("GET", "a"),
                    "+RESET\r\n$1\r\n3\r\n")
            }
        }
    }

    @Test("RESET makes a connection as it was at first")
    func reset() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json")
            let client = try server.connect()
            try client.send(resp("HELLO", "3", "SETNAME", "me"))
            _ = try client.receive(through: "$7\r\nmodules\r\n*0\r\n")
            try client.expect(
                resp("GET", "x") + resp("RESET") + resp("GET", "x") + resp("CLIENT", "GETNAME"),
                "_\r\n+RESET\r\n$-1\r\n$-1\r\n")
        }
    }

    @Test("CONFIG RESETSTAT begins INFO's counts anew, and those of STATS go on")
    func counts() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json")
            let client = try server.connect()
            for _ in 0..<100 { #expect(try client.ask("PING") == "PONG") }
            func commands() throws -> Int {
                let text = try client.ask("INFO stats")
                return Int(try #require(text.firstMatch(of: /total_commands_processed:(\d+)/)?.1)) ?? -1
            }
            #expect(try commands() >= 100)
            #expect(try client.ask("CONFIG RESETSTAT") == "OK")
            #expect(try (0..<10).contains(commands()))
            try client.send("STATS\n")
            let stats = String(decoding: try client.receive(through: "\nEND\n"), as: UTF8.self)
            #expect(Int(try #require(stats.firstMatch(of: /\nrequests (\d+)\n/)?.1)) ?? 0 > 100)
        }
    }

    @Test("SAVE is answered when the snapshot is made")
    func save() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json")
            let client = try server.connect()
            try client.expect("SET a 1\nSAVE\n", "OK\nOK\n")
            let snapshot = try String(contentsOfFile: folder + "/puffin.json", encoding: .utf8)
            #expect(snapshot.contains("{\"key\":\"a\",\"value\":\"1\","))
            #expect(try Int(client.ask("LASTSAVE")) ?? 0 > 0)
        }
    }

    @Test("HELP of a command names its subcommands", arguments: ["CLIENT", "COMMAND", "CONFIG"])
    func help(command: String) throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json")
            let client = try server.connect()
            try client.send("\(command) HELP\n")
            let lines = String(decoding: try client.receive(through: "END\n"), as: UTF8.self).split(separator: "\n")
                .dropLast()
            #expect(lines.count > 1 && lines.allSatisfy { $0.hasPrefix(command + " ") && $0.contains(": ") })
        }
    }
}
