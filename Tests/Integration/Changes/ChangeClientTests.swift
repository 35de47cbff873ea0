// The client library's feeds, on real servers that are killed, restarted and compacted.

import Foundation
import PuffinClient
import Synchronization
import TestSupport
import Testing

@Suite("Feeds of the client library", .serialized, .timeLimit(.minutes(5)))
struct ChangeClientTests {
    private func withFolder(_ body: (String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("puffin-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await body(folder.path)
    }

    private func client(_ port: UInt16, waits: Bool = false) throws -> Client {
        var options = Client.Options()
        options.waitsForServer = waits
        options.requestTimeout = .seconds(60)
        options.firstPause = .milliseconds(5)
        options.longestPause = .milliseconds(50)
        return try Client("127.0.0.1:\(port)", options: options)
    }

    private func text(_ change: Change) -> String {
        let key = String(decoding: change.key, as: UTF8.self)
        return switch change.effect {
        case .set(let value, let expires):
            "set \(key)=\(String(decoding: value, as: UTF8.self))\(expires.map { " \($0)" } ?? "")"
        case .delete: "delete \(key)"
        case .expired: "expired \(key)"
        case .expires(let time): "ttl \(key) \(time.map(String.init) ?? "never")"
        case .clear: "clear"
        case .caughtUp: "caught up"
        }
    }

    /// The next changes. Positions, which come every few seconds, count only where they are asked for.
    private func next(
        _ count: Int, positions: Bool = true, _ iterator: inout ChangeSequence.Iterator
    ) async throws -> [Change] {
        var changes: [Change] = []
        while changes.count < count {
            let change = try #require(try await iterator.next())
            if positions || change.effect != .caughtUp { changes.append(change) }
        }
        return changes
    }

    @Test("has each change, continues from a token, and of a multi repeats all that was not read")
    func changes() async throws {
        try await withFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json")
            let client = try client(server.port)
            defer { client.close() }
            try await client.set("user:1", "a")
            try await client.setAll([(key: "user:2", value: "b"), (key: "x", value: "c"), (key: "user:3", value: "d")])
            try await client.delete("user:1")
            var all = client.changes(prefix: "user:", from: "0").makeAsyncIterator()
            let found = try await next(5, &all)
            #expect(found.map(text) == ["set user:1=a", "set user:2=b", "set user:3=d", "delete user:1", "caught up"])
            #expect(
                found[1].token == found[0].token && found[2].token != found[1].token && found[3].token == found[4].token
            )
            #expect(found[0].time > 1_700_000_000_000 && found[0].value == [0x61])
            for (index, rest) in [(0, 1), (1, 1), (2, 3), (3, 4)] {
                var again = client.changes(prefix: "user:", from: found[index].token).makeAsyncIterator()
                #expect(try await next(5 - rest, &again).map(text) == Array(found[rest...].map(text)))
            }
            try await client.removeAll()
            #expect(try await next(1, positions: false, &all).map(text) == ["clear"])
            // What comes from now on, of every key.
            var now = client.changes().makeAsyncIterator()
            #expect(try await next(1, &now).map(text) == ["caught up"])
            try await client.set("z", "1")
            #expect(try await next(1, positions: false, &now).map(text) == ["set z=1"])
            #expect(server.stop() == 0)
        }
    }

