import Foundation
import OpenSSL
import TestSupport
import Testing

/// What was revoked with an OK stays revoked, on leader and follower, whichever of them is killed right behind it; and nothing of
/// the user runs behind it.
@Suite("Revocations through kills", .serialized)
struct RevocationTests {
    /// The ways to revoke.
    private enum Kind: CaseIterable {
        case off, removed, password, token, command, role

        /// What makes the user, who may set keys.
        func making(_ secret: String) -> [String] {
            let hash = Digests.hexadecimal(secret)
            switch self {
            case .role:
                return [
                    "ACL ROLE SET setters RESET +@all ~*", "ACL SETUSER alice reset on #\(hash) role:setters",
                ]
            case .token: return ["ACL SETUSER alice reset on +@all ~*"]
            default: return ["ACL SETUSER alice reset on #\(hash) +@all ~*"]
            }
        }

        func request(_ secret: String) -> String {
            switch self {
            case .off: "ACL SETUSER alice off"
            case .removed: "ACL DELUSER alice"
            case .password: "ACL SETUSER alice \"<\(secret)\""
            case .token: "ACL SETUSER alice resetpass"
            case .command: "ACL SETUSER alice -set"
            case .role: "ACL ROLE SET setters -set"
            }
        }

        /// Whether it ends the user's sessions.
        var endsSessions: Bool { self != .command && self != .role }
    }

    /// Two servers that require a login.
    private struct Pair {
        let leader: Replica
        let follower: Replica

        init(in folder: String) throws {
            try SecuredServer.password.write(toFile: folder + "/password", atomically: true, encoding: .utf8)
            try SecuredServer.secret.write(toFile: folder + "/secret", atomically: true, encoding: .utf8)
            let wrapper = [
                "/usr/bin/env", "PUFFIN_AUTH_PASSWORD_FILE=\(folder)/password",
                "PUFFIN_REPLICATION_SECRET_FILE=\(folder)/secret",
            ]
            follower = try Replica("follower", in: folder, ["--mode", "follower"], wrapper: wrapper).start()
            leader = try Replica(
                "leader", in: folder, ["--follower", follower.address, "--ack", "one"], wrapper: wrapper
            ).start()
        }

        func administrator(of server: Replica) throws -> WireConnection {
            let connection = try server.connect()
            try connection.expect("AUTH default \"\(SecuredServer.password)\"\n", "OK\n")
            return connection
        }
    }

    /// A user's pipeline of changes, of which a thread sends one piece after another.
    private final class Pipeline: @unchecked Sendable {
        private let connection: WireConnection
        private let done = DispatchSemaphore(value: 0)

        init(_ connection: WireConnection, pieces: [String]) {
            self.connection = connection
            Thread.detachNewThread { [self] in
                for piece in pieces where (try? connection.send(piece)) == nil { break }
                done.signal()
            }
        }

        /// Waits until everything is sent or the connection has ended, and reads the replies.
        /// - Returns: how many changes were acknowledged, and whether one was refused.
        func end() throws -> (acknowledged: Int, refused: Int) {
            done.wait()
            connection.endSending()
            let lines = try connection.receiveAll().split(separator: "\n")
            let acknowledged = lines.prefix { $0 == "OK" }.count
            let rest = lines.dropFirst(acknowledged)
            #expect(rest.allSatisfy { $0.hasPrefix("ERROR: alice may not ") || $0.hasPrefix("ERROR: Log in first") })
            return (acknowledged, rest.count)
        }
    }

    /// The line of ACL LIST about a user, and about a role; they show everything but hashes.
    private func description(_ administrator: WireConnection) throws -> [String] {
        try administrator.send("ACL LIST\n")
        let lines = String(decoding: try administrator.receive(through: "END\n"), as: UTF8.self)
        return try lines.split(separator: "\n").filter { $0.contains("user alice ") }.map(String.init)
            + [administrator.ask("ACL ROLE GET setters")]
    }

