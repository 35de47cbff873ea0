import Foundation
import Synchronization
import TestSupport
import Testing

/// A server is identified by its id: a follower is counted once, and a server does not follow itself, whatever the
/// address.
@Suite("Replication: who a server is", .serialized)
struct ServerIdentityTests {
    private func id(of server: AdminServer) throws -> String { try server.figures()["server_id"] ?? "" }

    @Test("the id is sixteen digits, drawn at each start, and is in no file")
    func drawn() throws {
        try withReplicas(1) { (leader, followers) throws in
            let first = try id(of: leader)
            #expect(first.count == 16 && first.allSatisfy(\.isHexDigit))
            #expect(try leader.figures()["follower_1_id"] == id(of: followers[0]))
            #expect(try followers[0].figures()["leader_id"] == first)
            let client = try leader.process.connect()
            try client.send(resp("INFO", "server"))
            #expect(String(decoding: try client.receive(), as: UTF8.self).contains("\r\nrun_id:\(first)\r\n"))
            #expect(try leader.ask("FOLLOWER ADD \(followers[0].address)") == ["OK"])
            try leader.restart()
            #expect(try id(of: leader) != first)
        }
    }

    @Test("--ack 2 is never satisfied by one follower that has two addresses, over its restarts either")
    func acknowledgements() throws {
        try withTemporaryFolder { folder in
            let follower = try AdminServer(
                folder + "/follower.json", ["--mode", "follower", "--bind", "0.0.0.0", "--auth-mode", "open"])
            let leader = try AdminServer(
                folder + "/leader.json",
                [
                    "--follower", follower.address, "--follower", "127.0.0.2:\(follower.port)", "--ack", "2",
                    "--ack-timeout", "200ms",
                ])
            try leader.waitForLog(" under another name: counted once")
            for turn in 0..<3 {
                try follower.wait(for: "leader_link", toBe: "up")
                #expect(
                    try leader.ask("SET a \(turn)", "WAIT 2 100") == [
                        "ERROR: Written here, not yet acknowledged by 1 follower within 200 ms; a crash of this server could lose it",
                        "1",
                    ])
                try follower.restart()
            }
            let other = try AdminServer(folder + "/other.json", ["--mode", "follower"])
            #expect(try leader.ask("FOLLOWER ADD \(other.address)") == ["OK"])
            try follower.wait(for: "leader_link", toBe: "up")
            try AdminServer.wait(for: "an OK by two followers") { try leader.ask("SET a 1") == ["OK"] }
        }
    }

    @Test("what a follower has acknowledged counts once when it comes back under another address with another id")
    func movedFollower() throws {
        try withTemporaryFolder { folder in
            let follower = try AdminServer(folder + "/follower.json", ["--mode", "follower"])
            let proxy = try Forwarder(to: follower.port)
            let leader = try AdminServer(
                folder + "/leader.json",
                ["--follower", "127.0.0.1:\(proxy.port)", "--ack", "2", "--ack-timeout", "20s"])
            try follower.wait(for: "leader_link", toBe: "up")
            let client = try leader.process.connect()
            try client.send("SET a 1\n")
            try leader.wait(for: "follower_1_acknowledged", toBe: "1")
            // The address is gone, the follower restarts elsewhere: it has the change, and is still one follower.
            proxy.close()
            try leader.wait(for: "follower_1_state") { $0 != "feeding" }
            try follower.restart()
            #expect(try leader.ask("FOLLOWER ADD \(follower.address)") == ["OK"])
            try leader.wait(for: "follower_2_acknowledged", toBe: "1")
            #expect(try leader.ask("WAIT 2 100") == ["1"])
            #expect(try leader.figures()["committed"] == "0")
        }
    }

    @Test(
        "FOLLOW and FOLLOWER ADD of a server's own other address are refused, and it leads on",
        arguments: ["127.0.0.5", "::1", "proxy"])
    func itself(host: String) throws {
        try withTemporaryFolder { folder in
            let own = host == "::1" ? ["--bind", "::1"] : []
            let server = try AdminServer(folder + "/puffin.json", ["--bind", "0.0.0.0", "--auth-mode", "open"] + own)
            let proxy = try Forwarder(to: server.port)
            let address =
                host == "proxy"
                ? "127.0.0.1:\(proxy.port)" : host == "::1" ? "[::1]:\(server.port)" : "\(host):\(server.port)"
            let reply = "ERROR: \(address) is this server itself"
            #expect(
                try server.ask("SET a 1", "FOLLOW \(address)", "FOLLOWER ADD \(address)", "SET a 2", "SEQ") == [
                    "OK", reply, reply, "OK", "2",
                ])
            var figures = try server.figures()
            #expect(figures["role"] == "leader" && figures["followers"] == "0")
            try server.restart()
            figures = try server.figures()
            #expect(figures["role"] == "leader" && figures["followers"] == "0")
        }
    }

    @Test("a server that is started as its own follower leaves itself out and says so")
    func ownFollower() throws {
        try withTemporaryFolder { folder in
            let server = try AdminServer(folder + "/puffin.json")
            let proxy = try Forwarder(to: server.port)
            try server.restart(["--follower", "127.0.0.1:\(proxy.port)", "--ack", "one", "--ack-timeout", "100ms"])
            try server.waitForLog("Follower 127.0.0.1:\(proxy.port) is this server itself: left out")
            try server.wait(for: "followers", toBe: "0")
            #expect(try server.ask("SET a 1")[0].hasPrefix("ERROR: Written here, not yet acknowledged by 1 follower"))
        }
    }

    @Test("a follower whose leader's address leads back to it detects that, even if nobody was there at first")
    func ownLeader() throws {
        try withTemporaryFolder { folder in
            let server = try AdminServer(folder + "/puffin.json")
            let port = freePort()
            #expect(try server.ask("SET a 1", "FOLLOW 127.0.0.1:\(port)") == ["OK", "OK"])
            let proxy = try Forwarder(to: server.port, at: port)
            try server.waitForLog("Leader 127.0.0.1:\(proxy.port) is this server itself: not followed")
            var figures = try server.figures()
            #expect(figures["leader"] == "unknown" && figures["leader_link"] == "down")
            try server.restart()
            figures = try server.figures()
            #expect(figures["role"] == "follower" && figures["leader"] == "unknown")
            #expect(try server.ask("PROMOTE FORCE", "SET a 2") == ["OK", "OK"])
        }
    }

    @Test("peers without ids are followed and follow")
    func earlierVersions() throws {
        try withTemporaryFolder { folder in
            // A follower of an earlier version, and a leader of one that refuses a join request with an id.
            let listener = try WireListener()
            let server = try AdminServer(folder + "/puffin.json", ["--follower", "127.0.0.1:\(listener.port)"])
            let follower = try listener.accept()
            let greeting = try follower.receiveLine()
            let own = try id(of: server)
            #expect(greeting.hasPrefix("REPLICATE {\"version\":1,") && greeting.hasSuffix(",\"id\":\"\(own)\"}"))
            try follower.send("{\"history\":\"h\",\"seq\":0,\"crc\":\"00000000\",\"checkpoints\":[]}\n")
            #expect(try follower.receiveLine() == "{\"continue\":0,\"crc\":\"00000000\"}")
            #expect(try server.figures()["follower_1_id"] == "unknown")

            let other = try AdminServer(folder + "/other.json", ["--mode", "follower"])
            let leaders = try WireListener()
            let client = try other.process.connect()
            try client.send("FOLLOW 127.0.0.1:\(leaders.port)\n")
            let question = try leaders.accept()
            _ = try question.receive()
            try question.send("-ERR unknown command\r\n")
            #expect(try client.receiveLine() == "OK")
            let request = try leaders.accept()
            #expect(try request.receiveLine() == "FOLLOWER ADD :\(other.port) \(try id(of: other))")
            try request.send("ERROR: FOLLOWER needs ADD or REMOVE, and an address\n")
            #expect(try request.receiveLine() == "FOLLOWER ADD :\(other.port)")
            try request.send("OK\n")
            let link = try other.process.connect()
            #expect(
                try link.ask(
                    "REPLICATE {\"version\":1,\"history\":\"h\",\"port\":1,\"first\":1,\"last\":0,\"durable\":0}"
                ).hasSuffix(",\"id\":\"\(try id(of: other))\",\"knows\":[\"expiry\",\"notes\"]}"))
            try other.wait(for: "leader_link", toBe: "starting")
            #expect(try other.figures()["leader_id"] == "unknown")
        }
    }

    // MARK: Addresses

    @Test("an invalid host is refused wherever one can be given, and the server starts again")
    func hosts() throws {
        try withTemporaryFolder { folder in
            let server = try AdminServer(folder + "/puffin.json")
            #expect(try server.ask("SET a 1") == ["OK"])
            let hosts = [
                "a\"b", "a\\b", "a'b", "a{b}", "a]b", "-a", "a..b", "127.1", "b\u{fc}cher", "a%eth0", "[fe80::1%a\"b]",
                "[::1::2]", String(repeating: "a", count: 64), String(repeating: "a.", count: 127) + "b",
            ]
            for host in hosts {
                for command in ["FOLLOWER ADD", "FOLLOWER REMOVE", "FOLLOW", "HANDOVER"] {
                    let reply = try server.ask("\(command) \(host):80")[0]
                    #expect(
                        reply.hasPrefix("ERROR: ") && reply.contains("is not an address: "),
                        "\(command) \(host): \(reply)")
                }
                for program in [["puffin-server", "--follower"], ["puffin-cli", "--addr"]] {
                    let result = try ChildProcess.run(
                        [ChildProcess.program(program[0]), program[1], "\(host):80"]
                            + (program[0] == "puffin-cli" ? ["ping"] : []))
                    #expect(result.exitCode == 2, "\(program) \(host): \(result)")
                }
            }
            #expect(try server.figures()["followers"] == "0")
            // The longest possible ones.
            let label = String(repeating: "a", count: 62)
            #expect(try server.ask("FOLLOWER ADD \(label).\(label).\(label).\(label):65535") == ["OK"])
            try server.restart()
            #expect(try server.ask("GET a") == ["1"])
            #expect(try server.figures()["followers"] == "1")
        }
    }

    @Test("more followers than ROLE can hold are refused")
    func manyFollowers() throws {
        try withTemporaryFolder { folder in
            let configuration = folder + "/puffin.yaml"
            let names = (0..<1001).map { "  - \"127.0.0.1:\($0 + 1)\"\n" }
            try ("replication:\n  followers:\n" + names.map { "  " + $0 }.joined()).write(
                toFile: configuration, atomically: true, encoding: .utf8)
            let result = try ChildProcess.run([ChildProcess.program("puffin-server"), "--config", configuration])
            #expect(
                result.exitCode == 2 && result.output.contains("has 1001 values: expected 1000 at most"), "\(result)")
        }
    }
}

