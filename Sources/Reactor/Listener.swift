import CLibevent
import Glibc

/// Accepts connections on one address, until it is released.
@safe
package final class Listener {
    /// A connection that was accepted and has no stream yet. Whoever gets one makes a stream of it or refuses it.
    package struct Connection {
        let descriptor: Int32
        package let peer: Address

        /// Sends a short text and closes the connection.
        package func refuse(_ text: StaticString) {
            unsafe _ = send(
                descriptor, text.utf8Start, text.utf8CodeUnitCount, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
            shutdown(descriptor, Int32(SHUT_WR))
            close(descriptor)
        }
    }

    /// Where connections are accepted, with the port that was really bound.
    package let address: Address
    private var listener: OpaquePointer?
    private var accept: (Connection) -> Void = { $0.refuse("") }
    private var failed: (ReactorError) -> Void = { _ in }

    /// Connections that the kernel holds until they are accepted.
    private static let backlog: Int32 = 1024

    /// Binds the address; connections wait in the backlog until `start`.
    /// - Throws: `ReactorError` where the address is in use or may not be used.
    package init(_ loop: EventLoop, address: Address) throws(ReactorError) {
        let listener = unsafe try Listener.bind(loop, address: address, backlog: Listener.backlog)
        unsafe self.listener = listener
        self.address = Address(ofSocket: unsafe evconnlistener_get_fd(listener))
        unsafe evconnlistener_set_cb(
            listener,
            { _, descriptor, address, size, context in
                let listener = unsafe Unmanaged<Listener>.fromOpaque(context.unsafelyUnwrapped).takeUnretainedValue()
                let peer = unsafe Address(address.unsafelyUnwrapped, size: size)
                listener.accept(Connection(descriptor: descriptor, peer: peer))
            }, Unmanaged.passUnretained(self).toOpaque())
        unsafe evconnlistener_set_error_cb(listener) { _, context in
            let errno = Glibc.errno
            let listener = unsafe Unmanaged<Listener>.fromOpaque(context.unsafelyUnwrapped).takeUnretainedValue()
            listener.failed(ReactorError(operation: "accept a connection on \(listener.address)", errno: errno))
        }
    }

    /// Binds an address for whoever owns what is returned; connections wait in the backlog until it is enabled.
    static func bind(
        _ loop: EventLoop, address: Address, backlog: Int32
    ) throws(ReactorError) -> OpaquePointer {
        var wanted = address
        var options = LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE | LEV_OPT_DISABLED
        // So that an IPv4 address can be bound beside it.
        if address.isIPv6 { options |= LEV_OPT_BIND_IPV6ONLY }
        let listener = unsafe withUnsafePointer(to: &wanted.storage) { storage in
            unsafe evconnlistener_new_bind(
                loop.base, nil, nil, options, backlog,
                UnsafeRawPointer(storage).assumingMemoryBound(to: sockaddr.self), Int32(address.size))
        }
        guard let listener = unsafe listener else {
            throw ReactorError(operation: "listen on \(address)", errno: Glibc.errno)
        }
        return unsafe listener
    }

    /// Begins to accept.
    /// - Parameters:
    ///   - accept: called for each connection.
    ///   - failed: called when accepting fails, most likely for want of descriptors; the connection stays in the backlog.
    package func start(accept: @escaping (Connection) -> Void, failed: @escaping (ReactorError) -> Void) {
        self.accept = accept
        self.failed = failed
        isAccepting = true
    }

    deinit { unsafe listener.map { unsafe evconnlistener_free($0) } }

    /// Stops accepting, and goes on.
    package var isAccepting = false {
        didSet {
            guard isAccepting != oldValue, let listener = unsafe listener else { return }
            if isAccepting {
                unsafe evconnlistener_enable(listener)
            } else {
                unsafe evconnlistener_disable(listener)
            }
        }
    }
}
