// A server's address, for users of the library. `Endpoint`, which the programs share, is not public.

import Bytes

/// A server's host and TCP port.
public struct ServerAddress: Hashable, Sendable, CustomStringConvertible {
    /// A name or an IP address; an IPv6 address without brackets.
    public let host: String
    /// The TCP port, 1 to 65535.
    public let port: UInt16

    /// The default port of a Puffin server: 8080.
    public static let defaultPort: UInt16 = 8080

    /// A server at a host and a port.
    public init(host: String, port: UInt16 = defaultPort) {
        self.host = host
        self.port = port
    }

    /// Parses `host:port`, `host`, `:port` or `[::1]:port`. The default host is `localhost`, the default port 8080.
    /// - Throws: `PuffinError.invalidAddress`, which says what was expected.
    public init(_ text: String) throws(PuffinError) {
        do throws(EndpointError) {
            self.init(try Endpoint(parsing: text))
        } catch {
            throw .invalidAddress("\(error)")
        }
    }

    /// The same address, as the programs of this package use it.
    package init(_ endpoint: Endpoint) {
        self.init(host: endpoint.host, port: endpoint.port)
    }

    var endpoint: Endpoint { Endpoint(host: host, port: port) }

    /// `localhost:8080`, `[::1]:8080`.
    public var description: String { endpoint.description }
}
