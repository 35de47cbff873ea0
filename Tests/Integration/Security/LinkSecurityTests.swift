import Foundation
import TestSupport
import Testing

/// Leader and followers that must know each other.
@Suite("Links with a secret")
struct LinkSecurityTests {
    private func followed(
        _ folder: String, leader: [String], follower: [String], password: String? = SecuredServer.password
    ) throws -> (leader: SecuredServer, follower: SecuredServer) {
        let replica = try SecuredServer(
            in: folder, "follower.json", ["--mode", "follower"], secrets: follower, password: password)
        let chief = try SecuredServer(
            in: folder, "leader.json", ["--follower", "127.0.0.1:\(replica.server.port)", "--ack", "one"],
            secrets: leader, password: password)
        return (chief, replica)
    }

    @Test("with the same secret the log is followed, also with two of them while one is replaced")
    func same() throws {
        for (leader, follower) in [
            (["one secret of sixteen"], ["one secret of sixteen"]),
            (["a new secret of sixteen", "an old secret of sixteen"], ["an old secret of sixteen"]),
            (["an old secret of sixteen"], ["a new secret of sixteen", "an old secret of sixteen"]),
        ] where leader[0] == follower[0] || follower.contains(leader[0]) {
            try withTemporaryFolder { folder in
                let pair = try followed(folder, leader: leader, follower: follower)
                let client = try pair.leader.connect()
                try waitForOK(client, "SET a 1")
                #expect(try pair.follower.connect().ask("GET a") == "1")
            }
        }
    }

    /// A change is confirmed once the follower is there.
    private func waitForOK(_ client: WireConnection, _ line: String) throws {
        let end = TimeLimit.end
        while try client.ask(line) != "OK" {
            guard Date() < end else { throw WireError(description: "no follower has confirmed \(line)") }
        }
    }

    @Test("with another secret neither believes the other, and both say why")
    func other() throws {
        try withTemporaryFolder { folder in
            let pair = try followed(folder, leader: ["one secret of sixteen"], follower: ["another secret of sixteen"])
            #expect(pair.leader.server.process.waitForOutput(containing: "its replication.secret is another one"))
            #expect(pair.follower.server.process.waitForOutput(containing: "Server refused: "))
            #expect(try pair.follower.connect().ask("DBSIZE") == "0")
        }
    }

    @Test("a stranger's greeting sets nothing aside, whatever it says")
    func stranger() throws {
        try withTemporaryFolder { folder in
            let secured = try SecuredServer(
                in: folder, "puffin.json", ["--mode", "follower", "--adopt-history"], secrets: [SecuredServer.secret])
            let hello =
                #"{"puffin":"replicate","version":1,"history":"5f0c9a52e1b7","seq":9,"crc":"00000000","port":1}"#
            let proof = #"{"version":1,"key":"00000000","nonce":"00000000000000000000000000000000"}"#
            let texts = [
                "REPLICATE \(hello)\n", "PROVE \(proof)\nREPLICATE \(hello)\n", "PROVE {}\n", "PROVE nonsense\n",
                "PROVE {\"proof\":\"\(String(repeating: "0", count: 64))\"}\nREPLICATE \(hello)\n",
                "FOLLOWER ADD :1\n", "PROVE \(String(repeating: "[", count: 5000))\n",
            ]
            for text in texts {
                let connection = try secured.server.connect()
                try connection.send(text)
                connection.endSending()
                let reply = try connection.receiveAll()
                #expect(reply.hasPrefix("ERROR: "), "\(reply)")
            }
            let names = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(!names.contains { $0.contains("superseded") }, "\(names)")
            #expect(try secured.connect().ask("ROLE").isEmpty == false)
        }
    }

    @Test("a secret is asked for also where clients need not log in")
    func openClients() throws {
        try withTemporaryFolder { folder in
            let pair = try followed(
                folder, leader: [SecuredServer.secret], follower: [SecuredServer.secret], password: nil)
            try waitForOK(pair.leader.server.connect(), "SET a 1")
            #expect(try pair.follower.server.connect().ask("GET a") == "1")
            try pair.follower.server.connect().expect(
                "REPLICATE {}\n", "ERROR: Servers must prove replication.secret here: set the same on both\n")
        }
    }

    @Test("a server that asks its leader to connect proves itself, too")
    func joining() throws {
        try withTemporaryFolder { folder in
            let leader = try SecuredServer(in: folder, "leader.json", secrets: [SecuredServer.secret])
            let follower = try SecuredServer(in: folder, "follower.json", secrets: [SecuredServer.secret])
            #expect(try leader.connect().ask("SET a 1") == "OK")
            #expect(try follower.connect().ask("FOLLOW 127.0.0.1:\(leader.server.port)") == "OK")
            let reader = try follower.connect()
            let end = TimeLimit.end
            while try reader.ask("GET a") != "1" {
                guard Date() < end else { throw WireError(description: follower.server.log + leader.server.log) }
            }
        }
    }
}
