import Bytes
import Reactor
import Testing

/// Connections to hosts by their names.
@Suite("Connector")
struct ConnectorTests {
    /// Turns the loop until the attempt has ended.
    private func end(_ host: String, _ port: UInt16) throws -> Result<Stream, ReactorError> {
        let loop = try EventLoop()
        let wakeup = try Wakeup(loop)
        let connector = Connector(loop, to: Endpoint(host: host, port: port), within: 5000, bell: wakeup.bell)
        while true {
            if let result = connector.advance() { return result }
            loop.turn(waiting: true)
        }
    }

    @Test("a name is resolved, and its addresses are tried until one takes the connection")
    func name() throws {
        // localhost is ::1 first on many machines, where nobody listens.
        let (loop, address) = (try EventLoop(), try Address.resolve(host: "127.0.0.1", port: 0)[0])
        let listener = try Listener(loop, address: address)
        for host in ["localhost", "127.0.0.1"] {
            let stream = try end(host, listener.address.port).get()
            #expect("\(stream.peer)" == "\(listener.address)")
            stream.close()
        }
    }

    @Test("if no address accepts, the last one's error is reported")
    func refused() throws {
        let (loop, address) = (try EventLoop(), try Address.resolve(host: "127.0.0.1", port: 0)[0])
        var listener: Listener? = try Listener(loop, address: address)
        let port = try #require(listener?.address.port)
        listener = nil
        #expect(throws: ReactorError.self) { try end("127.0.0.1", port).get().close() }
    }

    @Test("an unknown name is reported")
    func unknown() throws {
        let error = #expect(throws: ReactorError.self) { try end("no-such-host.invalid", 80).get().close() }
        #expect(error?.operation == "find the address of \"no-such-host.invalid\"")
    }

    @Test("releasing one cancels the attempt")
    func abandoned() throws {
        let (loop, wakeup) = (try EventLoop(), try Wakeup(try EventLoop()))
        let listener = try Listener(loop, address: try Address.resolve(host: "127.0.0.1", port: 0)[0])
        for turns in 0..<4 {
            let connector = Connector(
                loop, to: Endpoint(host: "127.0.0.1", port: listener.address.port), within: 5000, bell: wakeup.bell)
            for _ in 0..<turns {
                _ = connector.advance().map { result in (try? result.get())?.close() }
                loop.turn(waiting: false)
            }
        }
    }
}
