// Where a server is, for users of the library. `Endpoint`, which the programs share, is not public.

import Bytes

/// A server's host and TCP port.
public struct ServerAddress: Hashable, Sendable, CustomStringConvertible {
    /// A name or a number; an IPv6 number stands here without brackets.
    public let host: String
    /// The TCP port, 1 to 65535.
    public let port: UInt16

    /// The port that a Puffin server listens on unless it is told otherwise: 8080.
    public static let defaultPort: UInt16 = 8080

    /// A server at a host and a port.
    public init(host: String, port: UInt16 = defaultPort) {
        self.host = host
        self.port = port
    }

    /// Reads `host:port`, `host`, `:port` or `[::1]:port`. Without a host it is `localhost`, without a port 8080.
    /// - Throws: `PuffinError.invalidAddress`, which says what was expected.
    public init(_ text: String) throws(PuffinError) {
        do throws(EndpointError) {
            self.init(try Endpoint(parsing: text))
        } catch {
            throw .invalidAddress("\(error)")
        }
    }

    /// The same place, as the programs of this package name it.
    package init(_ endpoint: Endpoint) {
        self.init(host: endpoint.host, port: endpoint.port)
    }

    var endpoint: Endpoint { Endpoint(host: host, port: port) }

    /// `localhost:8080`, `[::1]:8080`.
    public var description: String { endpoint.description }
}
