// Connects by name: resolves on another thread, then tries one address after another, and sets up TLS where that is wanted.

import Bytes
import OpenSSL

/// Connects to a host, once, without blocking: resolves its name, then tries its addresses in turn. The owner calls
/// `advance`; releasing it cancels the attempt.
package final class Connector {
    private let loop: EventLoop
    private let milliseconds: Int
    private let resolver: Resolver
    private var addresses: ArraySlice<Address> = []
    private var dialer: Dialer?
    private let security: TLSTarget?
    private var handshake: ClientHandshake?
    /// The dialer's result, until it is taken.
    private var result: Result<Stream, ReactorError>?

    /// Begins to connect.
    /// - Parameters:
    ///   - milliseconds: the time limit for each address.
    ///   - security: how to set up TLS; nil for a plain connection.
    ///   - bell: rung when the name is resolved.
    package init(
        _ loop: EventLoop, to endpoint: Endpoint, within milliseconds: Int, security: TLSTarget? = nil,
        bell: Wakeup.Bell
    ) {
        self.loop = loop
        self.security = security
        self.milliseconds = milliseconds
        resolver = Resolver(host: endpoint.host, port: endpoint.port, bell: bell)
    }

    deinit {
        if case .success(let stream)? = result { stream.close() }
        handshake?.cancel()
    }

    /// Makes what progress it can without blocking. To be called each turn, and not from a callback of the loop.
    /// - Returns: nil while in progress; then, once, the stream, which its new owner starts or closes, or the error of
    ///   the last address.
    package func advance() -> Result<Stream, ReactorError>? {
        switch resolver.takeAnswer() {
        case .success(let found)?:
            addresses = found[...]
            dial()
        case .failure(let error)?: return .failure(error)
        case nil: if case .failure? = result, !addresses.isEmpty { dial() }
        }
        if let handshake {
            guard let found = handshake.result else { return nil }
            self.handshake = nil
            return found
        }
        guard case .success(let stream)? = result, let security else { return result.take() }
        result = nil
        return secure(stream, security)
    }

    private func secure(_ stream: Stream, _ security: TLSTarget) -> Result<Stream, ReactorError>? {
        do throws(ReactorError) {
            handshake = try ClientHandshake(stream, security)
            return nil
        } catch {
            return .failure(error)
        }
    }

    /// Begins with the next address for which an attempt can begin.
    private func dial() {
        result = nil
        while let address = addresses.popFirst() {
            do throws(ReactorError) {
                dialer = try Dialer(loop, to: address, within: milliseconds) { [unowned self] in result = $0 }
                return
            } catch {
                result = .failure(error)
            }
        }
    }
}

/// How a connection that is dialed gets TLS.
package struct TLSTarget: Sendable {
    let context: TLSContext
    /// The name or address that the server's certificate must be for.
    let host: String

    package init(_ context: TLSContext, host: String) {
        self.context = context
        self.host = host
    }
}
