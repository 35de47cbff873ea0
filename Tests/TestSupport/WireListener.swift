// The listening side of literal bytes: a test that plays a server, or a follower.

import Foundation

/// Listens on a port of 127.0.0.1.
package final class WireListener: Sendable {
    private let descriptor: Int32
    package let port: UInt16

    /// - Parameters:
    ///   - wanted: the port; 0 for any.
    ///   - backlog: how many connections may wait to be accepted.
    package init(port wanted: UInt16 = 0, backlog: Int32 = 128) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        WireConnection.setTimeLimit(of: descriptor)
        let (result, port) = listeningPort(of: descriptor, wanted: wanted)
        self.port = port
        guard result == 0, listen(descriptor, backlog) == 0 else {
            throw WireError(description: "cannot listen: \(unsafe String(cString: strerror(errno)))")
        }
    }

    deinit { close(descriptor) }

    /// Waits for a connection.
    package func accept() throws -> WireConnection {
        let accepted = Foundation.accept(descriptor, nil, nil)
        _ = fcntl(accepted, F_SETFD, FD_CLOEXEC)
        guard accepted >= 0 else { throw WireError(description: "nobody has connected to port \(port)") }
        return WireConnection(accepted: accepted)
    }

    /// Accepts connections until `stop`, and serves each, on threads of its own. Neither waiting for a connection nor receiving from
    /// it has a time limit: other tests may keep an asynchronous one from running for minutes.
    package func serve(_ serve: @escaping @Sendable (WireConnection) -> Void) {
        WireConnection.setTimeLimit(of: descriptor, to: 0)
        Thread.detachNewThread { [self] in
            while let connection = try? accept() {
                WireConnection.setTimeLimit(of: connection.descriptor, to: 0)
                Thread.detachNewThread { serve(connection) }
            }
        }
    }

    /// Accepts no more connections.
    package func stop() {
        shutdown(descriptor, Int32(SHUT_RDWR))
    }
}
