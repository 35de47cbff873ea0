// A client that never pauses.

import Foundation
import TestSupport

/// Sets one key to 0, 1, 2, … until the connection ends, without ever waiting for a reply: one thread sends, another
/// takes the replies.
final class Flood: @unchecked Sendable {
    private let condition = NSCondition()
    private var replies = 0
    private var hasEnded = false

    init(_ connection: WireConnection, name: String) {
        Thread.detachNewThread {
            var next = 0
            // The server's end makes it fail.
            while (try? connection.send((next..<next + 100).map { "SET \(name) \($0)\n" }.joined())) != nil {
                next += 100
            }
        }
        Thread.detachNewThread { [self] in
            while let bytes = try? connection.receive(), !bytes.isEmpty { note(bytes) }
            condition.withLock {
                hasEnded = true
                condition.broadcast()
            }
        }
    }

    /// Counts the replies that end in `bytes`.
    private func note(_ bytes: [UInt8]) {
        condition.withLock {
            replies += bytes.count { $0 == UInt8(ascii: "\n") }
            condition.broadcast()
        }
    }

    /// Waits until `count` replies have come.
    func waitForReplies(_ count: Int) {
        condition.withLock {
            while replies < count && !hasEnded { condition.wait() }
        }
    }

    /// Waits until the connection has ended.
    /// - Returns: how many requests were acknowledged.
    func end() -> Int {
        condition.withLock {
            while !hasEnded { condition.wait() }
            return replies
        }
    }
}
