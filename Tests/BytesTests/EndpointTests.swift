// Addresses as people write them.

import Bytes
import Testing

@Suite struct EndpointTests {
    @Test(arguments: [
        ("localhost:8080", "localhost", 8080),
        ("db.example.org:1", "db.example.org", 1),
        ("10.0.0.7:65535", "10.0.0.7", 65535),
        (":9000", "localhost", 9000),
        ("8081", "localhost", 8081),
        ("10.0.0.7", "10.0.0.7", 8080),
        ("example", "example", 8080),
        ("[::1]:9000", "::1", 9000),
        ("[fe80::1%eth0]", "fe80::1%eth0", 8080),
    ])
    func reads(text: String, host: String, port: Int) throws {
        let endpoint = try Endpoint(parsing: text)
        #expect(endpoint.host == host)
        #expect(Int(endpoint.port) == port)
    }

    @Test(arguments: [
        ("", "it is empty"),
        ("0", "the port is a number from 1 to 65535"),
        ("65536", "the port is a number from 1 to 65535"),
        ("host:", "the port is a number from 1 to 65535"),
        (":", "the port is a number from 1 to 65535"),
        ("host:0", "the port is a number from 1 to 65535"),
        ("host:65536", "the port is a number from 1 to 65535"),
        ("host:+80", "the port is a number from 1 to 65535"),
        ("host:http", "the port is a number from 1 to 65535"),
        ("[::1]:", "the port is a number from 1 to 65535"),
        ("::1", "it has two colons, and an IPv6 address must be in brackets"),
        ("a:b:1", "it has two colons, and an IPv6 address must be in brackets"),
        ("[::1", "the bracket is not closed"),
        ("[host]:1", "only an IPv6 address may be in brackets"),
        ("[]:1", "only an IPv6 address may be in brackets"),
        ("[::1]8080", "only a colon and the port may follow the bracket"),
        ("http://host", "it contains a space or a \"/\""),
        ("my host", "it contains a space or a \"/\""),
        ("a\"b:80", "a host name has letters, digits, dots and hyphens only"),
        ("[fe80::1%a\"b]:80", "the host is not an IPv6 address"),
        ("127.1:80", "the host ends with a number"),
    ])
    func refuses(text: String, reason: String) {
        let error = #expect(throws: EndpointError.self) { try Endpoint(parsing: text) }
        #expect(error?.reason.hasPrefix(reason) == true, "\(String(describing: error))")
    }

    @Test func errorsSayWhatIsExpected() {
        let error = #expect(throws: EndpointError.self) { try Endpoint(parsing: "host:0") }
        #expect(
            error?.description
                == "\"host:0\" is not an address: the port is a number from 1 to 65535; "
                + "expected host:port, such as localhost:8080, :8080 or [::1]:8080")
    }

    @Test func errorsRepeatNoMoreThanALine() {
        let error = #expect(throws: EndpointError.self) {
            try Endpoint(parsing: "a\u{1b}[2J" + String(repeating: "x", count: 100_000))
        }
        let text = error?.description ?? ""
        #expect(text.utf8.count < 400 && text.utf8.allSatisfy { $0 >= 0x20 }, "\(text.prefix(500))")
    }

    @Test(arguments: ["localhost:8080", "[::1]:9000"])
    func readsWhatItWrites(text: String) throws {
        #expect(try Endpoint(parsing: text).description == text)
    }
}
