// A leader and its followers: which one is asked.

import PuffinClient
import TestSupport
import Testing

@Suite("Client: followers", .timeLimit(.minutes(10)))
struct ClientFollowerTests {
    /// A server that answers `ROLE` and reads; each value names the server.
    private static func answering(_ name: String, role: String) -> FakeServer.Rule {
        { text in
            switch text {
            case "ROLE": role
            case "SEQ": ":7\r\n"
            case _ where text.hasPrefix("SET"): "+OK\r\n"
            case _ where text.hasPrefix("GET") || text.hasPrefix("AFTER"): bulk(name)
            default: nil
            }
        }
    }

    private static let leads = "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n"
    private static func follows(_ link: String) -> String {
        "*5\r\n" + bulk("slave") + bulk("127.0.0.1") + ":1\r\n" + bulk(link) + ":0\r\n"
    }

    private struct Group {
        let leader: FakeServer
        let followers: [FakeServer]
        let client: Client

        func stop() {
            client.close()
            for server in [leader] + followers { server.stop() }
        }

        /// The server that answers a read.
        func reader() async throws -> String { try await client.get("k", as: String.self) ?? "" }

        /// Reads until this server answers.
        func waitForReader(_ name: String) async throws {
            while try await reader() != name {}
        }
    }

    private func group(
        _ rules: [FakeServer.Rule], leader: @escaping FakeServer.Rule = answering("leader", role: leads),
        change: (inout Client.Options) -> Void = { _ in }
    ) throws -> Group {
        let leader = try FakeServer(rule: leader)
        let followers = try rules.map { try FakeServer(rule: $0) }
        let client = Client(
            leader.address, followers: followers.map { $0.address }, options: options(change), runtime: Runtime())
        return Group(leader: leader, followers: followers, client: client)
    }

