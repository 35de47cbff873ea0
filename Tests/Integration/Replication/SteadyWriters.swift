// Clients that write all the time, to whichever server accepts it, and remember what was acknowledged.

import Foundation
import TestSupport

/// Some clients, each with a key of its own that it sets to 1, 2, 3 and so on. After an error or a lost connection a
/// client tries the next server.
final class SteadyWriters: @unchecked Sendable {
    private let condition = NSCondition()
    private let ports: [UInt16]
    private var isStopping = false
    private var running = 0
    private var acknowledged: [Int]
    private var errors: Set<String> = []

    init(_ count: Int, to servers: [AdminServer]) {
        ports = servers.map(\.port)
        acknowledged = [Int](repeating: 0, count: count)
        running = count
        for index in 0..<count { Thread.detachNewThread { self.write(index) } }
    }

    deinit { condition.withLock { isStopping = true } }

    private func write(_ index: Int) {
        var place = index
        var value = 0
        while !condition.withLock({ isStopping }) {
            place += 1
            guard let client = try? WireConnection(port: ports[place % ports.count]) else { continue }
            while let reply = try? client.ask("SET w\(index) \(value + 1)"), !reply.isEmpty {
                guard reply == "OK" else {
                    condition.withLock { _ = errors.insert(reply) }
                    break
                }
                value += 1
                let isLast = condition.withLock {
                    acknowledged[index] = value
                    return isStopping
                }
                if isLast { break }
            }
            usleep(500)
        }
        condition.withLock {
            running -= 1
            condition.broadcast()
        }
    }

    /// All acknowledged changes.
    var count: Int { condition.withLock { acknowledged.reduce(0, +) } }

    /// Waits until so many more changes are acknowledged.
    func waitForMore(_ more: Int) throws {
        let before = count
        try AdminServer.wait(for: "acknowledged changes") { count >= before + more }
    }

    /// Stops them.
    /// - Returns: the last value of each key that was acknowledged, and the errors that clients have got.
    func stop() -> (acknowledged: [Int], errors: Set<String>) {
        condition.withLock {
            isStopping = true
            while running > 0 { condition.wait() }
            return (acknowledged, errors)
        }
    }
}
