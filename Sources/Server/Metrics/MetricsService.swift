// The metrics endpoint: its port, and its replies.

import Bytes
import Logging
import Reactor

/// A server's HTTP listeners: one for each address of the host in its settings, all with one port.
struct MetricsService {
    private let listeners: [HTTPListener]
    /// The port that was bound.
    let port: UInt16

    /// The number of descriptors it may use.
    var descriptorCount: Int { listeners.count * HTTPListener.descriptorCount }

    /// Binds every address. Requests wait until `start`.
    /// - Throws: `ReactorError` if the name is unknown, or an address is in use or not permitted.
    init(_ loop: EventLoop, _ settings: MetricsSettings) throws(ReactorError) {
        var port = settings.port
        var listeners: [HTTPListener] = []
        for index in 0..<(try Address.resolve(host: settings.host, port: port)).count {
            // With port 0, the other addresses take the port that the first one got.
            let listener = try HTTPListener(loop, address: try Address.resolve(host: settings.host, port: port)[index])
            listeners.append(listener)
            port = listener.address.port
        }
        self.listeners = listeners
        self.port = port
    }

    /// Begins to reply for a server, which must outlive this object.
    func start(_ server: Server) {
        let routes = [
            HTTPRoute("/metrics") { [unowned server] _ in
                HTTPResponse(contentType: MetricsText.contentType, body: server.metricsPage())
            },
            HTTPRoute("/healthz") { [unowned server] _ in server.health() },
            HTTPRoute("/readyz") { [unowned server] in server.readiness($0) },
        ]
        for listener in listeners {
            listener.start(routes)
            server.log.info("Metrics on http://\(listener.address)/metrics")
        }
    }

    /// Upkeep, once a second.
    func tick() {
        for listener in listeners { listener.look() }
    }
}
