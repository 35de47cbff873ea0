// Users who write at the same time while servers come and go, and the ledger of what each of them was told.

import Foundation
import TestSupport

/// A user that changes pairs on a thread of its own until it is told to end. Each value names the user and is written once.
final class AuthorLoad: @unchecked Sendable {
    let user: String
    private let port: UInt16
    private let condition = NSCondition()
    private var isEnding = false
    private var hasEnded = false
    private var random: SeededRandom
    private var lastNumber = 0
    /// What was answered OK: values that were set, and keys' numbers of deletions.
    private var acknowledged: Set<String> = []
    private var deletions = 0
    private var logins = 0

    init(_ user: String, port: UInt16, seed: UInt64) {
        (self.user, self.port) = (user, port)
        random = SeededRandom(seed: seed)
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

    /// The values that were acknowledged, the number of acknowledged deletions, and how often the user has logged in.
    var ledger: (values: Set<String>, deletions: Int, logins: Int) {
        condition.withLock { (acknowledged, deletions, logins) }
    }

    var count: Int { condition.withLock { acknowledged.count } }

    private func write() throws {
        let connection = try WireConnection(port: port)
        try connection.expect(resp("AUTH", user, AuthorLoad.password(of: user)), "+OK\r\n")
        condition.withLock { logins += 1 }
        while !condition.withLock({ isEnding }) {
            switch random.below(10) {
            case 0: try transact(connection)
            case 1: try delete(connection)
            default: try set(connection)
            }
            usleep(500)
        }
    }

    private func newValue() -> String {
        lastNumber += 1
        return "\(user).\(lastNumber)"
    }

    private func key() -> String { "shared:\(random.below(50))" }

    private func note(_ values: [String]) { condition.withLock { acknowledged.formUnion(values) } }

    /// A pipeline of changes.
    private func set(_ connection: WireConnection) throws {
        let values = (0...random.below(8)).map { _ in newValue() }
        try connection.send(values.map { resp("SET", key(), $0) }.joined())
        for value in values {
            let reply = try connection.receiveLine()
            guard reply == "+OK\r" else { throw WireError(description: reply) }
            note([value])
        }
    }

    private func transact(_ connection: WireConnection) throws {
        let values = (0..<3).map { _ in newValue() }
        try connection.expect(
            resp("MULTI") + values.map { resp("SET", key(), $0) }.joined() + resp("EXEC"),
            "+OK\r\n" + String(repeating: "+QUEUED\r\n", count: 3) + "*3\r\n" + String(repeating: "+OK\r\n", count: 3))
        note(values)
    }

    /// A key of its own, so that there is something to delete.
    private func delete(_ connection: WireConnection) throws {
        let value = newValue()
        try connection.expect(resp("SET", "own:\(user)", value) + resp("DEL", "own:\(user)"), "+OK\r\n:1\r\n")
        note([value])
        condition.withLock { deletions += 1 }
    }

    /// Makes it end, and waits until it has.
    func end() {
        condition.withLock {
            isEnding = true
            while !hasEnded { condition.wait() }
        }
    }

    static func password(of user: String) -> String { "the password of \(user)" }
}
