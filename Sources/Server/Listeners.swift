// Where a server takes connections: every address of every host that it was told, all with one port.

import Bytes
import Logging
import Reactor

/// A server's listeners.
struct Listeners {
    private let listeners: [Listener]
    private let hosts: [String]
    /// The port that was bound.
    let port: UInt16

    /// Binds every address. Connections wait in the backlog until `start`.
    /// - Throws: `ReactorError` where a name is unknown, or an address is in use or may not be used.
    init(_ loop: EventLoop, _ configuration: Configuration, log: Logger) throws(ReactorError) {
        var port = configuration.port
        var listeners: [Listener] = []
        for host in configuration.hosts {
            for address in try Address.resolve(host: host, port: port) {
                let listener = try Listener(loop, address: address)
                listeners.append(listener)
                // Every address gets the port that the first one was given.
                if port == 0 { port = listener.address.port }
            }
        }
        precondition(!listeners.isEmpty, "a server that listens nowhere would say that it is ready")
        self.listeners = listeners
        self.port = port
        hosts = configuration.hosts + listeners.map(\.address.host)
        for listener in listeners { log.info("Server starting on \(listener.address)") }
    }

    /// Whether this server is reached at an address, as far as can be told without asking the resolver.
    func areReached(at endpoint: Endpoint) -> Bool {
        let isOnLoopback = hosts.contains { ["localhost", "127.0.0.1", "::1", "0.0.0.0", "::"].contains($0) }
        let isLoopback = ["localhost", "127.0.0.1", "::1"].contains(endpoint.host)
        return endpoint.port == port && (hosts.contains(endpoint.host) || isLoopback && isOnLoopback)
    }

    /// Begins to accept.
    func start(log: Logger, accept: @escaping (consuming Listener.Connection) -> Void) {
        for listener in listeners {
            listener.start(accept: accept) { [unowned listener] error in
                // For want of descriptors, most likely: connections wait until one is closed, or for a second.
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
