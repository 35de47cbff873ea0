// Listening sockets: every address of some hosts, all with the same port.

import Bytes
import Logging
import Reactor

/// The listeners of a server, or of its HTTP service.
struct Listeners {
    private let listeners: [Listener]
    private let hosts: [String]
    /// The port that was bound.
    let port: UInt16

    /// Binds every address. Connections wait in the backlog until `start`.
    /// - Throws: `ReactorError` if a name is unknown, or an address is in use or not permitted.
    init(_ loop: EventLoop, hosts: [String], port: UInt16) throws(ReactorError) {
        var port = port
        var listeners: [Listener] = []
        for host in hosts {
            for address in try Address.resolve(host: host, port: port) {
                let listener = try Listener(loop, address: address)
                listeners.append(listener)
                // With port 0, the other addresses take the port that the first one got.
                if port == 0 { port = listener.address.port }
            }
        }
        precondition(!listeners.isEmpty, "a server that listens nowhere would say that it is ready")
        self.listeners = listeners
        self.port = port
        self.hosts = hosts + listeners.map(\.address.host)
    }

    /// The addresses, each with the port.
    var addresses: [Address] { listeners.map(\.address) }

    /// Descriptors of its own, and of a turn's new connections.
    var descriptorCount: Int { listeners.count * (1 + Listener.acceptedCount) }

    /// Whether this server listens on an address. Resolves no names, so a name that is not configured gives false.
    func areReached(at endpoint: Endpoint) -> Bool {
        let isOnLoopback = hosts.contains { ["localhost", "127.0.0.1", "::1", "0.0.0.0", "::"].contains($0) }
        let isLoopback = ["localhost", "127.0.0.1", "::1"].contains(endpoint.host)
        return endpoint.port == port && (hosts.contains(endpoint.host) || isLoopback && isOnLoopback)
    }

    /// Begins to accept.
    func start(log: Logger, accept: @escaping (consuming Listener.Connection) -> Void) {
        for listener in listeners {
            listener.start(accept: accept) { [unowned listener] error in
                // Most likely the descriptors are exhausted: pause until a connection is closed, or for a second.
                log.error("Cannot \(error.operation): \(error.reason); new connections wait")
                listener.isAccepting = false
            }
        }
    }

    func pause() {
        for listener in listeners { listener.isAccepting = false }
    }

    func resume() {
        for listener in listeners { listener.isAccepting = true }
    }
}
