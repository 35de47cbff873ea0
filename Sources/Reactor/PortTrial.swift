// Whether an address could be listened on, without listening.

import CLibevent
import Glibc

/// Tries addresses.
package enum PortTrial {
    /// Binds the address as a listener does, and releases it. A client never gets a connection by that.
    /// - Throws: `ReactorError` if the address is in use, not this machine's or not permitted.
    package static func bind(_ address: Address) throws(ReactorError) {
        let operation = "listen on \(address)"
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = try Descriptor(socket(Int32(address.storage.ss_family), type, 0), from: operation)
        var one: Int32 = 1
        let size = socklen_t(MemoryLayout<Int32>.size)
        unsafe setsockopt(descriptor.number, SOL_SOCKET, SO_REUSEADDR, &one, size)
        if address.isIPv6 { unsafe setsockopt(descriptor.number, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &one, size) }
        let result = unsafe withUnsafePointer(to: address.storage) { storage in
            unsafe Glibc.bind(
                descriptor.number, UnsafeRawPointer(storage).assumingMemoryBound(to: sockaddr.self), address.size)
        }
        if result != 0 { throw ReactorError(operation: operation, errno: errno) }
    }
}