    @Test("reads take turns among the followers, changes go to the leader")
    func turns() async throws {
        let group = try group(["one", "two"].map { Self.answering($0, role: Self.follows("connected")) })
        defer { group.stop() }
        for name in ["one", "two"] { try await group.waitForReader(name) }
        // Both are there.
        for _ in 0..<5 {
            let pair = [try await group.reader(), try await group.reader()]
            #expect(Set(pair) == ["one", "two"])
        }
        try await group.client.set("k", "v")
        #expect(group.leader.allRequests.contains("SET k v"))
        for follower in group.followers { #expect(!follower.allRequests.contains("SET k v")) }
    }

    @Test("the leader runs transactions and what update reads; later reads from followers have the transaction in them")
    func transactions() async throws {
        let leader: FakeServer.Rule = { text in
            switch text {
            case "MULTI": "+OK\r\n"
            case "EXEC": "*1\r\n:1\r\n"
            case "INCRBY n 1", "GET n": "+QUEUED\r\n"
            default: Self.answering("leader", role: Self.leads)(text)
            }
        }
        let group = try group([Self.answering("one", role: Self.follows("connected"))], leader: leader)
        defer { group.stop() }
        try await group.waitForReader("one")
        #expect(try await group.client.transaction { $0.get("n") } == [.success(.integer(1))])
        #expect(!group.leader.allRequests.contains("SEQ"))
        #expect(try await group.client.transaction { $0.increment("n") } == [.success(.integer(1))])
        #expect(group.leader.allRequests.suffix(4) == ["MULTI", "INCRBY n 1", "EXEC", "SEQ"])
        try await group.waitForReader("one")
        #expect(group.followers[0].allRequests.contains("AFTER 7 GET k"))
        let value = try await group.client.update("k") { $0 }
        #expect(value == Array("leader".utf8) && group.leader.allRequests.last == "GET k")
        for request in ["MULTI", "INCRBY n 1"] { #expect(!group.followers[0].allRequests.contains(request)) }
    }

    @Test("a follower without its leader is not asked until it has one")
    func unhealthy() async throws {
        let isConnected = Flag()
        let rule: FakeServer.Rule = { text in
            Self.answering("one", role: Self.follows(isConnected.isSet ? "connected" : "connect"))(text)
        }
        let group = try group([rule], change: { $0.followerCheckInterval = .milliseconds(5) })
        defer { group.stop() }
        #expect(try await group.reader() == "leader")
        try await wait { group.followers[0].allRequests.count > 2 }
        #expect(try await group.reader() == "leader")
        isConnected.set(true)
        try await group.waitForReader("one")
        isConnected.set(false)
        try await group.waitForReader("leader")
    }

    @Test("if a follower goes away its reads go to the leader, including the one in flight")
    func fallback() async throws {
        let rule: FakeServer.Rule = { $0 == "ROLE" ? Self.follows("connected") : nil }
        // Once: a reply to the next ROLE would overtake the one that the test holds back.
        let group = try group([rule], change: { $0.followerCheckInterval = .seconds(3600) })
        defer { group.stop() }
        let isOver = Flag()
        let reads = Task {
            while !isOver.isSet {
                let reader = try await group.reader()
                #expect(reader == "leader")
            }
        }
        // The first that the follower gets. It is under way when the follower goes, and the leader answers it too.
        #expect(try await group.followers[0].next().text == "GET k")
        group.followers[0].stop()
        isOver.set(true)
        try await reads.value
        #expect(try await group.reader() == "leader")
    }

    @Test("if the leader is gone reads continue, and changes fail")
    func leaderGone() async throws {
        let follower = try FakeServer(rule: Self.answering("one", role: Self.follows("connected")))
        let leader = ServerAddress(host: "127.0.0.1", port: lastingPort())
        let client = Client(leader, followers: [follower.address], options: options { _ in }, runtime: Runtime())
        #expect(try await client.get("k", as: String.self) == "one")
        await expect(.cannotConnect(to: leader, reason: "Connection refused")) {
            try await client.set("k", "v")
        }
        #expect(try await client.get("k", as: String.self) == "one")
        client.close()
        follower.stop()
    }

    @Test("a read reflects this client's changes: AFTER on a follower, or the leader if the follower lags")
    func ownWrites() async throws {
        let isBehind = Flag()
        let rule: FakeServer.Rule = { text in
            text.hasPrefix("AFTER") && isBehind.isSet
                ? "-BEHIND Not there yet: this server has changes up to 6, asked for 7\r\n"
                : Self.answering("one", role: Self.follows("connected"))(text)
        }
        let group = try group([rule])
        defer { group.stop() }
        try await group.waitForReader("one")
        try await group.client.set("k", "v")
        #expect(group.leader.allRequests.suffix(2) == ["SET k v", "SEQ"])
        #expect(try await group.reader() == "one")
        #expect(group.followers[0].allRequests.last { $0 != "ROLE" } == "AFTER 7 GET k")
        isBehind.set(true)
        #expect(try await group.reader() == "leader")
    }

    @Test("after a change with an unknown number only the leader is asked, until one is known again")
    func unknownNumber() async throws {
        let hasSeq = Flag()
        let leader: FakeServer.Rule = { text in
            text == "SEQ" && !hasSeq.isSet ? "-ERR no\r\n" : Self.answering("leader", role: Self.leads)(text)
        }
        let group = try group([Self.answering("one", role: Self.follows("connected"))], leader: leader)
        defer { group.stop() }
        try await group.waitForReader("one")
        try await group.client.set("k", "v")
        for _ in 0..<5 { #expect(try await group.reader() == "leader") }
        hasSeq.set(true)
        try await group.client.set("k", "v")
        #expect(try await group.reader() == "one")
    }

    @Test("without readsYourWrites only the requests themselves are sent")
    func anyAge() async throws {
        let group = try group(
            [Self.answering("one", role: Self.follows("connected"))], change: { $0.readsYourWrites = false })
        defer { group.stop() }
        try await group.client.set("k", "v")
        try await group.waitForReader("one")
        #expect(!group.leader.allRequests.contains("SEQ"))
        #expect(!group.followers[0].allRequests.contains { $0.hasPrefix("AFTER") })
    }
}
