// A server's address as people write it: `host:port`, `host`, `:port`, `port`, `[::1]:port`. Omitted parts get
// defaults; ambiguous texts are refused.

/// A server's host, a name or a number, and its TCP port.
package struct Endpoint: Equatable, Sendable, CustomStringConvertible {
    package static let defaultHost = "localhost"
    package static let defaultPort: UInt16 = 8080

    /// A name or an IP address, as `HostName` accepts it; an IPv6 address without brackets.
    package let host: String
    package let port: UInt16

    package init(host: String = defaultHost, port: UInt16 = defaultPort) {
        self.host = host
        self.port = port
    }

    /// Parses `text`; the host may be omitted before a port, and the port after a host.
    /// - Throws: `EndpointError`, which says what was expected.
    package init(parsing text: String) throws(EndpointError) {
        guard !text.isEmpty else { throw EndpointError(text: text, reason: "it is empty") }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f && $0 != UInt8(ascii: "/") }) else {
            throw EndpointError(text: text, reason: "it contains a space or a \"/\"")
        }
        let (host, digits) = try text.hasPrefix("[") ? Self.splitBracketed(text) : Self.split(text)
        self.host = host.isEmpty ? Self.defaultHost : String(host)
        if let problem = HostName.problem(self.host) { throw EndpointError(text: text, reason: problem) }
        if let digits {
            port = try Self.port(digits, in: text)
        } else {
            port = Self.defaultPort
        }
    }

    private static func split(_ text: String) throws(EndpointError) -> (host: Substring, digits: Substring?) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        switch parts.count {
        // A host name is never only digits, so this is a port.
        case 1 where text.utf8.allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }: return ("", parts[0])
        case 1: return (parts[0], nil)
        case 2: return (parts[0], parts[1])
        default:
            throw EndpointError(text: text, reason: "it has two colons, and an IPv6 address must be in brackets")
        }
    }

    private static func splitBracketed(_ text: String) throws(EndpointError) -> (host: Substring, digits: Substring?) {
        guard let close = text.firstIndex(of: "]") else {
            throw EndpointError(text: text, reason: "the bracket is not closed")
        }
        let host = text[..<close].dropFirst()
        guard host.contains(":") else {
            throw EndpointError(text: text, reason: "only an IPv6 address may be in brackets")
        }
        let rest = text[close...].dropFirst()
        if rest.isEmpty { return (host, nil) }
        guard rest.hasPrefix(":") else {
            throw EndpointError(text: text, reason: "only a colon and the port may follow the bracket")
        }
        return (host, rest.dropFirst())
    }

    private static func port(_ digits: Substring, in text: String) throws(EndpointError) -> UInt16 {
        let isDecimal = digits.utf8.allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
        guard isDecimal, let port = UInt16(digits), port > 0 else {
            throw EndpointError(text: text, reason: "the port is a number from 1 to 65535")
        }
        return port
    }

    /// `localhost:8080`, `[::1]:8080`.
    package var description: String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}

/// A text that is not an endpoint.
package struct EndpointError: Error, Equatable, CustomStringConvertible {
    package let text: String
    package let reason: String
    /// How many bytes of the text the message repeats.
    private static let echoSize = 128

    /// One line: what is wrong and what was expected.
    package var description: String {
        var shown = ByteBuffer()
        let bytes = Array(text.utf8)
        shown.append(jsonString: bytes.span.extracting(0..<min(bytes.count, EndpointError.echoSize)))
        let rest = bytes.count > EndpointError.echoSize ? "…" : ""
        return
            "\(String(shown.bytes))\(rest) is not an address: \(reason); expected host:port, such as localhost:8080, "
            + ":8080 or [::1]:8080"
    }
}
