// The system's sockets, and the only place of the clients (puffin-cli, and the tools of puffin-bench that measure with one
// connection) that needs `unsafe`. It is allowed here because no pointer
// outlives the call it is made for: addresses are copied out of the resolver's list before that is freed, and the
// bytes behind a pointer belong to a span or a buffer that is borrowed around the call. The descriptor has one owner,
// which closes it once. Sockets never block: every wait is a `poll` with a deadline.

import Bytes
import Glibc

/// Why a socket did not do what was asked.
package enum SocketError: Error, Equatable {
    case timedOut
    case failed(reason: String)

    /// A few words, in lower case where they are ours and as the system says them where they are its own.
    package var reason: String {
        switch self {
        case .timedOut: "no answer in time"
        case .failed(let reason): reason
        }
    }

    /// What the system says about `code`, an errno.
    static func system(_ code: Int32) -> SocketError {
        .failed(reason: unsafe String(cString: strerror(code)))
    }
}

/// An IPv4 or IPv6 address with its port.
package struct SocketAddress {
    fileprivate var storage = sockaddr_storage()
    fileprivate var size: socklen_t = 0

    /// Every address of `host`, in the order in which the system wants them tried; at least one.
    package static func resolve(host: String, port: UInt16) throws(SocketError) -> [SocketAddress] {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        let result = unsafe getaddrinfo(host, String(port), &hints, &list)
        guard result == 0 else { throw .failed(reason: unsafe String(cString: gai_strerror(result))) }
        defer { unsafe freeaddrinfo(list) }
        var addresses: [SocketAddress] = []
        var next = unsafe list
        while let entry = unsafe next {
            var address = SocketAddress()
            unsafe memcpy(&address.storage, entry.pointee.ai_addr, Int(entry.pointee.ai_addrlen))
            unsafe address.size = entry.pointee.ai_addrlen
            addresses.append(address)
            unsafe next = entry.pointee.ai_next
        }
        return addresses
    }
}

/// A connected TCP socket, closed when it goes away.
package struct Socket: ~Copyable, Sendable {
    private let descriptor: Int32

    deinit { _ = close(descriptor) }

    /// - Throws: `SocketError`, also when the connection is not there by `deadline`.
    package init(connectedTo address: SocketAddress, deadline: ContinuousClock.Instant) throws(SocketError) {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        descriptor = socket(Int32(address.storage.ss_family), type, 0)
        guard descriptor >= 0 else { throw .system(errno) }
        let result = unsafe withUnsafePointer(to: address.storage) { storage in
            unsafe connect(
                descriptor, UnsafeRawPointer(storage).assumingMemoryBound(to: sockaddr.self), address.size)
        }
        if result != 0 {
            guard errno == EINPROGRESS || errno == EINTR else { throw .system(errno) }
            try wait(for: POLLOUT, until: deadline)
            var failure: Int32 = 0
            var size = socklen_t(MemoryLayout<Int32>.size)
            unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &failure, &size)
            guard failure == 0 else { throw .system(failure) }
        }
        // A request goes out in one piece; nothing is gained by waiting for more of it.
        var one: Int32 = 1
        unsafe setsockopt(
            descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Sends as many of `bytes`, of which there is at least one, as the system takes at once.
    /// - Returns: how many those were, at least 1.
    package func send(_ bytes: Span<UInt8>, deadline: ContinuousClock.Instant) throws(SocketError) -> Int {
        while true {
            let size = unsafe bytes.withUnsafeBytes { memory in
                unsafe Glibc.send(descriptor, memory.baseAddress, memory.count, Int32(MSG_NOSIGNAL))
            }
            if size > 0 { return size }
            try recover(from: errno, waitingFor: POLLOUT, until: deadline)
        }
    }

    /// How many bytes to ask for where `missing` more are known to come: few calls for a large reply, and `limit` at most, so that
    /// memory does not grow by what a peer only announces.
    static func readSize(missing: Int, limit: Int) -> Int { min(max(missing, 16 << 10), limit) }

    /// Appends what has arrived, at least 1 and at most `size` bytes, to `buffer`.
    /// - Throws: `SocketError`, also when the peer has closed the connection.
    package func receive(
        upTo size: Int, into buffer: inout ByteBuffer, deadline: ContinuousClock.Instant
    ) throws(SocketError) {
        while true {
            var received = 0
            var code: Int32 = 0
            unsafe buffer.append(upTo: size) { memory in
                received = unsafe recv(descriptor, memory.baseAddress, memory.count, 0)
                code = errno
                return max(received, 0)
            }
            if received > 0 { return }
            if received == 0 { throw .failed(reason: "the server closed it before the reply was complete") }
            try recover(from: code, waitingFor: POLLIN, until: deadline)
        }
    }

    /// After a failed call: waits until it is worth trying again, or throws.
    private func recover(
        from code: Int32, waitingFor event: Int32, until deadline: ContinuousClock.Instant
    ) throws(SocketError) {
        switch code {
        case EAGAIN: try wait(for: event, until: deadline)
        case EINTR: return
        default: throw .system(code)
        }
    }

    private func wait(for event: Int32, until deadline: ContinuousClock.Instant) throws(SocketError) {
        while true {
            // Asked once even when the deadline has passed: what is there already is not late. Rounded up to whole
            // milliseconds, so that the last one is not spent spinning; an hour at most at once.
            let left = max(.zero, ContinuousClock.now.duration(to: deadline))
            let milliseconds = left == .zero ? 0 : Int32(min(left, .seconds(3600)) / .milliseconds(1)) + 1
            var entry = pollfd(fd: descriptor, events: Int16(event), revents: 0)
            let count = unsafe poll(&entry, 1, milliseconds)
            if count > 0 { return }
            if count < 0 && errno != EINTR { throw .system(errno) }
            if count == 0 && left == .zero { throw .timedOut }
        }
    }
}
