// A client that sends literal bytes and reads literal bytes.

import Foundation

/// What a connection did instead of what was expected.
package struct WireError: Error, CustomStringConvertible {
    package let description: String

    package init(description: String) { self.description = description }
}

/// A TCP connection to a server on this machine. Blocking; nothing takes longer than `TimeLimit.reply` before it is an error.
package final class WireConnection: Sendable {
    let descriptor: Int32

    /// - Parameters:
    ///   - host: four numbers; over IPv4 only.
    ///   - source: the address that it comes from, likewise; the system's choice where it is nil.
    package init(
        port: UInt16, at host: String = "127.0.0.1", from source: String? = nil, overIPv6: Bool = false
    ) throws {
        descriptor = socket(
            overIPv6 ? AF_INET6 : AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        WireConnection.setTimeLimit(of: descriptor)
        if let source { _ = unsafe WireConnection.withAddress(source, 0) { unsafe bind(descriptor, $0, $1) } }
        guard overIPv6 ? connect6(port) == 0 : connect4(host, port) == 0 else {
            // `deinit` closes the socket: everything is initialised here. Closing it twice would close another
            // descriptor.
            let reason = unsafe String(cString: strerror(errno))
            throw WireError(description: "cannot connect to port \(port): \(reason)")
        }
    }

    private func connect4(_ host: String, _ port: UInt16) -> Int32 {
        unsafe WireConnection.withAddress(host, port) { unsafe Foundation.connect(descriptor, $0, $1) }
    }

    private static func withAddress(
        _ host: String, _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        unsafe address.sin_addr.s_addr = inet_addr(host)
        return unsafe withUnsafePointer(to: &address) { address in
            unsafe body(
                UnsafeRawPointer(address).assumingMemoryBound(to: sockaddr.self),
                socklen_t(MemoryLayout<sockaddr_in>.size))
        }
    }

    private func connect6(_ port: UInt16) -> Int32 {
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = port.bigEndian
        address.sin6_addr = in6addr_loopback
        return unsafe withUnsafePointer(to: &address) { address in
            unsafe Foundation.connect(
                descriptor, UnsafeRawPointer(address).assumingMemoryBound(to: sockaddr.self),
                socklen_t(MemoryLayout<sockaddr_in6>.size))
        }
    }

    /// Takes over a socket that is connected.
    init(accepted descriptor: Int32) {
        self.descriptor = descriptor
        WireConnection.setTimeLimit(of: descriptor)
    }

    /// No call on a socket takes longer than `seconds`; 0 for no limit.
    static func setTimeLimit(of descriptor: Int32, to seconds: Double = TimeLimit.reply) {
        var limit = timeval(tv_sec: Int(seconds), tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        unsafe _ = setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        unsafe _ = setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
    }

    deinit { close(descriptor) }

    package func send(_ text: String) throws { try send(Array(text.utf8)) }

    package func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes[sent...].withUnsafeBytes {
                unsafe Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw WireError(description: "cannot send: the server has closed the connection") }
            sent += count
        }
    }

    /// Ends the output, as `nc -N` does.
    package func endSending() {
        shutdown(descriptor, Int32(SHUT_WR))
    }

    /// Ends both directions; a reader gets the end.
    package func shutDown() {
        shutdown(descriptor, Int32(SHUT_RDWR))
    }

    /// Makes closing send a reset, as the end of a killed client does.
    package func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        unsafe _ = setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }

    /// Up to `limit` bytes that have arrived; waits for at least one.
    /// - Returns: nothing at the end of the connection.
    package func receive(atMost limit: Int = 65536) throws -> [UInt8] {
        var chunk = [UInt8](repeating: 0, count: limit)
        let count = unsafe recv(descriptor, &chunk, limit, 0)
        if count < 0 && errno == ECONNRESET { return [] }
        guard count >= 0 else { throw WireError(description: "nothing came within \(Int(TimeLimit.reply)) s") }
        return Array(chunk[..<count])
    }

    /// Exactly `count` bytes.
    package func receive(exactly count: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            let more = try receive(atMost: min(count - bytes.count, 1 << 20))
            guard !more.isEmpty else {
                throw WireError(
                    description: "the connection ended after \(bytes.count) of \(count) bytes: "
                        + String(decoding: bytes.prefix(200), as: UTF8.self))
            }
            bytes += more
        }
        return bytes
    }

    /// Everything up to the end of the connection.
    package func receiveAll() throws -> String {
        var bytes: [UInt8] = []
        while true {
            let more = try receive()
            if more.isEmpty { return String(decoding: bytes, as: UTF8.self) }
            bytes += more
        }
    }

    /// One line, without its line feed. Reads a byte at a time: nothing after the line is taken.
    package func receiveLine() throws -> String {
        var bytes: [UInt8] = []
        while true {
            let byte = try receive(exactly: 1)[0]
            if byte == UInt8(ascii: "\n") { return String(decoding: bytes, as: UTF8.self) }
            bytes.append(byte)
        }
    }

    /// Sends a line and returns the reply line.
    package func ask(_ line: String) throws -> String {
        try send(line + "\n")
        return try receiveLine()
    }

    /// Sends requests and checks that exactly these bytes come back.
    /// - Throws: `WireError` that shows both where they differ.
    package func expect(_ requests: String, _ replies: String) throws {
        try send(requests)
        let expected = Array(replies.utf8)
        let found = try receive(exactly: expected.count)
        guard found == expected else {
            throw WireError(
                description:
                    "expected \(replies.debugDescription), found \(String(decoding: found, as: UTF8.self).debugDescription)"
            )
        }
    }
}
