import Foundation
import TestSupport
import Testing

/// What knocks at an open port: scanners, browsers, and programs that have the wrong one.
struct ScannerTests {
    @Test("a TLS handshake gets one error, and is never taken for a request")
    func tls() throws {
        let random = (0..<32).map { UInt8(0x80 + $0) }
        let hello: [UInt8] =
            [0x16, 0x03, 0x01, 0x00, 0x2f, 0x01, 0x00, 0x00, 0x2b, 0x03, 0x03] + random
            + [0x00, 0x00, 0x04, 0x13, 0x01, 0x13, 0x02, 0x01, 0x00]
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json")
            let witness = try Witness(server)
            let client = try server.connect()
            try client.send(hello)
            client.endSending()
            #expect(
                try client.receiveAll()
                    == "ERROR: Incomplete request: the connection ended after 52 bytes of it; nothing was changed\n")
            try witness.check()
        }
    }

    private static let browsers = [
        "GET / HTTP/1.1\r\nHost: localhost:8080\r\nUser-Agent: curl/8.0\r\nAccept: */*\r\n\r\n",
        "HEAD / HTTP/1.0\r\n\r\n",
        "OPTIONS / HTTP/1.1\r\nHost: localhost:8080\r\nOrigin: http://example.com\r\n\r\n",
        "DELETE /key HTTP/1.1\r\nHost: localhost:8080\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: localhost:8080\r\nContent-Length: 36\r\n\r\nSET stray 1\nFLUSHALL\nSET stray 2\r\n",
        "POST / HTTP/1.1\r\nHost: localhost:8080\r\n\r\n*3\r\n$3\r\nSET\r\n$5\r\nstray\r\n$1\r\n1\r\n",
        "PUT / HTTP/1.1\r\nHost: localhost:8080\r\n\r\nFLUSHALL\n",
        "PATCH /a%20b HTTP/1.1\r\nX: y\r\n\r\nSET stray 1\n",
        "GET /a b HTTP/1.1\nFLUSHALL\n",
    ]

    @Test(
        "an HTTP request gets one error, the connection is closed, and commands in its body are not run",
        arguments: browsers)
    func http(request: String) throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json")
            let witness = try Witness(server)
            let client = try server.connect()
            try client.send(request)
            #expect(try client.receiveAll() == "ERROR: This is not an HTTP server; the connection is closed\n")
            try witness.check()
        }
    }

    @Test("header lines of an HTTP request whose first line was lost close the connection")
    func header() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json")
            let witness = try Witness(server)
            let client = try server.connect()
            try client.send("Host: localhost:8080\r\n\r\nFLUSHALL\n")
            #expect(try client.receiveAll() == "ERROR: This is not an HTTP server; the connection is closed\n")
            try witness.check()
        }
    }

    @Test("keys and values that look like HTTP are stored")
    func looksLikeHTTP() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json")
            let client = try server.connect()
            try client.expect(
                "SET / HTTP/1.1\nGET /\nECHO / HTTP/1.1\nEXISTS / HTTP/1.1\n", "OK\nHTTP/1.1\n/ HTTP/1.1\n1\n")
            try client.expect(
                resp("GET", "/", "HTTP/1.1"), "-ERR wrong number of arguments for 'get' command\r\n")
        }
    }

    @Test("random bytes get errors and nothing else, and change nothing", arguments: SeededRandom.seeds(8))
    func random(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json")
            let witness = try Witness(server)
            for _ in 0..<20 {
                let client = try server.connect()
                // A byte that begins a RESP request stands in front of some.
                let front = random.below(2) == 0 ? Array("*3\r\n".utf8) : []
                try? client.send(front + random.bytes(1 + random.below(5000)))
                client.endSending()
                // Not by characters, of which CR LF is one.
                let replies = try client.receiveAll().utf8.split(separator: UInt8(ascii: "\n")).map(String.init)
                #expect(!replies.isEmpty)
                for reply in replies {
                    #expect(reply?.hasPrefix("ERROR: ") == true || reply?.hasPrefix("-ERR ") == true, "\(reply ?? "")")
                }
                try witness.check()
            }
        }
    }
}
