import Bytes
import LogFormat
import Reactor
import Server
import Store
import TestSupport
import Testing

/// The lines of links, and how they connect.
@Suite("Links between servers")
struct LinkTests {
    @Test(
        "the lines of a link are told apart by their first word",
        arguments: [
            ("ACK 7 9", LinkLine.acknowledgement(durable: 7, applied: 9)), ("PROMOTED", .promoted),
            ("ERROR: no room", .error("no room")), ("ERROR: ", .error("")), ("-ERR max number of clients", .noPlace),
            ("-LATER whatever it says", .noPlace), ("ACK 7", nil), ("ACK x y", nil), ("ACK", nil), ("PROMOTED ", nil),
            ("ACK 18446744073709551616 1", nil), ("", nil), ("+OK", nil),
        ])
    func lines(text: String, expected: LinkLine?) {
        let bytes = Array(text.utf8)
        #expect(LinkLine(bytes.span) == expected)
    }

    @Test("what is written can be read")
    func written() {
        var line = ByteBuffer()
        line.append(acknowledgement: 3, applied: 5)
        #expect(LinkLine(line.bytes.extracting(0..<line.count - 1)) == .acknowledgement(durable: 3, applied: 5))
        line.removeAll()
        line.append(linkError: "x")
        #expect(LinkLine(line.bytes.extracting(0..<line.count - 1)) == .error("x"))
    }

    @Test("a follower gets to its leader's start by the shortest way")
    func catchUp() {
        let (own, earlier) = (ChainPosition(seq: 7, crc: 7), ChainPosition(seq: 5, crc: 5))
        let later = ChainPosition(seq: 9, crc: 9)
        for (start, position, isSame, expected) in [
            (FeedStart.continues(own), own, true, CatchUp.none), (.continues(earlier), own, true, .cutBack(earlier)),
            (.continues(.start), own, true, .cutBack(.start)),
            (.continues(.start), .start, false, .adoptHistory(.start)), (.snapshot(later), own, false, .install(later)),
            (.continues(later), own, true, .refuse("it continues after change 9, and this server's last is 7")),
            (.continues(own), own, false, .refuse("it continues after change 7, and this server's last is 7")),
        ] {
            #expect(CatchUp(to: start, from: position, isSameHistory: isSame) == expected)
        }
    }

    /// Greets, and records what arrives.
    private final class Delegate: OutboundDelegate {
        let loop: EventLoop
        let wakeup: Wakeup
        let clock = TurnClock { 0 }
        let outbound: Outbound
        private(set) var events: [String] = []
        /// Called with each line.
        var answer: (Outbound, String) -> Void = { _, _ in }

        init(port: UInt16) throws {
            loop = try EventLoop()
            wakeup = try Wakeup(loop)
            let said = Said()
            outbound = Outbound(
                to: Endpoint(host: "127.0.0.1", port: port), loop: loop, bell: wakeup.bell, clock: clock, seed: 1,
                lineSize: 100
            ) { said.lines.append($0) }
            self.said = said
            outbound.delegate = self
        }

        final class Said { var lines: [String] = [] }
        let said: Said

        func opened() {
            events.append("opened")
            outbound.send(Array("HELLO\n".utf8).span)
        }

        func heard(_ line: Span<UInt8>) {
            events.append(String(line))
            answer(outbound, String(line))
        }

        func ended() { events.append("ended") }

        /// Turns the loop until a number of things have happened.
        func run(until count: Int) {
            // A pause between two attempts needs turns.
            let timer = Timer(loop, every: 5) {}
            while events.count < count {
                outbound.advance()
                loop.collect(waiting: true)
                clock.begin()
                loop.deliver()
            }
            withExtendedLifetime(timer) {}
        }
    }

    @Test("an outbound connection greets, hears whole lines, and is made again when it is lost")
    func outbound() throws {
        let listener = try WireListener()
        let delegate = try Delegate(port: listener.port)
        for round in 0..<3 {
            delegate.run(until: 4 * round + 1)
            let peer = try listener.accept()
            #expect(try peer.receiveLine() == "HELLO")
            #expect(delegate.outbound.isOpen && delegate.outbound.peer?.port == listener.port)
            try peer.send("one\ntw")
            delegate.run(until: 4 * round + 2)
            try peer.send("o\nthr")
            delegate.run(until: 4 * round + 3)
            peer.endSending()
            delegate.run(until: 4 * round + 4)
            #expect(delegate.outbound.isWaiting)
        }
        #expect(delegate.events == [[String]](repeating: ["opened", "one", "two", "ended"], count: 3).flatMap { $0 })
        // Logged once, however often it happens.
        #expect(delegate.said.lines == ["it has closed the connection; trying again"])
        delegate.outbound.close()
    }

    @Test("after the owner has ended it no further line is heard")
    func ended() throws {
        let listener = try WireListener()
        let delegate = try Delegate(port: listener.port)
        delegate.answer = { outbound, line in line == "one" ? outbound.refuse("enough") : () }
        delegate.run(until: 1)
        let peer = try listener.accept()
        try peer.send("one\ntwo\n")
        delegate.run(until: 3)
        #expect(delegate.events == ["opened", "one", "ended"])
        #expect(try peer.receiveAll() == "HELLO\nERROR: enough\n")
        delegate.outbound.close()
    }

    @Test("a line without an end, and nobody at the address, are failures that are said")
    func failures() throws {
        let listener = try WireListener()
        let delegate = try Delegate(port: listener.port)
        delegate.run(until: 1)
        try listener.accept().send(String(repeating: "x", count: 200))
        delegate.run(until: 2)
        #expect(delegate.said.lines == ["it sends lines without an end; trying again"])
        delegate.outbound.close()
        let lonely = try Delegate(port: freePort())
        lonely.run(until: 2)
        #expect(lonely.events == ["ended", "ended"])
        #expect(lonely.said.lines.count == 1 && lonely.said.lines[0].hasPrefix("cannot connect to "))
        lonely.outbound.close()
    }
}
