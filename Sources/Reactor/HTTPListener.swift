// A small HTTP/1.1 server for people and programs that watch a server, by libevent's evhttp. It only answers GET and HEAD, by
// a table of routes; what a client may send, and for how long it may take, is bounded.
//
// Why `unsafe` is right here: evhttp calls back only on the loop's thread and only until `evhttp_free`, which `deinit` calls, so
// this object is there; a connection's bufferevent is held by a reference of its own for as long as it is on the list.

import Bytes
import CLibevent
import Glibc

/// Answers HTTP requests on one address, until it is released. Not to be released by one of its own routes.
@safe
package final class HTTPListener {
    /// Where requests are answered, with the port that was really bound.
    package let address: Address
    private let server: OpaquePointer
    /// evhttp's, which frees it.
    private let listener: OpaquePointer
    private var routes: [String: HTTPRoute] = [:]
    /// The connections' bufferevents, each held so that it can be looked at here whatever evhttp has done with it.
    private var connections: [OpaquePointer] = unsafe []
    /// Those that evhttp is still setting up, and what is done about them right after that.
    private var fresh: [OpaquePointer] = unsafe []
    private var setUp: OpaquePointer?

    /// Connections at a time; more wait in the backlog.
    package static let connectionCount = 32
    private static let backlog: Int32 = 16
    /// A request's line and headers, and its body, which nobody reads; in bytes.
    private static let headerSize = 8 << 10
    private static let bodySize = 4 << 10
    /// What is read ahead of what is understood, in bytes. evhttp does not bound a line whose end has not come; it is given up here.
    private static let inputSize = 16 << 10
    /// How long a connection may be silent, in seconds.
    private static let patience: Int32 = 30

    /// Binds the address. Connections wait in the backlog until `start`.
    /// - Throws: `ReactorError` where the address is in use or may not be used.
    package init(_ loop: EventLoop, address: Address) throws(ReactorError) {
        let listener = unsafe try Listener.bind(loop, address: address, backlog: HTTPListener.backlog)
        guard let server = unsafe evhttp_new(loop.base) else {
            unsafe evconnlistener_free(listener)
            throw ReactorError(operation: "make an HTTP server", errno: Glibc.errno)
        }
        guard unsafe evhttp_bind_listener(server, listener) != nil else {
            unsafe evconnlistener_free(listener)
            unsafe evhttp_free(server)
            throw ReactorError(operation: "make an HTTP server", errno: ENOMEM)
        }
        unsafe self.server = server
        unsafe self.listener = listener
        self.address = Address(ofSocket: unsafe evconnlistener_get_fd(listener))
        unsafe evhttp_set_max_headers_size(server, HTTPListener.headerSize)
        unsafe evhttp_set_max_body_size(server, HTTPListener.bodySize)
        unsafe evhttp_set_timeout(server, HTTPListener.patience)
        // Every method comes to `answer`, which knows what to say to those that are not allowed.
        unsafe evhttp_set_allowed_methods(server, UInt16.max)
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe setUp = event_new(
            loop.base, -1, 0,
            { _, _, context in
                unsafe Unmanaged<HTTPListener>.fromOpaque(context.unsafelyUnwrapped).takeUnretainedValue().watchFresh()
            }, context)
        setCallbacks()
    }

    deinit {
        unsafe event_free(setUp)
        unsafe connections.forEach { unsafe setCloseCallback(of: $0, nil) }
        unsafe evhttp_free(server)
        unsafe connections.forEach { unsafe _ = bufferevent_decref($0) }
    }

    private func setCallbacks() {
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe evhttp_set_gencb(
            server,
            { request, context in
                let owner = unsafe Unmanaged<HTTPListener>.fromOpaque(context.unsafelyUnwrapped).takeUnretainedValue()
                if let request = unsafe request { unsafe owner.answer(request) }
            }, context)
        unsafe evhttp_set_bevcb(
            server,
            { _, context in
                unsafe Unmanaged<HTTPListener>.fromOpaque(context.unsafelyUnwrapped).takeUnretainedValue().connected()
            }, context)
        // For want of descriptors, most likely: connections wait until `look`.
        unsafe evconnlistener_set_error_cb(listener) { listener, _ in unsafe _ = evconnlistener_disable(listener) }
    }

    /// Begins to answer.
    package func start(_ routes: [HTTPRoute]) {
        for route in routes { self.routes[route.path] = route }
        look()
    }

    /// Gives up connections whose line does not end, and accepts new ones where there is room. To be called each second.
    package func look() {
        unsafe connections.forEach { unsafe giveUpIfEndless($0) }
        if unsafe connections.count < HTTPListener.connectionCount {
            unsafe _ = evconnlistener_enable(listener)
        } else {
            unsafe _ = evconnlistener_disable(listener)
        }
    }

    private func giveUpIfEndless(_ connection: OpaquePointer) {
        let input = unsafe bufferevent_get_input(connection)
        let size = unsafe evbuffer_get_length(input)
        guard size >= HTTPListener.inputSize else { return }
        unsafe _ = shutdown(bufferevent_getfd(connection), Int32(SHUT_RDWR))
        // Makes it read again, and so notice its end.
        unsafe _ = evbuffer_drain(input, size)
    }

    /// Makes the bufferevent of a connection that evhttp has accepted. evhttp closes the socket.
    private func connected() -> OpaquePointer? {
        guard let connection = unsafe bufferevent_socket_new(evconnlistener_get_base(listener), -1, 0) else {
            return nil
        }
        unsafe bufferevent_setwatermark(connection, Int16(EV_READ), 0, HTTPListener.inputSize)
        unsafe bufferevent_incref(connection)
        unsafe connections.append(connection)
        unsafe fresh.append(connection)
        // Before the loop looks at sockets again.
        unsafe event_active(setUp, 0, 0)
        if unsafe connections.count >= HTTPListener.connectionCount { unsafe _ = evconnlistener_disable(listener) }
        return unsafe connection
    }

    /// Asks to be told when evhttp closes the connections that it has set up.
    private func watchFresh() {
        unsafe fresh.forEach { connection in
            unsafe setCloseCallback(of: connection) { evhttp, context in
                let owner = unsafe Unmanaged<HTTPListener>.fromOpaque(context.unsafelyUnwrapped).takeUnretainedValue()
                if let connection = unsafe evhttp_connection_get_bufferevent(evhttp) {
                    unsafe owner.closing(connection)
                }
            }
        }
        unsafe fresh.removeAll()
    }

    private func setCloseCallback(
        of connection: OpaquePointer, _ callback: (@convention(c) (OpaquePointer?, UnsafeMutableRawPointer?) -> Void)?
    ) {
        // evhttp's own callbacks, which it takes back when it lets go, have its connection as their context.
        var (event, evhttp): (bufferevent_event_cb?, UnsafeMutableRawPointer?)
        unsafe (event, evhttp) = (nil, nil)
        unsafe bufferevent_getcb(connection, nil, nil, &event, &evhttp)
        guard unsafe event != nil, let evhttp = unsafe evhttp else { return }
        unsafe evhttp_connection_set_closecb(
            OpaquePointer(evhttp), callback, Unmanaged.passUnretained(self).toOpaque())
    }

    /// Lets go of a connection whose socket is about to be closed. Its events go first: the next socket may get the same number, and
    /// the loop would take that for one that it watches already.
    private func closing(_ connection: OpaquePointer) {
        guard let index = unsafe connections.firstIndex(of: connection) else { return }
        unsafe _ = bufferevent_disable(connection, Int16(EV_READ | EV_WRITE))
        unsafe _ = connections.remove(at: index)
        unsafe fresh.removeAll { $0 == connection }
        unsafe _ = bufferevent_decref(connection)
        if unsafe connections.count < HTTPListener.connectionCount { unsafe _ = evconnlistener_enable(listener) }
    }

    // MARK: Answering

    private func answer(_ request: OpaquePointer) {
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
        // evhttp would send a body behind the headers of a HEAD's answer.
        if unsafe evhttp_request_get_command(request) != EVHTTP_REQ_HEAD {
            let output = unsafe evhttp_request_get_output_buffer(request)
            unsafe response.body.bytes.withUnsafeBytes { bytes in
                unsafe _ = evbuffer_add(output, bytes.baseAddress, bytes.count)
            }
        }
        unsafe evhttp_send_reply(request, Int32(response.status), nil, nil)
    }
}
