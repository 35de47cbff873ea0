// Accepts the connections of a port.

import CLibevent
import Glibc

/// Accepts connections on one address until it is released.
@safe
package final class Listener: Ready {
    /// An accepted connection without a stream. Its owner makes a stream of it or refuses it.
    package struct Connection: ~Copyable {
        let socket: Descriptor
        package let peer: Address

        init(socket: consuming Descriptor, peer: Address) {
            self.socket = socket
            self.peer = peer
        }

        /// Takes over a connected socket that was not accepted by a listener: one end of a socket pair. Its peer has no address.
        package init(adopting descriptor: Int32) {
            evutil_make_socket_nonblocking(descriptor)
            self.init(socket: Descriptor(open: descriptor), peer: Address())
        }

        /// Sends a short text and closes the connection.
        package consuming func refuse(_ text: StaticString) {
            unsafe _ = send(
                socket.number, text.utf8Start, text.utf8CodeUnitCount, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
            shutdown(socket.number, Int32(SHUT_WR))
        }
    }

    /// The address with the port that was bound.
    package let address: Address
    private let loop: EventLoop
    private let socket: ListeningSocket
    /// Connections that the loop has accepted in this turn, by descriptor, and errors.
    private var accepted: [(descriptor: Int32, peer: Address)] = []
    private var failure: ReactorError?
    private var accept: (consuming Connection) -> Void = { $0.refuse("") }
    private var failed: (ReactorError) -> Void = { _ in }

    /// The size of the kernel's backlog, which bounds it by `net.core.somaxconn`, 4096 by default. Beyond it a client's SYN is dropped and
    /// sent again after 1, 3, 7, 15 and 31 s: with 1,024 a fleet of 10,000 that came back at once was complete after 31 s.
    private static let backlog: Int32 = 65_535
    /// What the kernel should allow of it: its default since Linux 5.4.
    package static let usualBacklog = 4096
    /// Connections accepted per turn; more wait in the backlog. The owner may have to close some before there are
    /// descriptors for others. In a flood of handshakes each costs 0.2 to 0.4 ms, which others wait for: with 32 their median was 10 ms.
    package static let acceptedCount = 4

    /// Binds the address; connections wait in the backlog until `start`.
    /// - Throws: `ReactorError` if the address is in use or not permitted.
    package init(_ loop: EventLoop, address: Address) throws(ReactorError) {
        self.loop = loop
        socket = try ListeningSocket(loop, address: address, backlog: Listener.backlog)
        self.address = socket.address
        unsafe socket.setCallbacks(
            context: Unmanaged.passUnretained(self).toOpaque()
        ) { _, descriptor, address, size, context in
            let listener = unsafe Unmanaged<Listener>.fromOpaque(context.unsafelyUnwrapped).takeUnretainedValue()
            let peer = unsafe Address(address.unsafelyUnwrapped, size: size)
            listener.note(descriptor, peer)
        } failed: { _, context in
            let errno = Glibc.errno
            let listener = unsafe Unmanaged<Listener>.fromOpaque(context.unsafelyUnwrapped).takeUnretainedValue()
            listener.failure = ReactorError(
                operation: "accept a connection on \(listener.address)", errno: errno)
            listener.loop.note(listener)
        }
    }

    deinit {
        for connection in accepted { close(connection.descriptor) }
    }

    private func note(_ descriptor: Int32, _ peer: Address) {
        if accepted.isEmpty { loop.note(self) }
        accepted.append((descriptor, peer))
        if accepted.count >= Listener.acceptedCount { _ = socket.accept(false) }
    }

    func deliver() {
        let connections = accepted
        accepted.removeAll(keepingCapacity: true)
        for connection in connections {
            accept(Connection(socket: Descriptor(open: connection.descriptor), peer: connection.peer))
        }
        if connections.count >= Listener.acceptedCount, isAccepting { _ = socket.accept(true) }
        if let failure = failure.take() { failed(failure) }
    }

    /// Begins to accept.
    /// - Parameters:
    ///   - accept: called for each connection.
    ///   - failed: called if accepting fails, most likely for lack of descriptors; the connection stays in the backlog.
    package func start(accept: @escaping (consuming Connection) -> Void, failed: @escaping (ReactorError) -> Void) {
        self.accept = accept
        self.failed = failed
        isAccepting = true
    }

    /// Whether it accepts. If the kernel cannot watch more sockets it stays false, and can be set again later.
    package var isAccepting = false {
        didSet {
            guard isAccepting != oldValue else { return }
            isAccepting = socket.accept(isAccepting)
        }
    }
}
