// How a request without a reply ends: what is sent again, what never is, and what is reported.

import Foundation
import PuffinClient
import TestSupport
import Testing

@Suite("Client: lost connections, timeouts, cancellation", .timeLimit(.minutes(10)))
struct ClientFailureTests {
    private static let oneConnection = options { $0.poolSize = 1 }

    // MARK: Lost connections

    @Test("a change whose connection is lost has an unknown outcome, and is not sent again")
    func unknownOutcome() async throws {
        try await withClient(Self.oneConnection) { server, client in
            let change = attempt { try await client.increment("visits") }
            let request = try await server.next()
            request.connection.close()
            let cause = PuffinError.Cause.connectionLost(reason: "the server closed it")
            #expect(await change.value == .outcomeUnknown(at: server.address, cause))
            // The next request is what comes next, on a connection that was made for it.
            async let next: Void = client.ping()
            let ping = try await server.next()
            #expect(ping.text == "PING")
            ping.answer("+PONG\r\n")
            try await next
            #expect(server.allRequests == ["INCRBY visits 1", "PING"])
            #expect(server.connectionCount == 2)
        }
    }

    @Test("an incomplete reply does not count")
    func halfReply() async throws {
        try await withClient(Self.oneConnection) { server, client in
            let change = attempt { try await client.set("a", "1") }
            let request = try await server.next()
            request.answer("+O")
            request.connection.close()
            let cause = PuffinError.Cause.connectionLost(reason: "the server closed it in the middle of a reply")
            #expect(await change.value == .outcomeUnknown(at: server.address, cause))
        }
    }

    @Test("a read whose connection is lost is sent again, and changes before and after it are not")
    func repeatedRead() async throws {
        try await withClient(Self.oneConnection) { server, client in
            let first = attempt { try await client.set("a", "1") }
            let lost = try await server.next()
            async let read = client.get("a", as: String.self)
            #expect(try await server.next().text == "GET a")
            let second = attempt { try await client.set("a", "2") }
            #expect(try await server.next().text == "SET a 2")
            lost.connection.close()
            let again = try await server.next()
            #expect(again.text == "GET a")
            again.answer(bulk("1"))
            #expect(try await read == "1")
            let cause = PuffinError.Cause.connectionLost(reason: "the server closed it")
            #expect(await first.value == .outcomeUnknown(at: server.address, cause))
            #expect(await second.value == .outcomeUnknown(at: server.address, cause))
        }
    }

    @Test(
        "a read fails when its connection is lost three times, or at once if configured so",
        arguments: [1, 3])
    func lostRead(times: Int) async throws {
        try await withClient(options { ($0.poolSize, $0.repeatsReads) = (1, times > 1) }) { server, client in
            let read = attempt { try await client.get("a") }
            for _ in 0..<times { try await server.next().connection.close() }
            #expect(await read.value == .connectionLost(to: server.address, reason: "the server closed it"))
        }
    }

    @Test("of a batch whose connection is lost, the replies so far are returned")
    func lostBatch() async throws {
        try await withClient(Self.oneConnection) { server, client in
            async let results = client.pipeline { batch in
                batch.set("a", "1")
                batch.set("b", "2")
            }
            try await server.next().answer("+OK\r\n")
            try await server.next().connection.close()
            let cause = PuffinError.Cause.connectionLost(reason: "the server closed it")
            let expected: [Result<RESPValue, PuffinError>] = [
                .success(.status("OK")), .failure(.outcomeUnknown(at: server.address, cause)),
            ]
            #expect(try await results == expected)
        }
    }

    @Test("what waits for a connection that is lost is sent over the next one")
    func unsent() async throws {
        try await withClient(options { ($0.poolSize, $0.pipelineLimit) = (1, 1) }) { server, client in
            let first = attempt { try await client.set("a", "1") }
            let request = try await server.next()
            async let second: Void = client.set("b", "2")
            request.connection.close()
            let next = try await server.next()
            #expect(next.text == "SET b 2")
            next.answer("+OK\r\n")
            try await second
            let cause = PuffinError.Cause.connectionLost(reason: "the server closed it")
            #expect(await first.value == .outcomeUnknown(at: server.address, cause))
        }
    }

