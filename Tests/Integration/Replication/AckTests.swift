import Foundation
import TestSupport
import Testing

/// Replies that wait for the followers' disks (`--ack`).
@Suite("Acknowledged changes", .serialized)
struct AckTests {
    private static let late =
        "Written here, not yet acknowledged by 1 follower within 300 ms; a crash of this server could lose it"

    /// A leader that holds `there yes`, and waits for one follower that does not exist.
    private func withLonelyLeader(
        _ options: [String] = ["--ack", "one", "--ack-timeout", "300ms"],
        _ body: (_ leader: AdminServer, _ follower: UInt16, _ folder: String) throws -> Void
    ) throws {
        try withTemporaryFolder { folder in
            let leader = try AdminServer(folder + "/leader.json")
            #expect(try leader.ask("SET there yes") == ["OK"])
            let follower = freePort()
            try leader.restart(["--follower", "127.0.0.1:\(follower)"] + options)
            try body(leader, follower, folder)
        }
    }

    @Test("without the follower a change becomes an error, in its place among the replies and in its dialect")
    func order() throws {
        try withLonelyLeader { leader, _, _ in
            let client = try leader.process.connect()
            try client.expect(
                "GET there\nSET a 1\nGET there\nPING\n" + resp("GET", "there") + resp("SET", "b", "2") + resp("PING")
                    + resp("MSET", "c", "3", "d", "4") + "GET a\nECHO done\n",
                "yes\nERROR: \(Self.late)\nyes\nPONG\n$3\r\nyes\r\n-UNACKED \(Self.late)\r\n+PONG\r\n-UNACKED \(Self.late)\r\n"
                    + "ERROR: \(Self.late)\ndone\n")
            // The connection goes on.
            try client.expect("PING\nGET there\n", "PONG\nyes\n")
        }
    }

    @Test("a read of the change waits as well, on every connection; a read of another key does not")
    func reads() throws {
        try withLonelyLeader(["--ack", "one", "--ack-timeout", "1h"]) { leader, port, folder in
            let (writer, reader, other) = try (
                leader.process.connect(), leader.process.connect(), leader.process.connect()
            )
            try writer.send("SET a 1\n")
            try leader.wait(for: "durable", toBe: "2")
            try reader.send("GET a\n")
            // A key is of the same class as another one once in 65,536 times, and would wait with it.
            try other.expect("GET there\nPING\n", "yes\nPONG\n")
            try other.expect("PING\n", "PONG\n")
            #expect(!writer.hasReceived && !reader.hasReceived)
            let follower = try AdminServer(folder + "/follower.json", ["--mode", "follower"], port: port)
            try writer.expect("", "OK\n")
            try reader.expect("", "1\n")
            withExtendedLifetime(follower) {}
        }
    }

    @Test("a change not acknowledged in time is there nevertheless, and acknowledged once the follower has it")
    func later() throws {
        try withLonelyLeader { leader, port, folder in
            #expect(try leader.ask("SET a 1", "GET a") == ["ERROR: \(Self.late)", "ERROR: \(Self.late)"])
            let follower = try AdminServer(folder + "/follower.json", ["--mode", "follower"], port: port)
            try leader.wait(for: "committed", toBe: "2")
            #expect(try leader.ask("GET a", "SET a 2", "GET a") == ["1", "OK", "2"])
            #expect(try follower.ask("GET a") == ["2"])
        }
    }

    @Test("lists and counts that would reveal the change become an error as a whole")
    func lists() throws {
        try withLonelyLeader { leader, _, _ in
            let client = try leader.process.connect()
            try client.expect(
                "SET a 1\nKEYS *\n" + resp("KEYS", "*") + "COUNT\nSCAN 0\nMGET a there\nPING\n",
                "ERROR: \(Self.late)\nERROR: \(Self.late)\n-UNACKED \(Self.late)\r\nERROR: \(Self.late)\n"
                    + "ERROR: \(Self.late)\nERROR: \(Self.late)\nPONG\n")
        }
    }

    @Test(
        "one, all and a number wait for so many disks, and the error says how many are missing",
        arguments: [("one", 0, 0), ("all", 0, 1), ("2", 0, 1), ("all", 1, 2), ("2", 1, 2), ("local", 0, 0)])
    func policies(policy: String, stopped: Int, missing: Int) throws {
        try withReplicas(2, ["--ack", policy, "--ack-timeout", "400ms"]) { (leader, followers) throws in
            #expect(try leader.ask("SET a 1", "GET a") == ["OK", "1"])
            for follower in followers[...stopped] { follower.process.process.send(SIGSTOP) }
            let error =
                "ERROR: Written here, not yet acknowledged by \(missing) follower\(missing == 1 ? "" : "s") within 400 ms; "
                + "a crash of this server could lose it"
            #expect(try leader.ask("SET a 2") == [missing == 0 ? "OK" : error])
            for follower in followers[...stopped] { follower.process.process.send(SIGCONT) }
            try leader.wait(for: "committed", toBe: "2")
            #expect(try leader.ask("SET a 3", "GET a") == ["OK", "3"])
        }
    }

    @Test("requests that wait when the server steps down fail as unacknowledged")
    func demotion() throws {
        try withLonelyLeader(["--ack", "one", "--ack-timeout", "1h"]) { leader, _, _ in
            let (lines, redis) = (try leader.process.connect(), try leader.process.connect())
            try lines.send("SET a 1\nGET there\n")
            try redis.send(resp("SET", "b", "1"))
            try leader.wait(for: "seq", toBe: "3")
            #expect(try leader.ask("DEMOTE") == ["OK"])
            let error =
                "Not acknowledged by 1 follower before this server became a follower; its leader may lack this change"
            try lines.expect("", "ERROR: \(error)\nyes\n")
            try redis.expect("", "-UNACKED \(error)\r\n")
            // A follower's reads wait for no acknowledgement.
            #expect(try leader.ask("GET a") == ["1"])
        }
    }

    @Test("a wrong policy or time is refused with what would be right")
    func options() throws {
        for (arguments, expected) in [
            (["--ack", "two"], "local"), (["--ack-timeout", "0"], "1ms or more"),
            (["--ack-timeout", "x"], "--ack-timeout"),
            (["--replication-timeout", "1s"], "2s or more"), (["--follower", "a b"], "host:port"),
            (["--mode", "boss"], "leader"),
        ] {
            let (code, output) = try ChildProcess.run([ChildProcess.program("puffin-server")] + arguments)
            #expect(code == 2 && output.contains(expected), "\(arguments): \(output)")
        }
    }
}