    /// Asks until the change is confirmed by the follower, which may still be on its way back.
    private func confirm(_ request: String, _ administrator: WireConnection, _ pair: Pair) throws -> String {
        var reply = ""
        try wait("OK to \(request)", description: { reply + pair.leader.log + pair.follower.log }) {
            reply = try administrator.ask(request)
            return ["OK", "1"].contains(reply) || reply.hasPrefix("pft_")
        }
        return reply
    }

    private struct Count {
        var acknowledged = 0
        var refused = 0
        var logins = 0
        /// What was done last.
        var step = ""
        var kills = ["leader": 0, "follower": 0]
    }

    /// One round: make the user, let it work, revoke, kill, start, look.
    private func run(_ number: Int, _ pair: Pair, _ random: inout SeededRandom, _ count: inout Count) throws {
        let kind = Kind.allCases[random.below(Kind.allCases.count)]
        let place = "round \(number), \(kind)"
        var secret = "secret \(number)"
        var administrator = try pair.administrator(of: pair.leader)
        for request in kind.making(secret) { _ = try confirm(request, administrator, pair) }
        if kind == .token { secret = try confirm("ACL TOKEN alice", administrator, pair) }
        _ = try confirm("SET round \"\(number) begins\"", administrator, pair)
        count.step = "\(place), login"
        let login = "AUTH alice \"\(secret)\"\n"
        let (writer, reader) = (try pair.leader.connect(), try pair.follower.connect())
        try writer.expect(login, "OK\n")
        try reader.expect(login + "GET k:\(number)\n", "OK\nERROR: Key not found\n")
        let (pieces, size) = (1 + random.below(20), 1 + random.below(30))
        let pipeline = Pipeline(
            writer,
            pieces: (0..<pieces).map { piece in
                (0..<size).map { "SET k:\(number) \(piece * size + $0 + 1)\n" }.joined()
            })
        usleep(UInt32(random.below(2000)))
        count.step = "\(place), revocation"
        _ = try confirm(kind.request(secret), administrator, pair)
        let value = try administrator.ask("GET k:\(number)")
        let described = try description(administrator)
        #expect(described.first?.contains(" off ") == (kind == .removed ? nil : kind == .off) || kind == .removed)
        count.step = "\(place), end of the sessions"
        // The follower has confirmed it: its sessions have lost the right, too.
        if kind.endsSessions { #expect(try reader.receiveAll() == "", "\(place)") }
        let victims = [[pair.leader], [pair.follower], [pair.leader, pair.follower]][random.below(3)]
        for victim in victims {
            victim.kill()
            count.kills[victim.name, default: 0] += 1
        }
        count.step = "\(place), end of the pipeline"
        let (acknowledged, refused) = try pipeline.end()
        count.acknowledged += acknowledged
        count.refused += refused
        let newest = Int(value) ?? 0
        // Of what the leader has run, some replies may have been lost with it.
        #expect(victims.contains { $0 === pair.leader } ? acknowledged <= newest : acknowledged == newest, "\(place)")
        count.step = "\(place), starts"
        for victim in victims.reversed() { try victim.start() }
        administrator = try pair.administrator(of: pair.leader)
        let other = try pair.administrator(of: pair.follower)
        for server in [administrator, other] {
            #expect(try server.ask("GET k:\(number)") == value, "\(place)")
            #expect(try description(server) == described, "\(place)")
        }
        count.step = "\(place), logins"
        // A login in vain takes half a second, so only some rounds try it.
        if random.below(10) == 0 {
            for server in [pair.leader, pair.follower] {
                let client = try server.connect()
                try client.send(login + "SET k:\(number) stolen\n")
                let replies = (try client.receiveLine(), try client.receiveLine())
                #expect(replies.0 == (kind.endsSessions ? "ERROR: Wrong user or password" : "OK"), "\(place)")
                #expect(replies.1.hasPrefix("ERROR: "), "\(place): \(replies.1)")
                count.logins += 1
            }
        }
        _ = try confirm("SET round \"\(number) has ended\"", administrator, pair)
    }

    /// Looks for changes of the user where there can be none: behind a revocation and before the user is made anew.
    private func expectNothingBehind(_ server: Replica, rounds: Int) throws {
        var (isRevoked, found, ends) = (true, 0, 0)
        let names = try FileManager.default.contentsOfDirectory(atPath: server.data + ".log").sorted()
        for name in names where name.hasSuffix(".jsonl") {
            let text = try String(contentsOfFile: "\(server.data).log/\(name)", encoding: .utf8)
            for line in text.split(separator: "\n") {
                if line.contains("\"key\":\"round\"") {
                    isRevoked = line.contains("ended\"")
                    if isRevoked { ends += 1 }
                } else if line.contains("\"op\":\"meta\"") {
                    // Behind the round's beginning there is no note but the revocation.
                    isRevoked = true
                } else if line.contains("\"by\":\"alice\"") {
                    found += 1
                    #expect(!isRevoked, "\(server.name): \(line)")
                }
            }
        }
        #expect(ends == rounds && found > rounds, "\(server.name): \(found) changes in \(ends) rounds")
    }

    @Test(
        "what was revoked with an OK stays so, and nothing of the user runs behind it", arguments: SeededRandom.seeds(1)
    )
    func revoked(seed: UInt64) throws {
        try withTemporaryFolder { folder in
            var random = SeededRandom(seed: seed)
            let rounds = Torture.isOn ? 1000 : 50
            let pair = try Pair(in: folder)
            var count = Count()
            let start = Date()
            for number in 1...rounds {
                do {
                    try run(number, pair, &random, &count)
                } catch {
                    throw WireError(description: "\(count.step): \(error)\n\(pair.leader.log)\n\(pair.follower.log)")
                }
            }
            for server in [pair.leader, pair.follower] {
                server.kill()
                try expectNothingBehind(server, rounds: rounds)
            }
            print(
                "revocations (seed \(seed)): \(rounds), kills \(count.kills), \(count.acknowledged) changes acknowledged "
                    + "before and \(count.refused) refused behind, \(count.logins) logins in vain, "
                    + "\(Int(Date().timeIntervalSince(start))) s")
        }
    }

    @Test("a password that is being hashed is not set for somebody who has lost the right to change users meanwhile")
    func lostWhileHashing() throws {
        try withTemporaryFolder { folder in
            for loss in ["ACL SETUSER alice off", "ACL SETUSER alice -@users"] {
                let secured = try SecuredServer(in: folder)
                let administrator = try secured.connect()
                try administrator.expect("ACL SETUSER alice on nopass +@all ~*\n", "OK\n")
                let alice = try secured.server.connect()
                try alice.expect("AUTH alice x\n", "OK\n")
                // Passwords are hashed one at a time, some 300 ms each: with ten before it, the change is made while this waits.
                let strangers = try (0..<10).map { _ in try secured.server.connect() }
                for stranger in strangers { try stranger.send("AUTH stranger wrong\n") }
                try alice.send("ACL SETUSER eve on \">a new password\" +@all ~*\n")
                try wait("the request") {
                    try administrator.send("CLIENT LIST\nPING\n")
                    let text = String(decoding: try administrator.receive(through: "PONG\n"), as: UTF8.self)
                    return text.split(separator: "\n").contains { $0.contains("cmd=acl") && $0.contains("user=alice") }
                }
                try administrator.send(loss + "\n")
                var line = ""
                while line != "OK" { line = try administrator.receiveLine() }
                #expect(try alice.receiveLine().hasPrefix("ERROR: "))
                try administrator.send("ACL USERS\n")
                let users = String(decoding: try administrator.receive(through: "END\n"), as: UTF8.self)
                #expect(!users.contains("eve"), "\(users)")
                #expect(secured.server.stop() == 0)
            }
        }
    }
}
