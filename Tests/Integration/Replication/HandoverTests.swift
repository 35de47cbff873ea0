import Foundation
import TestSupport
import Testing

/// The leader hands over to a follower, while clients write.
@Suite("Handing over", .serialized)
struct HandoverTests {
    /// A pair, each of which is the other's follower by turns.
    private func withPair(
        _ options: [String] = [],
        _ body: (_ leader: AdminServer, _ follower: AdminServer, _ folder: String) throws -> Void
    ) throws {
        try withTemporaryFolder { folder in
            let follower = try AdminServer(folder + "/b.json", ["--mode", "follower"] + options)
            let leader = try AdminServer(folder + "/a.json", ["--follower", follower.address] + options)
            try follower.wait(for: "leader_link", toBe: "up")
            try body(leader, follower, folder)
        }
    }

    /// The records in a log, unchanged.
    private func records(_ data: String) throws -> [Substring] {
        let folder = data + ".log/"
        return try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".jsonl") }.sorted()
            .flatMap { name in
                try String(contentsOfFile: folder + name, encoding: .utf8).split(separator: "\n")
                    .filter { $0.hasPrefix("{\"seq\"") }
            }
    }

    /// Waits until one server leads and the other has everything, and checks that everything acknowledged is there, in
    /// one history.
    private func check(_ servers: [AdminServer], _ acknowledged: [Int], folder: String) throws {
        try AdminServer.wait(for: "one leader, and a follower", servers.map(\.log).joined()) {
            let figures = try servers.map { try $0.figures() }
            return Set(figures.compactMap { $0["role"] }) == ["leader", "follower"]
                && figures.contains { $0["leader_link"] == "up" }
                && Set(figures.compactMap { $0["durable"] }).count == 1
        }
        for (index, value) in acknowledged.enumerated() {
            for server in servers {
                let found = try server.ask("GET w\(index)")[0]
                #expect(
                    Int(found) ?? 0 >= value, "w\(index) of \(server.address) is \(found), \(value) was acknowledged")
            }
        }
        #expect(try records(folder + "/a.json") == records(folder + "/b.json"))
    }

    @Test(
        "back and forth while clients write: nothing is lost, clients hear READONLY for a moment",
        arguments: ["local", "one"])
    func underLoad(acks: String) throws {
        try withPair(["--ack", acks, "--ack-timeout", "30s"]) { first, second, folder in
            let writers = SteadyWriters(4, to: [first, second])
            var (leader, follower) = (first, second)
            for _ in 0..<6 {
                try writers.waitForMore(50)
                try follower.wait(for: "leader_link") { ["up", "catching_up"].contains($0) }
                #expect(try leader.ask("HANDOVER \(follower.address)") == ["OK"])
                #expect(try follower.figures()["role"] == "leader" && leader.figures()["role"] == "follower")
                swap(&leader, &follower)
            }
            try writers.waitForMore(50)
            let (acknowledged, errors) = writers.stop()
            for error in errors {
                #expect(
                    error.hasPrefix("ERROR: Read-only follower; write to 127.0.0.1:")
                        || error.hasPrefix("ERROR: Handing over to 127.0.0.1:"), "\(error)")
            }
            try check([first, second], acknowledged, folder: folder)
        }
    }

    @Test("both servers keep their new roles over a restart, whatever their command lines say, and tell it")
    func restart() throws {
        try withPair { first, second, folder in
            #expect(try first.ask("SET a 1", "HANDOVER \(second.address)") == ["OK", "OK"])
            try first.restart()
            try second.restart()
            #expect(first.log.contains("Starting as follower, as a command or a handover has made it"))
            #expect(second.log.contains("Starting as leader, as a command or a handover has made it"))
            try first.wait(for: "leader_link", toBe: "up")
            #expect(try second.ask("SET a 2") == ["OK"])
            try first.catchUp(with: second)
            #expect(
                try first.ask("GET a", "SET a 3") == ["2", "ERROR: Read-only follower; write to \(second.address)"])
            #expect(try second.figures()["followers"] == "1")
            #expect(try first.figures()["followers"] == "0")
        }
    }

    @Test("the other followers go with it")
    func others() throws {
        try withReplicas(2) { (leader, followers) throws in
            #expect(try leader.ask("SET a 1", "HANDOVER \(followers[0].address) 20000") == ["OK", "OK"])
            #expect(try followers[0].ask("SET a 2", "WAIT 2 20000") == ["OK", "2"])
            for server in [leader, followers[1]] {
                #expect(try server.ask("GET a") == ["2"])
                #expect(try server.figures()["leader"] == followers[0].address)
            }
        }
    }

    @Test("a stopped follower does not get it: the leader continues, and changes meanwhile are refused")
    func givenUp() throws {
        try withPair { leader, follower, _ in
            #expect(try leader.ask("SET a 1") == ["OK"])
            try follower.catchUp(with: leader)
            follower.process.process.send(SIGSTOP)
            #expect(try leader.ask("SET a 2") == ["OK"])
            let client = try leader.process.connect()
            try client.send("HANDOVER \(follower.address) 400\nSET a 4\n")
            try leader.wait(for: "writable", toBe: "no")
            let refused = try leader.process.connect()
            try refused.expect(
                "SET a 3\nGET a\n" + resp("SET", "a", "3") + "FOLLOW localhost:1\n",
                "ERROR: Handing over to \(follower.address); write there in a moment\n2\n"
                    + "-READONLY Handing over to \(follower.address); write there in a moment leader=\(follower.address)\r\n"
                    + "ERROR: A handover is under way\n")
            try client.expect(
                "",
                "ERROR: Not handed over: \(follower.address) has acknowledged change 1 of 2 in the time allowed; "
                    + "this server is the leader as before\nOK\n")
            follower.process.process.send(SIGCONT)
            try follower.catchUp(with: leader)
            #expect(
                try follower.ask("GET a", "SET a 5") == ["4", "ERROR: Read-only follower; write to \(leader.address)"])
            #expect(try leader.ask("HANDOVER \(follower.address)") == ["OK"])
        }
    }

    @Test("one that is told to lead and does not answer: this server follows, and is not promoted unless it is forced")
    func unconfirmed() throws {
        try withPair { leader, follower, _ in
            #expect(try leader.ask("SET a 1") == ["OK"])
            try follower.catchUp(with: leader)
            try leader.wait(for: "follower_1_behind", toBe: "0")
            follower.process.process.send(SIGSTOP)
            #expect(
                try leader.ask("HANDOVER \(follower.address) 400", "PROMOTE", "SET a 2") == [
                    "ERROR: Not handed over: \(follower.address) was told to lead and has not confirmed it; "
                        + "this server follows now. Ask \(follower.address) for its ROLE, and PROMOTE one of the two",
                    "ERROR: Not promoted: \(follower.address) was told to lead and may do so; ask it for its ROLE; "
                        + "PROMOTE FORCE does it all the same",
                    "ERROR: Read-only follower; write to \(follower.address)",
                ])
            follower.process.process.send(SIGCONT)
            try follower.wait(for: "role", toBe: "leader")
            try leader.wait(for: "leader_link", toBe: "up")
            #expect(try follower.ask("SET a 3", "WAIT 1 20000") == ["OK", "1"])
            #expect(try leader.ask("GET a") == ["3"])
        }
    }

    @Test("if the role cannot be written nothing changes, and the error says so")
    func unwritableRole() throws {
        try withPair { leader, follower, folder in
            #expect(try leader.ask("SET a 1") == ["OK"])
            // A folder blocks the path where the new role is written first.
            let obstacle = folder + "/a.json.log/ROLE.tmp"
            try FileManager.default.createDirectory(atPath: obstacle, withIntermediateDirectories: false)
            try follower.catchUp(with: leader)
            let handover = try leader.ask("HANDOVER \(follower.address) 20000")[0]
            #expect(
                handover.hasPrefix("ERROR: Not handed over: that it follows cannot be written down: Cannot ")
                    && handover.contains(obstacle) && handover.hasSuffix("; this server is the leader as before"),
                "\(handover)")
            let demoted = try leader.ask("DEMOTE")[0]
            #expect(
                demoted.hasPrefix("ERROR: The role could not be written down, so nothing was changed: Cannot "),
                "\(demoted)")
            #expect(try leader.ask("SET a 2", "WAIT 1 20000") == ["OK", "1"])
            #expect(try follower.figures()["role"] == "follower")
            try FileManager.default.removeItem(atPath: obstacle)
            #expect(try leader.ask("HANDOVER \(follower.address) 20000") == ["OK"])
        }
    }

    @Test("a handover that cannot begin is refused with the reason")
    func refused() throws {
        try withPair { leader, follower, _ in
            let needs = "HANDOVER needs a follower's address, and how long it may take or nothing: "
            #expect(
                try leader.ask(
                    "HANDOVER", "HANDOVER 127.0.0.1:1", "HANDOVER \(follower.address) 0", "HANDOVER x:y",
                    "HANDOVER localhost:\(leader.port)") == [
                        "ERROR: \(needs)HANDOVER <host:port> [<milliseconds>]",
                        "ERROR: No follower at 127.0.0.1:1; there is \(follower.address)",
                        "ERROR: value is not an integer or out of range",
                        "ERROR: \"x:y\" is not an address: the port is a number from 1 to 65535; "
                            + "expected host:port, such as localhost:8080, :8080 or [::1]:8080",
                        "ERROR: localhost:\(leader.port) is this server itself",
                    ])
            #expect(
                try follower.ask("HANDOVER \(leader.address)") == [
                    "ERROR: No follower at \(leader.address); there are none"
                ])
            follower.process.kill()
            try leader.wait(for: "follower_1_state") { $0 != "feeding" }
            #expect(
                try leader.ask("HANDOVER \(follower.address)", "SET a 1") == [
                    "ERROR: Not handed over: Follower \(follower.address) is not connected", "OK",
                ])
        }
    }

    @Test(
        "either server killed at any moment of it: never two leaders, and nothing acknowledged is lost",
        arguments: SeededRandom.seeds(1))
    func killed(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        try withPair { first, second, folder in
            let writers = SteadyWriters(3, to: [first, second])
            for round in 0..<8 {
                try writers.waitForMore(30)
                let isSecond = try second.figures()["role"] == "leader"
                let (leader, follower) = isSecond ? (second, first) : (first, second)
                let client = try leader.process.connect()
                try client.send("HANDOVER \(follower.address) 5000\n")
                usleep(UInt32(random.next() % 6000))
                let victim = round % 2 == 0 ? follower : leader
                victim.process.kill()
                try victim.start()
                try settle([first, second])
            }
            try writers.waitForMore(30)
            try check([first, second], writers.stop().acknowledged, folder: folder)
        }
    }

    /// Waits until there is a leader with a follower. If the handover has left none, one is promoted, as an operator
    /// would do.
    private func settle(_ servers: [AdminServer]) throws {
        var rounds = 0
        try AdminServer.wait(for: "a leader, and a follower", servers.map(\.log).joined()) {
            let figures = try servers.map { try $0.figures() }
            let leaders = figures.count { $0["role"] == "leader" }
            #expect(leaders < 2)
            rounds += 1
            // For a moment the new leader may not have heard of it yet.
            if leaders == 0 && rounds > 100 {
                for (server, other) in [(servers[0], servers[1]), (servers[1], servers[0])]
                where try server.ask("PROMOTE") == ["OK"] {
                    #expect(try server.ask("FOLLOWER ADD \(other.address)") == ["OK"])
                    return false
                }
            }
            return leaders == 1 && figures.contains { $0["leader_link"] == "up" }
        }
    }
}
