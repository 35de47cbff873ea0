import Foundation
import TestSupport
import Testing

/// A server that is asked before it has loaded everything.
@Suite("Loading")
struct LoadingTests {
    /// A data set whose log takes many turns to load.
    private func make(_ data: String) throws {
        let server = try ServerProcess(data: data, ["--durability", "never"])
        let client = try server.connect()
        for batch in 0..<50 {
            try client.send((0..<2_000).map { "SET key:\(batch * 2_000 + $0) value\n" }.joined())
            _ = try client.receive(exactly: 2_000 * 3)
        }
        #expect(server.stop() == 0)
    }

    @Test("PING and STATS are answered, what needs data gets an estimate, and then the data is there")
    func answers() throws {
        try withTemporaryFolder { folder in
            let data = folder + "/puffin.json"
            try make(data)
            // The requests are there before the server takes its first turn.
            let server = try ServerThread(data: data, waits: true)
            let (line, redis) = (try server.connect(), try server.connect())
            try line.send("PING\nGET key:1\nSET key:1 x\nCOUNT\nKEYS\nCOMPACT\nHELP\n")
            try redis.send(resp("GET", "key:1") + resp("DEL", "key:1") + resp("INFO", "persistence"))
            server.go()
            #expect(try line.receiveLine() == "PONG")
            for _ in 0..<5 {
                let reply = try line.receiveLine()
                #expect(reply.wholeMatch(of: /ERROR: Loading: [0-9]+ %(, about [0-9]+ s)?/) != nil, "\(reply)")
            }
            #expect(String(decoding: try line.receive(through: "END\n"), as: UTF8.self).contains("PING"))
            for _ in 0..<2 {
                let reply = try redis.receiveLine()
                #expect(reply.wholeMatch(of: /-LOADING Loading: [0-9]+ %(, about [0-9]+ s)?\r/) != nil, "\(reply)")
            }
            #expect(
                String(decoding: try redis.receive(through: "\r\n\r\n"), as: UTF8.self).contains("\r\nloading:1\r\n"))
            while true {
                let reply = try line.ask("GET key:1")
                if reply == "value" { break }
                #expect(reply.hasPrefix("ERROR: Loading: "))
            }
            #expect(try line.ask("COUNT") == "100000")
            #expect(server.stop() == nil)
        }
    }

    /// A data set with a user, or with one that was removed.
    private func makeUsers(_ folder: String, isRemoved: Bool) throws -> String {
        let data = folder + "/puffin.json"
        try make(data)
        try "a password for a while".write(toFile: folder + "/password", atomically: true, encoding: .utf8)
        let server = try ServerProcess(
            data: data, wrapper: ["/usr/bin/env", "PUFFIN_AUTH_PASSWORD_FILE=\(folder)/password"])
        let client = try server.connect()
        try client.expect("AUTH \"a password for a while\"\n", "OK\n")
        try client.expect("ACL SETUSER admin on \">admin's secret\" role:admin\n", "OK\n")
        if isRemoved { try client.expect("ACL DELUSER admin\n", "1\n") }
        #expect(server.stop() == 0)
        return data
    }

    @Test("before it is known who the users are, nobody is let in, and nobody hears that a secret is wrong")
    func users() throws {
        try withTemporaryFolder { folder in
            let data = try makeUsers(folder, isRemoved: false)
            let server = try ServerThread(data: data, waits: true)
            let (stranger, admin) = (try server.connect(), try server.connect())
            try stranger.send("CONFIG SET slowlog.threshold 1s\nSTATS\nFOLLOW 127.0.0.1:1\n")
            try admin.send("AUTH admin \"admin's secret\"\n")
            server.go()
            for _ in 0..<3 {
                #expect(try stranger.receiveLine() == "ERROR: Log in first: AUTH <user> <password>")
            }
            #expect(try admin.receiveLine().hasPrefix("ERROR: Loading"))
            let end = TimeLimit.end
            while true {
                let reply = try admin.ask("AUTH admin \"admin's secret\"")
                if reply == "OK" { break }
                #expect(reply.hasPrefix("ERROR: Loading"))
                guard Date() < end else { return }
            }
            #expect(try admin.ask("GET key:1") == "value")
            #expect(try stranger.ask("GET key:1") == "ERROR: Log in first: AUTH <user> <password>")
            #expect(server.stop() == nil)
        }
    }

    @Test("clients that came before it was known that there are no users go on as everybody")
    func noUsers() throws {
        try withTemporaryFolder { folder in
            let data = try makeUsers(folder, isRemoved: true)
            let server = try ServerThread(data: data, waits: true)
            let client = try server.connect()
            try client.send("STATS\n")
            server.go()
            #expect(try client.receiveLine() == "ERROR: Log in first: AUTH <user> <password>")
            let end = TimeLimit.end
            while try client.ask("GET key:1") != "value" { guard Date() < end else { return } }
            try client.expect("SET key:1 x\nGET key:1\n", "OK\nx\n")
            #expect(server.stop() == nil)
        }
    }

    @Test("a stop while loading is a clean end that has changed nothing")
    func stopped() throws {
        try withTemporaryFolder { folder in
            let data = folder + "/puffin.json"
            try make(data)
            let before = try LogFile.read(try LogFile(data: data).lastSegment())
            let server = try ServerThread(data: data, waits: true)
            server.requestStop()
            server.go()
            #expect(server.wait() == nil)
            #expect(try LogFile.read(try LogFile(data: data).lastSegment()) == before)
            let next = try ServerProcess(data: data)
            try next.connect().expect("COUNT\n", "100000\n")
        }
    }

    @Test("STATS says how far it is")
    func figures() throws {
        try withTemporaryFolder { folder in
            let data = folder + "/puffin.json"
            try make(data)
            let server = try ServerThread(data: data, waits: true)
            let client = try server.connect()
            try client.send("STATS\n")
            server.go()
            let text = String(decoding: try client.receive(through: "END\n"), as: UTF8.self)
            #expect(text.contains("\nloading yes\n") && text.contains("\nwritable no\n"), "\(text)")
            #expect(text.firstMatch(of: /\nloading_percent [0-9]+\n/) != nil)
            #expect(server.stop() == nil)
        }
    }
}
