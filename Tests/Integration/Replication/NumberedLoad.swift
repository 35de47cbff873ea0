// A client that writes while servers come and go, and keeps a ledger of what was acknowledged.

import Foundation
import TestSupport
import Testing

/// Writes to one server on a thread of its own until it is told to end. Values are rising numbers, so a lost value is
/// detected.
final class NumberedLoad: @unchecked Sendable {
    private let condition = NSCondition()
    private var isEnding = false
    private var hasEnded = false
    private var acknowledgedCount = 0
    private let server: Replica
    private let host: String
    private let port: UInt16
    /// For each key the newest number that was acknowledged.
    private var newest: [Int]
    private var lastNumber = 0
    /// Between two pipelines, in microseconds.
    private let pause: UInt32

    init(_ server: Replica, keys: Int = 500, pause: UInt32 = 1000) {
        self.server = server
        (host, port) = (server.host, server.port)
        newest = Array(repeating: 0, count: keys)
        self.pause = pause
        Thread.detachNewThread { [self] in
            while !condition.withLock({ isEnding }) {
                // A server that is away is tried again.
                do { try write() } catch { usleep(2000) }
            }
            condition.withLock {
                hasEnded = true
                condition.broadcast()
            }
        }
    }

    /// Changes that were acknowledged.
    var acknowledged: Int { condition.withLock { acknowledgedCount } }

    private func write() throws {
        let connection = try WireConnection(port: port, at: host)
        while !condition.withLock({ isEnding }) {
            let numbers = lastNumber + 1...lastNumber + 1 + lastNumber % 40
            lastNumber = numbers.upperBound
            var requests = ""
            for number in numbers {
                let padding = String(repeating: "v", count: number % 97)
                requests += "SET load:\(number % newest.count) \(number).\(padding)\n"
            }
            try connection.send(requests)
            for number in numbers {
                let reply = try connection.receiveLine()
                guard reply == "OK" else { throw WireError(description: reply) }
                condition.withLock {
                    newest[number % newest.count] = number
                    acknowledgedCount += 1
                }
            }
            usleep(pause)
        }
    }

    /// Waits until so many more changes are acknowledged.
    func wait(for count: Int) throws {
        let end = acknowledged + count
        try IntegrationTests.wait("\(count) more writes", description: { [server] in server.log }) {
            acknowledged >= end
        }
    }

    /// Makes it end, and waits until it has.
    func end() {
        condition.withLock {
            isEnding = true
            while !hasEnded { condition.wait() }
        }
    }

    /// Checks that a server has everything that was acknowledged, and nothing that was never sent. The load must have
    /// ended.
    func expectKept(by replica: Replica) throws {
        let connection = try replica.connect()
        for key in newest.indices {
            let reply = try connection.ask("GET load:\(key)")
            let number = Int(reply.prefix { $0 != "." }) ?? 0
            #expect(
                number >= newest[key] && number <= lastNumber,
                "\(replica.name) has \(reply.prefix(20)) as load:\(key), acknowledged was \(newest[key])")
        }
    }
}
