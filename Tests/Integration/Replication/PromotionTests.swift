import Foundation
import TestSupport
import Testing

/// Roles that an operator changes, without a restart.
@Suite("Changing roles", .serialized)
struct PromotionTests {
    @Test("a follower is promoted once its leader is gone, and takes changes")
    func promote() throws {
        try withReplicas(1) { (leader, followers) throws in
            #expect(try leader.ask("SET a 1") == ["OK"])
            try followers[0].catchUp(with: leader)
            #expect(
                try followers[0].ask("PROMOTE") == [
                    "ERROR: Not promoted: Its leader, \(leader.address), is connected; HANDOVER there loses nothing and "
                        + "leaves one leader; PROMOTE FORCE does it all the same"
                ])
            leader.process.kill()
            try followers[0].wait(for: "leader_link", toBe: "down")
            #expect(
                try followers[0].ask("PROMOTE now", "PROMOTE", "SET a 2", "GET a", "PROMOTE") == [
                    "ERROR: Wrong options: PROMOTE [FORCE]", "OK", "OK", "2",
                    "ERROR: This server is the leader already",
                ])
            #expect(followers[0].log.contains("Promoted: this server is the leader from change 1 on"))
            // The old leader learns that there is another one, and refuses nothing by itself: an operator decides.
            try leader.start()
            try leader.waitForLog(
                "This server is a leader; start it with --mode follower, or send it FOLLOW or DEMOTE first")
            #expect(try leader.ask("FOLLOW \(followers[0].address)") == ["OK"])
            try leader.wait(for: "leader_link", toBe: "up")
            #expect(try leader.ask("GET a") == ["2"])
        }
    }

    @Test("a leader that was demoted has a follower that can be promoted without force")
    func demote() throws {
        try withReplicas(1) { (leader, followers) throws in
            #expect(try leader.ask("SET a 1", "DEMOTE") == ["OK", "OK"])
            #expect(try leader.ask("SET a 2") == ["ERROR: Read-only follower; its leader has not connected yet"])
            try followers[0].wait(for: "leader_link", toBe: "stale_leader")
            #expect(try followers[0].ask("GET a", "PROMOTE", "SET a 2") == ["1", "OK", "OK"])
            #expect(try followers[0].ask("FOLLOWER ADD \(leader.address)", "WAIT 1 20000") == ["OK", "1"])
            #expect(try leader.ask("GET a") == ["2"])
        }
    }

    @Test("one whose leader has announced more than it has sent is not promoted unless forced")
    func toldOfMore() throws {
        try withTemporaryFolder { folder in
            let follower = try ServerProcess(data: folder + "/follower.json", ["--mode", "follower"])
            // The test is the leader: it has a hundred changes, and sends none.
            let leader = try follower.connect()
            try leader.send(
                "REPLICATE {\"version\":1,\"history\":\"5f0c9a52e1b7\",\"port\":1,\"first\":1,\"last\":100,\"durable\":100}\n"
            )
            #expect(try leader.receiveLine().hasPrefix("{\"history\":"))
            leader.endSending()
            _ = try leader.receiveAll()
            let client = try follower.connect()
            #expect(
                try client.ask("PROMOTE")
                    == "ERROR: Not promoted: This follower is at change 0, its leader was at 100; PROMOTE FORCE does it all the same"
            )
            #expect(try client.ask("PROMOTE FORCE") == "OK")
            #expect(try client.ask("SET a 1") == "OK")
            #expect(follower.stop() == 0)
        }
    }

    @Test("one that lacks changes is not promoted unless forced")
    func behind() throws {
        try withReplicas(1) { (leader, followers) throws in
            #expect(try leader.ask("SET a 1") == ["OK"])
            try followers[0].catchUp(with: leader)
            followers[0].process.process.send(SIGSTOP)
            for value in 2...5 { #expect(try leader.ask("SET a \(value)") == ["OK"]) }
            leader.process.kill()
            followers[0].process.process.send(SIGCONT)
            try followers[0].wait(for: "leader_link", toBe: "down")
            // What was in the socket has arrived; a heartbeat may have announced more.
            let answer = try followers[0].ask("PROMOTE")[0]
            let isBehind = try followers[0].figures()["seq"] != followers[0].figures()["leader_seq"]
            #expect(answer == "OK" || isBehind && answer.contains("its leader was at"), "\(answer)")
            if answer != "OK" { #expect(try followers[0].ask("PROMOTE FORCE") == ["OK"]) }
            #expect(try followers[0].ask("SET a 6", "GET a") == ["OK", "6"])
        }
    }

    @Test("FOLLOW before the leader is there is kept up, over restarts too, until it is")
    func followEarly() throws {
        try withTemporaryFolder { folder in
            let port = freePort()
            let follower = try AdminServer(folder + "/follower.json")
            #expect(
                try follower.ask("FOLLOW localhost:\(port)", "SET a 1") == [
                    "OK", "ERROR: Read-only follower; write to localhost:\(port)",
                ])
            try follower.waitForLog("Leader localhost:\(port): cannot connect to ")
            try follower.restart()
            #expect(follower.log.contains("Starting as follower, as a command or a handover has made it"))
            let leader = try AdminServer(folder + "/leader.json", port: port)
            #expect(try leader.ask("SET a 1") == ["OK"])
            try follower.wait(for: "leader_link", toBe: "up")
            try follower.catchUp(with: leader)
            #expect(try follower.ask("GET a") == ["1"])
            #expect(try leader.figures()["follower_1"] == follower.address)
            // Which it knows after a restart as well.
            try leader.restart()
            try follower.wait(for: "leader_link", toBe: "up")
        }
    }

    @Test("a follower under two names is one follower, so that --ack all can be satisfied")
    func aliases() throws {
        try withTemporaryFolder { folder in
            let follower = try AdminServer(folder + "/follower.json", ["--mode", "follower"])
            let leader = try AdminServer(
                folder + "/leader.json", ["--follower", "localhost:\(follower.port)", "--ack", "all"])
            #expect(try leader.ask("FOLLOWER ADD \(follower.address)") == ["OK"])
            try leader.wait(for: "followers", toBe: "1")
            #expect(try follower.ask("FOLLOW localhost:\(leader.port)") == ["OK"])
            try follower.wait(for: "leader_link", toBe: "up")
            try leader.wait(for: "followers", toBe: "1")
            #expect(leader.log.contains(" under another name: counted once"))
            try AdminServer.wait(for: "an OK") { try leader.ask("SET a 1") == ["OK"] }
        }
    }

    @Test("followers come and go by command, and over restarts")
    func followers() throws {
        try withReplicas(1) { (leader, followers) throws in
            let address = followers[0].address
            #expect(
                try leader.ask(
                    "FOLLOWER REMOVE \(address)", "FOLLOWER REMOVE \(address)", "FOLLOWER FROB \(address)",
                    "FOLLOWER ADD",
                    "FOLLOWER ADD 127.0.0.1:\(leader.port)") == [
                        "OK", "ERROR: No follower at \(address); there are none",
                        "ERROR: unknown subcommand 'FROB'. Try FOLLOWER HELP.",
                        "ERROR: FOLLOWER needs ADD or REMOVE, and an address: FOLLOWER ADD|REMOVE <host:port>",
                        "ERROR: 127.0.0.1:\(leader.port) is this server itself",
                    ])
            try leader.restart([])
            #expect(
                try leader.ask("SET a 1", "FOLLOWER ADD \(address)", "FOLLOWER ADD \(address)") == ["OK", "OK", "OK"])
            try followers[0].wait(for: "seq", toBe: "1")
            try leader.restart()
            #expect(try leader.ask("SET a 2", "WAIT 1 20000") == ["OK", "1"])
            #expect(try leader.figures()["followers"] == "1")
        }
    }

    @Test("a server does not follow itself")
    func itself() throws {
        try withReplicas(0) { (leader, _) throws in
            for host in ["localhost", "127.0.0.1", ""] {
                let name = host.isEmpty ? "127.0.0.1" : host
                #expect(
                    try leader.ask("FOLLOW \(host):\(leader.port)") == [
                        "ERROR: \(name):\(leader.port) is this server itself"
                    ])
            }
            #expect(try leader.ask("SET a 1") == ["OK"])
        }
    }

    @Test("over IPv6 too", .enabled(if: hasIPv6))
    func overIPv6() throws {
        try withTemporaryFolder { folder in
            let both = ["--bind", "::1", "--bind", "127.0.0.1"]
            let follower = try AdminServer(folder + "/follower.json", ["--mode", "follower"] + both)
            let leader = try AdminServer(folder + "/leader.json", ["--follower", "[::1]:\(follower.port)"] + both)
            #expect(try leader.ask("SET a 1", "WAIT 1 20000") == ["OK", "1"])
            #expect(try follower.ask("SET a 2") == ["ERROR: Read-only follower; write to [::1]:\(leader.port)"])
            #expect(try leader.ask("HANDOVER [::1]:\(follower.port)") == ["OK"])
            #expect(try follower.ask("SET a 2", "WAIT 1 20000") == ["OK", "1"])
            #expect(
                try leader.ask("GET a", "SET a 3") == [
                    "2", "ERROR: Read-only follower; write to [::1]:\(follower.port)",
                ])
        }
    }

    /// Containers are often made without it.
    private static var hasIPv6: Bool {
        let interfaces = (try? String(contentsOfFile: "/proc/net/if_inet6", encoding: .utf8)) ?? ""
        if interfaces.contains("00000000000000000000000000000001") { return true }
        print("skipped: this machine has no address ::1")
        return false
    }
}
