// The TLS handshake of a connection that was dialed, on the loop: a client makes few of them.

import Bytes
import OpenSSL

/// Shakes hands as a client. The owner keeps it until it has a result.
final class ClientHandshake: StreamDelegate {
    private let stream: Stream
    private let channel: Channel
    private var output = ByteBuffer()
    /// nil while it goes on.
    private(set) var result: Result<Stream, ReactorError>?

    init(_ stream: Stream, _ channel: Channel) {
        self.stream = stream
        self.channel = channel
        stream.start(self)
        let nothing: [UInt8] = []
        shake(nothing.span)
    }

    private func shake(_ cipher: Span<UInt8>) {
        guard result == nil else { return }
        output.removeAll()
        let state = channel.handshake(cipher: cipher, into: &output)
        if !output.isEmpty, !stream.send(output.bytes) { return fail("the connection was lost") }
        switch state {
        case .needsMore: break
        case .done(let used):
            if stream.secure(with: channel, cipher.extracting(used..<cipher.count)) {
                result = .success(stream)
            } else {
                fail("the connection was lost")
            }
        case .failed(let failure): fail("\(failure)")
        }
    }

    private func fail(_ reason: String) {
        guard result == nil else { return }
        stream.close()
        result = .failure(ReactorError(operation: "set up TLS with \(channel.host) at \(stream.peer)", reason: reason))
    }

    /// Closes the connection, if it has no result or was not taken.
    func cancel() { if result == nil { stream.close() } }

    func received(_ bytes: Span<UInt8>) -> Consumption {
        shake(bytes)
        return Consumption(used: bytes.count, missing: 1)
    }

    func receivedEnd(unfinished: Int) { fail("the server closed it during the TLS handshake") }
    func drained() {}
    func failed() { fail("the connection was lost during the TLS handshake") }
}
