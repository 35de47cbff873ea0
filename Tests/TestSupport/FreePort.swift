// Ports for programs that cannot choose one themselves.

import Foundation

/// A TCP port of this machine that nobody listened on a moment ago.
package func freePort() -> UInt16 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    unsafe withUnsafeMutablePointer(to: &address) { address in
        let address = unsafe UnsafeMutableRawPointer(address).assumingMemoryBound(to: sockaddr.self)
        unsafe bind(descriptor, address, size)
        unsafe getsockname(descriptor, address, &size)
    }
    return UInt16(bigEndian: address.sin_port)
}
