// Before a server follows a leader, it asks for that server's id: one of many names, addresses and forwarded ports may
// lead back to this process.

import Bytes
import Reactor
import Store

/// Checks whether the server at an address is this one. There may be no answer. Used on the loop's thread; its owner
/// releases it between turns.
final class SelfCheck: OutboundDelegate {
    private let id: ServerID
    private let outbound: Outbound
    /// The missing bytes of the answer; nil before it has begun.
    private var missing: Int?
    /// Whether the check has ended, with or without an answer.
    private(set) var isDone = false
    /// Whether the answer contains this server's id.
    private(set) var isItself = false

    /// The longest accepted line of an answer, in bytes.
    private static let lineSize = 16 << 10

    init(_ endpoint: Endpoint, server: Server) {
        id = server.id
        outbound = Outbound(
            to: endpoint, loop: server.loop, bell: server.bell, clock: server.clock, seed: 0,
            lineSize: SelfCheck.lineSize, secret: { [unowned server] in server.replication.settings.secrets.first },
            security: { [unowned server] in server.security(towards: endpoint) }
        ) {
            _ in
        }
        outbound.delegate = self
    }

    /// Does all work that is possible without waiting. Call it each turn, but not from a callback of the loop.
    func advance() { outbound.advance(mayDial: !isDone) }

    func opened() {
        var request = ByteBuffer()
        request.append("*2\r\n$4\r\nINFO\r\n$6\r\nserver\r\n")
        outbound.send(request.bytes)
    }

    func heard(_ line: Span<UInt8>) {
        guard !isDone else { return }
        if let missing {
            self.missing = missing - line.count - 1
            isItself = String(line) == "run_id:\(id)\r"
        } else if line.starts(with: "$"), line.count > 2, let size = line.extracting(1..<line.count - 1).number {
            missing = Int(clamping: size)
        }
        if isItself || missing ?? 0 <= 0 { end() }
    }

    func ended() { end() }

    private func end() {
        isDone = true
        outbound.close()
    }
}
