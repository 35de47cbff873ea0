import CLibevent
import Glibc

/// Connects to one address, once, without ever blocking. Names are resolved beforehand, by `Address.resolve`. Until it has
/// told its end, whoever made it keeps it; letting go of it earlier gives the attempt up.
@safe
package final class Dialer {
    private let loop: EventLoop
    private let address: Address
    private var descriptor: Int32
    private var event: OpaquePointer?
    private let finished: (Result<Stream, ReactorError>) -> Void

    /// Begins to connect.
    /// - Parameters:
    ///   - milliseconds: how long the attempt may take.
    ///   - finished: called once, in a later turn: with the stream, which its new owner starts or closes, or with what was
    ///     in the way.
    /// - Throws: `ReactorError` where the attempt cannot even be begun, for want of descriptors or of a route.
    package init(
        _ loop: EventLoop, to address: Address, within milliseconds: Int = 5000,
        finished: @escaping (Result<Stream, ReactorError>) -> Void
    ) throws(ReactorError) {
        self.loop = loop
        self.address = address
        self.finished = finished
        let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        descriptor = socket(Int32(address.storage.ss_family), type, 0)
        guard descriptor >= 0 else { throw failure(Glibc.errno) }
        let result = unsafe withUnsafePointer(to: address.storage) { storage in
            unsafe connect(
                descriptor, UnsafeRawPointer(storage).assumingMemoryBound(to: sockaddr.self), address.size)
        }
        if result != 0 && errno != EINPROGRESS && errno != EINTR { throw failure(Glibc.errno) }
        unsafe event = event_new(
            loop.base, descriptor, Int16(EV_WRITE),
            { _, what, context in
                let dialer = unsafe Unmanaged<Dialer>.fromOpaque(context.unsafelyUnwrapped).takeUnretainedValue()
                dialer.conclude(isTimeout: Int32(what) & EV_TIMEOUT != 0)
            }, Unmanaged.passUnretained(self).toOpaque())
        var limit = timeval(tv_sec: milliseconds / 1000, tv_usec: milliseconds % 1000 * 1000)
        unsafe event_add(event, &limit)
    }

    deinit {
        if let event = unsafe event { unsafe event_free(event) }
        if descriptor >= 0 { close(descriptor) }
    }

    private func conclude(isTimeout: Bool) {
        var code = isTimeout ? ETIMEDOUT : 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        if !isTimeout { unsafe _ = getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size) }
        guard code == 0 else { return finished(.failure(failure(code))) }
        // From here on the descriptor is the stream's. The event, which has fired, goes first.
        if let event = unsafe event { unsafe event_free(event) }
        unsafe event = nil
        let stream = Stream(loop, Listener.Connection(descriptor: descriptor, peer: address))
        descriptor = -1
        finished(.success(stream))
    }

    private func failure(_ code: Int32) -> ReactorError {
        ReactorError(operation: "connect to \(address)", errno: code)
    }
}
