// A small HTTP/1.1 server for monitoring, on libevent's evhttp. It answers only GET and HEAD, from a table of routes,
// and bounds what a client may send and how long it may take.
//
// Why `unsafe` is right here: evhttp calls back only on the loop's thread and only until it is freed, together with
// this object; each listed connection holds its own reference to its bufferevent.

import Bytes
import CLibevent
import Glibc

/// Answers HTTP requests on one address until it is released. One of its own routes must not release it.
@safe
package final class HTTPListener {
    /// evhttp, and the listener that it frees. Holds the loop, as every owner does: it is freed before the loop's base.
    @safe
    private struct Handle: ~Copyable {
        let server: OpaquePointer
        let listener: OpaquePointer
        private let loop: EventLoop

        /// - Throws: `ReactorError` if the address is in use or not permitted.
        init(_ loop: EventLoop, _ socket: consuming ListeningSocket) throws(ReactorError) {
            guard let server = unsafe evhttp_new(loop.base) else {
                throw ReactorError(operation: "make an HTTP server", errno: ENOMEM)
            }
            guard let listener = unsafe socket.bind(to: server) else {
                unsafe evhttp_free(server)
                throw ReactorError(operation: "make an HTTP server", errno: ENOMEM)
            }
            unsafe self.server = server
            unsafe self.listener = listener
            self.loop = loop
        }

        deinit { unsafe evhttp_free(server) }
    }

    /// A connection's bufferevent, referenced so that it stays valid whatever evhttp does.
    @safe
    private final class Connection {
        let handle: OpaquePointer
        /// When it was accepted or last made a complete request, in milliseconds of the monotonic clock. Bytes that
        /// complete no request count as silence.
        var lastHeard = MonotonicClock.milliseconds
        /// Whether it is about to be closed, and no longer counts.
        private(set) var isShutDown = false

        init(_ handle: OpaquePointer) {
            unsafe bufferevent_incref(handle)
            unsafe self.handle = handle
        }

        deinit { unsafe _ = bufferevent_decref(handle) }

        /// Bytes received that are not a request yet.
        var inputSize: Int { unsafe evbuffer_get_length(bufferevent_get_input(handle)) }

        /// Makes evhttp see the connection's end, and close it.
        func shutDown() {
            isShutDown = true
            unsafe _ = shutdown(bufferevent_getfd(handle), Int32(SHUT_RDWR))
            // Makes it read again if its buffer is full.
            unsafe _ = evbuffer_drain(bufferevent_get_input(handle), inputSize)
        }
    }

    /// The address with the port that was bound.
    package let address: Address
    private let loop: EventLoop
    /// Runs right after evhttp has set up new connections.
    private var setUp: Event?
    private let handle: Handle
    private var routes: [String: HTTPRoute] = [:]
    /// Longest silent first. Timestamps alone do not give the order: several are heard within a millisecond.
    private var connections: [Connection] = []
    /// Connections that evhttp is still setting up.
    private var fresh: [Connection] = []

    /// The largest number of connections. Beyond it, the one that has been silent longest is closed.
    package static let connectionCount = 32
    private static let backlog: Int32 = 16
    /// The descriptors it may use: its own, and those of new connections until old ones are closed.
    package static let descriptorCount = 1 + connectionCount + Int(backlog)
    /// The limits of a request's line and headers, and of its body, which is ignored; in bytes.
    private static let headerSize = 8 << 10
    private static let bodySize = 4 << 10
    /// The largest amount of unparsed input, in bytes. evhttp does not bound an unfinished line; this does.
    private static let inputSize = 16 << 10
    /// How long a connection may be silent, in seconds: by evhttp's measure, which counts every byte, and by that of
    /// `look`.
    private static let patience: Int32 = 30

    /// Binds the address. Connections wait in the backlog until `start`.
    /// - Throws: `ReactorError` if the address is in use or not permitted.
    package init(_ loop: EventLoop, address: Address) throws(ReactorError) {
        self.loop = loop
        let socket = try ListeningSocket(loop, address: address, backlog: HTTPListener.backlog)
        self.address = socket.address
        handle = try Handle(loop, socket)
        unsafe evhttp_set_max_headers_size(handle.server, HTTPListener.headerSize)
        unsafe evhttp_set_max_body_size(handle.server, HTTPListener.bodySize)
        unsafe evhttp_set_timeout(handle.server, HTTPListener.patience)
        // Every method reaches `answer`, which refuses the others.
        unsafe evhttp_set_allowed_methods(handle.server, UInt16.max)
        setUp = unsafe Event(loop, -1, 0, context: Unmanaged.passUnretained(self).toOpaque()) { _, _, context in
            unsafe Unmanaged<HTTPListener>.fromOpaque(context.unsafelyUnwrapped).takeUnretainedValue().watchFresh()
        }
        setCallbacks()
    }

    deinit {
        // evhttp closes its connections later; their callbacks must not reach this object.
        for connection in connections { _ = unsafe setCloseCallback(of: connection, nil) }
    }

    private func setCallbacks() {
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe evhttp_set_gencb(
            handle.server,
            { request, context in
                let owner = unsafe Unmanaged<HTTPListener>.fromOpaque(context.unsafelyUnwrapped).takeUnretainedValue()
                if let request = unsafe request { unsafe owner.answer(request) }
            }, context)
        unsafe evhttp_set_bevcb(
            handle.server,
            { _, context in
                unsafe Unmanaged<HTTPListener>.fromOpaque(context.unsafelyUnwrapped).takeUnretainedValue().connected()
            }, context)
        // Most likely for lack of descriptors: connections wait until `look`.
        unsafe evconnlistener_set_error_cb(handle.listener) { listener, _ in
            unsafe _ = evconnlistener_disable(listener)
        }
    }

    /// Begins to answer.
    package func start(_ routes: [HTTPRoute]) {
        for route in routes { self.routes[route.path] = route }
        look()
    }

    /// Closes connections that have timed out, and accepts new ones. To be called each second.
    package func look() {
        let longAgo = MonotonicClock.milliseconds - Int(HTTPListener.patience) * 1000
        for connection in connections
        where connection.inputSize >= HTTPListener.inputSize || connection.lastHeard < longAgo {
            connection.shutDown()
        }
        acceptWhereThereIsRoom()
    }

    private func acceptWhereThereIsRoom() {
        if connections.count < HTTPListener.descriptorCount - 1 {
            unsafe _ = evconnlistener_enable(handle.listener)
        } else {
            unsafe _ = evconnlistener_disable(handle.listener)
        }
    }

    /// Makes the bufferevent of a connection that evhttp has accepted. evhttp closes the socket.
    private func connected() -> OpaquePointer? {
        guard let new = unsafe bufferevent_socket_new(loop.base, -1, 0) else { return nil }
        unsafe bufferevent_setwatermark(new, Int16(EV_READ), 0, HTTPListener.inputSize)
        let connection = unsafe Connection(new)
        connections.append(connection)
        fresh.append(connection)
        // Run it before the loop looks at sockets again.
        setUp?.activate()
        acceptWhereThereIsRoom()
        return unsafe new
    }

    /// Registers for the closing of the connections that evhttp has set up, and makes room for them.
    private func watchFresh() {
        for connection in fresh {
            let isThere = unsafe setCloseCallback(of: connection) { evhttp, context in
                let owner = unsafe Unmanaged<HTTPListener>.fromOpaque(context.unsafelyUnwrapped).takeUnretainedValue()
                if let connection = unsafe evhttp_connection_get_bufferevent(evhttp) {
                    unsafe owner.closing(connection)
                }
            }
            // evhttp had no memory for it.
            if !isThere { connections.removeAll { $0 === connection } }
        }
        fresh.removeAll()
        makeRoom()
    }

    /// Closes the connections that have been silent longest, down to the limit.
    private func makeRoom() {
        let excess = connections.count { !$0.isShutDown } - HTTPListener.connectionCount
        guard excess > 0 else { return }
        for connection in connections.filter({ !$0.isShutDown }).prefix(excess) { connection.shutDown() }
    }

    /// - Returns: false if evhttp has released the connection.
    private func setCloseCallback(
        of connection: Connection, _ callback: (@convention(c) (OpaquePointer?, UnsafeMutableRawPointer?) -> Void)?
    ) -> Bool {
        // evhttp's own callbacks, which it restores when it releases a connection, have the connection as their
        // context.
        var (event, evhttp): (bufferevent_event_cb?, UnsafeMutableRawPointer?)
        unsafe (event, evhttp) = (nil, nil)
        unsafe bufferevent_getcb(connection.handle, nil, nil, &event, &evhttp)
        guard unsafe event != nil, let evhttp = unsafe evhttp else { return false }
        unsafe evhttp_connection_set_closecb(
            OpaquePointer(evhttp), callback, Unmanaged.passUnretained(self).toOpaque())
        return true
    }

    /// Releases a connection whose socket is about to be closed. Its events go first: the next socket may get the same
    /// number, which the loop would believe it watches already.
    private func closing(_ handle: OpaquePointer) {
        guard let index = connections.firstIndex(where: { unsafe $0.handle == handle }) else { return }
        unsafe _ = bufferevent_disable(handle, Int16(EV_READ | EV_WRITE))
        let connection = connections.remove(at: index)
        fresh.removeAll { $0 === connection }
        acceptWhereThereIsRoom()
    }

    private func note(_ request: OpaquePointer) {
        let handle = unsafe evhttp_connection_get_bufferevent(evhttp_request_get_connection(request))
        guard let index = connections.firstIndex(where: { unsafe $0.handle == handle }) else { return }
        let connection = connections.remove(at: index)
        connection.lastHeard = MonotonicClock.milliseconds
        connections.append(connection)
    }

    // MARK: Answering

    private func answer(_ request: OpaquePointer) {
        unsafe note(request)
        let uri = unsafe evhttp_request_get_evhttp_uri(request)
        let path = unsafe text(evhttp_uri_get_path(uri))
        let method = unsafe evhttp_request_get_command(request)
        guard let route = routes[path] else {
            let known = routes.keys.sorted().joined(separator: ", ")
            return unsafe send(HTTPResponse(status: 404, text: "Not found; there are \(known)"), to: request)
        }
        guard method == EVHTTP_REQ_GET || method == EVHTTP_REQ_HEAD else {
            unsafe _ = evhttp_add_header(evhttp_request_get_output_headers(request), "Allow", "GET, HEAD")
            return unsafe send(HTTPResponse(status: 405, text: "Only GET and HEAD"), to: request)
        }
        let query = unsafe text(evhttp_uri_get_query(uri))
        unsafe send(route.answer(HTTPRequest(path: path, query: query)), to: request)
    }

    private func text(_ characters: UnsafePointer<CChar>?) -> String {
        unsafe characters.map { unsafe String(cString: $0) } ?? ""
    }

    private func send(_ response: consuming HTTPResponse, to request: OpaquePointer) {
        let headers = unsafe evhttp_request_get_output_headers(request)
        unsafe _ = evhttp_add_header(headers, "Content-Type", "\(response.contentType)")
        unsafe _ = evhttp_add_header(headers, "Content-Length", "\(response.body.count)")
        unsafe _ = evhttp_add_header(headers, "Cache-Control", "no-store")
        unsafe _ = evhttp_add_header(headers, "X-Content-Type-Options", "nosniff")
        // evhttp would send a body with the response to a HEAD.
        if unsafe evhttp_request_get_command(request) != EVHTTP_REQ_HEAD {
            let output = unsafe evhttp_request_get_output_buffer(request)
            unsafe response.body.bytes.withUnsafeBytes { bytes in
                unsafe _ = evbuffer_add(output, bytes.baseAddress, bytes.count)
            }
        }
        unsafe evhttp_send_reply(request, Int32(response.status), nil, nil)
    }
}
