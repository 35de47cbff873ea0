// The listening side of literal bytes: a test that plays a server, or a follower, to whoever connects.

import Foundation

/// Listens on a port of 127.0.0.1.
package final class WireListener: Sendable {
    private let descriptor: Int32
    package let port: UInt16

    package init() throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        WireConnection.limitPatience(of: descriptor)
        let (result, port) = listeningPort(of: descriptor, wanted: 0)
        self.port = port
        guard result == 0, listen(descriptor, 16) == 0 else {
            throw WireError(description: "cannot listen: \(unsafe String(cString: strerror(errno)))")
        }
    }

    deinit { close(descriptor) }

    /// Waits for whoever connects.
    package func accept() throws -> WireConnection {
        let accepted = Foundation.accept(descriptor, nil, nil)
        guard accepted >= 0 else { throw WireError(description: "nobody has connected to port \(port)") }
        return WireConnection(accepted: accepted)
    }
}
