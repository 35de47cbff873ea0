// What comes between a connection and its first request: the TLS handshake and the login. Nothing of it is measured.

import BlockingClient
import Bytes
import Reactor
import Wire

/// Sets up one connection. The owner calls `advance` each turn, until there is a result.
final class ConnectionSetup: StreamDelegate {
    private let user: LoginCredentials?
    private var handshake: ClientHandshake?
    private var stream: Stream?
    /// The stream, which its new owner starts or closes, or why there is none.
    private(set) var result: Result<Stream, LoadError>?

    /// Begins with a stream that was dialed.
    init(_ stream: Stream, _ security: TLSTarget?, _ user: LoginCredentials?) {
        self.user = user
        guard let security else {
            logIn(over: stream)
            return
        }
        do throws(ReactorError) {
            handshake = try ClientHandshake(stream, security)
        } catch {
            result = .failure(LoadError(error))
        }
    }

    /// Makes what progress it can without blocking. Not to be called from a callback of the loop.
    func advance() {
        guard let found = handshake?.result else { return }
        handshake = nil
        switch found {
        case .success(let stream): logIn(over: stream)
        case .failure(let error): result = .failure(LoadError(error))
        }
    }

    private func logIn(over stream: Stream) {
        guard let user else { return result = .success(stream) }
        self.stream = stream
        stream.start(self)
        var request = ByteBuffer()
        request.append(request: user.request)
        if !stream.send(request.bytes) { failed() }
    }

    /// Gives the connection up.
    func close() {
        handshake?.cancel()
        if case .success(let stream)? = result { stream.close() }
        stream?.close()
    }

    private func fail(_ reason: String) {
        guard result == nil else { return }
        result = .failure(LoadError(description: reason))
    }

    func received(_ bytes: Span<UInt8>) -> Consumption {
        guard result == nil, let end = bytes.newline(from: 0) else { return Consumption(used: 0, missing: 1) }
        let line = String(bytes.extracting(0..<end)).filter { !$0.isNewline }
        if line.hasPrefix("+"), let stream {
            result = .success(stream)
        } else {
            fail("the server refuses the login: \(line)")
        }
        return Consumption(used: end + 1, missing: 1)
    }

    func receivedEnd(unfinished: Int) { fail("the server closed the connection during the login") }
    func drained() {}

    func failed() {
        fail("the connection is lost: \(stream?.securityFailure?.text ?? "the server has gone away")")
    }
}

extension LoadError {
    init(_ error: ReactorError) { self.init(description: "cannot \(error.operation): \(error.reason)") }
}