    @Test("throws what the server says, once, and is over then; so it is after a cancellation and a close")
    func ends() async throws {
        try await withFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json", ["--retain-size", "0"])
            let client = try client(server.port)
            try await client.set("a", "1")
            var other = client.changes(from: "1-00000000").makeAsyncIterator()
            let diverged = await #expect(throws: PuffinError.self) { try await other.next() }
            guard case .diverged(let sentence)? = diverged else {
                throw WireError(description: "\(String(describing: diverged))")
            }
            #expect(sentence.hasPrefix("Token 1-00000000 is of another history"))
            #expect(try await other.next() == nil)
            try server.connect().expect("SAVE\n", "OK\n")
            try wait("a compaction") { try figure("oldest_seq", server) == 2 }
            var old = client.changes(from: "0").makeAsyncIterator()
            let compacted = await #expect(throws: PuffinError.self) { try await old.next() }
            guard case .compacted(let oldest, _)? = compacted else {
                throw WireError(description: "\(String(describing: compacted))")
            }
            #expect(oldest.hasPrefix("1-"))
            var rest = client.changes(from: oldest).makeAsyncIterator()
            #expect(try await next(1, &rest).map(text) == ["caught up"])
            let wrong = await #expect(throws: PuffinError.self) {
                var wrong = client.changes(from: "no token").makeAsyncIterator()
                _ = try await wrong.next()
            }
            guard case .server("ERR", _)? = wrong else { throw WireError(description: "\(String(describing: wrong))") }
            // A task that waits is cancelled.
            let task = Task { () -> PuffinError? in
                var waiting = client.changes(prefix: "none").makeAsyncIterator()
                do throws(PuffinError) {
                    while try await waiting.next() != nil {}
                    return nil
                } catch {
                    return error
                }
            }
            try wait("a feed") { try figure("feeds", server) >= 2 }
            task.cancel()
            #expect(await task.value == .cancelled)
            // One of these is `rest`; the others are gone.
            try wait("one feed") { try figure("feeds", server) == 1 }
            client.close()
            #expect(await #expect(throws: PuffinError.self) { while try await rest.next() != nil {} } == .closed)
            try wait("no feeds") { try figure("feeds", server) == 0 }
            #expect(server.stop() == 0)
            let nobody = try self.client(server.port)
            defer { nobody.close() }
            var none = nobody.changes().makeAsyncIterator()
            let refused = await #expect(throws: PuffinError.self) { try await none.next() }
            guard case .cannotConnect? = refused else { throw WireError(description: "\(String(describing: refused))") }
        }
    }

    @Test("a mirror has the pairs, and again after each change, also where the log lost its place")
    func mirror() async throws {
        try await withFolder { folder in
            let server = try AdminServer(folder + "/puffin.json", ["--retain-size", "0"])
            let client = try client(server.port)
            defer { client.close() }
            for number in 0..<1200 { try await client.set("key*:\(number)", "\(number)") }
            try await client.set("other", "x")
            var mirror = client.mirror(prefix: "key*:").makeAsyncIterator()
            var pairs = try #require(try await mirror.next())
            #expect(pairs.count == 1200 && pairs[Array("key*:7".utf8)] == Array("7".utf8))
            try await client.set("other", "y")
            try await client.set("key*:7", "seven")
            pairs = try #require(try await mirror.next())
            #expect(pairs.count == 1200 && pairs[Array("key*:7".utf8)] == Array("seven".utf8))
            // While the server is at another port, its next changes are compacted.
            server.process.kill()
            let elsewhere = try ServerProcess(data: folder + "/puffin.json", ["--retain-size", "0"])
            let requests = (0..<1100).map { "DELETE key*:\($0)\n" }.joined()
            try elsewhere.connect().expect(requests + "SAVE\n", String(repeating: "OK\n", count: 1101))
            try wait("a compaction") { try figure("oldest_seq", elsewhere) > 2300 }
            #expect(elsewhere.stop() == 0)
            try server.start()
            let writer = try server.process.connect()
            while pairs.count != 100 { pairs = try #require(try await mirror.next()) }
            try writer.expect("FLUSHALL\n", "OK\n")
            while !pairs.isEmpty { pairs = try #require(try await mirror.next()) }
            #expect(server.process.stop() == 0)
        }
    }

    /// What a consumer has written down: the pairs, and behind which token.
    private struct Notes {
        var pairs: [[UInt8]: [UInt8]] = [:]
        var token = "0"
        var seq = 0
        var changes = 0
        var wrong: [String] = []

        mutating func apply(_ change: Change) {
            switch change.effect {
            case .set(let value, _): pairs[change.key] = value
            case .delete, .expired: pairs[change.key] = nil
            case .clear: pairs = [:]
            case .expires, .caughtUp: break
            }
            let seq = Int(change.token.prefix { $0 != "-" }) ?? -1
            if seq < self.seq { wrong.append("\(change.token) after \(token)") }
            (token, self.seq, changes) = (change.token, seq, changes + 1)
        }
    }

    private final class Consumer: Sendable {
        let notes = Mutex(Notes())
    }

    @Test(
        "kills of server and consumer under load: what the consumer has replayed is what the server has",
        arguments: SeededRandom.seeds(1))
    func killed(seed: UInt64) async throws {
        try await withFolder { folder in
            var random = SeededRandom(seed: seed)
            let server = try Replica("server", in: folder, ["--segment-size", "64K"]).start()
            let client = try self.client(server.port, waits: true)
            defer { client.close() }
            let load = NumberedLoad(server, keys: 300)
            let consumer = Consumer()
            func consume() -> Task<Void, Never> {
                Task {
                    do {
                        let token = consumer.notes.withLock { $0.token }
                        for try await change in client.changes(prefix: "load:", from: token) {
                            consumer.notes.withLock { $0.apply(change) }
                        }
                    } catch PuffinError.cancelled {
                    } catch {
                        consumer.notes.withLock { $0.wrong.append("\(error)") }
                    }
                }
            }
            var task = consume()
            let kills = Torture.isOn ? 200 : 10
            var (servers, consumers) = (0, 0)
            for _ in 0..<kills {
                try load.wait(for: 50 + random.below(500))
                if servers <= consumers {
                    server.kill()
                    try server.start()
                    servers += 1
                } else {
                    task.cancel()
                    await task.value
                    task = consume()
                    consumers += 1
                }
            }
            load.end()
            let newest = try server.figure("seq")
            try wait(
                "the consumer", description: { "\(consumer.notes.withLock { ($0.token, $0.wrong) }), newest \(newest)" }
            ) {
                consumer.notes.withLock { $0.seq >= newest || !$0.wrong.isEmpty }
            }
            task.cancel()
            await task.value
            let notes = consumer.notes.withLock { $0 }
            #expect(notes.wrong.isEmpty)
            let keys = try await client.keys(matching: "load:*")
            let values = try await client.getAll(keys)
            let dump = Dictionary(uniqueKeysWithValues: zip(keys, values.map { $0 ?? [] }))
            #expect(dump == notes.pairs)
            try load.expectKept(by: server)
            print(
                "feed kills (seed \(seed)): \(servers) of the server, \(consumers) of the consumer; \(load.acknowledged) writes "
                    + "acknowledged, \(notes.changes) messages read, \(dump.count) pairs equal")
            server.stop()
        }
    }
}