    @Test("a server that goes away during a large request does not end the process")
    func brokenPipe() async throws {
        let listener = try WireListener()
        Thread.detachNewThread {
            guard let wire = try? listener.accept() else { return }
            _ = try? wire.receive(atMost: 10)
            // It is closed by a reset with the last reference to it.
            wire.reset()
        }
        let client = Client(
            ServerAddress(host: "127.0.0.1", port: listener.port), options: options { _ in }, runtime: Runtime())
        let value = [UInt8](repeating: 0x76, count: 50 << 20)
        let error = await attempt { try await client.set("k", value) }.value
        guard case .outcomeUnknown(client.address, .connectionLost)? = error else {
            throw WireError(description: "it ended with \(error, default: "nothing")")
        }
        client.close()
    }

    @Test("a server that does not speak RESP is named, and not asked again")
    func garbage() async throws {
        try await withClient(Self.oneConnection) { server, client in
            let read = attempt { try await client.get("a") }
            try await server.next().answer("HTTP/1.1 400 Bad Request\r\n\r\n")
            let reason = "a reply begins with 'H', expected one of + - : $ * _ # , ( ! = % ~ > |"
            #expect(await read.value == .malformedReply(from: server.address, reason: reason))
            #expect(server.connectionCount == 1)
        }
    }

    // MARK: Connecting

    @Test("if nobody listens a request fails at once, and the next one tries again")
    func refused() async throws {
        let port = lastingPort()
        let client = Client(ServerAddress(host: "127.0.0.1", port: port), options: options { _ in }, runtime: Runtime())
        let error = PuffinError.cannotConnect(to: client.address, reason: "Connection refused")
        await expect(error) { try await client.set("a", "1") }
        await expect(error) { try await client.get("a") }
        let server = try FakeServer(port: port) { _ in "+OK\r\n" }
        try await client.set("a", "1")
        client.close()
        server.stop()
    }

    @Test("a request that may wait is sent when the server has come")
    func waitsForServer() async throws {
        let port = lastingPort()
        let patient = options { ($0.waitsForServer, $0.firstPause) = (true, .milliseconds(1)) }
        let client = Client(ServerAddress(host: "127.0.0.1", port: port), options: patient, runtime: Runtime())
        async let change: Void = client.set("a", "1")
        await expect(.cannotConnect(to: client.address, reason: "Connection refused")) {
            try await client.execute("PING", timeout: .seconds(1))
        }
        let server = try FakeServer(port: port) { _ in "+OK\r\n" }
        try await change
        #expect(server.allRequests == ["SET a 1"])
        client.close()
        server.stop()
    }

    @Test("a connection attempt ends at its time limit")
    func connectTimeout() async throws {
        // One connection fills the queue of those that nobody accepts; the kernel answers no further one.
        let listener = try WireListener(backlog: 0)
        let first = try WireConnection(port: listener.port)
        let client = Client(
            ServerAddress(host: "127.0.0.1", port: listener.port),
            options: options { $0.connectTimeout = .milliseconds(50) }, runtime: Runtime())
        guard case .cannotConnect(client.address, _)? = await attempt({ try await client.ping() }).value else {
            throw WireError(description: "nobody accepts, but it did not fail so")
        }
        client.close()
        withExtendedLifetime(first) {}
    }

    @Test("an unknown name is reported")
    func unknownHost() async throws {
        let client = try Client("no-such-host.invalid")
        guard case .cannotConnect(client.address, _)? = await attempt({ try await client.ping() }).value else {
            throw WireError(description: "there is no such host, but it did not fail so")
        }
    }

    // MARK: Time

    @Test("a read that takes too long has changed nothing, a change may have; neither's late reply is another's")
    func timeout() async throws {
        try await withClient(Self.oneConnection) { server, client in
            let limit = Duration.milliseconds(500)
            let read = attempt { try await client.execute([Array("GET".utf8), Array("a".utf8)], timeout: limit) }
            let get = try await server.next()
            #expect(await read.value == .timedOut(at: server.address, after: limit))
            // The connection that holds up others gets no more requests.
            let change = attempt { try await client.execute("SET", "a", "1", timeout: limit) }
            let set = try await server.next()
            #expect(set.connection !== get.connection)
            #expect(await change.value == .outcomeUnknown(at: server.address, .timedOut(after: limit)))
            get.answer(bulk("late"))
            set.answer("+LATE\r\n")
            async let next = client.get("b", as: String.self)
            try await server.next().answer(bulk("right"))
            #expect(try await next == "right")
        }
    }

    @Test("a connection on which one has taken too long makes room for another once the others have their replies")
    func slowConnection() async throws {
        try await withClient(Self.oneConnection) { server, client in
            let limit = Duration.milliseconds(500)
            let slow = attempt { try await client.execute("GET", "a", timeout: limit) }
            let first = try await server.next()
            async let other: Void = client.set("b", "1")
            let second = try await server.next()
            #expect(await slow.value == .timedOut(at: server.address, after: limit))
            async let last: Void = client.set("c", "1")
            first.answer(bulk("late"))
            second.answer("+OK\r\n")
            try await other
            let third = try await server.next()
            #expect(third.text == "SET c 1")
            #expect(third.connection !== first.connection)
            third.answer("+OK\r\n")
            try await last
        }
    }

