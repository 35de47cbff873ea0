import Bytes
import Glibc
import Reactor
import Testing

/// What remains of a closed stream, whatever it was doing.
@Suite("Closed streams")
struct ClosedStreamTests {
    /// Counts its calls, and closes its stream when a certain byte arrives.
    private final class Owner: StreamDelegate {
        let stream: Stream
        var received = 0
        var drains = 0
        var hasEnded = false

        init(_ stream: Stream) {
            self.stream = stream
            stream.start(self)
        }

        func send(_ bytes: [UInt8]) -> Bool { stream.send(bytes.span) }

        func received(_ bytes: Span<UInt8>) -> Consumption {
            received += bytes.count
            for index in 0..<bytes.count where bytes[index] == UInt8(ascii: "!") { stream.close() }
            return Consumption(used: 0, missing: 1)
        }

        func receivedEnd(unfinished: Int) { hasEnded = true }
        func drained() { drains += 1 }
        func failed() {
            hasEnded = true
            stream.close()
        }
    }

    /// Two ends of a connection, on one loop.
    private func connected(_ loop: EventLoop) throws -> (Owner, Owner) {
        let listener = try Listener(loop, address: try Address.resolve(host: "127.0.0.1", port: 0)[0])
        var ends: [Owner] = []
        listener.start(accept: { ends.append(Owner(Stream(loop, $0))) }, failed: { Issue.record("\($0)") })
        let dialer = try Dialer(loop, to: listener.address) { result in
            if case .success(let stream) = result { ends.append(Owner(stream)) }
        }
        while ends.count < 2 { loop.turn(waiting: true) }
        withExtendedLifetime(dialer) {}
        return (ends[0], ends[1])
    }

    /// More than the sockets of both ends hold.
    private static let much = [UInt8](repeating: UInt8(ascii: "v"), count: 16 << 20)

    @Test("has nothing to send, holds no memory, and takes every call that an open one takes")
    func unsent() throws {
        let loop = try EventLoop()
        let before = loop.streamSize
        let (stream, other) = try connected(loop)
        #expect(stream.send(Self.much))
        #expect(stream.stream.unsentSize > 0 && loop.streamSize > before + stream.stream.unsentSize)
        stream.stream.close()
        // libevent frees released objects within a turn.
        for _ in 0..<3 {
            #expect(!stream.stream.isOpen)
            #expect(stream.stream.unsentSize == 0)
            #expect(!stream.send(Self.much))
            stream.stream.isReading.toggle()
            stream.stream.endOutput()
            stream.stream.showHeld()
            stream.stream.dropHeld()
            stream.stream.readAtOnce()
            stream.stream.refuse("no")
            stream.stream.close()
            loop.turn(waiting: false)
        }
        other.stream.close()
        #expect(loop.streamSize == before)
        #expect(stream.drains == 0)
    }

    @Test("one whose peer resets while much is unsent is told once, and can be asked in the same turn")
    func reset() throws {
        let loop = try EventLoop()
        let before = loop.streamSize
        let (stream, other) = try connected(loop)
        #expect(stream.send(Self.much))
        // It has bytes that it has not read: closing it resets the connection.
        other.stream.close()
        while !stream.hasEnded { loop.turn(waiting: true) }
        stream.stream.close()
        #expect(stream.stream.unsentSize == 0 && loop.streamSize == before)
    }

    @Test("one that its delegate closes while it is shown bytes keeps none of them")
    func closedByDelegate() throws {
        let loop = try EventLoop()
        for text in ["!", "half a request", "half a request, and its end!"] {
            let (stream, other) = try connected(loop)
            #expect(other.send(Array(text.utf8)))
            while stream.received == 0 { loop.turn(waiting: true) }
            if stream.stream.isOpen {
                #expect(stream.stream.heldSize == text.utf8.count)
                #expect(other.send([UInt8(ascii: "!")]))
                while stream.stream.isOpen { loop.turn(waiting: true) }
            }
            #expect(stream.stream.unsentSize == 0)
            other.stream.close()
        }
    }

    @Test("an object made with a loop holds it, so a program may release both in any order")
    func order() throws {
        var loop: EventLoop? = try EventLoop()
        let address = try Address.resolve(host: "127.0.0.1", port: 0)[0]
        let makers: [(EventLoop) throws -> AnyObject] = [
            { Timer($0, every: 1000) {} },
            { Signal($0, number: SIGUSR2) {} },
            { try Alarm($0) {} },
            { try Wakeup($0) },
            { try Listener($0, address: address) },
            { loop in
                let listener = try Listener(loop, address: address)
                return try Dialer(loop, to: listener.address) { _ in }
            },
        ]
        for make in makers {
            var made: AnyObject? = try make(try #require(loop))
            weak let last = loop
            loop = nil
            #expect(last != nil, "\(made as Any)")
            made = nil
            #expect(last == nil)
            loop = try EventLoop()
        }
    }
}
