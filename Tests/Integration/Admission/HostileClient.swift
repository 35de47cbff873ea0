import Foundation
import TestSupport

/// A client that means no good: what it asks for, and what it does with the server's answers or instead of asking to the end.
final class HostileClient {
    enum Conduct: CaseIterable {
        case readsSlowly, neverReads, resets, sendsHalf, waits, pipelines
    }

    private let connection: WireConnection
    private let conduct: Conduct
    /// What the server has not been sent yet.
    private var rest: ArraySlice<UInt8>
    /// How many steps it lives, where it ends by itself.
    private var life: Int?

    /// Connects, and begins to ask.
    /// - Parameter request: one whole request.
    init(_ server: ServerProcess, _ conduct: Conduct, request: [UInt8], _ random: inout SeededRandom) throws {
        connection = try server.connect()
        connection.limitReceiveBuffer(to: 4096)
        self.conduct = conduct
        switch conduct {
        case .readsSlowly, .neverReads: rest = request[...]
        case .resets:
            rest = request[...]
            life = random.below(4)
        case .sendsHalf:
            // Either less than was asked for, or a length of which next to nothing comes.
            let half = "*3\r\n$3\r\nSET\r\n$4\r\nhalf\r\n$\(1 << (10 + random.below(15)))\r\nhalf"
            rest = random.below(3) == 0 ? Array(half.utf8)[...] : request.prefix(request.count / 2 + 1)
        case .waits:
            // No follower is there, and no such change.
            let waits = ["WAIT 1 0\n", "WAITAOF 0 1 0\n", "AFTER 99999999 GET key:0\n", "WAIT 1 300\n"]
            rest = (Array(waits[random.below(waits.count)].utf8) + request)[...]
        case .pipelines:
            let count = min(2 + random.below(200), 1 + (4 << 20) / request.count)
            rest = Array(repeatElement(request, count: count).joined())[...]
        }
        _ = step()
    }

    /// Sends what the kernel takes, and reads as much as it does.
    /// - Returns: false where it has ended.
    func step() -> Bool {
        rest = rest.dropFirst(connection.sendSome(rest))
        switch conduct {
        case .readsSlowly: if connection.hasReceived { _ = try? connection.receive(atMost: 100) }
        case .pipelines: if connection.hasReceived { _ = try? connection.receive(atMost: 1 << 20) }
        case .neverReads, .resets, .sendsHalf, .waits: break
        }
        guard let left = life else { return true }
        life = left - 1
        if left == 0 { end() }
        return left > 0
    }

    /// Makes it end with a reset.
    func end() { connection.reset() }
}
