// Connects to one address without blocking the loop.

import CLibevent
import Glibc

/// Connects to one address, once, without blocking. `Address.resolve` resolves names beforehand. The owner keeps it
/// until it has reported its result; releasing it earlier cancels the attempt.
@safe
package final class Dialer: Ready {
    private let loop: EventLoop
    private let address: Address
    // Declared in this order, because the event must be removed before the descriptor is closed.
    private var event: Event?
    /// Owned until the stream takes it.
    private var descriptor: Descriptor?
    private var isTimeout = false
    private let finished: (Result<Stream, ReactorError>) -> Void

    /// Begins to connect.
    /// - Parameters:
    ///   - milliseconds: the time limit of the attempt.
    ///   - finished: called once, in a later turn: with the stream, which its new owner starts or closes, or with the
    ///     error.
    ///     in the way.
    /// - Throws: `ReactorError` if the attempt cannot begin, for lack of descriptors or of a route.
    package init(
        _ loop: EventLoop, to address: Address, within milliseconds: Int = 5000,
        finished: @escaping (Result<Stream, ReactorError>) -> Void
    ) throws(ReactorError) {
        self.loop = loop
        self.address = address
        self.finished = finished
        let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = try Descriptor(
            socket(Int32(address.storage.ss_family), type, 0), from: "connect to \(address)")
        let result = unsafe withUnsafePointer(to: address.storage) { storage in
            unsafe connect(
                descriptor.number, UnsafeRawPointer(storage).assumingMemoryBound(to: sockaddr.self), address.size)
        }
        if result != 0 && errno != EINPROGRESS && errno != EINTR { throw failure(Glibc.errno) }
        let event = unsafe Event(
            loop, descriptor.number, EV_WRITE, context: Unmanaged.passUnretained(self).toOpaque()
        ) { _, what, context in
            let dialer = unsafe Unmanaged<Dialer>.fromOpaque(context.unsafelyUnwrapped).takeUnretainedValue()
            dialer.isTimeout = Int32(what) & EV_TIMEOUT != 0
            dialer.loop.note(dialer)
        }
        try event.add(for: "connect to \(address)", within: milliseconds)
        self.event = consume event
        self.descriptor = consume descriptor
    }

    func deliver() {
        // Release the event, which has fired, before the stream takes the descriptor or it is closed.
        event = nil
        guard let descriptor = descriptor.take() else { return }
        var code = isTimeout ? ETIMEDOUT : 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        if !isTimeout { unsafe _ = getsockopt(descriptor.number, SOL_SOCKET, SO_ERROR, &code, &size) }
        guard code == 0 else { return finished(.failure(failure(code))) }
        finished(.success(Stream(loop, Listener.Connection(socket: descriptor, peer: address))))
    }

    private func failure(_ code: Int32) -> ReactorError {
        ReactorError(operation: "connect to \(address)", errno: code)
    }
}
