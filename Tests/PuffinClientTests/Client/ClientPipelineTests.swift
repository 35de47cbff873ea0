// Concurrent requests: which reply each gets, and how many connections they take.

import PuffinClient
import TestSupport
import Testing

@Suite("Client: pipelining and the pool", .timeLimit(.minutes(10)))
struct ClientPipelineTests {
    private static let oneConnection = options { $0.poolSize = 1 }

    @Test("requests that are made together wait for each other's replies on one connection, and each gets its own")
    func order() async throws {
        try await withClient(Self.oneConnection) { server, client in
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<100 {
                    group.addTask { try await client.get("key:\(number)", as: String.self) == "value of key:\(number)" }
                }
                // All of them are here before one is answered.
                var requests: [FakeServer.Request] = []
                for _ in 0..<100 { requests.append(try await server.next()) }
                for request in requests { request.answer(bulk("value of \(request.text.dropFirst(4))")) }
                for try await isRight in group { #expect(isRight) }
            }
            #expect(server.connectionCount == 1)
        }
    }

    @Test("a batch stays together and in order, and an error reply does not stop later requests")
    func batch() async throws {
        try await withClient(Self.oneConnection) { server, client in
            async let results = client.pipeline { batch in
                batch.set("a", "1")
                batch.execute("FROB")
                batch.increment("n", by: 2)
                batch.get("a")
                batch.exists("a")
                batch.delete("a")
            }
            let answers = [
                ("SET a 1", "+OK\r\n"), ("FROB", "-ERR unknown command 'FROB'\r\n"), ("INCRBY n 2", ":2\r\n"),
                ("GET a", bulk("1")), ("EXISTS a", ":1\r\n"), ("DEL a", ":1\r\n"),
            ]
            for (text, answer) in answers {
                let request = try await server.next()
                #expect(request.text == text)
                request.answer(answer)
            }
            let expected: [Result<RESPValue, PuffinError>] = [
                .success(.status("OK")), .failure(.server(code: "ERR", message: "unknown command 'FROB'")),
                .success(.integer(2)), .success(.bytes([0x31])), .success(.integer(1)), .success(.integer(1)),
            ]
            #expect(try await results == expected)
        }
    }

    @Test("a batch of nothing is answered without a server")
    func emptyBatch() async throws {
        let client = Client(ServerAddress(host: "127.0.0.1", port: lastingPort()))
        #expect(try await client.pipeline { _ in }.isEmpty)
    }

    @Test("replies that come a byte at a time are the same replies")
    func partial() async throws {
        try await withClient(Self.oneConnection) { server, client in
            async let list = client.getAll(["a", "b", "c"])
            let request = try await server.next()
            #expect(request.text == "MGET a b c")
            try request.connection.wire.dribble("*3\r\n$5\r\nHel\r\n\r\n$-1\r\n$0\r\n\r\n")
            #expect(try await list == [Array("Hel\r\n".utf8), nil, []])
            let error = attempt { try await client.set("a", "1") }
            try await server.next().connection.wire.dribble("-OOM command not allowed\r\n")
            #expect(await error.value == .server(code: "OOM", message: "command not allowed"))
        }
    }

    @Test("the pool opens another connection only if one is full, up to its limit")
    func poolBound() async throws {
        try await withClient(options { ($0.poolSize, $0.pipelineLimit) = (3, 2) }) { server, client in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<20 { group.addTask { try await client.set("key:\(number)", "v") } }
                var held: [FakeServer.Request] = []
                for _ in 0..<6 { held.append(try await server.next()) }
                var perConnection: [ObjectIdentifier: Int] = [:]
                for request in held { perConnection[ObjectIdentifier(request.connection), default: 0] += 1 }
                #expect(perConnection.values.sorted() == [2, 2, 2])
                #expect(server.allRequests.count == 6)
                // Each answer makes room for one request, on the connection that it came on.
                for _ in 0..<14 {
                    let answered = held.removeFirst()
                    answered.answer("+OK\r\n")
                    let request = try await server.next()
                    #expect(request.connection === answered.connection)
                    held.append(request)
                }
                for request in held { request.answer("+OK\r\n") }
                try await group.waitForAll()
            }
            #expect(server.connectionCount == 3)
        }
    }

    @Test("a request that waits on the server does not hold up others")
    func waiting() async throws {
        try await withClient(options { $0.poolSize = 2 }) { server, client in
            async let count = client.execute("WAIT", 1, 0)
            let wait = try await server.next()
            async let pong: Void = client.ping()
            let ping = try await server.next()
            #expect(ping.connection !== wait.connection)
            ping.answer("+PONG\r\n")
            try await pong
            wait.answer(":1\r\n")
            #expect(try await count == .integer(1))
        }
    }

    @Test("more requests than may wait are refused, and not sent")
    func overloaded() async throws {
        try await withClient(options { $0.waitingLimit = 2 }) { server, client in
            async let first: Void = client.set("a", "1")
            async let second: Void = client.set("b", "1")
            let held = [try await server.next(), try await server.next()]
            await expect(.overloaded(limit: 2)) { try await client.set("c", "1") }
            for request in held { request.answer("+OK\r\n") }
            _ = try await (first, second)
            #expect(server.allRequests.count == 2)
        }
    }

    @Test("a thousand tasks get a thousand right answers")
    func manyTasks() async throws {
        let echo: FakeServer.Rule = { text in bulk(String(text.split(separator: " ")[1])) }
        try await withClient(options { $0.pipelineLimit = 50 }, rule: echo) { server, client in
            try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<1000 {
                    group.addTask {
                        var right = 0
                        for round in 0..<5 {
                            let text = "task:\(number):\(round)"
                            if try await client.get(text, as: String.self) == text { right += 1 }
                        }
                        return right
                    }
                }
                var sum = 0
                for try await right in group { sum += right }
                #expect(sum == 5000)
            }
            #expect(server.connectionCount <= client.options.poolSize)
        }
    }
}
