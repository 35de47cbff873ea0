import Foundation
import TestSupport
import Testing

/// Users and roles as clients meet them.
@Suite("Users")
struct UserTests {
    private let secret = "alice's secret"

    /// A server with the user alice, who reads and changes `orders:` and reads `config:`.
    private func withAlice(
        _ options: [String] = [], _ body: (SecuredServer, _ administrator: WireConnection) throws -> Void
    ) throws {
        try withTemporaryFolder { folder in
            let secured = try SecuredServer(in: folder, "puffin.json", options)
            let administrator = try secured.connect()
            try administrator.expect("ACL ROLE SET orders +@read +@write ~orders:* %R~config:*\n", "OK\n")
            try administrator.expect(
                "ACL SETUSER alice on \">\(secret)\" role:orders +@connection +@transaction +after\n", "OK\n")
            try administrator.expect("MSET orders:1 a orders:2 b config:x c other d\n", "OK\n")
            try body(secured, administrator)
        }
    }

    private func login(_ server: ServerProcess, _ name: String = "alice", _ secret: String? = nil) throws
        -> WireConnection
    {
        let client = try server.connect()
        try client.expect(resp("AUTH", name, secret ?? self.secret), "+OK\r\n")
        return client
    }

    private let noKey = "-NOPERM this user has no permissions to access one of the keys used as arguments\r\n"

    @Test("a user does what the roles allow, in both dialects, and is told what not")
    func rights() throws {
        try withAlice { secured, _ in
            let alice = try login(secured.server)
            try alice.expect(resp("GET", "orders:1"), "$1\r\na\r\n")
            try alice.expect(resp("SET", "orders:1", "x"), "+OK\r\n")
            try alice.expect(resp("GET", "config:x"), "$1\r\nc\r\n")
            for request in [
                resp("SET", "config:x", "1"), resp("GET", "other"), resp("MGET", "orders:1", "other"),
                resp("RENAME", "orders:1", "other"), resp("COPY", "other", "orders:9"),
                resp("DEL", "orders:1", "other"),
            ] { try alice.expect(request, noKey) }
            try alice.expect(
                resp("STATS"), "-NOPERM this user has no permissions to run the 'stats' command\r\n")
            try alice.expect(
                "GET other\nSTATS\n", "ERROR: alice may not GET this key\nERROR: alice may not run STATS\n")
            try alice.expect(
                resp("FLUSHALL"),
                "-NOPERM this user has no permissions to access all keys, which 'flushall' needs\r\n")
            try alice.expect(resp("GET", "orders:1"), "$1\r\nx\r\n")
        }
    }

    @Test("listings show the user's keys alone")
    func listings() throws {
        try withAlice(["--storage-index", "ordered"]) { secured, administrator in
            let alice = try login(secured.server)
            func lines(_ request: String) throws -> [String] {
                try alice.send(request + "\n")
                let reply = String(decoding: try alice.receive(through: "END\n"), as: UTF8.self)
                return reply.split(separator: "\n").dropLast().map(String.init)
            }
            let own = ["config:x", "orders:1", "orders:2"]
            #expect(try lines("KEYS").sorted() == own)
            #expect(try lines("KEYS o*").sorted() == ["orders:1", "orders:2"])
            #expect(try lines("KEYS other") == [])
            #expect(try lines("SCAN 0").dropFirst().sorted() == own)
            #expect(try lines("RANGE FROM a") == own)
            #expect(try lines("RANGE FROM a VALUES").count == 6)
            try alice.expect("DBSIZE\n", "ERROR: alice may not run DBSIZE: it concerns all keys\n")
            let refusal = "ERROR: alice may not read all keys with this prefix; ask for a prefix of the user's own\n"
            try alice.expect(
                "CHANGES \"\" LIMIT 1\nCHANGES other LIMIT 1\nCHANGES ord LIMIT 1\n", refusal + refusal + refusal)
            #expect(try lines("CHANGES orders: FROM 0 LIMIT 10").count > 1)
            _ = administrator
        }
    }

    @Test("what is refused when it is queued makes EXEC fail; what is forbidden meanwhile is refused in its place")
    func transactions() throws {
        try withAlice { secured, administrator in
            let alice = try login(secured.server)
            try alice.expect(resp("MULTI") + resp("GET", "other"), "+OK\r\n" + noKey)
            try alice.send(resp("EXEC"))
            #expect(try alice.receiveLine().hasPrefix("-EXECABORT"))
            try alice.expect(
                resp("MULTI") + resp("GET", "orders:2") + resp("GET", "config:x"), "+OK\r\n+QUEUED\r\n+QUEUED\r\n")
            try administrator.expect("ACL ROLE SET orders RESET +@read +@write ~orders:*\n", "OK\n")
            try alice.expect(resp("EXEC"), "*2\r\n$1\r\nb\r\n" + noKey)
            try alice.expect("AFTER 0 GET other\n", "ERROR: alice may not GET this key\n")
            try alice.expect("AFTER 0 GET orders:2\n", "b\n")
        }
    }

    @Test("a change counts from the next request on, and ends sessions whose user or secret is gone")
    func revocation() throws {
        try withAlice { secured, administrator in
            let (first, second) = (try login(secured.server), try login(secured.server))
            try administrator.expect("ACL SETUSER alice -@write -role:orders +@read ~orders:*\n", "OK\n")
            try first.expect(
                resp("SET", "orders:1", "y"), "-NOPERM this user has no permissions to run the 'set' command\r\n")
            try administrator.expect("ACL SETUSER alice \">another secret\"\n", "OK\n")
            let third = try login(secured.server, "alice", "another secret")
            try administrator.expect("ACL SETUSER alice \"<\(secret)\"\n", "OK\n")
            #expect(try first.receiveAll() == "" && second.receiveAll() == "")
            try secured.server.connect().expect(
                resp("AUTH", "alice", secret), "-WRONGPASS invalid username-password pair or user is disabled.\r\n")
            try third.expect(resp("GET", "orders:1"), "$1\r\na\r\n")
            try administrator.expect("ACL SETUSER alice off\n", "OK\n")
            #expect(try third.receiveAll() == "")
            try administrator.expect("ACL DELUSER alice nobody\n", "1\n")
        }
    }

