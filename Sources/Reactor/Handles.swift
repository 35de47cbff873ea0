// The owners of what libevent and the kernel hand out. Each handle lies in one of these, is freed by its `deinit` and by nothing
// else, and is reached through no copy: to free a handle, set the property that holds its owner to nil, so that no
// freed pointer is left to read. They are structs that cannot be copied, so an owner costs what its pointer costs.
//
// An owner holds the loop that its handle belongs to: libevent writes into the base when it removes an event, in whatever
// order a program's objects go away.

import Bytes
import CLibevent
import Glibc

/// An open descriptor.
struct Descriptor: ~Copyable {
    let number: Int32

    /// - Parameter number: what a system call has returned.
    /// - Throws: `ReactorError` with errno where that is no descriptor.
    init(_ number: Int32, from operation: @autoclosure () -> String) throws(ReactorError) {
        guard number >= 0 else {
            let code = errno
            throw ReactorError(operation: operation(), errno: code)
        }
        self.number = number
    }

    /// Takes over one that is known to be open.
    init(open number: Int32) {
        self.number = number
    }

    deinit { close(number) }

    /// Gives it to another owner.
    consuming func release() -> Int32 {
        let number = number
        discard self
        return number
    }
}

/// An event that libevent watches for from `add` on.
@safe
struct Event: ~Copyable {
    private let handle: OpaquePointer
    private let loop: EventLoop

    /// - Parameters:
    ///   - descriptor: what is watched: a descriptor or a signal's number, or -1 for a time alone.
    ///   - kinds: `EV_READ` and so on.
    ///   - context: what `callback` gets; not retained.
    init(
        _ loop: EventLoop, _ descriptor: Int32, _ kinds: Int32, context: UnsafeMutableRawPointer?,
        callback: event_callback_fn
    ) {
        let handle = unsafe event_new(
            loop.base, descriptor, Int16(truncatingIfNeeded: kinds), callback, context)
        // libevent refuses it only for want of memory, where an object of Swift's would end the process as well.
        guard let handle = unsafe handle else { fatalError("there is no memory for an event") }
        unsafe self.handle = handle
        self.loop = loop
    }

    deinit { unsafe event_free(handle) }

    /// Begins to watch.
    /// - Parameter milliseconds: the time after which it comes in any case; nil for none.
    /// - Returns: false where the kernel watches no more; errno says why.
    borrowing func add(within milliseconds: Int? = nil) -> Bool {
        guard let milliseconds else { return unsafe event_add(handle, nil) == 0 }
        var time = timeval(tv_sec: milliseconds / 1000, tv_usec: milliseconds % 1000 * 1000)
        return unsafe event_add(handle, &time) == 0
    }

    /// The same for those that cannot do without.
    /// - Throws: `ReactorError` where the kernel watches no more.
    borrowing func add(for operation: @autoclosure () -> String, within milliseconds: Int? = nil) throws(ReactorError) {
        guard add(within: milliseconds) else {
            let code = errno
            throw ReactorError(operation: operation(), errno: code)
        }
    }

    /// Stops watching; `add` begins again.
    borrowing func remove() {
        unsafe _ = event_del(handle)
    }

    /// Makes it come in this turn, or in the next one where none is under way.
    borrowing func activate() {
        unsafe event_active(handle, 0, 0)
    }
}

/// A socket that connections are accepted on.
@safe
struct ListeningSocket: ~Copyable {
    /// nil once it is an HTTP server's.
    private var handle: OpaquePointer?
    private let loop: EventLoop

    /// Binds the address. Connections wait in the backlog until `isAccepting` is set.
    /// - Throws: `ReactorError` where the address is in use or may not be used.
    init(_ loop: EventLoop, address: Address, backlog: Int32) throws(ReactorError) {
        var wanted = address
        var options = LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE | LEV_OPT_DISABLED
        // So that an IPv4 address can be bound beside it.
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

    deinit { if let handle = unsafe handle { unsafe evconnlistener_free(handle) } }

    /// Says what is called for a connection, and what when accepting one fails; `context`, which is not retained, is given to both.
    borrowing func setCallbacks(
        context: UnsafeMutableRawPointer, accepted: evconnlistener_cb, failed: evconnlistener_errorcb
    ) {
        unsafe evconnlistener_set_cb(handle, accepted, context)
        unsafe evconnlistener_set_error_cb(handle, failed)
    }

    /// The address that was really bound.
    var address: Address { Address(ofSocket: unsafe evconnlistener_get_fd(handle)) }

    /// Accepts from now on, or stops.
    /// - Returns: whether it accepts: the kernel may watch no more sockets.
    borrowing func accept(_ isAccepting: Bool) -> Bool {
        guard isAccepting else {
            unsafe evconnlistener_disable(handle)
            return false
        }
        return unsafe evconnlistener_enable(handle) == 0
    }

    /// Gives it to an HTTP server, which frees it.
    /// - Returns: the handle, which is there as long as that server; nil, and it is freed, where that has no memory for it.
    consuming func bind(to server: OpaquePointer) -> OpaquePointer? {
        guard let handle = unsafe handle, unsafe evhttp_bind_listener(server, handle) != nil else { return nil }
        unsafe self.handle = nil
        return unsafe handle
    }
}

/// What a socket did not take at once. Its bytes count as those of the loop's streams for as long as it is there.
@safe
struct Output: ~Copyable {
    private let handle: OpaquePointer
    private let loop: EventLoop

    /// - Parameter context: what the callbacks get; not retained.
    /// - Returns: nil where there is no memory for it.
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

    /// Puts bytes behind those that wait.
    /// - Returns: false where there is no memory for them.
    borrowing func append(_ bytes: Span<UInt8>) -> Bool {
        unsafe bytes.withUnsafeBytes { bytes in
            unsafe bufferevent_write(handle, bytes.baseAddress, bytes.count) == 0
        }
    }
}
