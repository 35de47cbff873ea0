// Before a server follows a leader it asks there who that is: names, addresses and forwarded ports are many, and one of them may
// lead back to this very process.

import Bytes
import Reactor
import Store

/// One question to the server at an address: whether it is this one. Nobody need answer. Used on the loop's thread; its owner lets
/// go of it between turns.
final class SelfCheck: OutboundDelegate {
    private let id: ServerID
    private let outbound: Outbound
    /// Bytes of the answer that are still to come; nil before it has begun.
    private var missing: Int?
    /// Whether it is known by now, or never will be, who is there.
    private(set) var isDone = false
    /// Whether the answer has this server's id.
    private(set) var isItself = false

    /// The longest line of an answer that is looked at.
    private static let lineSize = 16 << 10

    init(_ endpoint: Endpoint, server: Server) {
        id = server.id
        outbound = Outbound(
            to: endpoint, loop: server.loop, bell: server.bell, clock: server.clock, seed: 0,
            lineSize: SelfCheck.lineSize
        ) {
            _ in
        }
        outbound.delegate = self
    }

    /// Goes on as far as it can without waiting. To be called each turn, and not by a callback of the loop.
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
