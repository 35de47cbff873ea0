import Commands
import Foundation
import TestSupport
import Testing

/// Logging in with the password of the user `default`, and what is not done before.
@Suite("Logging in")
struct LoginTests {
    private func withServer(
        _ options: [String] = [], _ body: (SecuredServer) throws -> Void
    ) throws {
        try withTemporaryFolder { folder in try body(SecuredServer(in: folder, "puffin.json", options)) }
    }

    private let needed = "ERROR: Log in first: AUTH <user> <password>\n"
    private let wrong = "-WRONGPASS invalid username-password pair or user is disabled.\r\n"

    @Test("AUTH and HELLO log in, in both dialects, with Redis' texts; a wrong password does not")
    func ways() throws {
        try withServer { secured in
            let line = try secured.server.connect()
            try line.expect("GET a\n", needed)
            try line.expect("AUTH default wrong\n", "ERROR: Wrong user or password\n")
            try line.expect("AUTH alice \"correct horse\"\n", "ERROR: Wrong user or password\n")
            try line.expect("AUTH \"correct horse\"\nSET a 1\nGET a\n", "OK\nOK\n1\n")
            try line.expect("RESET\nGET a\n", "RESET\n" + needed)
            let client = try secured.server.connect()
            try client.expect(resp("GET", "a"), "-NOAUTH Authentication required.\r\n")
            try client.expect(resp("AUTH", "wrong"), wrong)
            try client.expect(
                resp("HELLO", "3"),
                "-NOAUTH HELLO must be called with the client already authenticated, "
                    + "otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and "
                    + "select the RESP protocol version at the same time\r\n")
            try client.expect(resp("HELLO", "3", "AUTH", "default", "wrong"), wrong)
            try client.expect(resp("AUTH", "default", "correct horse"), "+OK\r\n")
            try client.expect(resp("GET", "a"), "$1\r\n1\r\n")
            let hello = try secured.server.connect()
            try hello.send(resp("HELLO", "3", "SETNAME", "app", "AUTH", "default", "correct horse"))
            #expect(try hello.receiveLine() == "%7\r")
            for _ in 0..<25 { _ = try hello.receiveLine() }
            try hello.expect(resp("CLIENT", "GETNAME"), "$3\r\napp\r\n")
        }
    }

    @Test("what is sent right behind AUTH is run as the user, whatever its size")
    func pipelined() throws {
        try withServer { secured in
            let client = try secured.server.connect()
            let value = String(repeating: "v", count: 300_000)
            try client.send(resp("AUTH", "default", "correct horse") + resp("SET", "a", value) + resp("STRLEN", "a"))
            #expect(try client.receiveLine() + client.receiveLine() + client.receiveLine() == "+OK\r+OK\r:300000\r")
            let refused = try secured.server.connect()
            try refused.send(resp("AUTH", "default", "wrong horse") + resp("SET", "a", "1"))
            #expect(try refused.receiveLine() + "\n" == wrong)
            #expect(try refused.receiveLine() == "-NOAUTH Authentication required.\r")
        }
    }

