// The other end of a connection, on a free port of 127.0.0.1, without a thread: the kernel completes handshakes and
// keeps bytes by itself, so a test can connect, then accept, then send what the client will read, then let it read.
// `unsafe` is here for the socket calls alone; no pointer outlives its call.

import Bytes
import Glibc

final class Peer {
    private let listener: Int32
    private var accepted: Int32 = -1

    /// - Parameter isListening: if false, the port is taken but connections are refused.
    init(isListening: Bool = true) {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let result = unsafe withUnsafePointer(to: address) { pointer in
            unsafe bind(
                listener, UnsafeRawPointer(pointer).assumingMemoryBound(to: sockaddr.self),
                socklen_t(MemoryLayout<sockaddr_in>.size))
        }
        precondition(result == 0, "bind: errno \(errno)")
        if isListening { precondition(listen(listener, 8) == 0, "listen: errno \(errno)") }
    }

    deinit {
        hangUp()
        _ = close(listener)
    }

    var endpoint: Endpoint {
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe _ = getsockname(
                listener, UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: sockaddr.self), &size)
        }
        return Endpoint(host: "127.0.0.1", port: UInt16(bigEndian: address.sin_port))
    }

    /// Accepts the client that has connected, and sends it `text`.
    func answer(_ text: String) {
        if accepted < 0 { accepted = accept(listener, nil, nil) }
        let bytes = Array(text.utf8)
        let size = unsafe bytes.withUnsafeBytes { unsafe send(accepted, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        precondition(size == bytes.count, "send: errno \(errno)")
    }

    /// What the client has sent, `count` bytes of it.
    func request(_ count: Int) -> String {
        var bytes = [UInt8](repeating: 0, count: count)
        let size = unsafe bytes.withUnsafeMutableBytes { memory in
            unsafe recv(accepted, memory.baseAddress, memory.count, Int32(MSG_WAITALL))
        }
        return String(decoding: bytes.prefix(max(0, size)), as: UTF8.self)
    }

    /// Ends the client's input; its output is still read.
    func finish() {
        precondition(shutdown(accepted, Int32(SHUT_WR)) == 0, "shutdown: errno \(errno)")
    }

    /// Closes the connection.
    func hangUp() {
        if accepted >= 0 { _ = close(accepted) }
        accepted = -1
    }
}
