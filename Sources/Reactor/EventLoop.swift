// The event loop, a turn at a time. libevent's callbacks only note who is ready (`collect`); receiving, and whatever follows
// from it, happens afterwards, outside of libevent (`deliver`). So nothing that a delegate, a timer or a listener does, such as
// closing any stream, happens inside a callback of libevent. What a turn's end means is written where the loop is driven, not here.
//
// `unsafe` is allowed in this module, for libevent's handles and for sockets. Each handle lies in an owner of its own
// (Handles.swift), which frees it, and is lent to nobody outside this module. Contexts are unretained: a timer, signal,
// listener or stream holds the owners of its events, so none fires once it is gone.

import CLibevent
import Glibc
import Synchronization

/// Why the machine refused something that the loop or a socket needs.
package struct ReactorError: Error, Equatable, Sendable {
    /// What was tried, such as `listen on 127.0.0.1:8080`.
    package let operation: String
    package let reason: String
    package let isAddressInUse: Bool

    init(operation: String, errno: Int32) {
        self.operation = operation
        reason = unsafe String(cString: strerror(errno))
        isAddressInUse = errno == EADDRINUSE
    }

    /// The resolver has codes of its own; only one of them means that errno says more.
    init(operation: String, resolver code: Int32) {
        let errno = Glibc.errno
        self.operation = operation
        let text = unsafe code == EAI_SYSTEM ? UnsafePointer(strerror(errno)) : gai_strerror(code)
        reason = unsafe text.map { unsafe String(cString: $0) } ?? "resolver error \(code)"
        isAddressInUse = false
    }
}

/// What is ready now and then: a timer, a signal, a listener. Its callback notes it; the turn calls `deliver`.
protocol Ready: AnyObject {
    func deliver()
}

/// A libevent base. All objects made with it are used on the thread that turns it.
@safe
package final class EventLoop {
    /// One that has been noted, unless it goes away first.
    private struct Noted {
        weak var item: (any Ready)?
    }

    let base: OpaquePointer

    /// Streams that have something, each once, linked to each other in the order in which they were noted. Not retained: a stream is
    /// released only after it was closed, and one that is closed during `deliver` is kept in `closed`.
    private unowned(unsafe) var firstReady: Stream?
    private unowned(unsafe) var lastReady: Stream?
    private var others: [Noted] = []
    /// Those that are being called. Apart, so that both lists keep their memory.
    private var delivered: [Noted] = []
    private var hasOthers = false
    /// Streams that were closed, or given to another delegate, while something is being delivered, with their delegates: these may be
    /// further up the stack.
    private var closed: [(Stream, AnyObject?)] = []
    private var hasClosed = false
    /// How many functions that call delegates are on the stack.
    private var depth = 0

    /// Where sockets are read into first, one at a time: a connection that has no part of a request waiting needs no
    /// memory of its own for reading. Its size also bounds what one connection can ask for in one turn.
    let readBuffer: UnsafeMutableRawBufferPointer
    static let readSize = 16 << 10

    /// Bytes of memory that streams take, and what they have not sent yet; their buffers for reading are counted elsewhere.
    private let streams = Atomic<Int>(0)
    package var streamSize: Int { streams.load(ordering: .relaxed) }
    func countStreams(_ size: Int) { streams.add(size, ordering: .relaxed) }

    /// Descriptors that libevent takes for a loop: epoll's, and a pair for signals.
    private static let descriptorCount = 3

    /// - Throws: `ReactorError` where the system has no descriptors left.
    package init() throws(ReactorError) {
        // libevent itself would make do: without epoll it polls, and without the pair it hears no signal.
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
    /// - Parameter waiting: whether to wait until something is.
    package func turn(waiting: Bool) {
        collect(waiting: waiting)
        deliver()
    }

    /// Notes what is ready. To be followed by `deliver`.
    /// - Parameter waiting: whether to wait until something is.
    package func collect(waiting: Bool) {
        precondition(depth == 0, "a delegate turns the loop")
        unsafe _ = event_base_loop(base, waiting ? EVLOOP_ONCE : EVLOOP_ONCE | EVLOOP_NONBLOCK)
    }

    /// Has the delegates of all streams that were noted receive, and calls what else was noted.
    package func deliver() {
        beginDelivery()
        // Only callbacks of libevent note anything, so none is added meanwhile.
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

    /// Keeps a stream and its delegate, which is done with it, until nothing is being delivered.
    func keep(_ stream: Stream, _ delegate: AnyObject?) {
        guard depth > 0 else { return }
        closed.append((stream, delegate))
        hasClosed = true
    }
}
