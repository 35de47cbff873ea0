import Bytes
import Glibc
import TestSupport
import Testing

@Suite("Names of hosts")
struct HostNameTests {
    private static let label = String(repeating: "a", count: 63)
    /// 253 bytes.
    private static let longest = [label, label, label, String(label.dropLast(2))].joined(separator: ".")

    @Test(
        "names, IPv4 and IPv6 addresses are hosts",
        arguments: [
            "localhost", "a", "db-1.example.org", "db.example.org.", "my_app_1", "10.0.0.7", "0.0.0.0",
            "255.255.255.255",
            "1.2.3.4.example", "3com.com", "xn--bcher-kva.example", "::", "::1", "1::", "fe80::1%eth0",
            "fe80::1%br-0.100",
            "::ffff:10.0.0.7", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1:2:3:4:5:6:10.0.0.7",
            "ABCD::ef01",
            label, longest, longest + ".",
        ])
    func accepted(text: String) throws {
        #expect(HostName.problem(text) == nil)
        // What is accepted is written in a way that is read as the same.
        let endpoint = try Endpoint(parsing: "\(Endpoint(host: text, port: 7))")
        #expect(endpoint == Endpoint(host: text, port: 7))
    }

    @Test(
        "everything else is refused, with the reason",
        arguments: [
            ("", "the host is empty"), (".", "empty part"), ("a..b", "empty part"), (".a", "empty part"),
            ("a..", "empty part"),
            ("a\"b", "letters, digits, dots and hyphens"), ("a\\b", "letters, digits"), ("a b", "letters, digits"),
            ("a\nb", "letters, digits"), ("a\0", "letters, digits"), ("a/b", "letters, digits"),
            ("a,b", "letters, digits"),
            ("a%eth0", "letters, digits"), ("b\u{fc}cher.example", "xn--"), ("\u{202e}evil", "xn--"),
            ("-a", "hyphen"), ("a-.b", "hyphen"), ("127.1", "IPv4"), ("1", "IPv4"), ("256.0.0.1", "IPv4"),
            ("10.0.0.07", "IPv4"),
            ("1.2.3.4.5", "IPv4"), ("a.1", "IPv4"), (":", "IPv6"), (":::", "IPv6"), ("1::2::3", "IPv6"),
            ("12345::", "IPv6"),
            ("1:2:3:4:5:6:7", "IPv6"), ("1:2:3:4:5:6:7:8:9", "IPv6"), ("1:2:3:4:5:6:7:8::", "IPv6"), ("::g", "IPv6"),
            ("fe80::1%", "IPv6"), ("fe80::1%a\"b", "IPv6"), ("fe80::1%sixteencharacter", "IPv6"), ("::10.0.0", "IPv6"),
            ("10.0.0.7::", "IPv6"), ("[::1]", "IPv6"), (label + "a", "64 bytes, 63"), (longest + "a", "254 bytes, 253"),
        ])
    func refused(text: String, reason: String) {
        let problem = HostName.problem(text) ?? "none"
        #expect(problem.contains(reason), "\(text): \(problem)")
    }

    @Test("IPv6 addresses are recognized as the system recognizes them", arguments: SeededRandom.seeds(2))
    func compared(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let parts = ["", "0", "1", "ab", "ffff", "::", "1.2.3.4", "fffff", "g", "256.1.1.1"]
        for _ in 0..<5000 {
            let count = 1 + random.below(9)
            let text = (0..<count).map { _ in parts[random.below(parts.count)] }.joined(separator: ":")
            guard text.contains(":") else { continue }
            var address = in6_addr()
            let isAddress = unsafe inet_pton(AF_INET6, text, &address) == 1
            #expect((HostName.problem(text) == nil) == isAddress, "\(text)")
        }
    }
}