    @Test("a request that waits for a connection has its time too, and is not sent afterwards")
    func timeoutWhileWaiting() async throws {
        try await withClient(options { ($0.poolSize, $0.pipelineLimit) = (1, 1) }) { server, client in
            async let first: Void = client.set("a", "1")
            let request = try await server.next()
            let limit = Duration.milliseconds(500)
            await expect(.timedOut(at: server.address, after: limit)) {
                try await client.execute("SET", "b", "2", timeout: limit)
            }
            request.answer("+OK\r\n")
            try await first
            try await expectNothingMore(server, client)
        }
    }

    /// The connection answers, and got the first request alone before that.
    private func expectNothingMore(_ server: FakeServer, _ client: Client) async throws {
        async let answer: Void = client.ping()
        try await server.next().answer("+PONG\r\n")
        try await answer
        #expect(server.allRequests == ["SET a 1", "PING"])
    }

    // MARK: Cancellation

    @Test("a task that is cancelled while its request waits has changed nothing, and nothing is sent")
    func cancelledWhileWaiting() async throws {
        try await withClient(options { ($0.poolSize, $0.pipelineLimit) = (1, 1) }) { server, client in
            async let first: Void = client.set("a", "1")
            let request = try await server.next()
            let task = attempt { try await client.set("b", "2") }
            task.cancel()
            #expect(await task.value == .cancelled)
            request.answer("+OK\r\n")
            try await first
            try await expectNothingMore(server, client)
        }
    }

    @Test("a task that is cancelled in flight stops waiting, and no other gets its reply")
    func cancelledUnderWay() async throws {
        try await withClient(Self.oneConnection) { server, client in
            let read = attempt { try await client.get("a") }
            let get = try await server.next()
            let change = attempt { try await client.set("a", "1") }
            let set = try await server.next()
            async let other = client.get("b", as: String.self)
            let last = try await server.next()
            read.cancel()
            change.cancel()
            #expect(await read.value == .cancelled)
            #expect(await change.value == .outcomeUnknown(at: server.address, .cancelled))
            get.answer(bulk("of a"))
            set.answer("+OK\r\n")
            last.answer(bulk("of b"))
            #expect(try await other == "of b")
            #expect(server.connectionCount == 1)
        }
    }

    @Test("a task that is already cancelled sends nothing")
    func cancelledBefore() async throws {
        try await withClient { server, client in
            let isCancelled = Flag()
            let task = attempt {
                while !Task.isCancelled { await Task.yield() }
                isCancelled.set(true)
                try await client.set("a", "1")
            }
            task.cancel()
            #expect(await task.value == .cancelled)
            #expect(isCancelled.isSet)
            #expect(server.allRequests.isEmpty)
        }
    }

    // MARK: Closing

    @Test("closing ends waiting requests, those in flight, and all later ones")
    func close() async throws {
        try await withClient(options { ($0.poolSize, $0.pipelineLimit) = (1, 2) }) { server, client in
            let change = attempt { try await client.set("a", "1") }
            let request = try await server.next()
            let read = attempt { try await client.get("a") }
            _ = try await server.next()
            let waiting = attempt { try await client.set("b", "2") }
            client.close()
            #expect(await change.value == .outcomeUnknown(at: server.address, .closed))
            #expect(await read.value == .closed)
            #expect(await waiting.value == .closed)
            await expect(.closed) { try await client.ping() }
            client.close()
            try await wait { request.connection.hasEnded.isSet }
        }
    }

    @Test("the library's thread is there from the first request until the last client is closed or gone")
    func thread() async throws {
        let server = try FakeServer { _ in "+PONG\r\n" }
        let runtime = Runtime()
        let first = Client(server.address, runtime: runtime)
        #expect(!runtime.isRunning)
        try await first.ping()
        do {
            let second = Client(server.address, runtime: runtime)
            try await second.ping()
        }
        #expect(runtime.isRunning)
        first.close()
        try await wait { !runtime.isRunning }
        // And it begins again.
        let third = Client(server.address, runtime: runtime)
        try await third.ping()
        #expect(runtime.isRunning)
        third.close()
        try await wait { !runtime.isRunning }
        server.stop()
    }
}
