// Transactions over shared connections, and compare-and-set.

import PuffinClient
import Synchronization
import TestSupport
import Testing

@Suite("Client: transactions", .timeLimit(.minutes(10)))
struct ClientTransactionTests {
    /// Answers MULTI and requests as a server does, and EXEC with `reply`.
    private func rule(exec reply: String, refusing refused: [String: String] = [:]) -> FakeServer.Rule {
        { request in
            switch request {
            case "MULTI": "+OK\r\n"
            case "EXEC": reply
            default: refused[request] ?? "+QUEUED\r\n"
            }
        }
    }

    private func fill(_ batch: inout Batch) {
        batch.increment("a")
        batch.get("b")
    }

    @Test("a batch is sent between MULTI and EXEC, and its replies are those of EXEC")
    func replies() async throws {
        let reply = "*2\r\n-ERR value is not an integer or out of range\r\n" + bulk("v")
        try await withClient(options { _ in }, rule: rule(exec: reply)) { server, client in
            let results = try await client.transaction(fill)
            #expect(server.allRequests == ["MULTI", "INCRBY a 1", "GET b", "EXEC"])
            #expect(
                results == [
                    .failure(.server(code: "ERR", message: "value is not an integer or out of range")),
                    .success(.bytes([0x76])),
                ])
            #expect(try await client.transaction { _ in }.isEmpty)
            #expect(server.allRequests.count == 4)
        }
    }

    @Test("what is refused while it is queued is the error, and nothing is run")
    func refusal() async throws {
        let discarded = "-EXECABORT Transaction discarded because of previous errors.\r\n"
        let refused = ["GET b": "-ERR wrong number of arguments for 'get' command\r\n"]
        try await withClient(options { _ in }, rule: rule(exec: discarded, refusing: refused)) { _, client in
            await expect(.server(code: "ERR", message: "wrong number of arguments for 'get' command")) {
                try await client.transaction(fill)
            }
        }
    }

    @Test("EXEC's own refusal is the error that it quotes")
    func quoted() async throws {
        func check(_ reason: String, _ expected: PuffinError) async throws {
            let reply = "-EXECABORT Transaction discarded because of: \(reason)\r\n"
            try await withClient(options { _ in }, rule: rule(exec: reply)) { _, client in
                await expect(expected) { try await client.transaction(fill) }
            }
        }
        try await check("OOM no room", .server(code: "OOM", message: "no room"))
        try await check("LOADING Loading: 63 %", .server(code: "LOADING", message: "Loading: 63 %"))
        let words = "the weather"
        try await check(
            words, .server(code: "EXECABORT", message: "Transaction discarded because of: \(words)"))
        try await withClient(options { _ in }, rule: rule(exec: "*-1\r\n")) { _, client in
            await expect(.unexpectedReply(to: "EXEC", .null)) { try await client.transaction(fill) }
        }
        try await withClient(options { _ in }, rule: rule(exec: "*1\r\n:1\r\n")) { _, client in
            await expect(.unexpectedReply(to: "EXEC", .array([.integer(1)]))) { try await client.transaction(fill) }
        }
    }

    @Test("a connection that is lost before EXEC's reply leaves the outcome unknown, unless all requests are reads")
    func loss() async throws {
        try await withClient(options { _ in }) { server, client in
            let change = attempt { try await client.transaction { $0.increment("a") } }
            for _ in 0..<2 { try await server.next().answer("+OK\r\n") }
            try await server.next().connection.close()
            guard case .outcomeUnknown = await change.value else {
                Issue.record("a change was sent")
                return
            }
            let read = Task { try await client.transaction { $0.get("a") } }
            for reply in ["+OK\r\n", "+QUEUED\r\n"] { try await server.next().answer(reply) }
            try await server.next().connection.close()
            for reply in ["+OK\r\n", "+QUEUED\r\n", "*1\r\n" + bulk("v")] { try await server.next().answer(reply) }
            #expect(try await read.value == [.success(.bytes([0x76]))])
        }
    }

    @Test("a batch may contain whole transactions, and transaction none", arguments: ["MULTI", "exec", "Discard"])
    func nesting(name: String) async throws {
        try await withClient { server, client in
            await expect(.notSupported(command: name.uppercased())) {
                try await client.transaction { $0.execute(name) }
            }
            await expect(.notSupported(command: "WATCH")) { try await client.transaction { $0.execute("WATCH", "k") } }
            await expect(.emptyRequest) { try await client.transaction { $0.execute([]) } }
            #expect(server.connectionCount == 0)
        }
    }

    @Test("a transaction is sent if a batch contains all of it, and refused otherwise")
    func batches() async throws {
        func batch(_ names: String...) -> Batch {
            var batch = Batch()
            for name in names { batch.execute(name) }
            return batch
        }
        try await withClient(options { _ in }, rule: { _ in "+OK\r\n" }) { (_, client) async throws in
            let whole = batch("MULTI", "SEQ", "EXEC", "multi", "discard", "SEQ")
            let replies = try await client.pipeline(whole)
            #expect(replies.count == 6)
            for (half, refused) in [
                (batch("SEQ", "MULTI", "SEQ"), "MULTI"), (batch("MULTI", "EXEC", "EXEC"), "EXEC"),
                (batch("MULTI", "MULTI", "EXEC"), "MULTI"), (batch("DISCARD"), "DISCARD"),
                (batch("MULTI", "WATCH", "EXEC"), "WATCH"),
            ] {
                await expect(.notSupported(command: refused)) { try await client.pipeline(half) }
            }
        }
    }
}

