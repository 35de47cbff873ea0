// A follower asks its configured leader to connect: leaders dial their followers, so a leader must know their addresses.

import Bytes
import Logging
import Reactor
import Store

/// Sends join requests to a leader, repeatedly until it connects. Used on the loop's thread.
final class JoinRequest: OutboundDelegate {
    private unowned let server: Server
    private let outbound: Outbound
    /// Whether the pending request contains this server's id, which leaders of earlier versions refuse.
    private var saysID = false

    /// The time that the leader has to connect after its answer, in milliseconds.
    private static let patience = 5000

    init(to leader: Endpoint, server: Server, seed: UInt64) {
        self.server = server
        outbound = Outbound(
            to: leader, loop: server.loop, bell: server.bell, clock: server.clock, seed: seed,
            lineSize: server.limits.echoSize * 8,
            secret: { [unowned server] in server.replication.settings.secrets.first },
            security: { [unowned server] in server.security(towards: leader) }
        ) { [log = server.log] in log.warning("Leader \(leader): \($0)") }
        outbound.delegate = self
    }

    /// Does all work that is possible without waiting.
    func advance() { outbound.advance() }

    func close() { outbound.close() }

    func opened() { ask(saysID: true) }

    private func ask(saysID: Bool) {
        self.saysID = saysID
        var line = ByteBuffer()
        // Without a host, the leader uses the address that this connection comes from.
        line.append("FOLLOWER ADD :")
        line.append(decimal: UInt64(server.port))
        if saysID { line.append(text: " \(server.id)") }
        line.append("\n")
        outbound.send(line.bytes)
    }

    func heard(_ line: Span<UInt8>) {
        if line.equals("OK") {
            outbound.settle()
            return outbound.pause(JoinRequest.patience)
        }
        switch LinkLine(line) {
        case .noPlace?: outbound.fail(LinkLine.noPlaceReason)
        case _ where saysID: ask(saysID: false)
        default:
            let echo = line.extracting(0..<min(line.count, server.limits.echoSize * 4))
            outbound.fail("it refuses: \(String(echo))")
        }
    }

    func ended() {}
}
