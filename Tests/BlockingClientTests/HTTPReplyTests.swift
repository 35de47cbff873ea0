import BlockingClient
import Testing

@Suite("A reply of HTTP")
struct HTTPReplyTests {
    private let text = "HTTP/1.1 503 Service Unavailable\r\nServer: puffin\r\ncontent-length:  8\r\n\r\nloading\n"

    @Test("is complete when its size has come, wherever it was cut")
    func pieces() throws {
        for count in 0..<text.utf8.count {
            let piece = String(decoding: text.utf8.prefix(count), as: UTF8.self)
            #expect(try HTTPReply.parse(piece) == nil, "\(count) bytes")
        }
        #expect(try HTTPReply.parse(text) == HTTPReply(status: 503, body: "loading"))
        #expect(try HTTPReply.parse(text + "more") == HTTPReply(status: 503, body: "loading"))
        #expect(try HTTPReply.parse("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n") == HTTPReply(status: 200, body: ""))
    }

    @Test(
        "is refused where it is none",
        arguments: [
            "-ERR unknown command", "SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 99 Low\r\n\r\n",
            "HTTP/1.1 200 OK\r\n\r\nbody", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
        ])
    func others(text: String) {
        #expect(throws: SocketError.self) { _ = try HTTPReply.parse(text) }
    }
}