@Suite("Client: compare-and-set", .timeLimit(.minutes(10)))
struct ClientUpdateTests {
    /// Answers requests in turn, and checks them.
    private func update(
        _ exchange: [(request: String, reply: String)], attempts: Int = 16, _ change: ([UInt8]?) -> [UInt8]?,
        _ check: (Result<[UInt8]?, PuffinError>) -> Void
    ) async throws {
        let pending = Pending(exchange.map(\.reply))
        try await withClient(options { _ in }, rule: { _ in pending.next() }) { server, client in
            let result: Result<[UInt8]?, PuffinError>
            do throws(PuffinError) {
                result = .success(try await client.update("k", attempts: attempts, change))
            } catch {
                result = .failure(error)
            }
            check(result)
            #expect(server.allRequests == exchange.map(\.request))
        }
    }

    @Test("a value is set if it has not changed, otherwise it is read and computed again")
    func retry() async throws {
        let exchange = [
            ("GET k", bulk("1")), ("SET k 1x IFEQ 1 KEEPTTL", "$-1\r\n"), ("GET k", bulk("2")),
            ("SET k 2x IFEQ 2 KEEPTTL", "+OK\r\n"),
        ]
        try await update(exchange, { ($0 ?? []) + [0x78] }) { #expect($0 == .success([0x32, 0x78])) }
    }

    @Test("a missing key is set if it is still missing, and a key is removed by nil")
    func missing() async throws {
        try await update([("GET k", "$-1\r\n"), ("SET k a NX", "+OK\r\n")], { $0 == nil ? [0x61] : nil }) {
            #expect($0 == .success([0x61]))
        }
        try await update([("GET k", bulk("1")), ("DELEX k IFEQ 1", ":1\r\n")], { _ in nil }) {
            #expect($0 == .success(nil))
        }
    }

    @Test("nothing is sent if nothing changes, and the attempts end")
    func ends() async throws {
        try await update([("GET k", "$-1\r\n")], { _ in nil }) { #expect($0 == .success(nil)) }
        try await update([("GET k", bulk("1"))], { $0 }) { #expect($0 == .success([0x31])) }
        let lost = [("GET k", bulk("1")), ("DELEX k IFEQ 1", ":0\r\n")]
        try await update(lost + lost, attempts: 2, { _ in nil }) { #expect($0 == .failure(.contended(attempts: 2))) }
    }
}

/// Replies that are given in turn.
private final class Pending: Sendable {
    private let replies: Mutex<ArraySlice<String>>

    init(_ replies: [String]) { self.replies = Mutex(replies[...]) }

    func next() -> String? { replies.withLock { $0.popFirst() } }
}
