// Socket addresses of both families, and the resolver.

import CLibevent
import Glibc

/// A host's address and a port, IPv4 or IPv6.
package struct Address: Sendable, CustomStringConvertible {
    var storage = sockaddr_storage()
    var size: socklen_t = 0

    /// Resolves a host name or address; `port` 0 means any free port. May block on the resolver.
    package static func resolve(host: String, port: UInt16) throws(ReactorError) -> [Address] {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        let result = unsafe getaddrinfo(host, String(port), &hints, &list)
        guard result == 0 else {
            throw ReactorError(operation: "find the address of \"\(host)\"", resolver: result)
        }
        defer { unsafe freeaddrinfo(list) }
        var addresses: [Address] = []
        var next = unsafe list
        while let entry = unsafe next {
            var address = Address()
            unsafe memcpy(&address.storage, entry.pointee.ai_addr, Int(entry.pointee.ai_addrlen))
            unsafe address.size = entry.pointee.ai_addrlen
            addresses.append(address)
            unsafe next = entry.pointee.ai_next
        }
        return addresses
    }

    /// The address that a socket is bound to.
    init(ofSocket descriptor: Int32) {
        size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        unsafe withUnsafeMutablePointer(to: &storage) { storage in
            unsafe _ = getsockname(
                descriptor, UnsafeMutableRawPointer(storage).assumingMemoryBound(to: sockaddr.self), &size)
        }
    }

    init(_ address: UnsafePointer<sockaddr>, size: Int32) {
        unsafe memcpy(&storage, address, Int(size))
        self.size = socklen_t(size)
    }

    /// No address.
    init() {}

    package var port: UInt16 { parts.port }
    /// The host's address as text: `127.0.0.1`, `::1`.
    package var host: String { parts.host }
    /// Whether it is one of this machine alone: a loopback address, or none of the network's.
    package var isLocal: Bool {
        guard storage.ss_family == sa_family_t(AF_INET) || isIPv6 else {
            return storage.ss_family == sa_family_t(AF_UNIX)
        }
        let host = host
        return host == "::1" || host.hasPrefix("127.") || host.hasPrefix("::ffff:127.")
    }

    /// Tells networks apart that have different owners, as a rule: a host's address over IPv4, the first 64 bits of it over IPv6.
    package var network: UInt64 {
        var network: UInt64 = 0
        unsafe withUnsafeBytes(of: storage) { bytes in
            guard isIPv6 else {
                let offset = MemoryLayout<sockaddr_in>.offset(of: \.sin_addr) ?? 0
                return unsafe network = UInt64(bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
            }
            let offset = MemoryLayout<sockaddr_in6>.offset(of: \.sin6_addr) ?? 0
            unsafe network = bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            // One of IPv4, as a socket for both families has it: its last four bytes tell.
            if network == 0 {
                unsafe network = UInt64(bytes.loadUnaligned(fromByteOffset: offset + 12, as: UInt32.self))
            }
        }
        return network
    }
    var isIPv6: Bool { storage.ss_family == sa_family_t(AF_INET6) }

    /// `127.0.0.1:8080`, `[::1]:8080`.
    package var description: String {
        let (host, port) = parts
        return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    private var parts: (host: String, port: UInt16) {
        var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        var port = [CChar](repeating: 0, count: Int(NI_MAXSERV))
        let result = unsafe withUnsafePointer(to: storage) { storage in
            unsafe getnameinfo(
                UnsafeRawPointer(storage).assumingMemoryBound(to: sockaddr.self), size, &host,
                socklen_t(host.count), &port, socklen_t(port.count), NI_NUMERICHOST | NI_NUMERICSERV)
        }
        guard result == 0 else { return ("unknown", 0) }
        return (text(host), UInt16(text(port)) ?? 0)
    }

    private func text(_ characters: [CChar]) -> String {
        String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
