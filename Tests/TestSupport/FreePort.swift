// Ports for programs that cannot choose one themselves.

import Foundation
import Synchronization

/// A TCP port of this machine that was free a moment ago.
package func freePort() -> UInt16 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    defer { close(descriptor) }
    return listeningPort(of: descriptor, wanted: 0).port
}

// Sockets are closed in children that other tests start meanwhile: such a child would hold the port for as long as it runs.

/// A TCP port for a server that is started repeatedly: it was free a moment ago, the kernel does not assign it to
/// outgoing connections, and this process returns it once.
package func lastingPort() -> UInt16 {
    while true {
        let port = UInt16.random(in: LastingPorts.range)
        guard LastingPorts.given.withLock({ $0.insert(port).inserted }) else { continue }
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        if listeningPort(of: descriptor, wanted: port).result == 0 { return port }
    }
}

private enum LastingPorts {
    /// Below those that Linux assigns (ip_local_port_range).
    static let range: ClosedRange<UInt16> = 20_000...32_000
    static let given = Mutex<Set<UInt16>>([])
}

/// Binds a socket to a port of 127.0.0.1.
/// - Parameter wanted: 0 for any.
func listeningPort(of descriptor: Int32, wanted: UInt16) -> (result: Int32, port: UInt16) {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = wanted.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    return unsafe withUnsafeMutablePointer(to: &address) { pointer in
        let address = unsafe UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: sockaddr.self)
        let result = unsafe bind(descriptor, address, size)
        unsafe getsockname(descriptor, address, &size)
        return unsafe (result, UInt16(bigEndian: pointer.pointee.sin_port))
    }
}