    @Test("a token logs in by itself, until it ends; it is shown once")
    func tokens() throws {
        try withAlice { secured, administrator in
            let token = try administrator.ask("ACL TOKEN alice 100")
            #expect(token.wholeMatch(of: /pft_alice_[A-Za-z0-9_-]{43}/) != nil)
            let client = try secured.server.connect()
            try client.expect("AUTH \(token)\nGET orders:1\n", "OK\na\n")
            for request in ["ACL LIST", "ACL GETUSER alice"] {
                try administrator.send(request + "\n")
                let shown = String(decoding: try administrator.receive(through: "END\n"), as: UTF8.self)
                #expect(!shown.contains("scrypt$") && !shown.contains(token) && shown.contains("t"), "\(shown)")
            }
            try administrator.expect("ACL SETUSER alice -secret:t2\n", "OK\n")
            #expect(try client.receiveAll() == "")
        }
    }

    @Test("a server whose last administrator would go refuses that, unless it has a password of its own")
    func lastAdministrator() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json")
            let client = try server.connect()
            #expect(
                try client.ask("ACL SETUSER bob on nopass +@read ~*").contains("Nobody could change users afterwards"))
            try client.expect("ACL SETUSER admin on \">admin's secret\" role:admin\n", "OK\n")
            // There are users now, so who has not logged in is nobody.
            #expect(try client.receiveAll() == "")
            let admin = try login(server, "admin", "admin's secret")
            try admin.send("ACL DELUSER admin\n")
            #expect(try admin.receiveLine().contains("Nobody could change users afterwards"))
        }
    }

    @Test("users are in the log: they survive a crash, and say who made a change")
    func durable() throws {
        try withTemporaryFolder { folder in
            var secured = try SecuredServer(in: folder)
            let administrator = try secured.connect()
            try administrator.expect("ACL SETUSER alice on \">\(secret)\" +@all ~*\n", "OK\n")
            let alice = try login(secured.server)
            try alice.expect(resp("SET", "a", "1"), "+OK\r\n")
            secured.server.kill()
            secured = try SecuredServer(in: folder)
            let again = try login(secured.server)
            try again.expect(resp("GET", "a"), "$1\r\n1\r\n")
            try again.expect(resp("COMPACT"), "+OK\r\n")
            #expect(try secured.connect().ask("ACL SETUSER alice off") == "OK")
            secured.server.kill()
            secured = try SecuredServer(in: folder)
            try secured.server.connect().expect(
                resp("AUTH", "alice", secret), "-WRONGPASS invalid username-password pair or user is disabled.\r\n")
            let names = try FileManager.default.contentsOfDirectory(atPath: folder + "/puffin.json.log")
            let text = try names.filter { $0.hasSuffix(".jsonl") }
                .map { try String(contentsOfFile: folder + "/puffin.json.log/" + $0, encoding: .utf8) }.joined()
            #expect(text.contains("\"key\":\"a\",\"value\":\"1\",\"by\":\"alice\",\"crc\":"), "\(text)")
            #expect(text.contains("\"op\":\"meta\",\"kind\":\"user\",\"name\":\"alice\""))
        }
    }

    @Test("a follower has the users of its leader, and ends their sessions as that does")
    func followers() throws {
        try withTemporaryFolder { folder in
            let follower = try SecuredServer(
                in: folder, "follower.json", ["--mode", "follower"], secrets: [SecuredServer.secret])
            let leader = try SecuredServer(
                in: folder, "leader.json", ["--follower", "127.0.0.1:\(follower.server.port)", "--ack", "one"],
                secrets: [SecuredServer.secret])
            let administrator = try leader.connect()
            let end = TimeLimit.end
            while try administrator.ask("ACL SETUSER alice on nopass +@read ~a*") != "OK" {
                guard Date() < end else { throw WireError(description: leader.server.log) }
            }
            let alice = try login(follower.server, "alice", "x")
            try alice.expect(resp("GET", "b"), noKey)
            try alice.expect(resp("GET", "a"), "$-1\r\n")
            #expect(try follower.connect().ask("ACL SETUSER eve on").hasPrefix("ERROR: "))
            #expect(try administrator.ask("ACL SETUSER alice off") == "OK")
            #expect(try alice.receiveAll() == "")
        }
    }

    @Test("metrics over HTTP take the right to STATS")
    func metrics() throws {
        try withAlice(["--metrics", "--metrics-port", "0"]) { secured, administrator in
            try administrator.expect("ACL SETUSER watcher on nopass role:monitor\n", "OK\n")
            let port = try #require(
                secured.server.log.firstMatch(of: /Metrics on http:\/\/127.0.0.1:([0-9]+)\//).flatMap { UInt16($0.1) })
            func status(_ login: String?) throws -> String {
                let connection = try WireConnection(port: port)
                let field = login.map { "Authorization: Basic \(Data($0.utf8).base64EncodedString())\r\n" } ?? ""
                try connection.send("GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\(field)\r\n")
                return String(try connection.receiveAll().prefix(12).suffix(3))
            }
            #expect(try status(nil) == "401" && status("alice:wrong") == "401")
            #expect(try status("alice:\(secret)") == "403")
            #expect(try status("watcher:x") == "200" && status("default:correct horse") == "200")
        }
    }
}
