import Reactor
import Testing

struct AddressTests {
    @Test(
        "addresses of this machine alone are told from others",
        arguments: [
            ("127.0.0.1", true), ("127.9.8.7", true), ("::1", true), ("::ffff:127.0.0.1", true), ("10.1.2.3", false),
            ("192.0.2.127", false), ("::ffff:10.1.2.3", false), ("2001:db8::1", false), ("fe80::127", false),
        ])
    func local(host: String, isLocal: Bool) throws {
        #expect(try Address.resolve(host: host, port: 1).first?.isLocal == isLocal)
    }
}
