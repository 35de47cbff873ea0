import Foundation
import TestSupport
import Testing

/// Who still gets in when clients have taken every place: other servers and administrators, and nobody else.
@Suite("Places")
struct PlaceTests {
    private static let refusal = "-ERR max number of clients reached\r\n"
    private static let limit = 3

    /// A server whose places are taken. The first of the clients is the witness.
    private func withFullServer(_ body: (ServerProcess, Witness, inout [WireConnection]) throws -> Void) throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json", ["--max-clients", "\(Self.limit)"])
            let witness = try Witness(server)
            var clients = [witness.connection]
            for _ in 1..<Self.limit { clients.append(try server.connect()) }
            for client in clients { try client.expect("PING\n", "PONG\n") }
            try body(server, witness, &clients)
        }
    }

    /// Everything that a connection receives. One that was too slow to state its purpose, on a busy machine, tries
    /// again.
    private func answer(of server: ServerProcess, _ ask: (WireConnection) throws -> Void) throws -> String {
        try answer(ask) { try server.connect() }
    }

    private func answer(of server: Replica, _ ask: (WireConnection) throws -> Void) throws -> String {
        try answer(ask) { try server.connect() }
    }

    private func answer(
        _ ask: (WireConnection) throws -> Void, _ connect: () throws -> WireConnection
    ) throws -> String {
        for _ in 0..<20 {
            let connection = try connect()
            try? ask(connection)
            let reply = try connection.receiveAll()
            if reply != Self.refusal { return reply }
        }
        return Self.refusal
    }

    /// Waits until a change is acknowledged by a follower.
    private func waitForAcknowledgement(by leader: Replica, of line: String) throws {
        try wait("an OK", description: { leader.log }) { try leader.ask(line) == "OK" }
    }

    @Test("a client is refused, whatever it says or does not say, and changes nothing")
    func clients() throws {
        try withFullServer { server, witness, clients in
            let texts = [
                "", "\n", "PING\n", "SET stray 1\n", resp("SET", "stray", "1"), resp("GET", "witness"),
                "GET witness\nROLE\n",
                "WAIT 0 0\n", "AFTER 0 GET witness\n", "HELLO 3\n", "KEYS\n", "nonsense\n", "STAT", "*1\r\n$4\r\nROL",
                "*1\r\n$99999\r\n", "*9999999999\r\n", "SET stray " + String(repeating: "x", count: 10_000),
            ]
            for text in texts {
                let client = try server.connect()
                try client.send(text)
                let reply = try client.receiveAll()
                #expect(reply == Self.refusal, "\(text.debugDescription.prefix(100))")
                try witness.check()
            }
            #expect(try witness.figure("connections_refused") == texts.count)
            #expect(try witness.figure("clients") == Self.limit)
            // Connections that disconnect while they are being classified are freed as well.
            for isReset in [true, false, true, false] {
                let client = try server.connect()
                if isReset { client.reset() }
            }
            clients.removeLast().endSending()
            try witness.wait(for: "clients", toBe: Self.limit - 1)
            try server.connect().expect("GET witness\n", "was here before\n")
            #expect(server.stop() == 0)
        }
    }

    @Test("an administrator is answered once, in either dialect, and then the connection ends")
    func administrators() throws {
        try withFullServer { server, witness, _ in
            for (text, reply) in [
                ("ROLE\n", "leader\n1\nEND\n"), (resp("role"), "*3\r\n$6\r\nmaster\r\n:1\r\n*0\r\n"),
                ("ROLE\nSET stray 1\n", "leader\n1\nEND\n"),
                (resp("ROLE") + resp("SET", "stray", "1"), "*3\r\n$6\r\nmaster\r\n:1\r\n*0\r\n"),
                ("PROMOTE\n", "ERROR: This server is the leader already\n"),
                ("HANDOVER 127.0.0.1:1\n", "ERROR: No follower at 127.0.0.1:1; there are none\n"),
                (
                    "FOLLOWER ADD\n",
                    "ERROR: FOLLOWER needs ADD or REMOVE, and an address: FOLLOWER ADD|REMOVE <host:port>\n"
                ),
            ] {
                #expect(try answer(of: server) { try $0.send(text) } == reply, "\(text)")
                try witness.check()
            }
            let statistics = try answer(of: server) { try $0.dribble("STATS\n") }
            #expect(statistics.contains("\nclients \(Self.limit + 1)\n"), "\(statistics)")
            // Connections that stay get no more than their own places.
            let lazy = try (0..<20).map { _ in try server.connect() }
            for administrator in lazy { try administrator.send("ROLE\n") }
            let replies = try lazy.map { try $0.receiveAll() }
            #expect(Set(replies).isSubset(of: ["leader\n1\nEND\n", Self.refusal]), "\(replies)")
            #expect(replies.count { $0 == Self.refusal } >= lazy.count - 8, "\(replies)")
            #expect(try server.connect().receiveAll() == Self.refusal)
            try witness.check()
        }
    }

    @Test("one that is slow to say what it wants is not pushed out by others that come from elsewhere")
    func flood() throws {
        try withFullServer { server, witness, _ in
            var others: [WireConnection] = []
            defer { withExtendedLifetime(others) {} }
            let reply = try answer(of: server) { administrator in
                // More than may wait. All of them have been let in once one has been refused for the sake of each that may.
                others = try (0..<40).map { _ in try server.connect(from: "127.0.0.9") }
                for other in others.prefix(others.count - 16) { _ = try other.receiveAll() }
                try administrator.send("ROLE\n")
            }
            #expect(reply == "leader\n1\nEND\n")
            try witness.check()
        }
    }

    @Test("administrators that stay take no place of one that comes from elsewhere")
    func otherAdministrators() throws {
        try withFullServer { server, witness, _ in
            let lazy = try (0..<20).map { _ in try server.connect(from: "127.0.0.9") }
            for administrator in lazy { try administrator.send("ROLE\n") }
            let replies = try lazy.map { try $0.receiveAll() }
            #expect(replies.count { $0 == Self.refusal } >= lazy.count - 8, "\(replies)")
            for _ in 0..<3 {
                #expect(try answer(of: server) { try $0.send("ROLE\n") } == "leader\n1\nEND\n")
            }
            try witness.check()
        }
    }

    @Test("a request that is answered later is answered whole before the connection ends")
    func handover() throws {
        try withTemporaryFolder { folder in
            let follower = try Replica("follower", in: folder, ["--mode", "follower"]).start()
            let leader = try Replica(
                "leader", in: folder, ["--follower", follower.address, "--max-clients", "1"]
            ).start()
            let client = try leader.connect()
            #expect(try client.ask("SET a 1") == "OK")
            try wait("the follower") { try follower.ask("GET a") == "1" }
            let handover = "HANDOVER \(follower.address)\n"
            #expect(try answer(of: leader) { try $0.send(handover) } == "OK\n")
            #expect(try follower.ask("SET a 2") == "OK")
            #expect(try client.ask("GET a") == "1" || client.ask("GET a") == "2")
        }
    }

    @Test("a leader gets in where a follower's clients have taken every place, be there many more that want one")
    func leader() throws {
        try withTemporaryFolder { folder in
            let follower = try Replica("follower", in: folder, ["--mode", "follower", "--max-clients", "2"]).start()
            let clients = try (0..<2).map { _ in try follower.connect() }
            for client in clients { try client.expect("PING\n", "PONG\n") }
            // More than may wait, so some of them are refused for the next ones.
            let others = try (0..<40).map { _ in try follower.connect() }
            let leader = try Replica("leader", in: folder, ["--follower", follower.address, "--ack", "one"]).start()
            let more = try (0..<40).map { _ in try follower.connect() }
            try waitForAcknowledgement(by: leader, of: "SET a 1")
            #expect(try clients[0].ask("GET a") == "1")
            for other in others + more {
                let reply = try other.receiveAll()
                #expect(reply == Self.refusal)
            }
            #expect(try leader.ask("SET a 2") == "OK")
            // Connections between servers take no client's place.
            #expect(try follower.connect().receiveAll() == Self.refusal)
            #expect(try clients[1].ask("PING") == "PONG")
            // The restarted leader gets in as well.
            leader.kill()
            try leader.start()
            try waitForAcknowledgement(by: leader, of: "SET a 3")
            // On a busy machine an attempt may have failed; then the log says why.
            let complaints = leader.log.split(separator: "\n").filter { $0.contains("WARNING Follower") }
            #expect(complaints.allSatisfy { $0.contains("it has no place for this server") }, "\(leader.log)")
        }
    }

    @Test("a follower that was told its leader gets in where the leader's clients have taken every place")
    func introduction() throws {
        try withTemporaryFolder { folder in
            let leader = try Replica("leader", in: folder, ["--max-clients", "1"]).start()
            let client = try leader.connect()
            #expect(try client.ask("SET a 1") == "OK")
            let follower = try Replica("follower", in: folder).start()
            #expect(try follower.ask("FOLLOW \(leader.address)") == "OK")
            try wait("the leader's pair", description: { follower.log }) { try follower.ask("GET a") == "1" }
            #expect(try client.ask("PING") == "PONG")
        }
    }

    @Test("leaders that must not be followed get no more than their places, and others still get in")
    func strangers() throws {
        try withTemporaryFolder { folder in
            let follower = try Replica("follower", in: folder, ["--mode", "follower", "--max-clients", "1"]).start()
            let client = try follower.connect()
            try client.expect("PING\n", "PONG\n")
            let strangers = try (0..<30).map { _ in try follower.connect() }
            for stranger in strangers { try stranger.send("REPLICATE {\"version\":999}\n") }
            let leader = try Replica("leader", in: folder, ["--follower", follower.address, "--ack", "one"]).start()
            #expect(try leader.ask("SET a 1") == "OK")
            #expect(try client.ask("GET a") == "1")
        }
    }

    @Test(
        "a server that is refused a place says so, and not that the other side is no server", arguments: [true, false])
    func refused(isLeader: Bool) throws {
        try withTemporaryFolder { folder in
            let listener = try WireListener()
            let options =
                isLeader ? ["--follower", "127.0.0.1:\(listener.port)"] : ["--mode", "follower"]
            let server = try Replica("server", in: folder, options).start()
            if !isLeader {
                #expect(try server.ask("FOLLOW 127.0.0.1:\(listener.port)") == "OK")
                // It has asked whether the server there is itself.
                _ = try listener.accept()
            }
            for _ in 0..<2 {
                let connection = try listener.accept()
                #expect(try connection.receiveLine().hasPrefix(isLeader ? "REPLICATE " : "FOLLOWER ADD :"))
                try connection.send(Self.refusal)
            }
            try server.waitForLog(
                "\(isLeader ? "Follower" : "Leader") 127.0.0.1:\(listener.port): it has no place for this server: its clients have taken them all; raise its --max-clients; trying again"
            )
            #expect(server.count(of: "it has no place") == 1, "\(server.log)")
            #expect(server.count(of: "it refuses") + server.count(of: "lost") == 0, "\(server.log)")
        }
    }
}
