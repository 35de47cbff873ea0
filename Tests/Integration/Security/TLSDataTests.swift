import Foundation
import OpenSSL
import TestSupport
import Testing

/// What goes over a connection with TLS, and how it ends.
@Suite("TLS connections")
struct TLSDataTests {
    private func withServer(
        _ options: [String] = [], _ body: (ServerProcess, CertificateFiles) throws -> Void
    ) throws {
        try withTemporaryFolder { folder in
            let files = try CertificateFiles(in: folder)
            try body(ServerProcess(data: folder + "/puffin.json", files.options() + options), files)
        }
    }

    @Test("values of 3 MB go both ways, in both versions", arguments: [TLSVersion.tls12, .tls13])
    func large(version: TLSVersion) throws {
        try withServer { server, files in
            let client = try SecureConnection(port: server.port, files.context(versions: version...version))
            let value = [UInt8]((0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) })
            try client.send(Array("*3\r\n$3\r\nSET\r\n$1\r\na\r\n$3000000\r\n".utf8) + value + Array("\r\n".utf8))
            #expect(try client.receive(exactly: 5) == Array("+OK\r\n".utf8))
            for _ in 0..<3 {
                try client.send(resp("GET", "a"))
                #expect(try client.receive(exactly: 10) == Array("$3000000\r\n".utf8))
                #expect(try client.receive(exactly: 3_000_002) == value + [13, 10])
            }
        }
    }

    @Test("a pipeline is answered in order, cut into records anywhere")
    func pipelines() throws {
        try withServer { server, files in
            let client = try SecureConnection(port: server.port, files.context())
            let requests = (0..<2000).map { resp("SET", "k\($0)", "v\($0)") + resp("GET", "k\($0)") }.joined()
            let bytes = Array(requests.utf8)
            var start = 0
            var size = 1
            while start < bytes.count {
                let end = min(start + size, bytes.count)
                try client.send(Array(bytes[start..<end]))
                start = end
                size = size * 7 % 1009 + 1
            }
            let expected = (0..<2000).map { "+OK\r\n$\("v\($0)".count)\r\nv\($0)\r\n" }.joined()
            #expect(String(decoding: try client.receive(exactly: expected.utf8.count), as: UTF8.self) == expected)
        }
    }

    @Test("a client that has ended its output gets its replies; half a request is never run")
    func ends() throws {
        try withServer { server, files in
            let polite = try SecureConnection(port: server.port, files.context())
            try polite.send("SET a 1\nGET a\n")
            try polite.end()
            polite.connection.endSending()
            #expect(try polite.receiveAll() == "OK\n1\n")
            #expect(polite.hasEnded)
            // close_notify alone ends the input, too.
            let waiting = try SecureConnection(port: server.port, files.context())
            try waiting.send("GET a\nSET b 1")
            try waiting.end()
            #expect(try waiting.receiveAll().hasPrefix("1\n"))
            let rude = try SecureConnection(port: server.port, files.context())
            try rude.send("GET a\nSET c 1")
            rude.connection.endSending()
            #expect(try rude.receiveAll().hasPrefix("1\n"))
            try SecureConnection(port: server.port, files.context()).expect("EXISTS b c\n", "0\n")
        }
    }

    @Test("damaged records end a connection and nothing else")
    func damage() throws {
        try withServer { server, files in
            let other = try SecureConnection(port: server.port, files.context())
            let client = try SecureConnection(port: server.port, files.context())
            try client.connection.send([23, 3, 3, 0, 32] + [UInt8](repeating: 7, count: 32))
            #expect(throws: TLSFailure.self) { try client.receiveAll() }
            try other.expect("PING\n", "PONG\n")
        }
    }

    @Test("200 half handshakes keep nobody from being served, and do not stay")
    func halfHandshakes() throws {
        try withServer { server, files in
            let half = try (0..<200).map { number in
                let connection = try server.connect(from: "127.0.0.\(2 + number % 3)")
                // Some say nothing, some begin, some send garbage.
                if number % 3 > 0 { try connection.send([0x16, 3, 1, 2, 0]) }
                if number % 3 > 1 { try connection.send([UInt8](repeating: 0x41, count: 512)) }
                return connection
            }
            for _ in 0..<20 {
                let start = Date()
                try SecureConnection(port: server.port, files.context()).expect("PING\n", "PONG\n")
                #expect(Date().timeIntervalSince(start) < 2)
            }
            for connection in half { _ = try connection.receiveAll() }
            try SecureConnection(port: server.port, files.context()).expect("PING\n", "PONG\n")
        }
    }

    @Test("redis-cli speaks TLS", .enabled(if: PeerProgram.areThere("redis-cli")))
    func redis() throws {
        try withServer { server, files in
            func ask(_ words: String..., authority: String? = nil) throws -> (exitCode: Int32, output: String) {
                try ChildProcess.run(
                    ["redis-cli", "--tls", "--cacert", authority ?? files.authorityFile, "-p", "\(server.port)"] + words
                )
            }
            #expect(try ask("SET", "a", "1").output == "OK\n")
            #expect(try ask("-3", "GET", "a").output == "1\n")
            try files.write(files.make("other"), as: "other")
            let refused = try ask("GET", "a", authority: files.folder + "/other.crt")
            #expect(refused.output.contains("certificate verify failed"), "\(refused)")
        }
    }

    @Test("neither keys nor passwords are in the log")
    func secrets() throws {
        try withTemporaryFolder { folder in
            let files = try CertificateFiles(in: folder)
            let secured = try SecuredServer(
                in: folder, "puffin.json", files.options() + files.clientOptions("optional") + ["--log-level", "trace"])
            let client = try SecureConnection(port: secured.server.port, files.context(files.make("client")))
            try client.expect("AUTH default \"correct horse\"\nPING\n", "OK\nPONG\n")
            secured.server.process.send(SIGHUP)
            try client.expect("PING\n", "PONG\n")
            #expect(secured.server.stop() == 0)
            let key = try String(contentsOfFile: folder + "/server.key", encoding: .utf8).split(separator: "\n")
            for secret in [SecuredServer.password, "PRIVATE KEY", String(key[1])] {
                #expect(!secured.server.log.contains(secret))
            }
        }
    }
}
