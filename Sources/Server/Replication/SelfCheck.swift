// Before a server follows a leader it asks there who that is: names, addresses and forwarded ports are many, and one of them may
// lead back to this very process.

import Bytes
import Reactor
import Store

/// One question to the server at an address: whether it is this one. It has no answer if nobody says anything in time. Used on the
/// loop's thread; its owner lets go of it between turns.
final class SelfCheck: StreamDelegate {
    private enum State {
        case connecting(Connector)
        case asking(Stream)
        case done
    }

    private let server: Server
    private var state: State
    private var ended: Stream?
    /// Whether the answer has this server's id.
    private(set) var isItself = false

    /// How long it takes at most, in milliseconds.
    static let time = 1000
    /// More bytes of an answer are not looked at.
    private static let answerSize = 16 << 10

    init(_ endpoint: Endpoint, server: Server) {
        self.server = server
        state = .connecting(Connector(server.loop, to: endpoint, within: SelfCheck.time, bell: server.bell))
    }

    deinit { close() }

    /// Goes on as far as it can without waiting. To be called each turn, and not by a callback of the loop.
    /// - Returns: whether it is known by now, or never will be, who is there.
    func advance() -> Bool {
        if case .connecting(let connector) = state {
            switch connector.advance() {
            case .success(let stream)?: ask(stream)
            case .failure?: state = .done
            case nil: break
            }
        }
        if case .done = state { return true }
        return false
    }

    private func ask(_ stream: Stream) {
        state = .asking(stream)
        stream.start(self)
        var request = ByteBuffer()
        request.append("*2\r\n$4\r\nINFO\r\n$6\r\nserver\r\n")
        if !stream.send(request.bytes) { close() }
    }

    private func close() {
        if case .asking(let stream) = state {
            stream.close()
            ended = stream
        }
        state = .done
    }

    func received(_ bytes: Span<UInt8>) -> Consumption {
        let text = String(bytes.extracting(0..<min(bytes.count, SelfCheck.answerSize)))
        isItself = text.contains("\r\nrun_id:\(server.id)\r\n")
        if isItself || isWhole(bytes) || bytes.count >= SelfCheck.answerSize { close() }
        guard case .asking = state else { return Consumption(used: bytes.count, missing: 1) }
        return Consumption(used: 0, missing: 1)
    }

    /// Whether nothing more is expected: a bulk string has come as a whole, or something else has begun.
    private func isWhole(_ bytes: Span<UInt8>) -> Bool {
        guard bytes.count > 0, bytes[0] == UInt8(ascii: "$") else { return bytes.count > 0 }
        guard let feed = bytes.newline(from: 0) else { return bytes.count > 24 }
        guard feed > 2, let size = bytes.extracting(1..<feed - 1).number else { return true }
        return UInt64(bytes.count) >= UInt64(feed) + size + 3
    }

    func receivedEnd(unfinished: Int) { close() }
    func drained() {}
    func failed() { close() }
}