    @Test("no command runs before the login, in either dialect, but those that log in or leave")
    func everyCommand() throws {
        try withServer { secured in
            let client = try secured.server.connect()
            let free: Set<Command> = [.auth, .hello, .quit, .reset, .prove]
            var count = 0
            for spec in Catalog.commands where !free.contains(spec.command) {
                for arguments in [[], ["a"], ["a", "1"]] {
                    try client.send(([spec.name] + arguments).joined(separator: " ") + "\n")
                    let reply = try client.receiveLine()
                    #expect(
                        reply.hasPrefix("ERROR: Log in first") || reply.hasPrefix("ERROR: Servers must"), "\(spec.name)"
                    )
                    try client.send(resp([spec.name] + arguments))
                    #expect(try client.receiveLine().hasPrefix("-NOAUTH "), "\(spec.name)")
                    count += 2
                }
            }
            print("\(count) requests before the login")
            try client.expect("NONSENSE x\n", needed)
            try secured.connect().expect("DBSIZE\n", "0\n")
        }
    }

    @Test("a request before the login has at most 16 KiB and ten arguments")
    func limits() throws {
        try withServer { secured in
            for text in [
                "AUTH " + String(repeating: "x", count: 17_000), resp("AUTH", String(repeating: "x", count: 17_000)),
                resp(Array(repeating: "AUTH", count: 11)), "*1000000\r\n", "*2\r\n$4\r\nAUTH\r\n$100000000\r\n",
            ] {
                let client = try secured.server.connect()
                try client.send(text)
                client.endSending()
                let reply = try client.receiveAll()
                #expect(reply.hasPrefix("ERROR: ") || reply.hasPrefix("-ERR "), "\(reply)")
            }
            // Neither does it hold on to replies that nobody takes.
            let deaf = try secured.server.connect()
            for _ in 0..<2000 { try? deaf.send("PING\n") }
            #expect(try secured.connect().ask("PING") == "PONG")
        }
    }

    @Test("eight logins in vain end the connection")
    func tries() throws {
        try withServer { secured in
            let client = try secured.server.connect()
            for number in 1...8 { try client.send("AUTH user\(number) wrong\n") }
            #expect(try client.receiveAll() == String(repeating: "ERROR: Wrong user or password\n", count: 8))
        }
    }

    @Test("clients that do not log in have a quarter of the places; the oldest makes room")
    func places() throws {
        try withServer(["--max-clients", "40"]) { secured in
            let user = try secured.connect()
            let first = try secured.server.connect(from: "127.0.0.2")
            try first.expect("GET a\n", needed)
            // This machine's own clients have eight places more.
            let others = try (0..<20).map { _ in try secured.server.connect(from: "127.0.0.3") }
            for client in others.suffix(3) { try client.expect("GET a\n", needed) }
            #expect(try others[0].receiveAll() == "")
            // A flood displaces its own, not the one that came before it from elsewhere.
            try first.expect("GET a\n", needed)
            #expect(try user.ask("PING") == "PONG")
            #expect(try secured.connect().ask("PING") == "PONG")
        }
    }

    @Test("who logs out has time and a place of his own to log in again, and gives it up by leaving")
    func loggedOut() throws {
        try withServer(["--max-clients", "40"]) { secured in
            let user = try secured.connect()
            func waiting() throws -> String? {
                try user.send("STATS\n")
                return String(decoding: try user.receive(through: "\nEND\n"), as: UTF8.self).split(separator: "\n")
                    .first { $0.hasPrefix("clients_not_logged_in ") }.map { String($0.dropFirst(22)) }
            }
            let client = try secured.connect()
            #expect(try waiting() == "0")
            try client.expect("RESET\n", "RESET\n")
            #expect(try waiting() == "1")
            try client.expect("AUTH \"correct horse\"\nRESET\nRESET\n", "OK\nRESET\nRESET\n")
            #expect(try waiting() == "1")
            client.reset()
            client.shutDown()
            let others = try (0..<3).map { _ in try secured.server.connect() }
            for other in others { try other.expect("GET a\n", needed) }
            try others[0].expect("QUIT\n", "OK\n")
            let end = TimeLimit.end
            while try waiting() != "2" {
                guard Date() < end else { throw WireError(description: "\(try waiting() ?? "") are waiting") }
                usleep(20_000)
            }
            for other in others.dropFirst() { try other.expect("GET a\n", needed) }
        }
    }

    @Test("logins of clients that hung up do not keep others from logging in")
    func hungUp() throws {
        try withServer { secured in
            let administrator = try secured.connect()
            try administrator.expect("ACL SETUSER alice on >password +@all ~*\n", "OK\n")
            // Each takes 300 ms to verify, and there are 64 places; some close their side, the others reset.
            for number in 0..<200 {
                let client = try secured.server.connect()
                try client.send(resp("AUTH", "alice", "guess \(number)"))
                if number.isMultiple(of: 2) { client.reset() }
            }
            // Once the server has seen all of them, and that they are gone as far as that can be seen.
            let end = TimeLimit.end
            var reply = ""
            repeat {
                let alice = try secured.server.connect()
                try alice.send(resp("AUTH", "alice", "password"))
                reply = try alice.receiveLine()
                guard Date() < end else { throw WireError(description: "never let in: \(reply)") }
            } while reply == "-ERR Too many logins are being checked; try again\r"
            #expect(reply == "+OK\r")
            // The rest of the flood has not been verified: most of it never will.
            let refused = secured.server.log.components(separatedBy: "Login refused").count - 1
            print("of 200 logins of clients that hung up, \(refused) were verified before another client's")
            #expect(refused < 32)
        }
    }

    @Test("a right password over HTTP ends the delay of the wrong ones before it, as one by AUTH does")
    func delays() throws {
        try withServer(["--metrics", "--metrics-port", "0"]) { secured in
            let port = try #require(
                secured.server.log.firstMatch(of: /Metrics on http:\/\/127.0.0.1:([0-9]+)\//).flatMap { UInt16($0.1) })
            func get(_ password: String) throws -> String {
                let connection = try WireConnection(port: port)
                let login = Data("default:\(password)".utf8).base64EncodedString()
                try connection.send(
                    "GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Basic \(login)\r\n\r\n")
                return String(try connection.receiveAll().prefix(12))
            }
            func delays() -> [String] {
                secured.server.log.matches(of: /Login refused: wrong user or password.*delay_ms=([0-9]+)/).map {
                    String($0.1)
                }
            }
            #expect(try get("wrong") == "HTTP/1.1 401" && get("wrong") == "HTTP/1.1 401")
            #expect(delays() == ["400", "800"])
            #expect(try get(SecuredServer.password) == "HTTP/1.1 200")
            #expect(try get("wrong") == "HTTP/1.1 401")
            #expect(delays() == ["400", "800", "400"])
            try secured.server.connect().expect("AUTH default wrong\n", "ERROR: Wrong user or password\n")
            try secured.server.connect().expect("AUTH default \"correct horse\"\n", "OK\n")
            #expect(try get("wrong") == "HTTP/1.1 401")
            #expect(delays() == ["400", "800", "400", "800", "400"])
        }
    }

    @Test("an administrator gets in when all places are taken, and does nothing else there")
    func beyondLimit() throws {
        try withServer(["--max-clients", "2"]) { secured in
            let clients = try (0..<2).map { _ in try secured.connect() }
            let administrator = try secured.server.connect()
            try administrator.expect("AUTH \"correct horse\"\n", "OK\n")
            try administrator.send("STATS\n")
            #expect(try administrator.receiveLine() != "")
            while try administrator.receiveLine() != "END" {}
            try administrator.send("GET a\n")
            #expect(try administrator.receiveAll() == "ERROR: max number of clients reached\n")
            let stranger = try secured.server.connect()
            try stranger.send("STATS\n")
            #expect(try stranger.receiveAll().contains("Log in first"))
            for client in clients { #expect(try client.ask("PING") == "PONG") }
        }
    }

    @Test("SIGHUP changes the password; who is logged in stays")
    func reload() throws {
        try withServer { secured in
            let user = try secured.connect()
            try "battery staple".write(toFile: secured.folder + "/password", atomically: true, encoding: .utf8)
            secured.server.process.send(SIGHUP)
            #expect(secured.server.process.waitForOutput(containing: "Reloaded: auth.password is ***"))
            try secured.server.connect().expect("AUTH \"correct horse\"\n", "ERROR: Wrong user or password\n")
            try secured.server.connect().expect("AUTH \"battery staple\"\nPING\n", "OK\nPONG\n")
            #expect(try user.ask("PING") == "PONG")
        }
    }

    @Test("a transaction cannot log in or out, and a shutdown needs no loopback but rights")
    func transactions() throws {
        try withServer { secured in
            let user = try secured.connect()
            try user.expect("MULTI\nAUTH \"correct horse\"\nRESET\n", "OK\nQUEUED\nRESET\n")
            try user.expect("GET a\n", needed)
            let other = try secured.connect()
            try other.send("MULTI\nAUTH \"correct horse\"\nSET a 1\nEXEC\n")
            #expect(
                try (0..<6).map { _ in try other.receiveLine() }
                    == [
                        "OK", "QUEUED", "QUEUED", "ERROR: AUTH is not run in a transaction; log in before MULTI", "OK",
                        "END",
                    ])
        }
    }

    @Test("no secret is in the log, the metrics, the settings, the slow log or the arguments of the process")
    func secrets() throws {
        try withTemporaryFolder { folder in
            let secured = try SecuredServer(
                in: folder, "puffin.json",
                ["--slow-log-threshold", "0", "--log-level", "trace", "--metrics", "--metrics-port", "0"],
                secrets: [SecuredServer.secret])
            let planted = ["correct horse", "a secret of these servers", "planted-1", "planted-2"]
            let user = try secured.connect()
            _ = try? secured.server.connect().ask("AUTH planted-1")
            _ = try? secured.server.connect().ask("AUTH planted-2 planted-1")
            var shown = ""
            for request in ["STATS", "INFO", "CONFIG GET *", "SLOWLOG GET 100", "CLIENT LIST"] {
                try user.send(request + "\nPING\n")
                while true {
                    let line = try user.receiveLine()
                    if line == "PONG" { break }
                    shown += line
                }
            }
            shown += try String(contentsOfFile: "/proc/\(secured.server.process.id)/cmdline", encoding: .utf8)
            #expect(secured.server.stop() == 0)
            shown += secured.server.log
            for name in try FileManager.default.subpathsOfDirectory(atPath: folder) where name.hasPrefix("puffin.json")
            {
                if name.hasSuffix(".secret") { continue }
                let data = FileManager.default.contents(atPath: folder + "/" + name) ?? Data()
                shown += String(decoding: data, as: UTF8.self)
            }
            for secret in planted { #expect(!shown.contains(secret), "\(secret)") }
        }
    }
}