/// Passes connections to a port of this machine on to another one, byte for byte, as a forwarded port does.
private final class Forwarder: Sendable {
    let port: UInt16
    private let listener: WireListener
    private let links = Links()

    private final class Links: Sendable {
        private let connections = Mutex<[WireConnection]?>([])

        /// - Returns: false if it is closed.
        func add(_ connection: WireConnection) -> Bool {
            connections.withLock { connections in
                connections?.append(connection)
                return connections != nil
            }
        }

        func close() {
            let open = connections.withLock { connections in
                defer { connections = nil }
                return connections ?? []
            }
            for connection in open { connection.shutDown() }
        }
    }

    init(to target: UInt16, at wanted: UInt16 = 0) throws {
        listener = try WireListener(port: wanted)
        port = listener.port
        listener.serve { [links] client in
            guard let server = try? WireConnection(port: target) else { return }
            guard links.add(client), links.add(server) else { return }
            for (from, to) in [(client, server), (server, client)] {
                Thread.detachNewThread {
                    while let bytes = try? from.receive(), !bytes.isEmpty, (try? to.send(bytes)) != nil {}
                    to.endSending()
                }
            }
        }
    }

    deinit { close() }

    /// Ends every connection through it, and takes no more.
    func close() {
        listener.stop()
        links.close()
    }
}
