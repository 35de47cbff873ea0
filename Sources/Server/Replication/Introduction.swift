// A follower that was told its leader asks that one to connect: leaders dial their followers, so a leader has to know of them.

import Bytes
import Logging
import Reactor
import Store

/// One connection to a leader, on which this follower says where it can be reached. Used on the loop's thread.
final class Introduction: StreamDelegate {
    private enum State {
        case connecting(Connector)
        case asking(Stream)
        /// Until a moment of the monotonic clock, in milliseconds.
        case waiting(until: Int)
        case closed
    }

    private let leader: Endpoint
    private unowned let server: Server
    private var state: State
    private var backoff: Backoff
    private var ended: [Stream] = []
    private var complaint: String?
    /// Whether the request that waits for its answer has this server's id in it: leaders of earlier versions refuse that.
    private var saysID = false

    /// How long dialing one address may take, and how long after an answer the leader has time to connect, in milliseconds.
    private static let dialTime = 3000
    private static let patience = 5000

    init(to leader: Endpoint, server: Server, seed: UInt64) {
        self.leader = leader
        self.server = server
        backoff = Backoff(seed: seed)
        state = .waiting(until: 0)
    }

    /// Goes on as far as it can without waiting.
    func advance() {
        ended.removeAll()
        switch state {
        case .waiting(let time) where MonotonicClock.milliseconds >= time:
            state = .connecting(
                Connector(server.loop, to: leader, within: Introduction.dialTime, bell: server.bell))
        case .connecting(let connector):
            switch connector.advance() {
            case .success(let stream)?: ask(stream)
            case .failure(let error)?: fail("cannot \(error.operation): \(error.reason)")
            case nil: break
            }
        case .waiting, .asking, .closed: break
        }
    }

    func close() {
        end()
        state = .closed
    }

    private func end() {
        guard case .asking(let stream) = state else { return }
        stream.close()
        ended.append(stream)
    }

    private func wait(_ milliseconds: Int) {
        end()
        state = .waiting(until: MonotonicClock.milliseconds + milliseconds)
    }

    private func fail(_ reason: String) {
        if complaint != reason {
            complaint = reason
            server.log.warning("Leader \(leader): \(reason); trying again")
        }
        wait(Int(backoff.next()))
    }

    private func ask(_ stream: Stream) {
        state = .asking(stream)
        stream.start(self)
        ask(stream, saysID: true)
    }

    private func ask(_ stream: Stream, saysID: Bool) {
        self.saysID = saysID
        var line = ByteBuffer()
        // Without a host: the leader takes the address that this connection comes from.
        line.append("FOLLOWER ADD :")
        line.append(decimal: UInt64(server.port))
        if saysID { line.append(text: " \(server.id)") }
        line.append("\n")
        if !stream.send(line.bytes) { fail("the connection was lost") }
    }

    func received(_ bytes: Span<UInt8>) -> Consumption {
        guard let end = bytes.newline(from: 0) else {
            if bytes.count > server.limits.echoSize * 8 { fail("it sends lines without an end") }
            return Consumption(used: bytes.count, missing: 1)
        }
        let line = bytes.extracting(0..<end)
        if line.equals("OK") {
            complaint = nil
            backoff.reset()
            wait(Introduction.patience)
        } else if saysID, case .asking(let stream) = state {
            ask(stream, saysID: false)
        } else {
            fail("it refuses: \(String(line.extracting(0..<min(line.count, server.limits.echoSize * 4))))")
        }
        return Consumption(used: bytes.count, missing: 1)
    }

    func receivedEnd(unfinished: Int) { fail("it has closed the connection") }
    func drained() {}
    func failed() { fail("the connection was lost") }
}
