// The owners of what libevent and the kernel hand out. Each handle has one owner, whose `deinit` alone frees it, and
// there are no copies of it: to free a handle, set the property that holds its owner to nil, so no freed pointer
// remains readable. Owners are noncopyable structs, so an owner costs what its pointer costs.
//
// An owner holds its handle's loop: libevent writes into the base when it removes an event, in whatever order a
// program's objects go away.

import Bytes
import CLibevent
import Glibc

/// An open descriptor.
struct Descriptor: ~Copyable {
    let number: Int32

    /// - Parameter number: the result of a system call.
    /// - Throws: `ReactorError` with errno if that is not a descriptor.
    init(_ number: Int32, from operation: @autoclosure () -> String) throws(ReactorError) {
        guard number >= 0 else {
            let code = errno
            throw ReactorError(operation: operation(), errno: code)
        }
        self.number = number
    }

    /// Takes over an open descriptor.
    init(open number: Int32) {
        self.number = number
    }

    deinit { close(number) }

    /// Passes it to another owner.
    consuming func release() -> Int32 {
        let number = number
        discard self
        return number
    }
}

/// An event; libevent watches it after `add`.
@safe
struct Event: ~Copyable {
    private let handle: OpaquePointer
    private let loop: EventLoop

    /// - Parameters:
    ///   - descriptor: what to watch: a descriptor, a signal's number, or -1 for time alone.
    ///   - kinds: `EV_READ` and so on.
    ///   - context: passed to `callback`; not retained.
    init(
        _ loop: EventLoop, _ descriptor: Int32, _ kinds: Int32, context: UnsafeMutableRawPointer?,
        callback: event_callback_fn
    ) {
        let handle = unsafe event_new(
            loop.base, descriptor, Int16(truncatingIfNeeded: kinds), callback, context)
        // libevent refuses it only for lack of memory, when an allocation of Swift's would end the process as well.
        guard let handle = unsafe handle else { fatalError("there is no memory for an event") }
        unsafe self.handle = handle
        self.loop = loop
    }

    deinit { unsafe event_free(handle) }

    /// Begins to watch.
    /// - Parameter milliseconds: a timeout, after which the event fires in any case; nil for none.
    /// - Returns: false if the kernel cannot watch more; errno says why.
    borrowing func add(within milliseconds: Int? = nil) -> Bool {
        guard let milliseconds else { return unsafe event_add(handle, nil) == 0 }
        var time = timeval(tv_sec: milliseconds / 1000, tv_usec: milliseconds % 1000 * 1000)
        return unsafe event_add(handle, &time) == 0
    }

    /// The same for callers that cannot do without.
    /// - Throws: `ReactorError` if the kernel cannot watch more.
    borrowing func add(for operation: @autoclosure () -> String, within milliseconds: Int? = nil) throws(ReactorError) {
        guard add(within: milliseconds) else {
            let code = errno
            throw ReactorError(operation: operation(), errno: code)
        }
    }

    /// Stops watching; `add` starts again.
    borrowing func remove() {
        unsafe _ = event_del(handle)
    }

    /// Fires it in this turn, or in the next one if none is in progress.
    borrowing func activate() {
        unsafe event_active(handle, 0, 0)
    }
}

/// A listening socket.
@safe
struct ListeningSocket: ~Copyable {
    private let handle: OpaquePointer
    private let loop: EventLoop

    /// Binds the address. Connections wait in the backlog until accepting begins.
    /// - Throws: `ReactorError` if the address is in use or not permitted.
    init(_ loop: EventLoop, address: Address, backlog: Int32) throws(ReactorError) {
        var wanted = address
        var options = LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE | LEV_OPT_DISABLED
        // So that an IPv4 address can be bound to the same port.
        if address.isIPv6 { options |= LEV_OPT_BIND_IPV6ONLY }
        let handle = unsafe withUnsafePointer(to: &wanted.storage) { storage in
            unsafe evconnlistener_new_bind(
                loop.base, nil, nil, options, backlog,
                UnsafeRawPointer(storage).assumingMemoryBound(to: sockaddr.self), Int32(address.size))
        }
        guard let handle = unsafe handle else {
            throw ReactorError(operation: "listen on \(address)", errno: Glibc.errno)
        }
        unsafe self.handle = handle
        self.loop = loop
    }

    deinit { unsafe evconnlistener_free(handle) }

    /// Sets the callbacks for connections and for failures to accept; both get `context`, which is not retained.
    borrowing func setCallbacks(
        context: UnsafeMutableRawPointer, accepted: evconnlistener_cb, failed: evconnlistener_errorcb
    ) {
        unsafe evconnlistener_set_cb(handle, accepted, context)
        unsafe evconnlistener_set_error_cb(handle, failed)
    }

    /// The address with the port that was bound.
    var address: Address { Address(ofSocket: unsafe evconnlistener_get_fd(handle)) }

    /// Starts or stops accepting.
    /// - Returns: whether it accepts now: the kernel may not be able to watch more sockets.
    borrowing func accept(_ isAccepting: Bool) -> Bool {
        guard isAccepting else {
            unsafe evconnlistener_disable(handle)
            return false
        }
        return unsafe evconnlistener_enable(handle) == 0
    }
}

/// Output that a socket did not take at once. Its bytes count as the loop's while it exists.
@safe
struct PendingOutput: ~Copyable {
    private let handle: OpaquePointer
    private let loop: EventLoop

    /// - Parameter context: passed to the callbacks; not retained.
    /// - Returns: nil if there is no memory for it.
    init?(
        _ loop: EventLoop, _ descriptor: Int32, context: UnsafeMutableRawPointer,
        drained: bufferevent_data_cb, failed: bufferevent_event_cb
    ) {
        guard let handle = unsafe bufferevent_socket_new(loop.base, descriptor, 0) else { return nil }
        unsafe self.handle = handle
        self.loop = loop
        unsafe bufferevent_setcb(handle, nil, drained, failed, context)
        unsafe bufferevent_disable(handle, Int16(EV_READ))
        unsafe _ = evbuffer_add_cb(
            bufferevent_get_output(handle),
            { _, change, context in
                guard let change = unsafe change?.pointee else { return }
                let loop = unsafe Unmanaged<EventLoop>.fromOpaque(context.unsafelyUnwrapped).takeUnretainedValue()
                loop.countStreams(Int(change.n_added) - Int(change.n_deleted))
            }, Unmanaged.passUnretained(loop).toOpaque())
    }

    deinit {
        loop.countStreams(-size)
        unsafe bufferevent_free(handle)
    }

    /// Bytes that the kernel has not taken.
    var size: Int { unsafe evbuffer_get_length(bufferevent_get_output(handle)) }

    /// Appends bytes to those that wait.
    /// - Returns: false if there is no memory for them.
    borrowing func append(_ bytes: Span<UInt8>) -> Bool {
        unsafe bytes.withUnsafeBytes { bytes in
            unsafe bufferevent_write(handle, bytes.baseAddress, bytes.count) == 0
        }
    }
}
