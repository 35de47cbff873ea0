// The event loop, a turn at a time. libevent's callbacks only record what is ready (`collect`); receiving and
// everything that follows happens afterwards, outside of libevent (`deliver`). So nothing that a delegate, timer or
// listener does, such as closing a stream, runs inside a callback of libevent. The loop's driver decides what the end
// of a turn means.
//
// `unsafe` is allowed in this module for libevent's handles and for sockets. Each handle has one owner (Handles.swift),
// which frees it and never lends it outside this module. Contexts are unretained: a timer, signal, listener or stream
// holds the owners of its events, so none fires after it is gone.

import Bytes
import CLibevent
import Glibc
import Synchronization

/// Why the system refused something that the loop or a socket needs.
package struct ReactorError: Error, Equatable, Sendable {
    /// The operation that failed, such as `listen on 127.0.0.1:8080`.
    package let operation: String
    package let reason: String
    package let isAddressInUse: Bool

    init(operation: String, reason: String) {
        self.operation = operation
        self.reason = reason
        isAddressInUse = false
    }

    init(operation: String, errno: Int32) {
        self.operation = operation
        reason = unsafe String(cString: strerror(errno))
        isAddressInUse = errno == EADDRINUSE
    }

    /// The resolver has its own codes; only one of them refers to errno.
    init(operation: String, resolver code: Int32) {
        let errno = Glibc.errno
        self.operation = operation
        let text = unsafe code == EAI_SYSTEM ? UnsafePointer(strerror(errno)) : gai_strerror(code)
        reason = unsafe text.map { unsafe String(cString: $0) } ?? "resolver error \(code)"
        isAddressInUse = false
    }
}

/// A source that becomes ready occasionally: a timer, a signal, a listener. Its callback records it; the turn calls
/// `deliver`.
protocol Ready: AnyObject {
    func deliver()
}

/// A libevent base. All objects made with it are used on its thread.
@safe
package final class EventLoop {
    /// A recorded source, unless it goes away first.
    private struct Noted {
        weak var item: (any Ready)?
    }

    let base: OpaquePointer

    /// Ready streams, each once, in a linked list in the order of their callbacks. Not retained: a stream is released
    /// only after it is closed, and one that is closed during `deliver` is kept in `closed`.
    private unowned(unsafe) var firstReady: Stream?
    private unowned(unsafe) var lastReady: Stream?
    private var others: [Noted] = []
    /// The sources being called. A separate array, so that both keep their memory.
    private var delivered: [Noted] = []
    private var hasOthers = false
    /// Streams that were closed or given to another delegate during a delivery, with their delegates, which may be
    /// further up the stack.
    private var closed: [(Stream, AnyObject?)] = []
    private var hasClosed = false
    /// How many functions that call delegates are on the stack.
    private var depth = 0

    /// Sockets are read into this buffer first, one at a time: a connection without an incomplete request needs no read
    /// buffer of its own. Its size also bounds what one connection can request in one turn.
    let readBuffer: UnsafeMutableRawBufferPointer
    static let readSize = 16 << 10
    /// The same for TLS: what was received is turned into plaintext in one of them, and plaintext into records in the other.
    private var plainBuffer = ByteBuffer()
    private var sealedBuffer = ByteBuffer()
    /// Their memory that is kept, in bytes: a record that began earlier and what was read, and 16 replies of a few bytes up to one of
    /// 64 KiB.
    private static let keptPlainSize = 64 << 10
    private static let keptSealedSize = 128 << 10

    func takePlainBuffer() -> ByteBuffer {
        var taken = ByteBuffer()
        swap(&taken, &plainBuffer)
        return taken
    }

    func giveBack(_ buffer: inout ByteBuffer) {
        buffer.removeAll()
        buffer.trim(above: EventLoop.keptPlainSize)
        swap(&buffer, &plainBuffer)
    }

    func takeSealedBuffer() -> ByteBuffer {
        var taken = ByteBuffer()
        swap(&taken, &sealedBuffer)
        return taken
    }

    func giveBack(sealed buffer: inout ByteBuffer) {
        buffer.removeAll()
        buffer.trim(above: EventLoop.keptSealedSize)
        swap(&buffer, &sealedBuffer)
    }

    /// Bytes of memory of streams and their unsent output; their read buffers are counted elsewhere.
    private let streams = Atomic<Int>(0)
    package var streamSize: Int { streams.load(ordering: .relaxed) }
    func countStreams(_ size: Int) { streams.add(size, ordering: .relaxed) }

    /// Descriptors that libevent opens for a loop: epoll's, and a pair for signals.
    private static let descriptorCount = 3

    /// - Throws: `ReactorError` if the system has no descriptors left.
    package init() throws(ReactorError) {
        // libevent itself would carry on: without epoll it polls, and without the pair it receives no signals.
        guard Descriptors.areLeft(EventLoop.descriptorCount) else {
            throw ReactorError(operation: "make an event loop", errno: Glibc.errno)
        }
        guard let base = unsafe event_base_new() else {
            throw ReactorError(operation: "make an event loop", errno: Glibc.errno)
        }
        unsafe self.base = base
        unsafe readBuffer = .allocate(byteCount: EventLoop.readSize, alignment: 16)
    }

    deinit {
        unsafe event_base_free(base)
        unsafe readBuffer.deallocate()
    }

    /// Collects what is ready, and delivers it.
    /// - Parameter waiting: whether to wait until something is ready.
    package func turn(waiting: Bool) {
        collect(waiting: waiting)
        deliver()
    }

    /// Records what is ready. Must be followed by `deliver`.
    /// - Parameter waiting: whether to wait until something is ready.
    package func collect(waiting: Bool) {
        precondition(depth == 0, "a delegate turns the loop")
        unsafe _ = event_base_loop(base, waiting ? EVLOOP_ONCE : EVLOOP_ONCE | EVLOOP_NONBLOCK)
    }

    /// Lets the delegates of all ready streams receive, and calls the other ready sources.
    package func deliver() {
        beginDelivery()
        // Only libevent's callbacks add to the list, so it does not grow meanwhile.
        var next = unsafe firstReady
        unsafe (firstReady, lastReady) = (nil, nil)
        while let stream = next {
            next = unsafe stream.nextReady
            unsafe stream.nextReady = nil
            stream.deliver()
        }
        if hasOthers { deliverOthers() }
        endDelivery()
    }

    private func deliverOthers() {
        swap(&others, &delivered)
        hasOthers = false
        for one in delivered { one.item?.deliver() }
        delivered.removeAll(keepingCapacity: true)
    }

    func note(_ stream: Stream) {
        if let last = unsafe lastReady { unsafe last.nextReady = stream } else { unsafe firstReady = stream }
        unsafe lastReady = stream
    }

    func note(_ item: any Ready) {
        others.append(Noted(item: item))
        hasOthers = true
    }

    // MARK: Streams that are closed while something is being delivered

    func beginDelivery() { depth += 1 }

    func endDelivery() {
        depth -= 1
        if depth == 0, hasClosed { forgetClosed() }
    }

    private func forgetClosed() {
        hasClosed = false
        closed.removeAll()
    }

    /// Keeps a closed stream and its former delegate until the delivery is over.
    func keep(_ stream: Stream, _ delegate: AnyObject?) {
        guard depth > 0 else { return }
        closed.append((stream, delegate))
        hasClosed = true
    }
}
