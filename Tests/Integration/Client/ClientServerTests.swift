// The client library and real servers: what a fake server cannot show.

import Foundation
import PuffinClient
import Synchronization
import TestSupport
import Testing

/// Whether a server has been killed.
private final class Kill: Sendable {
    let hasHappened = Atomic(false)
}

@Suite("The client library and a server", .serialized, .timeLimit(.minutes(5)))
struct ClientServerTests {
    /// Lends a folder that is removed afterwards.
    private func withFolder(_ body: (String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("puffin-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await body(folder.path)
    }

    /// Lends a client, which is closed afterwards.
    private func withClient(
        _ address: String, followers: [String] = [], _ change: (inout Client.Options) -> Void = { _ in },
        _ body: (Client) async throws -> Void
    ) async throws {
        var options = Client.Options()
        options.requestTimeout = .seconds(60)
        change(&options)
        let client = try Client(address, followers: followers, options: options)
        defer { client.close() }
        try await body(client)
    }

    @Test("each method does what it says")
    func methods() async throws {
        try await withFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json")
            try await withClient("127.0.0.1:\(server.port)") { client in
                try await client.ping()
                #expect(try await client.get("k") == nil)
                let key = (0...255).map { UInt8($0) }
                let value = [UInt8](repeating: 0x0a, count: 20 << 20)
                try await client.set(key, value)
                #expect(try await client.get(key) == value)
                try await client.setAll(["a": "1", "b": "2"])
                #expect(try await client.getAll(["a", "x", "b"]) == [[0x31], nil, [0x32]])
                #expect(try await client.exists("a"))
                #expect(try await client.keys(matching: "[ab]").sorted { $0[0] < $1[0] } == [[0x61], [0x62]])
                #expect(try await client.count() == 3)
                #expect(try await client.delete("a"))
                #expect(try await client.delete("a") == false)
                #expect(try await client.deleteAll([key, [0x62]]) == 2)
                let stats = try await client.stats()
                #expect(stats.contains { $0.name == "role" && $0.value == "leader" })
                let error = await #expect(throws: PuffinError.self) { try await client.execute("FROB", "x") }
                #expect(
                    error == .server(code: "ERR", message: "unknown command 'FROB', with args beginning with: 'x' "))
                try await client.removeAll()
                #expect(try await client.count() == 0)
            }
        }
    }

    @Test("a thousand tasks write and read back, and a scan finds every key")
    func manyTasks() async throws {
        try await withFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json")
            try await withClient("127.0.0.1:\(server.port)") { client in
                try await withThrowingTaskGroup(of: Bool.self) { group in
                    for number in 0..<1000 {
                        group.addTask {
                            for round in 0..<3 { try await client.set("task:\(number)", "\(number).\(round)") }
                            return try await client.get("task:\(number)", as: String.self) == "\(number).2"
                        }
                    }
                    for try await isRight in group { #expect(isRight) }
                }
                var keys: Set<String> = []
                for try await key in client.scan(matching: "task:*", batch: 64) {
                    keys.insert(String(decoding: key, as: UTF8.self))
                }
                #expect(keys == Set((0..<1000).map { "task:\($0)" }))
            }
        }
    }

    @Test("a server that is killed and started again loses nothing that was acknowledged; clients find it again")
    func restart() async throws {
        try await withFolder { folder in
            let server = try Replica("one", in: folder).start()
            try await withClient(server.address, { ($0.waitsForServer, $0.firstPause) = (true, .milliseconds(10)) }) {
                client in
                // A writer that had its answer just before the kill waits for the next server with its next change.
                let kill = Kill()
                let writers = (0..<10).map { writer in
                    Task {
                        var acknowledged = -1
                        for number in 0..<100_000 where !kill.hasHappened.load(ordering: .acquiring) {
                            do throws(PuffinError) {
                                try await client.set("writer:\(writer)", number)
                                acknowledged = number
                            } catch {
                                guard case .outcomeUnknown = error else { throw error }
                                return (acknowledged: acknowledged, asked: number)
                            }
                        }
                        return (acknowledged: acknowledged, asked: acknowledged)
                    }
                }
                while try await client.count() < 10 {}
                server.kill()
                kill.hasHappened.store(true, ordering: .releasing)
                // Asked while there is no server.
                async let read = client.get("writer:0", as: Int.self)
                try server.start()
                _ = try await read
                var ends: [(acknowledged: Int, asked: Int)] = []
                for writer in writers { ends.append(try await writer.value) }
                for (writer, end) in ends.enumerated() {
                    let found = try #require(try await client.get("writer:\(writer)", as: Int.self))
                    #expect(found >= end.acknowledged && found <= end.asked)
                }
            }
            server.stop()
        }
    }

    @Test(
        "with followers, reads have this client's changes in them, go on when a follower dies, and READONLY names the leader"
    )
    func followers() async throws {
        try await withFolder { folder in
            let followers = try (1...2).map {
                try Replica("follower\($0)", in: folder, ["--mode", "follower"]).start()
            }
            let leader = try Replica("leader", in: folder, followers.flatMap { ["--follower", $0.address] }).start()
            // A released server is killed; keep these alive to the end.
            defer { withExtendedLifetime((leader, followers)) {} }
            for follower in followers {
                try wait("the link of \(follower.name)") { try follower.stats()["leader_link"] == "up" }
            }
            try await withClient(leader.address, followers: followers.map { $0.address }) { client in
                for round in 0..<200 {
                    try await client.set("k", round)
                    #expect(try await client.get("k", as: Int.self) == round)
                }
                followers[0].kill()
                for round in 200..<400 {
                    try await client.set("k", round)
                    #expect(try await client.get("k", as: Int.self) == round)
                }
            }
            try await withClient(followers[1].address) { client in
                let error = await #expect(throws: PuffinError.self) { try await client.set("k", "v") }
                guard case .readOnly(_, let named?, _)? = error else {
                    throw WireError(description: "\(error, default: "")")
                }
                #expect(named.port == leader.port)
            }
        }
    }

    @Test(
        "the examples print what they should",
        arguments: [
            ("getting-started", "Hello, Puffin!\n43\ntrue\nuser:1\nuser:2\n5\n"), ("pipelining", "1\n1\n0\n999\n"),
            ("failures", "counted\n"), ("transactions", "moved: 7 left, 3 sold\ntea;milk;\nlocked\nfree\n"),
            ("followers", "Reads come from anywhere, and have this in them.\nfalse\n"),
            ("changes", "1 names\n0 names\nup to date: 0 names\n1 settings\n"),
        ])
    func examples(name: String, output: String) async throws {
        try await withFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json")
            let result = try ChildProcess.run(
                [ChildProcess.program("puffin-client-examples"), name, "localhost:\(server.port)"])
            #expect(result.exitCode == 0)
            // The order of a scan is unspecified.
            #expect(result.output.split(separator: "\n").sorted() == output.split(separator: "\n").sorted())
        }
    }
}
