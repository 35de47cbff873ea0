// The accepting side of a port.

import CLibevent
import Glibc

/// Accepts connections on one address, until it is released.
@safe
package final class Listener {
    /// A connection that was accepted and has no stream yet. Whoever gets one makes a stream of it or refuses it.
    package struct Connection: ~Copyable {
        let socket: Descriptor
        package let peer: Address

        /// Sends a short text and closes the connection.
        package consuming func refuse(_ text: StaticString) {
            unsafe _ = send(
                socket.number, text.utf8Start, text.utf8CodeUnitCount, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
            shutdown(socket.number, Int32(SHUT_WR))
        }
    }

    /// Where connections are accepted, with the port that was really bound.
    package let address: Address
    private let socket: ListeningSocket
    private var accept: (consuming Connection) -> Void = { $0.refuse("") }
    private var failed: (ReactorError) -> Void = { _ in }

    /// Connections that the kernel holds until they are accepted.
    private static let backlog: Int32 = 1024

    /// Binds the address; connections wait in the backlog until `start`.
    /// - Throws: `ReactorError` where the address is in use or may not be used.
    package init(_ loop: EventLoop, address: Address) throws(ReactorError) {
        socket = try ListeningSocket(loop, address: address, backlog: Listener.backlog)
        self.address = socket.address
        unsafe socket.setCallbacks(
            context: Unmanaged.passUnretained(self).toOpaque()
        ) { _, descriptor, address, size, context in
            let listener = unsafe Unmanaged<Listener>.fromOpaque(context.unsafelyUnwrapped).takeUnretainedValue()
            let peer = unsafe Address(address.unsafelyUnwrapped, size: size)
            listener.accept(Connection(socket: Descriptor(open: descriptor), peer: peer))
        } failed: { _, context in
            let errno = Glibc.errno
            let listener = unsafe Unmanaged<Listener>.fromOpaque(context.unsafelyUnwrapped).takeUnretainedValue()
            listener.failed(ReactorError(operation: "accept a connection on \(listener.address)", errno: errno))
        }
    }

    /// Begins to accept.
    /// - Parameters:
    ///   - accept: called for each connection.
    ///   - failed: called when accepting fails, most likely for want of descriptors; the connection stays in the backlog.
    package func start(accept: @escaping (consuming Connection) -> Void, failed: @escaping (ReactorError) -> Void) {
        self.accept = accept
        self.failed = failed
        isAccepting = true
    }

    /// Whether it accepts. Where the kernel watches no more sockets it stays false, and can be set again later.
    package var isAccepting = false {
        didSet {
            guard isAccepting != oldValue else { return }
            isAccepting = socket.accept(isAccepting)
        }
    }
}
