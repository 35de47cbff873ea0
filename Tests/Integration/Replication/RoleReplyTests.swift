import Foundation
import TestSupport
import Testing

/// What leaders and followers report, to people and to Redis' tools.
@Suite("Roles, as clients see them", .serialized)
struct RoleReplyTests {
    @Test("a follower refuses every change and names its leader, in both dialects; reads go on")
    func readOnly() throws {
        try withReplicas(1) { (leader, followers) throws in
            #expect(try leader.ask("SET a 1") == ["OK"])
            try followers[0].catchUp(with: leader)
            let client = try followers[0].process.connect()
            let error = "Read-only follower; write to \(leader.address)"
            let field = "leader=\(leader.address)"
            for line in ["SET a 2", "DELETE a", "DEL b", "MSET a 2 b 3", "FLUSHALL"] {
                try client.expect(line + "\nGET a\n", "ERROR: \(error)\n1\n")
            }
            try client.expect(
                resp("SET", "a", "2") + resp("DEL", "a") + resp("MSET", "a", "2") + resp("GET", "a"),
                "-READONLY \(error) \(field)\r\n-READONLY \(error) \(field)\r\n-READONLY \(error) \(field)\r\n$1\r\n1\r\n"
            )
            #expect(try followers[0].figures()["writable"] == "no")
        }
    }

    @Test("a follower whose leader has not connected says so")
    func alone() throws {
        try withTemporaryFolder { folder in
            let follower = try AdminServer(folder + "/puffin.json", ["--mode", "follower"])
            #expect(
                try follower.ask("SET a 1", "GET a") == [
                    "ERROR: Read-only follower; its leader has not connected yet", "ERROR: Key not found",
                ])
            try follower.process.connect().expect(
                "ROLE\n" + resp("ROLE"),
                "follower\nunknown\nconnect\n0\nEND\n*5\r\n$5\r\nslave\r\n$0\r\n\r\n:0\r\n$7\r\nconnect\r\n:0\r\n")
            let figures = try follower.figures()
            #expect(figures["role"] == "follower" && figures["leader"] == "unknown" && figures["leader_link"] == "down")
            #expect(figures["stale_milliseconds"] == "unknown")
        }
    }

    @Test("ROLE is as Redis has it, and in lines as a person reads it")
    func role() throws {
        try withReplicas(1) { (leader, followers) throws in
            #expect(try leader.ask("SET a 1") == ["OK"])
            try leader.wait(for: "follower_1_acknowledged", toBe: "1")
            let port = "\(followers[0].port)"
            try leader.process.connect().expect(
                "ROLE\n" + resp("ROLE"),
                "leader\n1\n127.0.0.1:\(port) feeding 1\nEND\n*3\r\n$6\r\nmaster\r\n:1\r\n*1\r\n*3\r\n"
                    + "$9\r\n127.0.0.1\r\n$\(port.utf8.count)\r\n\(port)\r\n$1\r\n1\r\n")
            try followers[0].process.connect().expect(
                "ROLE\n" + resp("ROLE"),
                "follower\n\(leader.address)\nconnected\n1\nEND\n*5\r\n$5\r\nslave\r\n$9\r\n127.0.0.1\r\n"
                    + ":\(leader.port)\r\n$9\r\nconnected\r\n:1\r\n")
        }
    }

    @Test("STATS has the role, the link, how far and how stale")
    func figures() throws {
        try withReplicas(1, ["--ack", "one"]) { (leader, followers) throws in
            #expect(try leader.ask("SET a 1") == ["OK"])
            var figures = try leader.figures()
            for (name, value) in [
                ("role", "leader"), ("ack", "one"), ("followers", "1"), ("follower_1", followers[0].address),
                ("follower_1_state", "feeding"), ("follower_1_acknowledged", "1"), ("follower_1_behind", "0"),
                ("follower_1_behind_bytes", "0"), ("writable", "yes"),
            ] { #expect(figures[name] == value, "\(name)") }
            try followers[0].wait(for: "stale_milliseconds", toBe: "0")
            figures = try followers[0].figures()
            for (name, value) in [
                ("role", "follower"), ("leader", leader.address), ("leader_link", "up"), ("leader_seq", "1"),
                ("followers", "0"), ("seq", "1"),
            ] { #expect(figures[name] == value, "\(name)") }
            leader.process.kill()
            try followers[0].wait(for: "leader_link", toBe: "down")
            try followers[0].wait(for: "stale_milliseconds") { Int($0) ?? 0 > 0 }
        }
    }

    @Test("a follower of a follower is as stale as that one")
    func chain() throws {
        try withReplicas(1) { (leader, followers) throws in
            try withTemporaryFolder { folder in
                let last = try AdminServer(folder + "/last.json", ["--mode", "follower"])
                #expect(try followers[0].ask("FOLLOWER ADD \(last.address)") == ["OK"])
                try last.wait(for: "leader_link", toBe: "up")
                try last.wait(for: "stale_milliseconds", toBe: "0")
                #expect(try leader.ask("SET a 1") == ["OK"])
                try last.wait(for: "seq", toBe: "1")
                leader.process.kill()
                try last.wait(for: "leader_link", toBe: "stale_leader")
                try last.wait(for: "stale_milliseconds") { Int($0) ?? 0 > 0 }
                try leader.start()
                try last.wait(for: "leader_link", toBe: "up")
                try last.wait(for: "stale_milliseconds", toBe: "0")
            }
        }
    }

    @Test("redis-py finds its role, its read-only error and the figures", .enabled(if: PeerProgram.areThere("python3")))
    func redisPy() throws {
        guard let python = PeerProgram.path(of: "python"),
            try ChildProcess.run([python, "-c", "import redis"]).exitCode == 0
        else {
            print("skipped: redis-py is not installed (make setup-dev installs it)")
            return
        }
        try withReplicas(1) { (leader, followers) throws in
            let program = """
                import redis
                leader = redis.Redis(port=\(leader.port)); follower = redis.Redis(port=\(followers[0].port), protocol=3)
                leader.set("a", 1)
                print(leader.wait(1, 5000))
                print(follower.get("a"))
                try: follower.set("a", 2)
                except redis.exceptions.ReadOnlyError as error: print("read-only:", error)
                info = leader.info("replication")
                print(info["role"], info["connected_slaves"], info["slave0"]["state"], info["slave0"]["offset"])
                info = follower.info("replication")
                print(info["role"], info["master_host"], info["master_port"] == \(leader.port), info["master_link_status"])
                print(leader.role()[0], follower.role()[0])
                print(follower.execute_command("HELLO", 3)[b"role"], leader.execute_command("HELLO", 2)[11])
                """
            let result = try ChildProcess.run([python, "-c", program])
            #expect(
                result.output == """
                    1
                    b'1'
                    read-only: Read-only follower; write to \(leader.address) leader=\(leader.address)
                    master 1 online 1
                    slave 127.0.0.1 True up
                    b'master' b'slave'
                    b'replica' b'master'

                    """)
        }
    }

    @Test("redis-cli prints the role", .enabled(if: PeerProgram.areThere("redis-cli")))
    func redisCLI() throws {
        try withReplicas(1) { (leader, followers) throws in
            let role = try ChildProcess.run(["redis-cli", "-p", "\(followers[0].port)", "--no-raw", "ROLE"])
            #expect(
                role.output
                    == "1) \"slave\"\n2) \"127.0.0.1\"\n3) (integer) \(leader.port)\n4) \"connected\"\n5) (integer) 0\n"
            )
        }
    }
}
