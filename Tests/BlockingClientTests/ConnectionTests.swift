// A connection and a peer that behaves as badly as the test wants.

import BlockingClient
import Testing
import Wire

@Suite struct ConnectionTests {
    private func words(_ words: String...) -> [[UInt8]] { words.map { Array($0.utf8) } }

    @Test func sendsOneRequestAndReadsItsReply() throws {
        let peer = Peer()
        var connection = try Connection(to: peer.endpoint)
        peer.answer("$5\r\nHello\r\n")
        #expect(try connection.execute(words("GET", "k")) == .bulk(Array("Hello".utf8)))
        #expect(peer.request(20) == "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n")
        peer.answer("-ERR no\r\n")
        #expect(try connection.execute(words("FROB")) == .error(code: "ERR", message: "no"))
        #expect(peer.request(14) == "*1\r\n$4\r\nFROB\r\n")
    }

    @Test func aLargeReplyArrivesWhole() throws {
        let peer = Peer()
        var connection = try Connection(to: peer.endpoint)
        let value = String(repeating: "x", count: 40_000)
        peer.answer("$40000\r\n\(value)\r\n")
        #expect(try connection.execute(words("GET", "k")) == .bulk(Array(value.utf8)))
    }

    @Test func repliesThatCameTogetherAreKeptApart() throws {
        let peer = Peer()
        var connection = try Connection(to: peer.endpoint)
        peer.answer(":1\r\n:2\r\n")
        #expect(try connection.execute(words("A")) == .integer(1))
        #expect(try connection.execute(words("B")) == .integer(2))
    }

    @Test func aRefusedPort() {
        let peer = Peer(isListening: false)
        let endpoint = peer.endpoint
        #expect(throws: ClientError.cannotConnect(to: endpoint, reason: "Connection refused")) {
            _ = try Connection(to: endpoint)
        }
        withExtendedLifetime(peer) {}
    }

    @Test func aPeerThatClosesInTheMiddleOfAReply() throws {
        let peer = Peer()
        var connection = try Connection(to: peer.endpoint)
        peer.answer("$5\r\nHel")
        peer.finish()
        expect(.connectionLost(to: peer.endpoint, reason: "the server closed it before the reply was complete")) {
            try connection.execute(words("GET", "k"))
        }
        expect(.connectionLost(to: peer.endpoint, reason: "it was closed after an earlier error")) {
            try connection.execute(words("GET", "k"))
        }
    }

    @Test func aPeerThatHangsUp() throws {
        let peer = Peer()
        var connection = try Connection(to: peer.endpoint)
        peer.answer("")
        peer.hangUp()
        do throws(ClientError) {
            _ = try connection.execute(words("GET", "k"))
            Issue.record("there is nobody to answer")
        } catch {
            guard case .connectionLost = error else {
                Issue.record("\(error)")
                return
            }
        }
    }

    @Test func aPeerThatSendsGarbage() throws {
        let peer = Peer()
        var connection = try Connection(to: peer.endpoint)
        peer.answer("HTTP/1.1 400 Bad Request\r\n\r\n")
        expect(.malformedReply(from: peer.endpoint, .unknownType(found: UInt8(ascii: "H")))) {
            try connection.execute(words("GET", "k"))
        }
    }

    @Test func aReplyThatComesTooLateIsNobodysReply() throws {
        let peer = Peer()
        var connection = try Connection(to: peer.endpoint, timeLimit: .milliseconds(100))
        expect(.timedOut(peer.endpoint, limit: .milliseconds(100))) { try connection.execute(words("GET", "a")) }
        peer.answer("$1\r\na\r\n")
        expect(.connectionLost(to: peer.endpoint, reason: "it was closed after an earlier error")) {
            try connection.execute(words("GET", "b"))
        }
    }

    private func expect(_ expected: ClientError, _ body: () throws -> Reply) {
        do {
            Issue.record("expected \(expected), got \(try body())")
        } catch {
            #expect(error as? ClientError == expected)
        }
    }
}
