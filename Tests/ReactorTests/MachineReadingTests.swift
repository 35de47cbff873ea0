import Glibc
import Reactor
import TestSupport
import Testing

@Suite("What the system says of itself")
struct MachineReadingTests {
    @Test("an address is tried without being taken: a listener can have it afterwards")
    func trial() throws {
        let address = try #require(try Address.resolve(host: "127.0.0.1", port: freePort()).first)
        try PortTrial.bind(address)
        try PortTrial.bind(address)
        let listener = try Listener(EventLoop(), address: address)
        let taken = #expect(throws: ReactorError.self) { try PortTrial.bind(address) }
        #expect(taken?.isAddressInUse == true)
        #expect(taken?.operation == "listen on \(address)")
        withExtendedLifetime(listener) {}
    }

    @Test("an address of another machine is refused for another reason, and both families are tried")
    func others() throws {
        // TEST-NET-1 (RFC 5737) is nobody's.
        let foreign = try #require(try Address.resolve(host: "192.0.2.1", port: 8080).first)
        let error = #expect(throws: ReactorError.self) { try PortTrial.bind(foreign) }
        #expect(error?.isAddressInUse == false)
        let port = freePort()
        for address in try Address.resolve(host: "::1", port: port) { try PortTrial.bind(address) }
    }

    @Test("where a link leads, and that something is none")
    func links() throws {
        #expect(SystemText.link("/proc/self") == "\(getpid())")
        #expect(SystemText.link("/proc/self/status") == nil)
        #expect(SystemText.link("/proc/none") == nil)
    }

    @Test("libevent's version has numbers, and the kernel says how its clock is kept")
    func versions() throws {
        #expect(LibraryVersion.libevent.contains(/^[0-9]+\.[0-9]+\.[0-9]+/))
        let clock = try #require(ClockState.now)
        #expect(clock.largestError >= 0)
    }
}
