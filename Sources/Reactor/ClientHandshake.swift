// The TLS handshake of a connection that was dialed, on the loop: a client makes few of them.

import Bytes
import OpenSSL

/// Shakes hands as a client. The owner keeps it until it has a result.
package final class ClientHandshake: StreamDelegate {
    private let stream: Stream
    private let channel: Channel
    private var output = ByteBuffer()
    /// nil while it goes on.
    package private(set) var result: Result<Stream, ReactorError>?

    /// Begins with a stream that was dialed. It is closed if that fails, or the handshake later.
    package init(_ stream: Stream, _ security: TLSTarget) throws(ReactorError) {
        self.stream = stream
        do throws(TLSError) {
            channel = try security.context.connect(to: security.host)
        } catch {
            stream.close()
            throw ReactorError(operation: "set up TLS with \(security.host)", reason: "\(error)")
        }
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
            if stream.secure(with: channel, cipher.extracting(used..<cipher.count)), !stream.inputHasEnded {
                // The owner may release this before it gives the stream to another delegate.
                stream.keepDelegate(self)
                result = .success(stream)
            } else {
                fail(channel.failure?.text ?? "the connection was lost")
            }
        case .failed(let failure): fail("\(failure)")
        }
    }

    private func fail(_ reason: String) {
        guard result == nil else { return }
        stream.close()
        result = .failure(ReactorError(operation: "set up TLS with \(channel.host) at \(stream.peer)", reason: reason))
    }

    /// Closes the connection. Not to be called once the result was taken.
    package func cancel() { stream.close() }

    package func received(_ bytes: Span<UInt8>) -> Consumption {
        // What comes later is for the next delegate.
        guard result == nil else { return Consumption(used: 0, missing: 1) }
        shake(bytes)
        return Consumption(used: bytes.count, missing: 1)
    }

    package func receivedEnd(unfinished: Int) { fail("the server closed it during the TLS handshake") }
    package func drained() {}
    package func failed() { fail("the connection was lost during the TLS handshake") }
}
