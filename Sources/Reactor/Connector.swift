// Connecting by name: resolution on another thread, then one address after the other.

import Bytes

/// Connects to a host, once, without ever blocking: has its name resolved, then tries its addresses one after the other.
/// Whoever made it looks after it with `advance`; letting go of it gives the attempt up.
package final class Connector {
    private let loop: EventLoop
    private let milliseconds: Int
    private let resolver: Resolver
    private var addresses: ArraySlice<Address> = []
    private var dialer: Dialer?
    /// How the dialer has ended, until that is looked at.
    private var result: Result<Stream, ReactorError>?

    /// Begins to connect.
    /// - Parameters:
    ///   - milliseconds: how long the attempt may take with each address.
    ///   - bell: rung when the name is resolved.
    package init(_ loop: EventLoop, to endpoint: Endpoint, within milliseconds: Int, bell: Wakeup.Bell) {
        self.loop = loop
        self.milliseconds = milliseconds
        resolver = Resolver(host: endpoint.host, port: endpoint.port, bell: bell)
    }

    deinit {
        if case .success(let stream)? = result { stream.close() }
    }

    /// Goes on as far as it can without waiting. To be called each turn, and not by a callback of the loop.
    /// - Returns: nil as long as it is under way; then, once, the stream, which its new owner starts or closes, or what was in
    ///   the way at the last address.
    package func advance() -> Result<Stream, ReactorError>? {
        switch resolver.takeAnswer() {
        case .success(let found)?:
            addresses = found[...]
            dial()
        case .failure(let error)?: return .failure(error)
        case nil: if case .failure? = result, !addresses.isEmpty { dial() }
        }
        return result.take()
    }

    /// Begins with the next address that can be begun with.
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
