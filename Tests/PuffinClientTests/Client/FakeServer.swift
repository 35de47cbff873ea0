// A server whose replies the test decides. It has threads of its own, so that a test can wait for it without blocking a
// task.

import Foundation
import PuffinClient
import Synchronization
import TestSupport

/// Listens on a port of 127.0.0.1 and hands each request to the test, or answers it by a rule.
final class FakeServer: Sendable {
    /// A request that waits for its answer.
    struct Request: Sendable {
        let arguments: [[UInt8]]
        let connection: FakeConnection

        /// The arguments as texts, between blanks; of each no more than 200 bytes.
        var text: String { arguments.map { String(decoding: $0.prefix(200), as: UTF8.self) }.joined(separator: " ") }

        /// Sends bytes; ignored if the client is gone.
        func answer(_ text: String) { try? connection.wire.send(text) }
    }

    /// The immediate reply; nil if the test replies.
    typealias Rule = @Sendable (String) -> String?

    let port: UInt16
    private let listener: WireListener
    private let rule: Rule
    /// nil once it is stopped.
    private let connections = Mutex<[FakeConnection]?>([])
    private let requests: AsyncStream<Request>
    private let sink: AsyncStream<Request>.Continuation
    private let log = Mutex<[String]>([])

    /// - Parameter port: 0 for any.
    init(port: UInt16 = 0, rule: @escaping Rule = { _ in nil }) throws {
        listener = try WireListener(port: port)
        self.port = listener.port
        self.rule = rule
        (requests, sink) = AsyncStream.makeStream()
        listener.serve { [self] wire in
            let connection = FakeConnection(wire)
            let isStopped = connections.withLock { connections in
                connections?.append(connection)
                return connections == nil
            }
            if isStopped { connection.close() } else { serve(connection) }
        }
    }

    /// Ends the connections and accepts no more.
    func stop() {
        listener.stop()
        let open = connections.withLock { connections in
            defer { connections = nil }
            return connections ?? []
        }
        for connection in open { connection.close() }
        sink.finish()
    }

    var address: ServerAddress { ServerAddress(host: "127.0.0.1", port: port) }

    /// How many connections were made so far.
    var connectionCount: Int { connections.withLock { $0?.count ?? 0 } }

    /// Every request so far, the ones that were answered by the rule too.
    var allRequests: [String] { log.withLock { $0 } }

    /// Waits for the next request that the rule does not answer.
    func next() async throws -> Request {
        for await request in requests { return request }
        throw WireError(description: "the fake server was stopped")
    }

    private func serve(_ connection: FakeConnection) {
        while let arguments = try? connection.readRequest() {
            let request = Request(arguments: arguments, connection: connection)
            let text = request.text
            log.withLock { $0.append(text) }
            if let answer = rule(text) { request.answer(answer) } else { sink.yield(request) }
        }
        connection.hasEnded.set(true)
        connection.close()
    }
}

/// One connection to a fake server.
final class FakeConnection: Sendable {
    let wire: WireConnection
    /// Set once the client has ended it.
    let hasEnded = Flag()

    init(_ wire: WireConnection) { self.wire = wire }

    /// Ends it, in both directions.
    func close() { wire.shutDown() }

    func readRequest() throws -> [[UInt8]] {
        let count = try number(after: "*")
        return try (0..<count).map { _ in
            let size = try number(after: "$")
            return Array(try wire.receive(exactly: size + 2).prefix(size))
        }
    }

    private func number(after type: Character) throws -> Int {
        let line = try wire.receiveLine()
        guard line.first == type, let number = Int(line.dropFirst().dropLast()) else {
            throw WireError(description: "no request: \(line)")
        }
        return number
    }
}

func bulk(_ text: String) -> String { "$\(text.utf8.count)\r\n\(text)\r\n" }
