// The system's sockets: the only place of the blocking clients (puffin-cli, and the tools of puffin-bench with a single
// connection) that needs `unsafe`. It is allowed here because no pointer outlives its call: addresses are copied out of
// the resolver's list before that is freed, and the bytes behind a pointer belong to a span or a buffer borrowed around
// the call. The descriptor has one owner, which closes it once. Sockets never block: every wait is a `poll` with a
// deadline.

import Bytes
import Glibc
import OpenSSL
import Synchronization

/// Why a socket operation failed.
package enum SocketError: Error, Equatable {
    case timedOut
    case failed(reason: String)
    /// The server has refused the connection, and so run nothing.
    case refused(reason: String)

    /// A few words: ours in lower case, the system's as they are.
    package var reason: String {
        switch self {
        case .timedOut: "no answer in time"
        case .failed(let reason), .refused(let reason): reason
        }
    }

    /// The system's text for `code`, an errno.
    static func system(_ code: Int32) -> SocketError {
        .failed(reason: unsafe String(cString: strerror(code)))
    }
}

/// An IPv4 or IPv6 address with its port.
package struct SocketAddress {
    fileprivate var storage = sockaddr_storage()
    fileprivate var size: socklen_t = 0

    /// Every address of `host`, in the system's order of preference; at least one.
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

/// A connected TCP socket, closed when it is released. One thread may send while another receives.
package struct Socket: ~Copyable, Sendable {
    private let descriptor: Int32
    /// Its TLS; nil if it is plain.
    private var channel: Channel?
    /// A channel is not for two threads at once, and what it has sealed must be sent in that order.
    private let turn = Mutex<Void>(())

    /// The most plaintext that is sealed before it is sent, in bytes.
    private static let sealSize = 64 << 10

    deinit {
        if let channel {
            // What the socket does not take at once is lost: whoever closes waits for nothing.
            var output = ByteBuffer()
            channel.end(into: &output)
            _ = Socket.sendSome(output.bytes, to: descriptor)
        }
        _ = close(descriptor)
    }

    /// - Throws: `SocketError`, also if the connection is not established by `deadline`.
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
        // A request is sent in one piece, so delaying it gains nothing.
        var one: Int32 = 1
        unsafe setsockopt(
            descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Sends as many of `bytes`, at least one, as the system takes at once; with TLS, as many as are sealed at once.
    /// - Returns: how many those were, at least 1.
    package func send(_ bytes: Span<UInt8>, deadline: ContinuousClock.Instant) throws(SocketError) -> Int {
        guard let channel else { return try sendPlain(bytes, deadline: deadline) }
        let size = min(bytes.count, Socket.sealSize)
        try turn.withLock { _ throws(SocketError) in
            try seal(bytes.extracting(0..<size), channel, deadline: deadline)
        }
        return size
    }

    private func seal(
        _ bytes: Span<UInt8>, _ channel: Channel, deadline: ContinuousClock.Instant
    ) throws(SocketError) {
        var sealed = ByteBuffer()
        guard channel.seal(plain: bytes, into: &sealed) else { throw failure(of: channel) }
        do throws(SocketError) {
            try sendAll(&sealed, deadline: deadline)
        } catch .failed(let reason) {
            // The server may have said why.
            var input = ByteBuffer()
            var answers = ByteBuffer()
            while let cipher = try? receiveCipher(bytes.count, deadline: .now) {
                if case .failed = channel.receive(cipher: cipher.span, into: &input, output: &answers) {
                    throw failure(of: channel)
                }
            }
            throw .failed(reason: reason)
        }
    }

    private func sendAll(_ bytes: inout ByteBuffer, deadline: ContinuousClock.Instant) throws(SocketError) {
        while !bytes.isEmpty { bytes.removeFirst(try sendPlain(bytes.bytes, deadline: deadline)) }
    }

    private static func sendSome(_ bytes: Span<UInt8>, to descriptor: Int32) -> Int {
        unsafe bytes.withUnsafeBytes { memory in
            unsafe Glibc.send(descriptor, memory.baseAddress, memory.count, Int32(MSG_NOSIGNAL))
        }
    }

    private func sendPlain(_ bytes: Span<UInt8>, deadline: ContinuousClock.Instant) throws(SocketError) -> Int {
        while true {
            let size = Socket.sendSome(bytes, to: descriptor)
            if size > 0 { return size }
            try recover(from: errno, waitingFor: POLLOUT, until: deadline)
        }
    }

    /// How many bytes to request if `missing` more are known to come: few calls for a large reply, and at most `limit`,
    /// so that a peer's claim alone does not grow memory.
    static func readSize(missing: Int, limit: Int) -> Int { min(max(missing, 16 << 10), limit) }

    /// Appends the bytes that have arrived, at least 1 and at most `size`, to `buffer`; with TLS, some more where a record ends behind
    /// them.
    /// - Throws: `SocketError`, also if the peer has closed the connection.
    package func receive(
        upTo size: Int, into buffer: inout ByteBuffer, deadline: ContinuousClock.Instant
    ) throws(SocketError) {
        guard let channel else { return try receivePlain(upTo: size, into: &buffer, deadline: deadline) }
        let before = buffer.count
        // Records may hold no plaintext, or not be complete.
        while buffer.count == before {
            let cipher = try receiveCipher(size, deadline: deadline)
            try decrypt(cipher.span, channel, into: &buffer, deadline: deadline)
        }
    }

    private func receiveCipher(_ size: Int, deadline: ContinuousClock.Instant) throws(SocketError) -> [UInt8] {
        var cipher = ByteBuffer()
        try receivePlain(upTo: max(size, Channel.largestRecord), into: &cipher, deadline: deadline)
        return Array(cipher.bytes)
    }

    private func decrypt(
        _ cipher: Span<UInt8>, _ channel: Channel, into buffer: inout ByteBuffer, deadline: ContinuousClock.Instant
    ) throws(SocketError) {
        try turn.withLock { _ throws(SocketError) in
            try decryptInTurn(cipher, channel, into: &buffer, deadline: deadline)
        }
    }

    private func decryptInTurn(
        _ cipher: Span<UInt8>, _ channel: Channel, into buffer: inout ByteBuffer, deadline: ContinuousClock.Instant
    ) throws(SocketError) {
        let before = buffer.count
        var answers = ByteBuffer()
        let result = channel.receive(cipher: cipher, into: &buffer, output: &answers)
        switch result {
        case .open: try sendAll(&answers, deadline: deadline)
        case .ended: if buffer.count == before { throw Socket.closed }
        case .failed:
            try? sendAll(&answers, deadline: .now)
            throw failure(of: channel)
        }
    }

    private static let closed = SocketError.failed(reason: "the server closed it before the reply was complete")

    private func failure(of channel: Channel) -> SocketError {
        guard let failure = channel.failure else { return .failed(reason: "it was closed") }
        return failure.refusesCertificate ? .refused(reason: failure.text) : .failed(reason: failure.text)
    }

    /// Makes the TLS of a connection, before anything else is sent.
    /// - Parameters:
    ///   - host: what the server's certificate must be for.
    ///   - input: gets what the server has sent behind its handshake.
    package mutating func secure(
        with context: TLSContext, host: String, into input: inout ByteBuffer, deadline: ContinuousClock.Instant
    ) throws(SocketError) {
        let channel: Channel
        do throws(TLSError) {
            channel = try context.connect(to: host)
        } catch {
            throw .failed(reason: "\(error)")
        }
        var cipher: [UInt8] = []
        var output = ByteBuffer()
        while true {
            let state = channel.handshake(cipher: cipher.span, into: &output)
            if case .failed(let failure) = state {
                try? sendAll(&output, deadline: .now)
                throw .failed(reason: failure.text)
            }
            try sendAll(&output, deadline: deadline)
            if case .done(let used) = state {
                self.channel = channel
                guard used < cipher.count else { return }
                return try decrypt(
                    cipher.span.extracting(used..<cipher.count), channel, into: &input, deadline: deadline)
            }
            do throws(SocketError) {
                cipher = try receiveCipher(0, deadline: deadline)
            } catch Socket.closed {
                throw .failed(reason: "the server closed it during the TLS handshake")
            }
        }
    }

    /// Whether it has TLS.
    package var isSecure: Bool { channel != nil }

    /// The version of TLS and the cipher; nil without TLS.
    package var security: (version: String, cipher: String)? { channel.map { ($0.version, $0.cipher) } }

    private func receivePlain(
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
            if received == 0 { throw Socket.closed }
            try recover(from: code, waitingFor: POLLIN, until: deadline)
        }
    }

    /// After a failed call: waits until a retry makes sense, or throws.
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
            // Polled once even after the deadline: data that is already there is not late. Rounded up to whole
            // milliseconds, so that the last one is not spent spinning; at most an hour at once.
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
