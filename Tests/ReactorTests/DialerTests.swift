import Bytes
import Reactor
import Testing

/// Outgoing connections.
@Suite("Dialer")
struct DialerTests {
    /// Answers every byte with itself, until the peer ends.
    private final class Echo: StreamDelegate {
        let stream: Stream
        var received: [UInt8] = []
        var hasEnded = false
        private let answers: Bool

        init(_ stream: Stream, answers: Bool) {
            self.stream = stream
            self.answers = answers
            stream.start(self)
        }

        func received(_ bytes: Span<UInt8>) -> Consumption {
            received += Array(bytes)
            if answers && !stream.send(bytes) { Issue.record("the echo could not be sent") }
            return Consumption(used: bytes.count, missing: 1)
        }

        func receivedEnd(unfinished: Int) { hasEnded = true }
        func drained() {}
        func failed() { hasEnded = true }
    }

    @Test("a connection carries bytes both ways, and its end is told", arguments: ["127.0.0.1", "::1"])
    func connects(host: String) throws {
        let loop = try EventLoop()
        let address = try #require(try Address.resolve(host: host, port: 0).first)
        guard let listener = try? Listener(loop, address: address) else {
            print("skipped: this machine has no address \(host)")
            return
        }
        var server: Echo?
        listener.start(
            accept: { server = Echo(Stream(loop, $0), answers: true) }, failed: { Issue.record("\($0)") })
        var client: Echo?
        let dialer = try Dialer(loop, to: listener.address) { result in
            switch result {
            case .success(let stream): client = Echo(stream, answers: false)
            case .failure(let error): Issue.record("\(error)")
            }
        }
        while client == nil { loop.turn(waiting: true) }
        withExtendedLifetime(dialer) {}
        let text = Array("over there".utf8)
        let isSent = client?.stream.send(text.span)
        #expect(isSent == true)
        #expect(client?.stream.peer.port == listener.address.port)
        while client?.received.count != text.count { loop.turn(waiting: true) }
        #expect(client?.received == text)
        client?.stream.close()
        while server?.hasEnded != true { loop.turn(waiting: true) }
        server?.stream.close()
    }

    @Test("if nobody listens the error names the address and the reason")
    func refused() throws {
        let loop = try EventLoop()
        let address = try #require(try Address.resolve(host: "127.0.0.1", port: 0).first)
        // A port that is bound, so that no other program gets it, and then closed.
        var listener: Listener? = try Listener(loop, address: address)
        let free = try #require(listener?.address)
        listener = nil
        var failure: ReactorError?
        let dialer = try Dialer(loop, to: free) { result in
            switch result {
            case .success(let stream):
                stream.close()
                Issue.record("connected to a port where nobody listens")
            case .failure(let error): failure = error
            }
        }
        while failure == nil { loop.turn(waiting: true) }
        withExtendedLifetime(dialer) {}
        #expect(failure?.operation == "connect to \(free)")
        #expect(failure?.reason == "Connection refused")
    }

    @Test("releasing a dialer cancels the attempt")
    func givenUp() throws {
        let loop = try EventLoop()
        let address = try #require(try Address.resolve(host: "127.0.0.1", port: 0).first)
        let listener = try Listener(loop, address: address)
        var dialer: Dialer? = try Dialer(loop, to: listener.address) { _ in Issue.record("it was given up") }
        #expect(dialer != nil)
        dialer = nil
        var turns = 0
        let timer = Timer(loop, every: 1) { turns += 1 }
        while turns < 3 { loop.turn(waiting: true) }
        withExtendedLifetime(timer) {}
    }
}

/// Times to the microsecond.
@Suite("Alarm")
struct AlarmTests {
    @Test("an alarm calls back once each time it is set, never early, and at once for a time in the past")
    func calls() throws {
        let loop = try EventLoop()
        var calls: [Int] = []
        let alarm = try Alarm(loop) { calls.append(MonotonicClock.nanoseconds) }
        let moment = MonotonicClock.nanoseconds + 2_000_000
        alarm.set(at: moment)
        while calls.isEmpty { loop.turn(waiting: true) }
        #expect(calls[0] >= moment)
        alarm.set(at: moment)
        while calls.count < 2 { loop.turn(waiting: true) }
        loop.turn(waiting: false)
        #expect(calls.count == 2)
        alarm.set(at: MonotonicClock.nanoseconds + 3_600_000_000_000)
        loop.turn(waiting: false)
        #expect(calls.count == 2)
    }

    @Test("clocks go forward")
    func clocks() {
        let before = (MonotonicClock.nanoseconds, MonotonicClock.threadNanoseconds)
        #expect(before.0 > 0 && before.1 > 0)
        #expect(MonotonicClock.nanoseconds >= before.0)
        #expect(MonotonicClock.threadNanoseconds >= before.1)
    }
}
