// A client that writes and compacts while a test does something else.

import Foundation
import TestSupport

/// Writes on a thread of its own until it is told to end.
final class BackgroundLoad: @unchecked Sendable {
    private let condition = NSCondition()
    private var isEnding = false
    private var result: Result<(changes: Int, compactions: Int), any Error>?

    init(_ server: ServerProcess) {
        Thread.detachNewThread { [self] in
            let result = Result { try write(to: server) }
            condition.withLock {
                self.result = result
                condition.broadcast()
            }
        }
    }

    private func write(to server: ServerProcess) throws -> (changes: Int, compactions: Int) {
        let client = try server.connect()
        var (changes, compactions, round) = (0, 0, 0)
        // Values of up to a few pages, so that a write is seldom one page.
        while !condition.withLock({ isEnding }) && changes < 400_000 {
            round += 1
            let count = 1 + round % 40
            let requests = (0..<count).map { index in
                "SET key:\((round * 7 + index) % 500) \(String(repeating: "v", count: round * 13 % 3_000))\n"
            }
            try client.expect(requests.joined(), String(repeating: "OK\n", count: count))
            changes += count
            if round % 25 == 0, try client.ask("COMPACT") == "OK" { compactions += 1 }
        }
        return (changes, compactions)
    }

    /// Makes it end, and waits until it has.
    /// - Returns: how many changes were acknowledged, and compactions begun.
    func end() throws -> (changes: Int, compactions: Int) {
        try condition.withLock {
            isEnding = true
            while true {
                if let result { return try result.get() }
                condition.wait()
            }
        }
    }
}
