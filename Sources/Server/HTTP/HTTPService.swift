// The HTTP service: its port, its connections, and what it has answered.

import Bytes
import Logging
import Reactor
import Wire

/// A server's HTTP service. Used on the loop's thread.
final class HTTPService {
    private let listeners: Listeners
    private var connections: HTTPConnections?
    /// Responses since the start, by status code.
    private(set) var responses: [Int: Int] = [:]

    /// The port that was bound.
    var port: UInt16 { listeners.port }

    var addresses: [Address] { listeners.addresses }

    /// The number of descriptors it may use.
    var descriptorCount: Int { listeners.descriptorCount + HTTPConnections.limit }

    /// Binds every address. Requests wait until `start`.
    /// - Throws: `ReactorError` if the name is unknown, or an address is in use or not permitted.
    init(_ loop: EventLoop, _ settings: MetricsSettings) throws(ReactorError) {
        listeners = try Listeners(loop, hosts: [settings.host], port: settings.port)
    }

    /// Begins to answer for a server, which must outlive this object.
    func start(_ server: Server) {
        let connections = HTTPConnections(server)
        self.connections = connections
        listeners.start(log: server.log) { [unowned server] in
            server.accept(Stream(server.loop, $0), isHTTP: true)
        }
        let scheme = server.tls == nil ? "http" : "https"
        for address in listeners.addresses { server.log.info("Metrics on \(scheme)://\(address)/metrics") }
    }

    /// Gives a connection a session; nil before the start.
    func admit(_ stream: Stream) -> Session? { connections?.admit(stream) }

    /// Upkeep, once a second.
    func tick(at now: Int) {
        connections?.tick(at: now)
        listeners.resume()
    }

    func count(_ status: Int) { responses[status, default: 0] += 1 }
}
