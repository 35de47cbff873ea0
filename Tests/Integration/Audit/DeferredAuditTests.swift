import Foundation
import TestSupport
import Testing

/// Requests that are answered later, and what the audit says of their end.
@Suite("The audit of deferred requests")
struct DeferredAuditTests {
    /// The events of administration, the removal of pairs, and users.
    private func changes(_ audit: AuditFiles) throws -> [String] {
        try audit.events().filter { ["admin", "clear", "users"].contains($0.kind) }.map(\.description)
    }

    @Test("a password that is hashed, a snapshot, a follower and an AFTER are recorded with their results")
    func results() throws {
        try withTemporaryFolder { folder in
            let secret = [SecuredServer.secret]
            let follower = try SecuredServer(in: folder, "follower.json", ["--mode", "follower"], secrets: secret)
            let leader = try SecuredServer(
                in: folder, "leader.json", ["--audit", "--audit-durability", "always"], secrets: secret)
            let audit = AuditFiles(data: folder + "/leader.json")
            let (client, other) = (try leader.connect(), try leader.connect())
            let address = "127.0.0.1:\(follower.server.port)"
            try client.expect("ACL SETUSER alice on >password +@all ~*\n", "OK\n")
            try client.expect("SAVE\nFOLLOWER ADD \(address)\n", "OK\nOK\n")
            // It runs once another client's change is there.
            let seq = try #require(Int(client.ask("SEQ")))
            try client.send("AFTER \(seq + 1) FLUSHALL\n")
            try other.expect("SET a 1\n", "OK\n")
            #expect(try client.receiveLine() == "OK")
            // A handover that cannot succeed in its time: the follower stands still.
            follower.server.process.send(SIGSTOP)
            let refusal = try client.ask("HANDOVER \(address) 200")
            #expect(refusal.hasPrefix("ERROR: "), "\(refusal)")
            follower.server.process.send(SIGCONT)
            let unknown = try client.ask("HANDOVER 127.0.0.1:1 200")
            #expect(unknown.hasPrefix("ERROR: "), "\(unknown)")
            let found = try changes(audit)
            let expected = [
                "event=users user=default command=ACL SETUSER target=user alice change=on > +@all ~* result=ok",
                "event=admin user=default command=SAVE result=ok",
                "event=admin user=default command=FOLLOWER ADD target=\(address) result=ok",
                "event=clear user=default command=FLUSHALL result=ok",
                "event=admin user=default command=HANDOVER target=\(address) 200 result=ERR",
                "event=admin user=default command=HANDOVER target=127.0.0.1:1 200 result=ERR",
            ]
            #expect(found == expected)
            let clear = try audit.event { $0.kind == "clear" }
            #expect(clear["seq"].flatMap { Int($0) } == seq + 2)
        }
    }

    @Test("hanging up hides nothing: a request whose client is gone before its end is recorded as unanswered")
    func unanswered() throws {
        try withTemporaryFolder { folder in
            let secret = [SecuredServer.secret]
            let follower = try SecuredServer(in: folder, "follower.json", ["--mode", "follower"], secrets: secret)
            let address = "127.0.0.1:\(follower.server.port)"
            let leader = try SecuredServer(
                in: folder, "leader.json", ["--audit", "--follower", address], secrets: secret)
            let audit = AuditFiles(data: folder + "/leader.json")
            let (client, other) = (try leader.connect(), try leader.connect())
            try client.expect("SET a 1\nWAIT 1 20000\n", "OK\n1\n")
            follower.server.process.send(SIGSTOP)
            defer { follower.server.process.send(SIGCONT) }
            let id = try client.ask("CLIENT ID")
            try client.send("HANDOVER \(address) 60000\n")
            let end = TimeLimit.end
            // It is not a follower: this answer comes either way.
            while try !other.ask("HANDOVER 127.0.0.1:1 10").contains("A handover is under way") {
                guard Date() < end else { throw WireError(description: "no handover") }
            }
            try other.expect("CLIENT KILL ID \(id)\n", "1\n")
            _ = try audit.event { $0["client"] == id && $0.kind == "logout" }
            let own = try audit.events().filter { $0["client"] == id }.map(\.description)
            let handover = "event=admin user=default command=HANDOVER target=\(address) 60000 result=unanswered"
            #expect(own.count == 3 && own[1] == handover, "between the login and the logout: \(own)")
        }
    }

    @Test("a guesser who hangs up before the answer is in the audit, over both protocols")
    func guesser() throws {
        try withTemporaryFolder { folder in
            let secured = try SecuredServer(
                in: folder, "puffin.json", ["--audit", "--metrics", "--metrics-port", "0"])
            let audit = AuditFiles(data: folder + "/puffin.json")
            let administrator = try secured.connect()
            try administrator.expect("ACL SETUSER alice on >password +@all ~*\n", "OK\n")
            let port = try #require(
                secured.server.log.firstMatch(of: /Metrics on http:\/\/127.0.0.1:([0-9]+)\//).flatMap { UInt16($0.1) })
            // Each wrong password in a row is answered later than the one before, the last ones seconds later.
            let login = Data("alice:guess".utf8).base64EncodedString()
            for number in 1...4 {
                let guesser = try number.isMultiple(of: 2) ? WireConnection(port: port) : secured.server.connect()
                try guesser.send(
                    number.isMultiple(of: 2)
                        ? "GET /metrics HTTP/1.1\r\nHost: a\r\nAuthorization: Basic \(login)\r\n\r\n"
                        : resp("AUTH", "alice", "guess \(number)"))
                let end = TimeLimit.end
                while secured.server.log.components(separatedBy: "Login refused").count <= number {
                    guard Date() < end else { throw WireError(description: "guess \(number): \(secured.server.log)") }
                    usleep(1000)
                }
                // The server knows the outcome, and the answer is still held back.
                guesser.reset()
            }
            // The end of this user's session is later than all of them.
            try administrator.expect("QUIT\n", "OK\n")
            _ = try audit.event { $0.kind == "logout" }
            #expect(try audit.events().count { $0["result"] == "wrong secret" } == 4)
        }
    }
}
